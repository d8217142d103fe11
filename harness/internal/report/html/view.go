package html

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// gradeView is a grade as both pages show it.
type gradeView struct {
	Row       int    // its place in the batch, from 0
	Day       string // "Day 7"
	Name      string // the learner's, else the submission's id
	ID        string // when it says more than Name
	Source    string
	Hash      string
	Status    grade.Status
	Counts    bool // it has points, be they zero
	Reason    text
	Points    string
	Max       string
	Share     float64 // of the points, 0 to 1
	Lines     []lineView
	Exercises []exerciseView
	Tally     tally
	Taken     list[string]
	LeftOut   list[leftOut]
	Submitted moment
	Begun     moment
	Basis     []fact
	Cells     []cell // of the heat map; see batch.go
	Fails     string // numbers of the columns that failed
}

// Refused tells whether trying again does not help.
func (g *gradeView) Refused() bool { return g.Status == grade.Refused }

// Width is that of the bar that shows how much of the points there is.
func (g *gradeView) Width() string { return percent(g.Share) + "%" }

// lineView is a line of the sum.
type lineView struct {
	Text   text
	Points string
}

// exerciseView is an exercise with its checks.
type exerciseView struct {
	ID        string
	Untouched bool
	Tally     tally
	Points    int
	MaxPoints int
	Checks    []checkView
}

// checkView is what one check came to.
type checkView struct {
	Anchor     string // where the heat map leads; empty on a learner's page
	ID         string
	Title      string
	Mark       mark
	Points     int
	MaxPoints  int
	Finding    *findingView
	Trouble    *troubleView
	MissedNeed string
	Advice     []text
}

// Says tells whether there is more to read than that the check passed.
func (c checkView) Says() bool {
	return c.Mark != marks[check.Passed] || len(c.Advice) > 0
}

// Undecided tells whether it is our trouble.
func (c checkView) Undecided() bool { return c.Mark.Class == marks[check.Errored].Class }

// findingView is a finding.
type findingView struct {
	Want, Got, Because text
	Look               list[string]
}

// troubleView is what we or the machine could not do.
type troubleView struct{ Message, Mend text }

// leftOut is something of a submission that was not used.
type leftOut struct {
	Name   string
	Reason text
}

// fact is a line of the basis.
type fact struct{ Name, Value string }

// moment is a point of time, for people and for programs.
type moment struct{ Shown, Machine string }

// list is the beginning of a list.
type list[T any] struct {
	Shown []T
	Left  int // how many entries were left out
}

// mark is how a status is shown: never by its colour alone.
type mark struct {
	Class  string // of the style
	Letter string
	Word   string
}

var marks = map[check.Status]mark{
	check.Passed:  {"passed", "✓", "passed"},
	check.Failed:  {"failed", "F", "failed"},
	check.Skipped: {"skipped", "S", "skipped"},
	check.Errored: {"errored", "E", "errored"},
}

// tally counts the checks by what they came to.
type tally struct{ Passed, Failed, Skipped, Errored, All int }

func (t *tally) add(s check.Status) {
	t.All++
	switch s {
	case check.Passed:
		t.Passed++
	case check.Failed:
		t.Failed++
	case check.Skipped:
		t.Skipped++
	default:
		t.Errored++
	}
}

