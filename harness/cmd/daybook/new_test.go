package main

import (
	"bytes"
	"go/format"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNewDay makes a day in an empty workbook and takes it from a scaffold to
// one that holds.
func TestNewDay(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "days"), 0o755))
	daybook := func(wantStatus int, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "daybook", append(args, "--root", root)...)
		cmd.Env = append(os.Environ(), "DOCKER_HOST=unix://"+filepath.Join(root, "no-such-socket"))
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		_ = cmd.Run() // its status is looked at
		require.Equal(t, wantStatus, cmd.ProcessState.ExitCode(), "%s%s", stdout.String(), stderr.String())
		return stdout.String()
	}
	daybook(exitPassed, "new", "7", "--title", `It's: a "day" # seven`, "--exercise", "go-far", "--check", "goes")
	daybook(exitPassed, "new-check", "7", "go-far", "goes-on")
	daybook(exitPassed, "new-mistake", "7", "stands", "--fails", "goes-on")

	said := daybook(exitFailed, "verify", "7")
	requireUnwritten(t, root, said)
	assert.Regexp(t, `^(\S+:\d+: not written yet: [^|<]+\n)+$`, said, "it asks for nothing else, and each sentence is whole")

	// What came from the scaffold is true of the greeting, so it is left as the
	// author's own; the check and the mistake that do nothing yet are made to.
	replace(t, filepath.Join(root, "days/7/checks/go-far/goes-on.txtar"), `(?ms)\A.*?^-- why.md`, "probe go-far\nask q.json\nreply .text 'Hello, Ann!'\n-- q.json --\n{\"name\": \"Ann\"}\n-- why.md")
	replace(t, filepath.Join(root, "days/7/mistakes/stands.txtar"), `(?ms)^fails.*`, "fails: goes goes-on\n-- gofar/gofar.go.edit --\n<<<<<<<\n\treturn \"Hello, \" + name + \"!\"\n=======\n\treturn \"Hullo, \" + name + \"!\"\n>>>>>>>\n")
	replace(t, filepath.Join(root, "days/7/mistakes/name-forgotten.txtar"), "fails: goes", "fails: goes goes-on")
	eachFileOf(t, root, func(path string) { replace(t, path, `WRITE: `, "") })
	assert.Contains(t, daybook(exitFailed, "verify", "7"), "`make sum DAY=7` makes it so")
	daybook(exitPassed, "sum", "7")
	assert.Contains(t, daybook(exitFailed, "verify", "7"), "the findings are not the ones written down")
	daybook(exitPassed, "verify", "7", "--update")
	assert.Equal(t, "day 7 holds: nothing to mend\n", daybook(exitPassed, "verify", "7"))

	requireGood(t, root)
}

// requireGood wants what `make lint` and a reader want of a day.
func requireGood(t *testing.T, root string) {
	t.Helper()
	eachFileOf(t, root, func(path string) {
		if filepath.Ext(path) == ".go" {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			good, err := format.Source(text)
			require.NoError(t, err)
			assert.Equal(t, string(good), string(text), "%s is gofmt-ed", path)
		}
	})
	for _, module := range []string{"exercises/7", "days/7/probes"} {
		cmd := exec.CommandContext(t.Context(), "go", "vet", "./...")
		cmd.Dir = filepath.Join(root, module)
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err, "%s", out)
	}
	assert.Equal(t, sectionsOf(t, "../../../days/148/README.md"), sectionsOf(t, filepath.Join(root, "days/7/README.md")))
}

// sectionsOf lists a page's sections.
func sectionsOf(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	return regexp.MustCompile(`(?m)^## .*$`).FindAllString(string(text), -1)
}

// replace replaces what matches in a file.
func replace(t *testing.T, path, pattern, by string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	now := regexp.MustCompile(pattern).ReplaceAllLiteralString(string(text), by)
	require.NoError(t, os.WriteFile(path, []byte(now), 0o644))
}

func eachFileOf(t *testing.T, root string, do func(path string)) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			do(path)
		}
		return err
	}))
}
