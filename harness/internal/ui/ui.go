// Package ui says a run's events to a person.
//
// The policy: results go to standard output, one line a check as soon as it is
// known, then what to do next; progress goes to standard error. Colour is used
// only on a terminal, and not when NO_COLOR is set (see no-color.org); it never
// carries what the words do not. Lines fit 80 columns, except where they quote.
// What a learner's work printed is quoted indented, without control characters.
//
//	t := ui.NewText(os.Stdout, os.Stderr, ui.ColorFor(os.Stdout))
//	result, err := run.Checks(ctx, plan, t.Listen)
package ui

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/run"
)

// width is what lines are wrapped to.
const width = 80

// ColorFor reports whether f should be written to in colour.
func ColorFor(f *os.File) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// Text writes a run as text.
type Text struct {
	out, progress io.Writer
	color         bool
	mu            sync.Mutex
	begun         *run.Begun
	said          map[string]bool
}

// NewText writes results to out and progress to progress.
func NewText(out, progress io.Writer, color bool) *Text {
	return &Text{out: out, progress: progress, color: color, said: map[string]bool{}}
}

// Listen takes in one event. It may be called from several goroutines.
func (t *Text) Listen(e run.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case e.Begun != nil:
		t.begin(e.Begun)
	case e.Finished != nil:
		t.finished(e.Finished)
	case e.Base != nil:
		t.standIn(e.Base.Detail)
	case e.Note != "":
		t.note(e.Note)
	case e.Result != nil:
		t.result(e.Result)
	}
}

func (t *Text) begin(b *run.Begun) {
	t.begun = b
	fmt.Fprintf(t.out, "%s\n", t.bold(fmt.Sprintf("Day %d: %s", b.Plan.Day.Number, b.Plan.Day.Title)))
	engine := b.Engine
	if engine == "" {
		engine = "no Docker engine"
	}
	fmt.Fprintf(t.out, "%s\n%s\n", t.faint(engine), t.faint(fmt.Sprintf("%s, seed %d", shown(b.Plan.Dir), b.Plan.Seed)))
	for _, text := range b.StandIns {
		t.standIn(text)
	}
	fmt.Fprintln(t.out)
}

// standIn says, once, that an image is not what its name says.
func (t *Text) standIn(text string) {
	if !t.said[text] {
		t.said[text] = true
		fmt.Fprintln(t.out, t.yellow(wrap("Note: "+text, "")))
	}
}

// note says progress, each sentence once.
func (t *Text) note(text string) {
	if !t.said[text] {
		t.said[text] = true
		fmt.Fprintln(t.progress, t.faint("  … "+clean(text)))
	}
}

func (t *Text) finished(f *run.Finished) {
	r := f.Result
	if r.Status == check.Skipped {
		return // counted in the end: what it waits for has said why
	}
	mark, more := t.green("ok  "), ""
	switch {
	case r.Status == check.Failed && f.Untouched:
		mark = t.yellow("todo")
	case r.Status == check.Failed:
		mark = t.red("no  ")
	case r.Status == check.Errored:
		mark, more = t.magenta("?   "), "could not be decided"
	}
	points := fmt.Sprintf("%d/%d", r.Points, r.MaxPoints)
	fmt.Fprintf(t.out, "%s\n", strings.TrimRight(fmt.Sprintf("%s %-10s  %-28s  %4s  %s", mark, f.Check.Exercise, f.Check.ID, points, t.faint(more)), " "))
}

func (t *Text) result(r *check.Result) {
	fmt.Fprintln(t.out)
	for _, e := range r.Exercises {
		t.exercise(e)
	}
	fmt.Fprintf(t.out, "%-12s %2d of %2d points\n", "", r.Points, r.MaxPoints)
	t.advice(r)
	t.troubles(r)
	switch next := t.next(r); {
	case next != nil:
		t.explain(next)
	case r.Status == check.Passed:
		t.done(r)
	default:
		t.waiting(r)
	}
}

func (t *Text) exercise(e check.ExerciseResult) {
	count := map[check.Status]int{}
	for _, c := range e.Checks {
		count[c.Status]++
	}
	word := t.green("solved")
	switch {
	case e.Status == check.Errored:
		word = t.magenta("could not be decided")
	case e.Status == check.Failed && e.Untouched:
		word = t.yellow("not solved yet")
	case e.Status == check.Failed:
		word = t.red("not there yet")
	}
	waiting := ""
	if n := count[check.Skipped]; n > 0 {
		waiting = fmt.Sprintf(" (%d wait for others)", n)
	}
	fmt.Fprintf(t.out, "%-12s %2d of %2d checks pass: %s%s\n", e.ID, count[check.Passed], len(e.Checks), word, t.faint(waiting))
}

