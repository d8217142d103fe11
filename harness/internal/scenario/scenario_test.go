package scenario

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/submission"
	"github.com/daybook-dev/daybook/harness/internal/workbench"
)

// A command with the name of one of testscript's own would never be called. That
// was so with one named stop, which ends a script as passed.
func TestNoCommandIsHidden(t *testing.T) {
	for _, c := range Commands() {
		script := filepath.Join(t.TempDir(), "one.txtar")
		require.NoError(t, os.WriteFile(script, []byte(c.Name+"\n"), 0o644))
		called := false
		runner := &runner{}
		runner.Run("one", func(r testscript.T) {
			testscript.RunT(r, testscript.Params{Files: []string{script}, Cmds: map[string]func(*testscript.TestScript, bool, []string){
				c.Name: func(*testscript.TestScript, bool, []string) { called = true },
			}})
		})
		require.True(t, called, "%s is a command of testscript's own", c.Name)
	}
}

// bench is a workbench over a tree of one file, without an engine.
func bench(t *testing.T) *workbench.Bench {
	t.Helper()
	run, err := engine.NewRun()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, run.Close()) })
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), []byte("text\n"), 0o644))
	return workbench.New(workbench.Config{Run: run, Tree: &submission.Tree{Dir: dir}, Seed: 1, Notes: func(string, ...any) {}})
}

// runScript runs a script as the scenario of a check.
func runScript(t *testing.T, text string) Outcome {
	t.Helper()
	script := filepath.Join(t.TempDir(), "one.txtar")
	require.NoError(t, os.WriteFile(script, []byte(text), 0o644))
	return Run(context.Background(), check.Check{ID: "one", Script: script}, bench(t))
}

// A scenario that leaves commands out must not pass.
func TestScenarioIsRunWhole(t *testing.T) {
	require.Equal(t, check.Passed, runScript(t, "because all\nenv a=b\nwant all\n").Status())
	for name, text := range map[string]string{
		"a condition":         "because one\n[!exec:sh-that-is-nowhere] because two\n[exec:sh-that-is-nowhere] because three\n",
		"testscript's stop":   "because one\nstop\nbecause two\n",
		"testscript's skip":   "because one\nskip\nbecause two\n",
		"an unknown command":  "because one\nno-such-command\n",
		"a wrong use":         "because one\nwant\n",
		"a failing assertion": "because one\n! exists a.txt b.txt\nexists nowhere\n",
	} {
		t.Run(name, func(t *testing.T) {
			o := runScript(t, text)
			require.Equal(t, check.Errored, o.Status(), "%+v", o)
			require.NotNil(t, o.Trouble)
		})
	}
}

// A panic in a command breaks its scenario off, and not the process.
func TestPanicIsContained(t *testing.T) {
	script := filepath.Join(t.TempDir(), "one.txtar")
	require.NoError(t, os.WriteFile(script, []byte("breaks\n"), 0o644))
	r := &runner{}
	r.Run("one", func(t testscript.T) {
		testscript.RunT(t, testscript.Params{Files: []string{script}, Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"breaks": func(*testscript.TestScript, bool, []string) { panic("oh no") },
		}})
	})
	require.True(t, r.failed)
	require.Contains(t, r.log.String(), "oh no")
}
