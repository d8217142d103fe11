package report

import (
	"fmt"
	"io"
	"math"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// Gradescope reads /autograder/results/results.json, after its page "Autograder
// Specifications" (gradescope-autograders.readthedocs.io/en/latest/specs/). The
// score of the whole overrides the sum of the tests. Either it or the tests must
// be there: without both, Gradescope says that the autograder failed, which is
// what is true of a submission without a grade, so that one has neither. All
// texts are said to be plain text: the default for some of them is not.

type gradescopeResult struct {
	Score            *float64         `json:"score,omitempty"`
	ExecutionTime    int64            `json:"execution_time"` // seconds
	Output           string           `json:"output"`
	OutputFormat     string           `json:"output_format"`
	TestOutputFormat string           `json:"test_output_format"`
	TestNameFormat   string           `json:"test_name_format"`
	Visibility       string           `json:"visibility"`
	ExtraData        any              `json:"extra_data"`
	Tests            []gradescopeTest `json:"tests,omitempty"`
}

type gradescopeTest struct {
	Score        float64  `json:"score"`
	MaxScore     float64  `json:"max_score"`
	Status       string   `json:"status"`
	Name         string   `json:"name"`
	NameFormat   string   `json:"name_format"`
	Number       string   `json:"number"`
	Output       string   `json:"output"`
	OutputFormat string   `json:"output_format"`
	Tags         []string `json:"tags"`
	Visibility   string   `json:"visibility"`
}

const gradescopeText, gradescopeVisible = "text", "visible"

func gradescopeOne(w io.Writer, g *grade.Grade) error {
	r := gradescopeResult{
		ExecutionTime: int64(math.Ceil(float64(g.DurationMS) / 1000)),
		OutputFormat:  gradescopeText, TestOutputFormat: gradescopeText, TestNameFormat: gradescopeText, Visibility: gradescopeVisible,
		ExtraData: map[string]any{"daybook": map[string]any{"day": g.Day, "submission": oneLine(g.Submission.ID), "status": g.Status, "key": g.Basis.Key}},
	}
	if g.Status != grade.Graded {
		r.Output = verdict(g)
		return writeJSON(w, r)
	}
	r.Score, r.Output = &g.Points, verdict(g)
	if len(g.Lines) > 0 {
		r.Output += "\n\nHow the points came about:\n" + sum(g)
	}
	numbers := map[int]int{}
	for _, e := range entries(g) {
		numbers[e.number]++
		t := gradescopeTest{
			Score: float64(e.points), MaxScore: float64(e.max), Status: "failed",
			Name: e.name() + ": " + e.title, NameFormat: gradescopeText,
			Number: fmt.Sprintf("%d.%d", e.number, numbers[e.number]),
			Output: e.long(), OutputFormat: gradescopeText,
			Tags: []string{e.exercise, string(e.status)}, Visibility: gradescopeVisible,
		}
		if e.status == check.Passed {
			t.Status = "passed"
		}
		r.Tests = append(r.Tests, t)
	}
	return writeJSON(w, r)
}
