package report

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// Workflow commands, after the sources of GitHub's runner (actions/runner,
// ActionCommand.cs, ActionCommandManager.cs and ExecutionContext.cs) and of its
// toolkit (actions/toolkit, packages/core/src/command.ts). A command is a line of
// its own, with what could end it escaped. What failed is an error, at the line
// to look at; what we could not decide is a warning; the points and advice are
// notices. GitHub shows ten of a kind for a step, and passes on 4,096 characters
// of each.
//
// Below the commands is the whole explanation, for whoever reads the log. It
// quotes what learners wrote, so it stands where the runner takes no commands:
// between stop-commands and a token that nobody can guess. In the commands
// themselves, learners' texts are escaped, and so cannot end the line.
const (
	annotationsOfAKind = 10
	annotationLimit    = 4096
)

// ExercisePath is where the files of a day's exercises are in a workbook, from
// its top: what GitHub wants to find an annotation's file.
func ExercisePath(day int) string { return path.Join("exercises", strconv.Itoa(day)) }

func annotationsOne(w io.Writer, g *grade.Grade) error {
	return Annotations(w, g, ExercisePath(g.Day))
}

// Annotations writes the workflow commands for a grade whose files are in dir, a
// path with slashes from the top of the repository. Everything goes to the
// standard output of one step, and is the only thing there with annotations.
func Annotations(w io.Writer, g *grade.Grade, dir string) error {
	a := &annotations{dir: dir, notices: []string{command("notice", fmt.Sprintf("Day %d", g.Day), check.Place{}, verdict(g))}}
	for _, e := range entries(g) {
		a.add(&e)
	}
	out := bufio.NewWriter(w)
	for _, kind := range []struct {
		name  string
		lines []string
	}{{"error", a.errors}, {"warning", a.warnings}, {"notice", a.notices}} {
		for _, l := range atMost(kind.name, kind.lines) {
			fmt.Fprintln(out, l)
		}
	}
	token := rand.Text()
	fmt.Fprintf(out, "::stop-commands::%s\n", token)
	if err := textOne(out, g); err != nil {
		return err
	}
	fmt.Fprintf(out, "::%s::\n", token)
	return out.Flush()
}

// annotations are the commands, by kind.
type annotations struct {
	dir                       string
	errors, warnings, notices []string
}

func (a *annotations) add(e *entry) {
	at := e.place()
	if at.File != "" {
		// A path cannot lead out of the exercise, whatever a finding says.
		at.File = path.Join(a.dir, path.Clean("/"+at.File))
	}
	switch e.status {
	case check.Failed:
		a.errors = append(a.errors, command("error", e.name(), at, e.title+"\n"+e.long()))
	case check.Errored:
		a.warnings = append(a.warnings, command("warning", e.name(), at, e.short()))
	}
	for _, advice := range e.advice {
		a.notices = append(a.notices, command("notice", e.name(), check.Place{}, advice))
	}
}

// atMost keeps as many commands as GitHub shows; the last then counts the rest.
func atMost(kind string, lines []string) []string {
	if len(lines) <= annotationsOfAKind {
		return lines
	}
	kept := lines[:annotationsOfAKind-1]
	more := fmt.Sprintf("%d more are in the log and in the summary.", len(lines)-len(kept))
	return append(kept[:len(kept):len(kept)], command(kind, "And more", check.Place{}, more))
}

// command writes one workflow command, without the end of its line.
func command(kind, title string, at check.Place, message string) string {
	var properties []string
	if at.File != "" {
		properties = append(properties, "file="+escapeProperty(at.File))
		if at.Line > 0 {
			properties = append(properties, "line="+strconv.Itoa(at.Line))
		}
	}
	properties = append(properties, "title="+escapeProperty(title))
	return "::" + kind + " " + strings.Join(properties, ",") + "::" + escapeData(message)
}

var (
	dataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// escapeProperty escapes the value of a property. GitHub cuts titles off at 255.
func escapeProperty(s string) string {
	const most = 255
	return propertyEscapes.Replace(cut(clean(s), most))
}

// escapeData escapes a message such that it is within the limit before and after.
func escapeData(s string) string {
	s = clean(s)
	if e := dataEscapes.Replace(s); units(e) <= annotationLimit {
		return e
	}
	room := annotationLimit - units(cutMark)
	var b strings.Builder
	for _, r := range s {
		e := dataEscapes.Replace(string(r))
		if room -= units(e); room < 0 {
			break
		}
		b.WriteString(e)
	}
	return b.String() + cutMark
}