func (t *Text) advice(r *check.Result) {
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			for _, a := range c.Advice {
				fmt.Fprintf(t.out, "\n%s\n", wrap(clean("Advice ("+c.ID+"): "+a), ""))
			}
		}
	}
}

// troubles says what could not be decided, each cause once.
func (t *Text) troubles(r *check.Result) {
	said := map[check.Trouble]int{}
	var order []check.Trouble
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			if c.Trouble == nil {
				continue
			}
			if said[*c.Trouble] == 0 {
				order = append(order, *c.Trouble)
			}
			said[*c.Trouble]++
		}
	}
	for _, trouble := range order {
		checks := "1 check"
		if n := said[trouble]; n > 1 {
			checks = fmt.Sprintf("%d checks", n)
		}
		fmt.Fprintf(t.out, "\n%s\n", t.magenta(checks+" could not be decided. This is not about your work:"))
		fmt.Fprintln(t.out, indent(clean(trouble.Message), "  "))
		if trouble.Mend != "" {
			fmt.Fprintln(t.out, wrap("To mend it: "+trouble.Mend, "  "))
		}
	}
}

// next is the one check to work on: the first that failed, in the day's order.
func (t *Text) next(r *check.Result) *next {
	byID := map[string]check.Check{}
	for _, c := range t.begun.Checks {
		byID[c.ID] = c
	}
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			if c.Status == check.Failed {
				return &next{check: byID[c.ID], result: c, untouched: e.Untouched}
			}
		}
	}
	return nil
}

// waiting says what checks wait for that was not asked for: a check of another
// exercise, which nothing above has told of.
func (t *Text) waiting(r *check.Result) {
	said := map[string]bool{}
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			if c.Status != check.Skipped || said[c.MissedNeed] {
				continue
			}
			said[c.MissedNeed] = true
			for _, need := range t.begun.Plan.Day.Checks() {
				if need.ID == c.MissedNeed && need.Exercise != e.ID {
					fmt.Fprintf(t.out, "\n%s\n", wrap(fmt.Sprintf("%s waits for %s / %s, which does not pass. Next: %s", c.ID, need.Exercise, need.ID, again(t.begun.Plan, need.Exercise)), ""))
				}
			}
		}
	}
}

func (t *Text) done(r *check.Result) {
	if t.begun.Plan.Exercise != "" {
		fmt.Fprintf(t.out, "\n%s Next: %s\n", t.green("All green."), again(t.begun.Plan, ""))
		return
	}
	fmt.Fprintf(t.out, "\n%s %s\n", t.green("All green."), "Day "+fmt.Sprint(r.Day)+" is done.")
}

func (t *Text) paint(code, s string) string {
	if !t.color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t *Text) bold(s string) string    { return t.paint("1", s) }
func (t *Text) faint(s string) string   { return t.paint("2", s) }
func (t *Text) red(s string) string     { return t.paint("31", s) }
func (t *Text) green(s string) string   { return t.paint("32", s) }
func (t *Text) yellow(s string) string  { return t.paint("33", s) }
func (t *Text) magenta(s string) string { return t.paint("35", s) }

// blankLine parts paragraphs of Markdown.
var blankLine = regexp.MustCompile(`\n[ \t]*\n`)

// wrap fills paragraphs anew, each line after the indentation.
func wrap(text, indentation string) string {
	var lines []string
	for i, paragraph := range blankLine.Split(strings.TrimSpace(text), -1) {
		if i > 0 {
			lines = append(lines, "")
		}
		line := ""
		for word := range strings.FieldsSeq(paragraph) {
			if line != "" && len([]rune(indentation+line+" "+word)) > width {
				lines = append(lines, indentation+line)
				line = ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		lines = append(lines, strings.TrimRight(indentation+line, " "))
	}
	return strings.Join(lines, "\n")
}

// indent puts the indentation before each line and breaks none.
func indent(text, indentation string) string {
	return indentation + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+indentation)
}

// clean takes out what could move the cursor or recolour the terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || (r >= ' ' && r != 0x7f && !(r >= 0x80 && r < 0xa0)) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, "\uFFFD"))
}
