package run

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
	"github.com/daybook-dev/daybook/harness/internal/workbench"
)

// By a build daemon of its own, each check of the Dockerfile comes to the same as
// by the engine: for the solution, and for mistakes that a builder with other
// caches or another way out could judge otherwise.
func TestBuildDaemonsGiveTheSameVerdicts(t *testing.T) {
	e := enginetest.Connect(t)
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	day, err := catalog.Load(root, "148", scenario.IsCommand)
	require.NoError(t, err)
	r, err := engine.NewRun()
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, e.CleanUp(context.Background(), r.ID)) // an image of the warm build's can be left
		for _, left := range enginetest.Leftovers(t, e) {
			assert.NotContains(t, left, r.ID)
		}
		require.NoError(t, r.Close())
	})
	began := time.Now()
	seed, err := PrepareBuilds(t.Context(), e, r, root, day, t.Logf)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, seed.Close(context.Background())) })
	t.Logf("preparing the build daemons took %.1f s", time.Since(began).Seconds())
	for _, mistake := range []string{"", "no-cache-mount", "go-get-in-build", "modules-downloaded-aside", "network-of-the-host"} {
		t.Run("solution with "+mistake, func(t *testing.T) {
			plan := Plan{Day: day, Root: root, Exercise: "dockerfile", OthersPass: true, Dir: planted(t, root, mistake), Seed: 7, Jobs: 2}
			trusted := statuses(t, plan)
			plan.Builds = func(r *engine.Run) workbench.Metered { return seed.NewBuilder(r.ID, r.Dir) }
			assert.Equal(t, trusted, statuses(t, plan))
		})
	}
	// Stepping around the proxy is found in a rebuild by the engine. Here it
	// leads nowhere to begin with, which is the learner's doing too.
	t.Run("around the proxy", func(t *testing.T) {
		plan := Plan{Day: day, Root: root, Exercise: "dockerfile", OthersPass: true, Dir: planted(t, root, "around-the-proxy"), Seed: 7, Jobs: 2,
			Builds: func(r *engine.Run) workbench.Metered { return seed.NewBuilder(r.ID, r.Dir) }}
		found := statuses(t, plan)
		assert.Equal(t, check.Failed, found["builds"])
		assert.Equal(t, check.Skipped, found["rebuild-downloads-nothing"])
	})
}

// planted is the day's solution with a mistake in it, or without one.
func planted(t *testing.T, root, mistake string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(root, "solutions", "148"))))
	if mistake == "" {
		return dir
	}
	archive, err := txtar.ParseFile(filepath.Join(root, "days", "148", "mistakes", mistake+".txtar"))
	require.NoError(t, err)
	for _, f := range archive.Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, f.Data, 0o644))
	}
	return dir
}

// statuses gives what each check came to.
func statuses(t *testing.T, p Plan) map[string]check.Status {
	t.Helper()
	began := time.Now()
	result, err := Checks(t.Context(), p, func(Event) {})
	require.NoError(t, err)
	all := map[string]check.Status{}
	for _, e := range result.Exercises {
		for _, c := range e.Checks {
			all[c.ID] = c.Status
			assert.NotEqual(t, check.Errored, c.Status, "%s: %v", c.ID, c.Trouble)
			if c.Finding != nil {
				t.Logf("%s: %s", c.ID, c.Finding.Got)
			}
		}
	}
	require.NotEmpty(t, all)
	by := "by the engine"
	if p.Builds != nil {
		by = "by a build daemon"
	}
	t.Logf("%d checks %s took %.1f s", len(all), by, time.Since(began).Seconds())
	return all
}
