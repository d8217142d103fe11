package breakage

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
)

// of is a result with one exercise.
func of(checks ...check.CheckResult) *check.Result {
	r := &check.Result{Exercises: []check.ExerciseResult{{ID: "pack", Checks: checks}}}
	r.Total()
	return r
}

var (
	passes  = check.CheckResult{ID: "lints", Status: check.Passed}
	fails   = check.CheckResult{ID: "builds", Status: check.Failed, Finding: &check.Finding{}}
	skipped = check.CheckResult{ID: "starts", Status: check.Skipped, MissedNeed: "builds"}
	errored = check.CheckResult{ID: "stops", Status: check.Errored, Trouble: &check.Trouble{}}
)

func TestCompare(t *testing.T) {
	for name, c := range map[string]struct {
		result *check.Result
		answer string
		right  bool
	}{
		"the one that failed":           {of(passes, fails, skipped), "builds", true},
		"one that passed":               {of(passes, fails, skipped), "lints", false},
		"one that was skipped":          {of(passes, fails, skipped), "starts", false},
		"none, and one failed":          {of(passes, fails), "", false},
		"none, and all passed":          {of(passes), "", true},
		"one, and all passed":           {of(passes), "lints", false},
		"one that errored":              {of(passes, errored), "stops", false},
		"none, and one errored":         {of(passes, errored), "", false},
		"it failed, and one errored":    {of(fails, errored), "builds", true},
		"one that is not in the result": {of(fails), "starts", false},
	} {
		t.Run(name, func(t *testing.T) {
			o := Compare(c.result, c.answer)
			assert.Equal(t, c.right, o.Right)
			assert.Equal(t, c.answer, o.Answer)
			assert.Equal(t, c.result.Status == check.Errored, o.Errored)
		})
	}
	o := Compare(of(passes, fails, skipped), "starts")
	assert.Equal(t, []check.CheckResult{fails}, o.Failed)
	assert.Equal(t, []check.CheckResult{skipped}, o.Skipped)
	assert.Equal(t, skipped, o.Said)
}

func TestImmuneAndElsewhere(t *testing.T) {
	own := &Question{Ground: Own, Mistake: catalog.Mistake{Fails: []string{"builds"}}}
	solution := &Question{Ground: NotPassing, Mistake: own.Mistake}
	assert.True(t, own.Immune(Compare(of(passes), "builds")))
	assert.False(t, own.Immune(Compare(of(fails), "builds")))
	assert.False(t, own.Immune(Compare(of(errored), "builds")), "nobody knows")
	assert.False(t, solution.Immune(Compare(of(passes), "builds")), "that is the day's author's trouble")

	assert.False(t, own.Elsewhere(Compare(of(fails), "builds")))
	assert.False(t, own.Elsewhere(Compare(of(passes), "builds")))
	own.Mistake.Fails = []string{"lints"}
	assert.True(t, own.Elsewhere(Compare(of(fails), "builds")))
}
