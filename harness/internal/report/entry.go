package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// whole is the exercise under which entries stand that are about a submission
// as a whole, and not about a check.
const whole = "submission"

// longestPath is how many characters of a file's name are shown: more than a
// name has that somebody chose to be read.
const longestPath = 1000

// entry is one check's result, its texts cleaned, ready to be escaped.
type entry struct {
	exercise string
	number   int // of the exercise in its day, from 1; 0 for the whole submission
	id       string
	title    string
	status   check.Status
	points   int
	max      int
	duration int64 // ms
	needs    []string
	missed   string       // what a skipped one waits for
	cause    check.Status // Failed or Errored: why a skipped one was not run, in the end
	finding  *check.Finding
	trouble  *check.Trouble
	advice   []string
}

// entries gives the results of g's checks in the day's order. What has no grade
// has one entry more, first, that says why: errored when it is ungraded, failed
// when it was refused. So no report of such a submission is empty.
func entries(g *grade.Grade) []entry {
	var all []entry
	switch reason := reason(g); g.Status {
	case grade.Graded:
	case grade.Refused:
		all = append(all, entry{exercise: whole, id: "can-be-read", title: "The submission can be read, and holds files of the day", status: check.Failed,
			finding: &check.Finding{Want: "a submission that can be graded", Got: reason}})
	default: // also a status that is not known: never a zero
		all = append(all, entry{exercise: whole, id: "can-be-graded", title: "The submission can be graded", status: check.Errored,
			trouble: &check.Trouble{Message: reason, Mend: "grade it again"}})
	}
	if g.Result == nil {
		return all
	}
	became := map[string]check.CheckResult{}
	for _, e := range g.Result.Exercises {
		for _, c := range e.Checks {
			became[c.ID] = c
		}
	}
	for i, e := range g.Result.Exercises {
		for _, c := range e.Checks {
			n := newEntry(e.ID, i+1, c)
			if n.status == check.Skipped {
				n.cause = causeOf(c, became)
			}
			all = append(all, n)
		}
	}
	return all
}

func newEntry(exercise string, number int, c check.CheckResult) entry {
	n := entry{
		exercise: oneLine(exercise), number: number, id: oneLine(c.ID), title: oneLine(c.Title), status: c.Status,
		points: c.Points, max: c.MaxPoints, duration: c.DurationMS, missed: oneLine(c.MissedNeed),
	}
	for _, need := range c.Needs {
		n.needs = append(n.needs, oneLine(need))
	}
	for _, a := range c.Advice {
		n.advice = append(n.advice, shown(a))
	}
	if f := c.Finding; f != nil {
		n.finding = &check.Finding{Want: shown(f.Want), Got: shown(f.Got), Because: shown(f.Because)}
		for _, p := range f.Look {
			n.finding.Look = append(n.finding.Look, check.Place{File: cut(oneLine(p.File), longestPath), Line: max(p.Line, 0)})
		}
	}
	if t := c.Trouble; t != nil {
		n.trouble = &check.Trouble{Message: shown(t.Message), Mend: shown(t.Mend)}
	}
	return n
}

// shown gives a text of several lines, cleaned and not too long.
func shown(s string) string { return cutBytes(strings.TrimSpace(clean(s)), longest) }

// causeOf follows what a skipped check waits for to the one that was run. What
// cannot be followed counts as the learner's, as a skipped check does in sums.
func causeOf(c check.CheckResult, became map[string]check.CheckResult) check.Status {
	for range became {
		next, ok := became[c.MissedNeed]
		if !ok || next.Status != check.Skipped {
			if next.Status == check.Errored {
				return check.Errored
			}
			break
		}
		c = next
	}
	return check.Failed
}

// name is what an entry is called in lists of all exercises.
func (e *entry) name() string { return e.exercise + " / " + e.id }

// short says in one line why an entry did not pass; "" when it did.
func (e *entry) short() string {
	switch e.status {
	case check.Passed:
		return ""
	case check.Skipped:
		if e.missed == "" {
			return "not run: what it needs did not pass"
		}
		return "not run: it needs " + e.missed + ", which did not pass"
	case check.Failed:
		if e.finding == nil {
			return "failed"
		}
		return oneLine("want " + e.finding.Want + ", got " + e.finding.Got)
	}
	said := "could not be decided, which is not about your work"
	if e.trouble == nil {
		return said
	}
	return oneLine(said + ": " + e.trouble.Error())
}

// long says in labelled lines why an entry did not pass, then the advice; ""
// when there is nothing to say.
func (e *entry) long() string {
	var b strings.Builder
	label := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-7s %s\n", name, strings.ReplaceAll(text, "\n", "\n        "))
		}
	}
	switch {
	case e.status == check.Failed && e.finding != nil:
		label("want", e.finding.Want)
		label("got", e.finding.Got)
		for _, p := range e.finding.Look {
			label("look", p.String())
		}
		label("because", e.finding.Because)
	case e.status == check.Errored && e.trouble != nil:
		label("trouble", "This could not be decided, which is not about your work.\n"+e.trouble.Message)
		label("mend", e.trouble.Mend)
	case e.status != check.Passed:
		label("status", e.short())
	}
	for _, a := range e.advice {
		label("advice", a)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// place is where to look first, if anywhere.
func (e *entry) place() (p check.Place) {
	if e.finding != nil && len(e.finding.Look) > 0 {
		p = e.finding.Look[0]
	}
	return p
}

// reason is why g has no points; there is always one.
func reason(g *grade.Grade) string {
	if r := shown(g.Reason); r != "" || g.Status == grade.Graded {
		return r
	}
	return "no reason was given"
}

// verdict says in one line what became of a submission.
func verdict(g *grade.Grade) string {
	switch g.Status {
	case grade.Graded:
		return fmt.Sprintf("%s of %s points", number(g.Points), number(g.MaxPoints))
	case grade.Refused:
		return "refused, it has no points: " + oneLine(reason(g))
	}
	return "not graded, it has no points and is to be tried again: " + oneLine(reason(g))
}

// difference is what a policy made of the points of the checks: the points that
// have to be added to theirs to come to Grade.Points.
func difference(g *grade.Grade) float64 {
	if g.Status != grade.Graded {
		return 0
	}
	d := g.Points
	for _, e := range entries(g) {
		d -= float64(e.points)
	}
	const precision = 1e4 // points are hundredths; what is below is noise of floats
	return math.Round(d*precision) / precision
}

// sum explains how the points came about, one line a summand.
func sum(g *grade.Grade) string {
	var b strings.Builder
	for _, l := range g.Lines {
		fmt.Fprintf(&b, "%7s  %s\n", number(l.Points), oneLine(l.Text))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// learner is what a submission is called: its id, and the name when there is one.
func learner(s grade.Submission) string {
	if name := oneLine(s.Name); name != "" {
		return oneLine(s.ID) + " (" + name + ")"
	}
	return oneLine(s.ID)
}

// number writes points without more digits than they have.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
