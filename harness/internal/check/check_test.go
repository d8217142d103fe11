package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWorst(t *testing.T) {
	for name, c := range map[string]struct {
		all  []Status
		want Status
	}{
		"nothing":                             {nil, Passed},
		"all passed":                          {[]Status{Passed, Passed}, Passed},
		"one failed":                          {[]Status{Passed, Failed, Passed}, Failed},
		"a skipped one is not passed":         {[]Status{Passed, Skipped}, Failed},
		"errored outweighs failed":            {[]Status{Errored, Failed, Passed}, Errored},
		"errored outweighs failed, last":      {[]Status{Failed, Skipped, Errored}, Errored},
		"errored is nobody's failure, though": {[]Status{Passed, Errored}, Errored},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, Worst(c.all))
		})
	}
}

func TestTotal(t *testing.T) {
	r := Result{
		Points: 99, MaxPoints: 99, Status: Errored, // of an earlier sum, to be forgotten
		Exercises: []ExerciseResult{
			{ID: "one", Checks: []CheckResult{
				{ID: "a", Status: Passed, Points: 3, MaxPoints: 3},
				{ID: "b", Status: Passed, Points: 2, MaxPoints: 2},
			}},
			{ID: "two", Checks: []CheckResult{
				{ID: "c", Status: Failed, Points: 0, MaxPoints: 4},
				{ID: "d", Status: Skipped, Points: 0, MaxPoints: 1},
			}},
		},
	}
	r.Total()
	assert.Equal(t, "daybook.result/v1", r.Schema)
	assert.Equal(t, 5, r.Points, "points of a and b")
	assert.Equal(t, 10, r.MaxPoints, "points of all four")
	assert.Equal(t, Passed, r.Exercises[0].Status)
	assert.Equal(t, Failed, r.Exercises[1].Status)
	assert.Equal(t, Failed, r.Status)

	r.Exercises[0].Checks[0].Status = Errored
	r.Total()
	assert.Equal(t, Errored, r.Exercises[0].Status)
	assert.Equal(t, Errored, r.Status, "one errored check leaves the day undecided")
	assert.Equal(t, 10, r.MaxPoints, "a second sum does not add to the first")
}

func TestPlaceIsWrittenAsCompilersDo(t *testing.T) {
	assert.Equal(t, "Dockerfile:7", Place{File: "Dockerfile", Line: 7}.String())
	assert.Equal(t, "envconfig/load.go", Place{File: "envconfig/load.go"}.String(), "line 0 means the whole file")
}

// Mechanisms return findings and troubles as errors, wrapped on the way.
func TestFindingAndTroubleAreErrors(t *testing.T) {
	var finding *Finding
	err := fmt.Errorf("starting: %w", &Finding{Want: "UID 65534", Got: "UID 0"})
	require.ErrorAs(t, err, &finding)
	assert.Equal(t, "starting: want UID 65534, got UID 0", err.Error())

	var trouble *Trouble
	assert.False(t, errors.As(err, &trouble), "the learner's failure is never ours")
	err = fmt.Errorf("starting: %w", &Trouble{Message: "no engine", Mend: "start Docker"})
	require.ErrorAs(t, err, &trouble)
	assert.Equal(t, "starting: no engine (start Docker)", err.Error())
	assert.Equal(t, "no engine", (&Trouble{Message: "no engine"}).Error())
}

// Other programs rely on these fields: the names and the nesting are fixed.
func TestResultAsJSON(t *testing.T) {
	r := Result{
		Day: 7, Seed: 18446744073709551615, Exercises: []ExerciseResult{{ID: "pack", Checks: []CheckResult{
			{ID: "ok-one", Title: "It is so", Status: Passed, Points: 2, MaxPoints: 2, DurationMS: 12, Needs: []string{}, Advice: []string{"Could be shorter."}},
			{ID: "bad-one", Title: "It is so too", Status: Failed, MaxPoints: 3, DurationMS: 5, Needs: []string{"ok-one"},
				Finding: &Finding{Want: "w", Got: "g", Because: "b", Look: []Place{{File: "Dockerfile", Line: 7}, {File: ".dockerignore"}}}},
			{ID: "odd-one", Title: "Nobody knows", Status: Errored, MaxPoints: 1, Needs: []string{}, Trouble: &Trouble{Message: "no engine", Mend: "start it"}},
		}}},
	}
	r.Total()
	got, err := json.Marshal(r)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"schema": "daybook.result/v1", "day": 7, "seed": 18446744073709551615, "status": "errored", "points": 2, "max_points": 6,
		"exercises": [{"id": "pack", "status": "errored", "checks": [
			{"id": "ok-one", "title": "It is so", "status": "passed", "points": 2, "max_points": 2, "duration_ms": 12, "needs": [], "advice": ["Could be shorter."]},
			{"id": "bad-one", "title": "It is so too", "status": "failed", "points": 0, "max_points": 3, "duration_ms": 5, "needs": ["ok-one"],
			 "finding": {"want": "w", "got": "g", "because": "b", "look": [{"file": "Dockerfile", "line": 7}, {"file": ".dockerignore"}]}},
			{"id": "odd-one", "title": "Nobody knows", "status": "errored", "points": 0, "max_points": 1, "duration_ms": 0, "needs": [],
			 "trouble": {"message": "no engine", "mend": "start it"}}
		]}]
	}`, string(got))
	assert.Contains(t, string(got), `"seed":18446744073709551615`, "a seed keeps all its digits")
}