// newGrade makes a grade ready to be shown, with texts as long as p allows.
func newGrade(g *grade.Grade, p *pen) *gradeView {
	v := &gradeView{
		Day:    fmt.Sprintf("Day %d", g.Day),
		Name:   called(g.Submission.ID),
		Source: name(g.Submission.Source), Hash: name(g.Submission.Hash),
		Status: g.Status, Counts: g.Status == grade.Graded,
		Reason: p.text(g.Reason),
		Points: points(g.Points), Max: points(g.MaxPoints),
		Submitted: at(g.Submission.Submitted), Begun: at(g.Begun),
		Basis: basis(g.Basis),
	}
	if own := name(g.Submission.Name); strings.TrimSpace(own) != "" {
		v.Name, v.ID = own, v.Name
	}
	if v.Counts && g.MaxPoints > 0 {
		v.Share = min(max(g.Points/g.MaxPoints, 0), 1)
	}
	for _, l := range g.Lines {
		v.Lines = append(v.Lines, lineView{Text: p.text(l.Text), Points: points(l.Points)})
	}
	if g.Result != nil {
		for _, e := range g.Result.Exercises {
			own := newExercise(e, p)
			v.Exercises = append(v.Exercises, own)
			for _, c := range e.Checks {
				v.Tally.add(c.Status)
			}
		}
	}
	v.Taken = first(g.Submission.Taken, p, name)
	v.LeftOut = first(g.Submission.LeftOut, p, func(l grade.LeftOut) leftOut {
		return leftOut{Name: name(l.Name), Reason: p.text(l.Reason)}
	})
	return v
}

func newExercise(e check.ExerciseResult, p *pen) exerciseView {
	v := exerciseView{ID: called(e.ID), Untouched: e.Untouched}
	for _, c := range e.Checks {
		v.Tally.add(c.Status)
		v.Points += c.Points
		v.MaxPoints += c.MaxPoints
		v.Checks = append(v.Checks, newCheck(c, p))
	}
	return v
}

func newCheck(c check.CheckResult, p *pen) checkView {
	v := checkView{
		ID: called(c.ID), Title: name(c.Title), Mark: marked(c.Status),
		Points: c.Points, MaxPoints: c.MaxPoints, MissedNeed: name(c.MissedNeed),
	}
	if f := c.Finding; f != nil {
		v.Finding = &findingView{
			Want: p.text(f.Want), Got: p.text(f.Got), Because: p.text(f.Because),
			Look: first(f.Look, p, func(l check.Place) string { return name(l.String()) }),
		}
	}
	if t := c.Trouble; t != nil {
		v.Trouble = &troubleView{Message: p.text(t.Message), Mend: p.text(t.Mend)}
	}
	for _, a := range c.Advice {
		v.Advice = append(v.Advice, p.text(a))
	}
	return v
}

// marked is how s is shown; a status that we do not know is no pass.
func marked(s check.Status) mark {
	if m, ok := marks[s]; ok {
		return m
	}
	return mark{"errored", "?", name(string(s))}
}

// first takes as many of all as p allows, each as show gives it.
func first[From, To any](all []From, p *pen, show func(From) To) list[To] {
	var l list[To]
	for i, one := range all {
		if i == p.list {
			l.Left = len(all) - i
			break
		}
		l.Shown = append(l.Shown, show(one))
	}
	return l
}

// points writes points the short way: 3, 2.5, 0.33, −1.
func points(p float64) string {
	text := strconv.FormatFloat(math.Abs(math.Round(p*100)/100), 'f', -1, 64)
	if p < 0 && text != "0" {
		return "−" + text
	}
	return text
}

// at is a time as everybody reads it alike: UTC, to the minute.
func at(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	t = t.UTC()
	return moment{Shown: t.Format("2006-01-02 15:04 UTC"), Machine: t.Format(time.RFC3339)}
}

// basis lists what a verdict depends on, as far as it is known.
func basis(b grade.Basis) []fact {
	facts := []fact{
		{"Key", b.Key}, {"Day", b.DayHash}, {"Daybook", b.Harness}, {"Toolchain", b.Toolchain},
		{"Seed", strconv.FormatUint(b.Seed, 10)}, {"Isolation", b.Isolation}, {"Limits", b.Limits},
	}
	for _, image := range slices.Sorted(maps.Keys(b.Images)) {
		facts = append(facts, fact{image, b.Images[image]})
	}
	facts = slices.DeleteFunc(facts, func(f fact) bool { return f.Value == "" })
	for i := range facts {
		facts[i].Name, facts[i].Value = name(facts[i].Name), name(facts[i].Value)
	}
	return facts
}
