package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/enginetest"
)

// checking is a `daybook check` of day 148's solution that is under way.
type checking struct {
	*exec.Cmd
	progress io.Reader
	out      bytes.Buffer
	cache    string
}

// startCheck starts one with a cache folder of its own, so that its runs are
// told from those of other tests by their ids.
func startCheck(t *testing.T, cache string) *checking {
	t.Helper()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	// testscript.Main has put the commands beside each other on the PATH.
	path, err := exec.LookPath("daybook")
	require.NoError(t, err, "next to %s", self)
	c := &checking{Cmd: exec.Command(path, "check", "148", "dockerfile", "--root", root, "--dir", filepath.Join(root, "solutions", "148")), cache: cache}
	goCache, err := exec.Command("go", "env", "GOCACHE").Output()
	require.NoError(t, err)
	c.Env = append(os.Environ(), "XDG_CACHE_HOME="+cache, "GOCACHE="+strings.TrimSpace(string(goCache)))
	pipe, err := c.StderrPipe()
	require.NoError(t, err)
	c.progress, c.Stdout = pipe, &c.out
	require.NoError(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill() })
	return c
}

// waitFor reads progress until a line contains text.
func (c *checking) waitFor(t *testing.T, text string) {
	t.Helper()
	var seen strings.Builder
	for lines := bufio.NewScanner(c.progress); lines.Scan(); {
		seen.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), text) {
			go func() { _, _ = io.Copy(io.Discard, c.progress) }()
			return
		}
	}
	t.Fatalf("it ended without saying %q:\n%s%s", text, seen.String(), c.out.String())
}

func runFolders(t *testing.T, cache string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(cache, "daybook", "runs", "*"))
	require.NoError(t, err)
	return found
}

// leftOf lists what the runs with folders in cache have left on the engine.
func leftOf(t *testing.T, ids map[string]bool) []string {
	t.Helper()
	var left []string
	for _, l := range enginetest.Leftovers(t, enginetest.Connect(t)) {
		id, _, _ := strings.Cut(l, " ")
		if ids[id] {
			left = append(left, l)
		}
	}
	return left
}

func TestInterruptLeavesNothing(t *testing.T) {
	enginetest.Connect(t)
	cache := t.TempDir()
	c := startCheck(t, cache)
	c.waitFor(t, "building again")
	ids := map[string]bool{}
	for _, dir := range runFolders(t, cache) {
		ids[filepath.Base(dir)] = true
	}
	require.Len(t, ids, 1)
	require.NotEmpty(t, leftOf(t, ids), "while it runs there is an image at least")
	require.NoError(t, c.Process.Signal(os.Interrupt))
	_ = c.Wait()
	require.Equal(t, exitErrored, c.ProcessState.ExitCode(), c.out.String())
	require.Empty(t, leftOf(t, ids))
	require.Empty(t, runFolders(t, cache))
}

func TestNextRunSweepsAKilledOne(t *testing.T) {
	enginetest.Connect(t)
	cache := t.TempDir()
	killed := startCheck(t, cache)
	killed.waitFor(t, "building again")
	require.NoError(t, killed.Process.Signal(syscall.SIGKILL))
	_ = killed.Wait()
	ids := map[string]bool{}
	for _, dir := range runFolders(t, cache) {
		ids[filepath.Base(dir)] = true
	}
	require.NotEmpty(t, leftOf(t, ids), "a killed run cannot clean up")

	// Two at once: both sweep, and neither takes what is the other's.
	first, second := startCheck(t, cache), startCheck(t, cache)
	for _, c := range []*checking{first, second} {
		_, err := io.Copy(io.Discard, c.progress)
		require.NoError(t, err)
		require.NoError(t, c.Wait(), c.out.String())
		require.Contains(t, c.out.String(), "All green")
	}
	require.Empty(t, leftOf(t, ids))
	require.Empty(t, runFolders(t, cache))
}
