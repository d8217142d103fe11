package report

import (
	"io"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// PrairieLearn reads /grade/results/results.json, after its page "External
// grading" and its sources (externalGraderCommon.ts, and the element
// pl-external-grader-results, whose code shows the tests). The score is a part of
// 1, and no result at all when it is not between 0 and 1. A submission without a
// grade is gradable:false: it is shown as not gradable, has no score, and
// format_errors say why.
//
// The element shows the sum of the tests' points beside the score, so a test
// named "policy", out of zero points, holds the difference to Grade.Points. A test
// without points hides the points of all; an errored check has none.

type prairielearnResult struct {
	Gradable     bool               `json:"gradable"`
	Score        *float64           `json:"score,omitempty"`
	Message      string             `json:"message"`
	Output       string             `json:"output"`
	FormatErrors []string           `json:"format_errors"`
	Tests        []prairielearnTest `json:"tests"`
}

type prairielearnTest struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Points      *float64 `json:"points,omitempty"`
	MaxPoints   float64  `json:"max_points"`
	Message     string   `json:"message"`
	Output      string   `json:"output"`
}

func prairielearnOne(w io.Writer, g *grade.Grade) error {
	r := prairielearnResult{Gradable: g.Status == grade.Graded, Message: verdict(g), FormatErrors: []string{}, Tests: []prairielearnTest{}}
	if r.Gradable {
		score := 0.0
		if g.MaxPoints > 0 {
			score = min(max(g.Points/g.MaxPoints, 0), 1)
		}
		r.Score, r.Output = &score, sum(g)
	} else {
		r.FormatErrors = append(r.FormatErrors, verdict(g))
	}
	for _, e := range entries(g) {
		t := prairielearnTest{Name: e.name(), Description: e.title, MaxPoints: float64(e.max), Message: e.short(), Output: e.long()}
		if points := float64(e.points); e.status != check.Errored {
			t.Points = &points
		}
		r.Tests = append(r.Tests, t)
	}
	if d := difference(g); d != 0 {
		r.Tests = append(r.Tests, prairielearnTest{Name: "policy", Description: "What the policy makes of the points", Points: &d, Output: sum(g)})
	}
	return writeJSON(w, r)
}
