package ui

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
	"github.com/daybook-dev/daybook/harness/internal/run"
)

// Grading says how far a batch is: a line a submission, and what is being waited
// for. It writes progress only; grades are written by package report.
type Grading struct {
	out  io.Writer
	mu   sync.Mutex
	said map[string]bool
}

// NewGrading writes to out, which is standard error.
func NewGrading(out io.Writer) *Grading { return &Grading{out: out, said: map[string]bool{}} }

// Note says a sentence, once. It may be called from several goroutines.
func (g *Grading) Note(format string, args ...any) {
	text := clean(fmt.Sprintf(format, args...))
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.said[text] {
		g.said[text] = true
		fmt.Fprintln(g.out, "  … "+text)
	}
}

// Listen takes in what happens in the checks of one submission.
func (g *Grading) Listen(_ string, e run.Event) {
	switch {
	case e.Begun != nil:
		for _, text := range e.Begun.StandIns {
			g.Note("%s", text)
		}
	case e.Base != nil && e.Base.Detail != "":
		g.Note("%s", e.Base.Detail)
	case e.Note != "":
		g.Note("%s", e.Note)
	}
}

// Tell says what became of a submission.
func (g *Grading) Tell(p grade.Progress) {
	g.mu.Lock()
	defer g.mu.Unlock()
	of, kept := strconv.Itoa(p.Of), ""
	if p.Kept {
		kept = ", as before"
	}
	fmt.Fprintf(g.out, "%*d/%s %s: %s%s\n", len(of), p.Done, of, clean(p.Grade.Submission.ID), outcome(p.Grade), kept)
}

// outcome is what became of a submission, in one line.
func outcome(g *grade.Grade) string {
	switch g.Status {
	case grade.Graded:
		return fmt.Sprintf("%s of %s points", number(g.Points), number(g.MaxPoints))
	case grade.Refused:
		return "refused: " + oneLine(g.Reason)
	}
	return "not graded: " + oneLine(g.Reason)
}

// oneLine is text in one line.
func oneLine(text string) string { return strings.Join(strings.Fields(clean(text)), " ") }

// number is points without more digits than they have.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// Changes writes what a second grading made of a batch: each submission with its
// points before and after, and the checks that have another status.
func Changes(w io.Writer, all []grade.Change) {
	same := 0
	for _, c := range all {
		if c.Same() {
			same++
			continue
		}
		before := "nothing"
		if c.Before != nil {
			before = outcome(c.Before)
		}
		fmt.Fprintf(w, "%s: %s → %s\n", clean(c.ID), before, outcome(c.After))
		if !c.Applies {
			fmt.Fprintln(w, "  stays as it was: what could not be graded takes no verdict away")
		}
		for _, k := range c.Checks {
			fmt.Fprintf(w, "  %s: %s → %s\n", k.ID, statusWord(k.Before), statusWord(k.After))
		}
	}
	fmt.Fprintf(w, "%d of %d submissions come to the same\n", same, len(all))
}

func statusWord(s check.Status) string {
	if s == "" {
		return "none"
	}
	return string(s)
}
