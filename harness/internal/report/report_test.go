package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

func TestFormats(t *testing.T) {
	var names []string
	files := map[string]bool{}
	for _, f := range Formats() {
		names = append(names, f.Name)
		assert.False(t, files[f.File], "%s: two formats would write the same file", f.File)
		files[f.File] = true
		assert.NotEmpty(t, f.Doc)
		assert.True(t, f.One != nil || f.All != nil, "%s writes nothing", f.Name)
		found, ok := Find(f.Name)
		assert.True(t, ok)
		assert.Equal(t, f.File, found.File)
	}
	assert.ElementsMatch(t, []string{"json", "junit", "ctrf", "classroom", "annotations", "summary", "gradescope", "prairielearn", "exercism", "check50", "csv", "text"}, names)
	_, ok := Find("html")
	assert.False(t, ok)
	Formats()[0].Name = "changed"
	_, ok = Find("json")
	assert.True(t, ok, "the table cannot be changed from outside")
}

// written gives what every format makes of the grades.
func written(t testing.TB, grades []*grade.Grade) map[string]string {
	out := map[string]string{}
	for _, f := range Formats() {
		if f.One != nil {
			for _, g := range grades {
				out[f.Name+" of "+g.Submission.ID] = one(t, f.One, g)
			}
		}
		if f.All != nil {
			out[f.Name+" of all"] = all(t, f.All, batch(grades...))
		}
	}
	return out
}

// Whatever a learner wrote, no file holds bytes that a terminal obeys, that are
// no UTF-8, or that turn the direction of writing around.
func FuzzNoFormatHoldsWhatCannotBeSeen(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		for name, out := range written(t, everywhere(text)) {
			require.True(t, utf8.ValidString(out), name)
			for _, r := range out {
				if unseen(r) && r != '\n' && r != '\t' && !(r == '\r' && strings.HasPrefix(name, "csv")) {
					t.Fatalf("%s holds %U", name, r)
				}
			}
		}
	})
}

// The reason why there are no points is in every format.
func TestReasonIsEverywhere(t *testing.T) {
	const why = "the moon was full"
	for name, out := range written(t, []*grade.Grade{ungraded(why), refused(why)}) {
		if strings.HasPrefix(name, "classroom") {
			out = decoded(t, out)
		}
		assert.Contains(t, out, why, name)
	}
}

// A grade without any result, and one without a reason, can be written too.
func TestBareGrades(t *testing.T) {
	bare := blank("zoe")
	bare.Status = grade.Ungraded
	odd := blank("odd")
	odd.Status = "" // a program's error, which must not look like a grade
	for name, out := range written(t, []*grade.Grade{bare, odd}) {
		assert.NotEmpty(t, out, name)
	}
	assert.Equal(t, check.Errored, overall(bare))
	assert.Equal(t, check.Errored, overall(odd))
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestWriteErrorsAreTold(t *testing.T) {
	for _, f := range Formats() {
		if f.One != nil {
			assert.ErrorContains(t, f.One(full{}, graded("x")), "the disk is full", f.Name)
		}
		if f.All != nil {
			assert.ErrorContains(t, f.All(full{}, batch(graded("x"))), "the disk is full", f.Name)
		}
	}
}

func TestGradeAsJSON(t *testing.T) {
	for _, text := range hostile {
		for _, g := range everywhere(strings.ToValidUTF8(text, "?")) {
			var again grade.Grade
			require.NoError(t, json.Unmarshal([]byte(one(t, jsonOne, g)), &again))
			require.Equal(t, *g, again, "every character is kept")
		}
	}
	var b grade.Batch
	require.NoError(t, json.Unmarshal([]byte(all(t, jsonAll, batch(graded("x"), refused("y")))), &b))
	require.Equal(t, *batch(graded("x"), refused("y")), b)
	require.Contains(t, one(t, jsonOne, refused("\u009b\u202e\U0001FFFE")), `\u009b\u202e\ud83f\udffe`)
}

// The bytes are those of encoding/json with two blanks, as check has written
// them from the beginning.
func TestResultKeepsItsBytes(t *testing.T) {
	r := &check.Result{Day: 7, Seed: 18446744073709551615, Exercises: []check.ExerciseResult{{ID: "a", Checks: []check.CheckResult{
		{ID: "b", Title: "c < d", Status: check.Passed, Points: 1, MaxPoints: 1, Needs: []string{}},
	}}}}
	r.Total()
	var b bytes.Buffer
	require.NoError(t, Result(&b, r))
	require.Equal(t, `{
  "schema": "daybook.result/v1",
  "day": 7,
  "seed": 18446744073709551615,
  "status": "passed",
  "points": 1,
  "max_points": 1,
  "exercises": [
    {
      "id": "a",
      "status": "passed",
      "checks": [
        {
          "id": "b",
          "title": "c \u003c d",
          "status": "passed",
          "points": 1,
          "max_points": 1,
          "duration_ms": 0,
          "needs": []
        }
      ]
    }
  ]
}
`, b.String())
}

func TestWhyASkippedCheckWasNotRun(t *testing.T) {
	causes := func(g *grade.Grade) map[string]check.Status {
		m := map[string]check.Status{}
		for _, e := range entries(g) {
			if e.status == check.Skipped {
				m[e.id] = e.cause
			}
		}
		return m
	}
	require.Equal(t, map[string]check.Status{"stops": check.Failed}, causes(graded("x")))
	require.Equal(t, map[string]check.Status{"starts": check.Errored, "stops": check.Errored}, causes(ungraded("x")), "through another skipped one")
	g := graded("x")
	g.Result.Exercises[0].Checks[2].MissedNeed = "stops" // of itself: malformed, but it must end
	require.Equal(t, map[string]check.Status{"stops": check.Failed}, causes(g))
}
