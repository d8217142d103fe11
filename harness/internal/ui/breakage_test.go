package ui

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/breakage"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
)

// broken is a question about the small day: a mistake in its Dockerfile.
func broken(t *testing.T) *breakage.Question {
	s := small(t)
	drawn := &breakage.Drawn{Plan: breakage.Plan{Plan: s.plan}, Exercise: "pack", Checks: []check.Check{s.checks["builds"], s.checks["starts"]}}
	dir := filepath.Join(s.plan.Root, "copy")
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM base\nRUN fake\n"), 0o644))
	return &breakage.Question{
		Drawn: drawn, Dir: dir,
		Mistake: catalog.Mistake{Name: "fakes", Said: "Typed fake for make.", Fails: []string{"builds"}},
		Changes: []breakage.Change{{Name: "Dockerfile", Old: []byte("FROM base\nRUN \x1bmake\n"), New: []byte("FROM base\nRUN fake\n")}},
	}
}

// asked gives what Text writes of a question.
func asked(q *breakage.Question, color bool) string {
	var out bytes.Buffer
	NewText(&out, &bytes.Buffer{}, color).Question(q)
	return out.String()
}

// answered gives what Text writes of an answer.
func answered(q *breakage.Question, answer, why string, checks ...check.CheckResult) string {
	r := &check.Result{Day: 7, Exercises: []check.ExerciseResult{{ID: "pack", Checks: checks}}}
	r.Total()
	var out bytes.Buffer
	NewText(&out, &bytes.Buffer{}, false).Answered(q, r, breakage.Compare(r, answer), why)
	return out.String()
}

func TestQuestion(t *testing.T) {
	q := broken(t)
	require.Equal(t, `Day 7: A small day
one mistake, seed 42

Your own work passes. This was changed in a copy of it (exercises/7 stays as it
is):

--- Dockerfile
+++ Dockerfile
@@ -1,2 +1,2 @@
 FROM base
-RUN make
+RUN fake

Which of these checks will catch it?
   1  builds                         It builds
   2  starts                         It starts
`, asked(q, false))
	colored := asked(q, true)
	assert.Contains(t, colored, "\x1b[31m-RUN make\x1b[0m\n\x1b[32m+RUN fake\x1b[0m\n")
	assert.Contains(t, colored, "\x1b[2m--- Dockerfile\x1b[0m\n")
}

// Whose work it is, and why it is not the learner's, is said before the change.
func TestQuestionAboutTheSolution(t *testing.T) {
	q := broken(t)
	q.Right = "solutions/7"
	for ground, want := range map[breakage.Ground]string{
		breakage.Untouched:   "exercises/7 is as it was handed out, so this was changed in a right answer of\nthe day's own (solutions/7):\n",
		breakage.NotPassing:  "exercises/7 does not pass yet (`make check DAY=7 EXERCISE=pack` says what is\nmissing), so this was changed in a right answer of the day's own (solutions/7):\n",
		breakage.NothingFits: "None of the mistakes that were tried can be made in exercises/7 as it is\nwritten, so this was changed in a right answer of the day's own (solutions/7):\n",
	} {
		q.Ground = ground
		assert.Contains(t, asked(q, false), "\n\n"+want+"\n--- ")
	}
	q.Fewer = true
	assert.Contains(t, asked(q, false), "No Docker engine answers, so this is one of the mistakes whose checks need none.\n")
}

func TestAnsweredRight(t *testing.T) {
	q := broken(t)
	failed := failedBuilds
	failed.Finding = &check.Finding{Want: "the image to build", Got: "fake: not found", Because: "The command in RUN failed.", Look: []check.Place{{File: "Dockerfile", Line: 2}}}
	require.Equal(t, `
Right. It is caught by builds. (1 more could not be run after that.)

  want    the image to build

  got     fake: not found

  look    Dockerfile:2
             2 | RUN fake

  you     there is no such program

  because The command in RUN failed.

  mistake fakes: Typed fake for make.

  read    days/7/README.md#packing

  another make break DAY=7

  again   make break DAY=7 ARGS="--seed 42"
`, answered(q, "builds", " there is no such program ", failed, skippedStarts))

	// What was asked for is what is asked for again.
	q.Plan.Exercise, q.Plan.Dir, q.Plan.Mistake = "pack", filepath.Join(q.Plan.Root, "mine"), "fakes"
	out := answered(q, "builds", "", failed)
	assert.Contains(t, out, "  another make break DAY=7 EXERCISE=pack DIR=mine\n")
	assert.Contains(t, out, "  again   make break DAY=7 EXERCISE=pack DIR=mine ARGS=\"--mistake fakes --seed 42\"\n")
	assert.NotContains(t, out, "  you ")
}

