package report

import (
	"io"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// Exercism reads results.json of a test runner, version 3, after exercism/docs
// (building/tooling/test-runners/interface.md). It knows pass, fail and error,
// and nothing that was not run: a skipped check is a fail when what it waits for
// failed, and an error when that could not be decided, and its message says that
// it was not run. A message of the whole is wanted with the status error, and
// null otherwise. The output of a test is what the learner's program made, at
// most 500 characters. The number of an exercise in its day is its task.
//
// The runner exits with 0 whatever the status. There are no points in this form.
const (
	exercismOutput    = 500
	exercismTruncated = "\nOutput was truncated. Please limit to 500 chars"
)

type exercismResult struct {
	Version int            `json:"version"`
	Status  string         `json:"status"`
	Message *string        `json:"message"`
	Tests   []exercismTest `json:"tests"`
}

type exercismTest struct {
	Name    string  `json:"name"`
	Status  string  `json:"status"`
	Message *string `json:"message"`
	Output  *string `json:"output"`
	TaskID  int     `json:"task_id,omitempty"`
}

func exercismOne(w io.Writer, g *grade.Grade) error {
	r := exercismResult{Version: 3, Status: exercismStatus(overall(g), check.Failed), Tests: []exercismTest{}}
	switch {
	case g.Status != grade.Graded:
		r.Status = "error" // also of a refused one: its tests did not run
		r.Message = text(verdict(g))
	case r.Status == "error":
		r.Message = text("some checks could not be decided, which is not about your work")
	}
	for _, e := range entries(g) {
		t := exercismTest{Name: e.name() + ": " + e.title, Status: exercismStatus(e.status, e.cause), TaskID: e.number}
		if e.status != check.Passed {
			t.Message = text(e.long())
		}
		if e.finding != nil && e.exercise != whole {
			t.Output = text(cutWith(e.finding.Got, exercismOutput, exercismTruncated))
		}
		r.Tests = append(r.Tests, t)
	}
	return writeJSON(w, r)
}

// exercismStatus is the word for s; cause is why a skipped one was not run.
func exercismStatus(s, cause check.Status) string {
	switch s {
	case check.Passed:
		return "pass"
	case check.Failed:
		return "fail"
	case check.Skipped:
		return exercismStatus(cause, check.Errored)
	}
	return "error"
}

// text is s, or null when there is none.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
