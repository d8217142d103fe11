package grade

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
	"github.com/daybook-dev/daybook/harness/internal/intake"
	"github.com/daybook-dev/daybook/harness/internal/run"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
)

// withoutDurations is a batch without what the machine's luck decides.
func withoutDurations(all []Grade) []Grade {
	all = untimed(all)
	for _, g := range all {
		for _, e := range g.Result.Exercises {
			for i := range e.Checks {
				e.Checks[i].DurationMS = 0
			}
		}
	}
	return all
}

// Real checks of a real day, with an engine: the solution gets all points, the
// stub none, and the same at one at a time and at four.
func TestRealDay(t *testing.T) {
	enginetest.Connect(t)
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	day, err := catalog.Load(root, "148", scenario.IsCommand)
	require.NoError(t, err)
	require.NoError(t, Pristine(day))
	images := &EngineImages{Root: root, Notes: t.Logf}
	whole, err := BasisOf(t.Context(), day, "", "trusted", t.TempDir(), images)
	require.NoError(t, err)
	for _, ref := range day.Images {
		assert.Regexp(t, "^sha256:[0-9a-f]{64}$", whole.Images[ref], ref)
	}
	entries := []intake.Entry{
		{ID: "solution", Path: filepath.Join(root, "solutions", "148")},
		{ID: "stub", Path: filepath.Join(root, "exercises", "148")},
	}
	for _, exercise := range []string{"buildinfo", "envconfig"} {
		t.Run(exercise, func(t *testing.T) {
			basis, err := BasisOf(t.Context(), day, exercise, "trusted", t.TempDir(), images)
			require.NoError(t, err)
			var batches [][]Grade
			for _, jobs := range []int{1, 4} {
				g := &Grader{Day: day, Root: root, Check: run.Checks, Policy: &Policy{}, Basis: basis, Seed: 7, Dir: t.TempDir()}
				w := work(t, g, t.TempDir(), Shard{}, entries...)
				w.Jobs = jobs
				got, err := w.Run(t.Context())
				require.NoError(t, err)
				batches = append(batches, withoutDurations(got.Grades))
			}
			assert.Equal(t, batches[0], batches[1])
			solution, stub := batches[0][0], batches[0][1]
			i := slices.IndexFunc(day.Exercises, func(e catalog.Exercise) bool { return e.ID == exercise })
			most := 0
			for _, c := range day.Exercises[i].Checks {
				most += c.Points
			}
			assert.Equal(t, Graded, solution.Status, solution.Reason)
			assert.Equal(t, float64(most), solution.Points)
			assert.Equal(t, check.Passed, solution.Result.Status)
			assert.Equal(t, Graded, stub.Status, stub.Reason)
			assert.Zero(t, stub.Points)
			assert.Equal(t, float64(most), stub.MaxPoints)
			assert.Equal(t, check.Failed, statusByID(stub.Result)[day.Exercises[i].Stub])
		})
	}
}
