package attack_test

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/attack"
)

// texts gives all that a grading has written: its files, by their names, and
// what it has said.
func (g *graded) texts(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"stdout": g.stdout, "stderr": g.stderr}
	err := filepath.WalkDir(g.out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(g.out, path)
		if strings.HasPrefix(d.Name(), "classroom") {
			text, err = base64.StdEncoding.DecodeString(string(text))
		}
		all[filepath.ToSlash(rel)] = string(text)
		return err
	})
	require.NoError(t, err)
	return all
}

// isClean checks that no text of a learner's does in a report, or on a console,
// what only ours may.
func (g *graded) isClean(t *testing.T) {
	t.Helper()
	for name, text := range g.texts(t) {
		if why := unclean(name, text); why != nil {
			t.Errorf("%s: %v", name, why)
		}
	}
}

// shows checks that what an attack wants to have shown is not.
func (g *graded) shows(t *testing.T, a *attack.Attack) {
	t.Helper()
	for name, text := range g.texts(t) {
		for _, s := range a.Lacks {
			assert.False(t, strings.Contains(text, s), "%s: %q is in %s", a.Name, s, name)
		}
		for _, s := range a.PagesLack {
			switch filepath.Ext(name) {
			case ".html", ".xml":
				assert.False(t, strings.Contains(text, s), "%s: %q is in %s", a.Name, s, name)
			}
		}
	}
}

// escaped are the ways in which JSON writes what a terminal would obey.
var escaped = regexp.MustCompile(`\\u00(0[0-8bcef]|1[0-9a-f]|7f|[89][0-9a-f])|\\u20(2[a-e]|6[6-9])`)

// command begins a line that GitHub's runner obeys.
var command = regexp.MustCompile(`(?m)^\s*(::|##\[)`)

// logged is a line that a library writes by itself.
var logged = regexp.MustCompile(`(?m)^time=.* level=.*$`)

func unclean(name, text string) error {
	if !utf8.ValidString(text) {
		return errors.New("it is not UTF-8")
	}
	for i, r := range text {
		if unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) || unicode.Is(unicode.Bidi_Control, r) {
			return fmt.Errorf("%U is in it, after %q", r, text[max(0, i-80):i])
		}
	}
	switch base := filepath.Base(name); {
	case base == "annotations.txt":
		return commandsAreOurs(text)
	case base == "stdout" || base == "stderr":
		if at := command.FindStringIndex(text); at != nil {
			return fmt.Errorf("a line is a command: %q", text[at[0]:min(len(text), at[0]+80)])
		}
		if at := logged.FindString(text); at != "" {
			return fmt.Errorf("a library logs there: %q", at)
		}
	case filepath.Ext(base) == ".json" || strings.HasPrefix(base, "classroom"):
		// Daybook's own keep texts as they are, in JSON's way of writing them.
		ours := base == "grade.json" || strings.HasPrefix(name, "results/")
		if s := escaped.FindString(text); s != "" && !ours {
			return fmt.Errorf("%s is in it", s)
		}
		if !json.Valid([]byte(text)) {
			return errors.New("it is no JSON")
		}
	case filepath.Ext(base) == ".xml":
		return wellFormed(text)
	case filepath.Ext(base) == ".csv":
		return computesNothing(text)
	}
	return nil
}

func wellFormed(text string) error {
	for dec := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// computesNothing looks for cells that a spreadsheet takes for a formula.
func computesNothing(text string) error {
	rows, err := csv.NewReader(bytes.NewReader([]byte(text))).ReadAll()
	for _, row := range rows {
		for _, cell := range row {
			if _, number := strconv.ParseFloat(cell, 64); number != nil && cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				return fmt.Errorf("a cell is a formula: %q", cell)
			}
		}
	}
	return err
}

var annotation = regexp.MustCompile(`^::(error|warning|notice) (file=|title=)`)

// commandsAreOurs checks that what is quoted stands where the runner takes no
// commands.
func commandsAreOurs(text string) error {
	ours, quoted, stopped := strings.Cut(text, "::stop-commands::")
	if !stopped {
		return errors.New("nothing stops commands")
	}
	for line := range strings.Lines(ours) {
		if !annotation.MatchString(line) {
			return fmt.Errorf("a line is no command of ours: %q", line)
		}
	}
	token, _, _ := strings.Cut(quoted, "\n")
	if strings.Count(quoted, "::"+token+"::") != 1 || !strings.HasSuffix(quoted, "\n::"+token+"::\n") {
		return errors.New("commands are not taken again at the end, and there only")
	}
	return nil
}
