package ui

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/run"
)

// next is the check to work on, with what it came to.
type next struct {
	check     check.Check
	result    check.CheckResult
	untouched bool
}

// explain says what the next check wants, what was found, where, why it
// matters, and what to run then.
func (t *Text) explain(n *next) {
	state := t.red("not there yet")
	if n.untouched {
		state = t.yellow("not solved yet")
	}
	fmt.Fprintf(t.out, "\n%s %s (%s)\n", t.bold("Next:"), t.bold(n.check.Exercise+" / "+n.check.ID), state)
	fmt.Fprintln(t.out, wrap(n.check.Title+".", "  "))
	t.finding(n.result.Finding, t.begun.Plan.Dir, t.begun.Tree.Dir)
	if because := n.result.Finding.Because; because != "" {
		t.wrapped("because", because)
	}
	t.wrapped("why", n.check.Why)
	t.part("read", pageOf(t.begun.Plan.Day, n.check))
	t.part("then", again(t.begun.Plan, t.begun.Plan.Exercise))
}

// finding says what was wanted, what was found, and where: in the work in dir,
// of which tree is a copy.
func (t *Text) finding(f *check.Finding, dir, tree string) {
	t.wrapped("want", f.Want)
	t.part("got", f.Got)
	for _, p := range f.Look {
		t.look(p, dir, tree)
	}
}

// pageOf is where to read of a check.
func pageOf(d *catalog.Day, c check.Check) string {
	return path.Join("days", fmt.Sprint(d.Number), filepath.ToSlash(d.Page)) + c.Read
}

func (t *Text) part(name, text string) {
	lines := strings.Split(strings.TrimRight(clean(text), "\n"), "\n")
	fmt.Fprintf(t.out, "\n  %s %s\n", t.bold(fmt.Sprintf("%-7s", name)), lines[0])
	for _, l := range lines[1:] {
		fmt.Fprintln(t.out, strings.TrimRight("          "+l, " "))
	}
}

func (t *Text) wrapped(name, text string) {
	const indentation = "          "
	t.part(name, strings.TrimPrefix(strings.ReplaceAll(wrap(clean(text), indentation), "\n"+indentation, "\n"), indentation))
}

// look names a place in dir and quotes the learner's own line there, from tree.
func (t *Text) look(p check.Place, dir, tree string) {
	shownAs := check.Place{File: shown(filepath.Join(dir, filepath.FromSlash(p.File))), Line: p.Line}
	text := shownAs.String()
	if line := lineOf(filepath.Join(tree, filepath.FromSlash(p.File)), p.Line); line != "" {
		text += "\n" + fmt.Sprintf("%4d | %s", p.Line, line)
	}
	t.part("look", text)
}

// lineOf gives a line of a file as it was judged, or "" when there is none.
func lineOf(file string, n int) string {
	text, err := os.ReadFile(file)
	if n < 1 || err != nil {
		return ""
	}
	lines := strings.Split(string(text), "\n")
	if n > len(lines) {
		return ""
	}
	return strings.TrimRight(strings.ReplaceAll(lines[n-1], "\t", "    "), " \r")
}

// shown is a path as a person at the shell would write it.
func shown(path string) string {
	wd, err := os.Getwd()
	if err != nil || !filepath.IsAbs(path) {
		return filepath.ToSlash(path)
	}
	if rel, err := filepath.Rel(wd, path); err == nil && !strings.HasPrefix(rel, "..") {
		return filepath.ToSlash(rel)
	}
	return path
}

// again is the command that runs the same checks again.
func again(p run.Plan, exercise string) string { return target("check", p, exercise) }

// target is the make command for work on a day.
func target(name string, p run.Plan, exercise string) string {
	command := fmt.Sprintf("make %s DAY=%d", name, p.Day.Number)
	if exercise != "" {
		command += " EXERCISE=" + exercise
	}
	if dir := shown(p.Dir); dir != shown(p.Day.Exercise) {
		command += " DIR=" + dir
	}
	return command
}
