//go:build unix

package goprogram

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostile is testdata/hostile, compiled once.
var hostile struct {
	once sync.Once
	path string
	err  error
}

func TestMain(m *testing.M) {
	status := m.Run()
	if hostile.path != "" {
		_ = os.RemoveAll(filepath.Dir(hostile.path)) // it is in the system's folder for such
	}
	os.Exit(status)
}

func compileHostile() (string, error) {
	dir, err := os.MkdirTemp("", "hostile")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "hostile")
	tc, err := Find(context.Background(), dir)
	if err != nil {
		return path, err
	}
	return path, tc.Build(context.Background(), Build{Dir: "testdata/hostile", Package: ".", Out: path})
}

// run runs testdata/hostile. A limit is given where the program does not end
// by itself, or as long as no busy machine needs.
func run(t *testing.T, limit time.Duration, args ...string) *Exit {
	t.Helper()
	exit, err := Run(t.Context(), command(t, limit, args...))
	require.NoError(t, err)
	return exit
}

func command(t *testing.T, limit time.Duration, args ...string) Command {
	t.Helper()
	hostile.once.Do(func() { hostile.path, hostile.err = compileHostile() })
	require.NoError(t, hostile.err)
	return Command{Path: hostile.path, Args: args, Limit: limit, Env: []string{"HOME=" + t.TempDir()}}
}

// ample is more than a program needs that ends by itself.
const ample = time.Minute

func TestRun(t *testing.T) {
	for name, c := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		"says":            {[]string{"say", "a b", "$HOME", `"c"`, "*", ""}, 0, "a b|$HOME|\"c\"|*|\n", "said\n"},
		"exit status":     {[]string{"exit", "7"}, 7, "", ""},
		"exits in init":   {[]string{"exit-in-init"}, 0, "", ""},
		"killed":          {[]string{"kill-itself"}, -1, "", ""},
		"says nothing":    {[]string{"nothing"}, 0, "", ""},
		"nothing to read": {[]string{"echo"}, 0, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			exit := run(t, ample, c.args...)
			assert.Equal(t, c.code, exit.Code)
			assert.Equal(t, c.stdout, string(exit.Stdout))
			assert.Equal(t, c.stderr, string(exit.Stderr))
			assert.False(t, exit.TimedOut)
			assert.False(t, exit.TooMuch)
		})
	}
}

func TestRunPanic(t *testing.T) {
	exit := run(t, ample, "panic")
	require.Equal(t, 2, exit.Code, "what the Go runtime exits with")
	require.Contains(t, string(exit.Stderr), "nil pointer dereference")
	tree, err := filepath.Abs("testdata/hostile")
	require.NoError(t, err)
	places := PlacesIn(string(exit.Stderr), tree, func(file string) bool { return file == "main.go" })
	require.NotEmpty(t, places, "the stack names the program's own file:\n%s", exit.Stderr)
	text, err := os.ReadFile("testdata/hostile/main.go")
	require.NoError(t, err)
	require.Contains(t, strings.Split(string(text), "\n")[places[0].Line-1], "nothing.WriteString", "the first place is the line that panics")
}

func TestRunStdinAndFolder(t *testing.T) {
	c := command(t, ample, "echo")
	c.Stdin = bytes.Repeat([]byte("0123456789"), 50_000) // more than a pipe holds
	exit, err := Run(t.Context(), c)
	require.NoError(t, err)
	require.True(t, bytes.Equal(c.Stdin, exit.Stdout), "all of standard input comes back")

	c = command(t, ample, "nothing")
	c.Stdin = bytes.Repeat([]byte("0123456789"), 50_000)
	exit, err = Run(t.Context(), c)
	require.NoError(t, err, "a program need not read what it is given")
	require.Zero(t, exit.Code)

	c = command(t, ample, "folder")
	c.Dir = t.TempDir()
	exit, err = Run(t.Context(), c)
	require.NoError(t, err)
	real, err := filepath.EvalSymlinks(c.Dir)
	require.NoError(t, err)
	require.Equal(t, real+" <nil>\n", string(exit.Stdout))
}

