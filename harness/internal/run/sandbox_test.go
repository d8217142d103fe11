package run

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
	"github.com/daybook-dev/daybook/harness/internal/workbench"
)

// In a sandbox, each check of an exercise that needs Go alone comes to the same
// as on the host, in the same words: for the solution, and for the exercise as
// it was handed out.
func TestSandboxGivesTheSameVerdicts(t *testing.T) {
	e := enginetest.Connect(t)
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	day, err := catalog.Load(root, "148", scenario.IsCommand)
	require.NoError(t, err)
	r, err := engine.NewRun()
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, e.CleanUp(context.Background(), r.ID))
		for _, left := range enginetest.Leftovers(t, e) {
			assert.NotContains(t, left, r.ID)
		}
		require.NoError(t, r.Close())
	})
	began := time.Now()
	seed, err := PrepareSandbox(t.Context(), e, r, root, day, t.Logf)
	require.NoError(t, err)
	t.Logf("preparing the sandbox took %.1f s", time.Since(began).Seconds())
	for _, dir := range []string{filepath.Join("solutions", "148"), filepath.Join("exercises", "148")} {
		for _, exercise := range onlyGo(t, day) {
			t.Run(filepath.ToSlash(dir)+" "+exercise, func(t *testing.T) {
				plan := Plan{Day: day, Root: root, Exercise: exercise, Dir: filepath.Join(root, dir), Seed: 7, Jobs: 2}
				trusted := checked(t, plan)
				plan.Programs = func(r *engine.Run) workbench.Programs { return seed.Programs(r) }
				hostile := checked(t, plan)
				require.Equal(t, trusted, hostile)
				for _, c := range hostile {
					assert.NotEqual(t, check.Errored, c.Status, "%s: %v", c.ID, c.Trouble)
				}
			})
		}
	}
}

// onlyGo lists the exercises of which no check builds an image.
func onlyGo(t *testing.T, day *catalog.Day) []string {
	t.Helper()
	var all []string
	for _, e := range day.Exercises {
		cost := scenario.Free
		for _, c := range e.Checks {
			own, err := scenario.CostOf(c.Script)
			require.NoError(t, err)
			cost = max(cost, own)
		}
		if cost == scenario.Compiles {
			all = append(all, e.ID)
		}
	}
	require.NotEmpty(t, all)
	return all
}

// checked gives what each check came to, without the time that it took.
func checked(t *testing.T, p Plan) []check.CheckResult {
	t.Helper()
	began := time.Now()
	result, err := Checks(t.Context(), p, func(Event) {})
	require.NoError(t, err)
	var all []check.CheckResult
	for _, e := range result.Exercises {
		for _, c := range e.Checks {
			c.DurationMS = 0
			all = append(all, c)
		}
	}
	require.NotEmpty(t, all)
	where := "on the host"
	if p.Programs != nil {
		where = "in the sandbox"
	}
	t.Logf("%d checks %s took %.1f s", len(all), where, time.Since(began).Seconds())
	return all
}
