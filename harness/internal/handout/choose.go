package handout

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

// atTop are the files at the top that are handed out.
var atTop = []string{".gitattributes", ".gitignore", "LICENSE", "Makefile", "README.md", "go.mod", "go.sum"}

// ofDay are the folders of a day that its checks and its page need.
var ofDay = []string{"checks", "examples", "probes"}

// withAnswers are the folders, wherever they are, whose files say what is right
// or what is wrong.
var withAnswers = []string{"solutions", "mistakes", "variants", "attacks"}

// handsOut reports whether a tracked file is handed out.
func (p Plan) handsOut(name string) bool {
	number := strconv.Itoa(p.Day.Number)
	top, rest, below := strings.Cut(name, "/")
	switch {
	case givesAway(name):
		return false
	case !below:
		return slices.Contains(atTop, name)
	case top == "exercises":
		return strings.HasPrefix(rest, number+"/")
	case top == "days":
		own, ok := strings.CutPrefix(rest, number+"/")
		folder, _, deeper := strings.Cut(own, "/")
		if deeper {
			return ok && slices.Contains(ofDay, folder)
		}
		return ok && slices.Contains([]string{p.Day.Page, catalog.ManifestFile, catalog.SumsFile}, own)
	case top == "harness":
		return ofHarness(rest)
	}
	return false
}

// ofHarness reports whether a file below harness/ is needed to build and run it.
// Our own tests are not: they hold right and wrong answers, and need the others.
func ofHarness(name string) bool {
	if path.Ext(name) == ".md" {
		return name == "README.md"
	}
	return !strings.HasSuffix(name, "_test.go") && !slices.Contains(strings.Split(name, "/"), "testdata")
}

// givesAway reports whether a file holds answers, by its name.
func givesAway(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return slices.Contains(withAnswers, part) })
}

// tracked is a file in git's index.
type tracked struct {
	path string
	mode fs.FileMode
}

// trackedFiles lists what git tracks in root.
func trackedFiles(ctx context.Context, root string) ([]tracked, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "git", "-C", root, "ls-files", "--stage", "-z")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, refuse("asking git which files are tracked, for only those are handed out: %v: %s", err, strings.TrimSpace(stderr.String()))
	}
	var all []tracked
	for line := range strings.SplitSeq(strings.TrimSuffix(stdout.String(), "\x00"), "\x00") {
		info, name, ok := strings.Cut(line, "\t") // mode, object and stage; then the path
		words := strings.Fields(info)
		if !ok || len(words) != 3 {
			return nil, fmt.Errorf("reading git's list of files: %q is no entry of it", line)
		}
		f := tracked{path: name, mode: readable}
		switch mode := words[0]; {
		case words[2] != "0":
			return nil, refuse("%s has conflicts that are not resolved", name)
		case mode == "100755":
			f.mode = searchable
		case mode != "100644":
			return nil, refuse("%s is a link or a repository of its own (mode %s), and only regular files can be handed out", name, mode)
		}
		all = append(all, f)
	}
	return all, nil
}

// readTracked reads a tracked file as it is in the folder now.
func readTracked(root, name string) ([]byte, error) {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, fmt.Errorf("opening the workbook: %w", err)
	}
	defer dir.Close()
	info, err := dir.Lstat(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) || (err == nil && !info.Mode().IsRegular()) {
		return nil, refuse("%s is tracked by git, but is no file in the folder: bring it back with `git checkout -- %s`", name, name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	text, err := dir.ReadFile(filepath.FromSlash(name))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return text, nil
}

// pristine wants the exercise to be as the day says that it is handed out: an
// author may have solved it in place.
func pristine(p Plan, all []tracked) error {
	folder := fmt.Sprintf("exercises/%d/", p.Day.Number)
	missing := map[string]bool{}
	for name := range p.Day.Sums {
		missing[name] = true
	}
	for _, f := range all {
		name, ok := strings.CutPrefix(f.path, folder)
		if !ok {
			continue
		}
		sum, listed := p.Day.Sums[name]
		if !listed {
			return refuse("%s is tracked, but is not one of the files that %s lists: `daybook sum %d` writes them down anew", f.path, catalog.SumsFile, p.Day.Number)
		}
		text, err := readTracked(p.Root, f.path)
		if err != nil {
			return err
		}
		if hashOf(text) != sum {
			return refuse("%s is not as it is handed out: bring it back with `git checkout -- %s`", f.path, f.path)
		}
		delete(missing, name)
	}
	for name := range missing {
		return refuse("%s%s belongs to the exercise, but git does not track it", folder, name)
	}
	return nil
}

// leaks wants no file of t to have the contents of one that holds answers, nor
// its name.
func (p Plan) leaks(t tree, all []tracked) error {
	answers := map[string]string{} // hash to where it is from
	for _, f := range all {
		if !givesAway(f.path) {
			continue
		}
		text, err := readTracked(p.Root, f.path)
		if err != nil {
			return err
		}
		answers[hashOf(text)] = f.path
		if path.Ext(f.path) == ".txtar" {
			for _, inner := range txtar.Parse(text).Files {
				answers[hashOf(inner.Data)] = f.path + " (" + inner.Name + ")"
			}
		}
	}
	for _, sum := range p.Day.Sums {
		delete(answers, sum) // an answer may leave a file as it was handed out
	}
	delete(answers, hashOf(nil))
	for name, f := range t {
		if givesAway(name) {
			return fmt.Errorf("making the handout: %s would be in it", name)
		}
		if from, ok := answers[hashOf(f.data)]; ok {
			return refuse("%s cannot be handed out: it is the same as %s", name, from)
		}
	}
	return nil
}

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