func TestRunGivesItsOwnEnvironmentOnly(t *testing.T) {
	t.Setenv("DAYBOOK_TEST_TOKEN", "s3cret")
	c := command(t, ample, "env")
	c.Env = []string{"GIVEN=1"}
	exit, err := Run(t.Context(), c)
	require.NoError(t, err)
	require.Contains(t, strings.Split(string(exit.Stdout), "\n"), "GIVEN=1")
	require.NotContains(t, string(exit.Stdout), "s3cret")
}

func TestRunEndsALoop(t *testing.T) {
	exit := run(t, 300*time.Millisecond, "loop")
	require.True(t, exit.TimedOut)
	require.False(t, exit.TooMuch)
	require.Equal(t, -1, exit.Code, "a signal ended it")
}

func TestRunEndsEndlessOutput(t *testing.T) {
	for _, stream := range []string{"stdout", "stderr"} {
		t.Run(stream, func(t *testing.T) {
			exit := run(t, ample, "write-for-ever", stream)
			require.True(t, exit.TooMuch)
			require.False(t, exit.TimedOut, "it was ended for its output, long before the limit")
			kept := map[string][]byte{"stdout": exit.Stdout, "stderr": exit.Stderr}
			require.Len(t, kept[stream], OutputLimit)
			require.True(t, bytes.HasPrefix(kept[stream], []byte("0123456789abcdef0123")), "the beginning is kept")
		})
	}
}

func TestOutputAtTheLimitIsNotTooMuch(t *testing.T) {
	exit := run(t, ample, "write", strconv.Itoa(OutputLimit))
	require.False(t, exit.TooMuch)
	require.Len(t, exit.Stdout, OutputLimit)
	require.True(t, run(t, ample, "write", strconv.Itoa(OutputLimit+1)).TooMuch, "one byte more is")
}

func TestRunBoundsMemory(t *testing.T) {
	exit := run(t, ample, "take-memory")
	require.NotContains(t, string(exit.Stdout), "took", "16 GiB are more than the limit")
	require.NotZero(t, exit.Code)
	require.False(t, exit.TimedOut)
	require.Regexp(t, "out of memory|cannot allocate memory", string(exit.Stderr), "by these words a finding tells it from other failures")

	c := command(t, ample, "take-memory")
	c.Unlimited = true
	exit, err := Run(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "took 64\n", string(exit.Stdout), "compilers are not bounded")
}

// What a program leaves behind holds its standard output. Run returns all the
// same, long before that process would end by itself, and ends the group.
func TestRunIsNotHeldByGrandchildren(t *testing.T) {
	const (
		held  = 90 * time.Second // by the grandchild, if nobody ends it
		limit = 30 * time.Second
	)
	for _, where := range []string{"in the same group", "in a session of its own"} {
		gone := func(t *testing.T, pid int) {
			if where == "in the same group" {
				require.Eventually(t, func() bool { return !running(pid) }, ample, 10*time.Millisecond, "process %d was left behind", pid)
			}
		}
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			exit := run(t, limit, "leave-behind", where, held.String())
			pid := endLater(t, exit)
			require.False(t, exit.TimedOut, "the program itself had ended at once")
			require.Zero(t, exit.Code)
			gone(t, pid)
		})
		t.Run(where+", of a program that does not end", func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			exit := run(t, 2*time.Second, "leave-behind-and-loop", where, held.String())
			pid := endLater(t, exit)
			require.True(t, exit.TimedOut)
			require.Less(t, time.Since(began), held, "it returned while the pipe was held")
			gone(t, pid)
		})
	}
}

// endLater sees to it that what the program left behind is gone after the
// test, and gives its id.
func endLater(t *testing.T, exit *Exit) int {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(string(exit.Stdout)))
	require.NoError(t, err, "the program says whom it left behind; standard error: %s", exit.Stderr)
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) }) // usually it is gone
	return pid
}

// running reports whether a process does anything yet. One that has ended may
// be listed until its parent asks for it.
func running(pid int) bool {
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		_, after, _ := strings.Cut(string(stat), ") ")
		return !strings.HasPrefix(after, "Z") && !strings.HasPrefix(after, "X")
	}
	return syscall.Kill(pid, 0) == nil
}

func TestRunStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	exit, err := Run(ctx, command(t, 10*ample, "loop"))
	require.ErrorIs(t, err, context.DeadlineExceeded, "the caller's own end is no verdict on the program")
	require.Nil(t, exit)
}