func TestAnsweredOtherwise(t *testing.T) {
	q := broken(t)
	failedStarts := check.CheckResult{ID: "starts", Status: check.Failed, Finding: &check.Finding{Want: "it to start", Got: "it did not"}}
	for name, c := range map[string]struct {
		answer string
		checks []check.CheckResult
		want   string
	}{
		"one that passes":      {"starts", []check.CheckResult{failedBuilds, passedStarts}, "Not so. It is caught by builds. You said starts, which passes."},
		"one that was skipped": {"starts", []check.CheckResult{failedBuilds, skippedStarts}, "Not so. It is caught by builds. (1 more could not be run after that.) You said\nstarts, which was not run: it needs builds."},
		"none":                 {"", []check.CheckResult{failedBuilds, passedStarts}, "Not so. It is caught by builds. You said that none would."},
		"one of two":           {"starts", []check.CheckResult{failedBuilds, failedStarts}, "Right. It is caught by builds and starts."},
		"in another way":       {"starts", []check.CheckResult{passedBuilds, failedStarts}, "Right. It is caught by starts. (In the day's solution it is caught by builds:\nyours goes wrong in another way.)"},
		"immune":               {"builds", []check.CheckResult{passedBuilds, passedStarts}, "Not so. All checks pass: your way of writing it is immune to this mistake. In\nthe day's solution it is caught by builds."},
		"immune, and said so":  {"", []check.CheckResult{passedBuilds, passedStarts}, "Right. All checks pass: your way of writing it is immune to this mistake. In the\nday's solution it is caught by builds."},
	} {
		t.Run(name, func(t *testing.T) {
			out := answered(q, c.answer, "", c.checks...)
			require.Contains(t, out, "\n"+c.want+"\n\n")
			require.Contains(t, out, "\n  mistake fakes: Typed fake for make.\n")
		})
	}
	// The finding is that of the check that was named, where it has one.
	assert.Contains(t, answered(q, "starts", "", failedBuilds, failedStarts), "  want    it to start\n")
	assert.Contains(t, answered(q, "", "", failedBuilds, failedStarts), "  want    the image to build\n")
}

func TestAnsweredButNotDecided(t *testing.T) {
	q := broken(t)
	out := answered(q, "builds", "", check.CheckResult{ID: "builds", Status: check.Errored, Trouble: &check.Trouble{Message: "no engine answers", Mend: "start Docker"}})
	require.Equal(t, `
1 check could not be decided. This is not about your work:
  no engine answers
  To mend it: start Docker

So whether you are right cannot be said. When that is mended:

  again   make break DAY=7 ARGS="--seed 42"
`, out)
}

func TestAnsweredTellsOfStandIns(t *testing.T) {
	q := broken(t)
	var out bytes.Buffer
	r := &check.Result{StandIns: []string{"base:1 was built here.", "base:2 too."}, Exercises: []check.ExerciseResult{{Checks: []check.CheckResult{passedBuilds}}}}
	r.Total()
	NewText(&out, &bytes.Buffer{}, false).Answered(q, r, breakage.Compare(r, ""), "")
	assert.Contains(t, out.String(), "\nNote: base:1 was built here.\nNote: base:2 too.\n\nRight. ")
}

func TestList(t *testing.T) {
	assert.Equal(t, "", list(nil))
	assert.Equal(t, "a", list([]string{"a"}))
	assert.Equal(t, "a and b", list([]string{"a", "b"}))
	assert.Equal(t, "a, b and c", list([]string{"a", "b", "c"}))
}
