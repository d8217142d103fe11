package ui

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/daybook-dev/daybook/harness/internal/baseimage"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
	"github.com/daybook-dev/daybook/harness/internal/run"
)

func gradeOf(id string, status grade.Status, points float64, reason string, checks ...check.CheckResult) *grade.Grade {
	return &grade.Grade{
		Submission: grade.Submission{ID: id}, Status: status, Points: points, MaxPoints: 30, Reason: reason,
		Result: &check.Result{Exercises: []check.ExerciseResult{{ID: "pack", Checks: checks}}},
	}
}

func TestGradingSaysHowFarItIs(t *testing.T) {
	var out strings.Builder
	g := NewGrading(&out)
	g.Tell(grade.Progress{Grade: gradeOf("ada", grade.Graded, 27.5, ""), Done: 9, Of: 12})
	g.Tell(grade.Progress{Grade: gradeOf("bob", grade.Refused, 0, "it is\n\x1b[31mempty"), Done: 10, Of: 12})
	g.Tell(grade.Progress{Grade: gradeOf("cy", grade.Ungraded, 0, "no engine"), Done: 11, Of: 12})
	g.Tell(grade.Progress{Grade: gradeOf("dee", grade.Graded, 0, ""), Done: 12, Of: 12, Kept: true})
	g.Listen("ada", run.Event{Note: "building the image"})
	g.Listen("bob", run.Event{Note: "building the image"})
	g.Listen("bob", run.Event{Base: &baseimage.Image{Detail: "golang:1.26 is a stand-in"}})
	g.Listen("bob", run.Event{Begun: &run.Begun{StandIns: []string{"golang:1.26 is a stand-in"}}})
	g.Listen("bob", run.Event{Finished: &run.Finished{}})
	assert.Equal(t, ` 9/12 ada: 27.5 of 30 points
10/12 bob: refused: it is [31mempty
11/12 cy: not graded: no engine
12/12 dee: 0 of 30 points, as before
  … building the image
  … golang:1.26 is a stand-in
`, out.String())
}

func TestChanges(t *testing.T) {
	a := func(s check.Status) check.CheckResult { return check.CheckResult{ID: "builds", Status: s} }
	var out strings.Builder
	Changes(&out, grade.Compare(
		[]grade.Grade{
			*gradeOf("ada", grade.Graded, 20, "", a(check.Failed)), *gradeOf("bob", grade.Graded, 30, "", a(check.Passed)),
			*gradeOf("cy", grade.Graded, 30, "", a(check.Passed)),
		},
		[]grade.Grade{
			*gradeOf("ada", grade.Graded, 23, "", a(check.Passed)), *gradeOf("bob", grade.Graded, 30, "", a(check.Passed)),
			*gradeOf("cy", grade.Ungraded, 0, "no engine"), *gradeOf("dee", grade.Graded, 1, "", a(check.Passed)),
		}))
	assert.Equal(t, `ada: 20 of 30 points → 23 of 30 points
  builds: failed → passed
cy: 30 of 30 points → not graded: no engine
  stays as it was: what could not be graded takes no verdict away
  builds: passed → none
dee: nothing → 1 of 30 points
1 of 4 submissions come to the same
`, out.String())
}
