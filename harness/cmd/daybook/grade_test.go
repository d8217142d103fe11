package main

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// times are the places of reports where times are, each with what is left.
var times = []struct {
	at   *regexp.Regexp
	left string
}{
	{regexp.MustCompile(`"(begun|duration_ms|duration|start|stop|execution_time)": ?("[^"]*"|\d+)`), `"$1"`},
	{regexp.MustCompile(`\b(time|timestamp)="[^"]*"`), `$1`},
	{regexp.MustCompile(`<time [^>]*>[^<]*</time>`), `<time>`},
}

// withoutTimes gives all that is in the folder of a batch, but for times: each
// file with its name. Annotations have a random token, and are left out.
func withoutTimes(dir string) (string, error) {
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == ".lock" || d.Name() == "annotations.txt" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasPrefix(d.Name(), "classroom") {
			if text, err = base64.StdEncoding.DecodeString(string(text)); err != nil {
				return err
			}
		}
		for _, t := range times {
			text = t.at.ReplaceAll(text, []byte(t.left))
		}
		rel, err := filepath.Rel(dir, path)
		fmt.Fprintf(&all, "-- %s --\n%s\n", rel, text)
		return err
	})
	return all.String(), err
}

// gradingClass is a `daybook grade` of a class that is under way: the Go
// exercises of day 148, without an engine.
func gradingClass(t *testing.T, submissions, out string, more ...string) *exec.Cmd {
	t.Helper()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	path, err := exec.LookPath("daybook") // put there by testscript.Main
	require.NoError(t, err)
	args := append([]string{"grade", "148", submissions, "--root", root, "--exercise", "envconfig", "--out", out, "-j", "1"}, more...)
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST=unix:///nowhere", "CI_NODE_INDEX=", "JOB_COMPLETION_INDEX=")
	return cmd
}

// class makes a folder of submissions: solutions, stubs, and one that is empty.
func class(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i, from := range []string{"solutions", "exercises", "solutions", "exercises"} {
		own := filepath.Join(dir, fmt.Sprintf("learner-%d", i), "envconfig")
		require.NoError(t, os.MkdirAll(own, 0o755))
		require.NoError(t, os.CopyFS(own, os.DirFS(filepath.Join("..", "..", "..", from, "148", "envconfig"))))
		// No two are the same, so that a result that was taken for another's shows.
		require.NoError(t, os.WriteFile(filepath.Join(own, "own.go"), fmt.Appendf(nil, "package envconfig\n\n// learner %d\n", i), 0o644))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "empty"), 0o755))
	return dir
}

// statusOf gives the exit status of a command that has ended.
func statusOf(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if err != nil {
		require.ErrorAs(t, err, &exit)
		return exit.ExitCode()
	}
	return 0
}

// A grading that is killed at any moment goes on, and comes to the same reports
// as one that was not.
func TestKilledGradingIsResumed(t *testing.T) {
	submissions, whole := class(t), filepath.Join(t.TempDir(), "whole")
	out, err := gradingClass(t, submissions, whole, "--seed", "7").CombinedOutput()
	require.Equal(t, exitUsage, statusOf(t, err), "one is empty:\n%s", out)
	want, err := withoutTimes(whole)
	require.NoError(t, err)
	require.Contains(t, want, "learners/learner-3/index.html")

	// The cache is its own, so that what is killed leaves nothing in another's.
	broken, cache := filepath.Join(t.TempDir(), "broken"), t.TempDir()
	for _, after := range []string{"learner-0: ", "learner-2: "} {
		cmd := gradingClass(t, submissions, broken, "--seed", "7", "--resume")
		goCache, err := exec.Command("go", "env", "GOCACHE").Output()
		require.NoError(t, err)
		cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+cache, "GOCACHE="+strings.TrimSpace(string(goCache)))
		progress, err := cmd.StderrPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		found := false
		for lines := bufio.NewScanner(progress); !found && lines.Scan(); {
			found = strings.Contains(lines.Text(), after)
		}
		require.True(t, found, after)
		require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
		_ = cmd.Wait()
		require.NoFileExists(t, filepath.Join(broken, "grade.json"), "it was killed before there were reports")
	}
	// What a kill can leave: half a file, under another name or under its own.
	require.NoError(t, os.WriteFile(filepath.Join(broken, "results", ".part-1"), []byte(`{"schema":`), 0o644))
	require.NoError(t, os.Truncate(filepath.Join(broken, "results", "learner-1.json"), 200))

	cmd := gradingClass(t, submissions, broken, "--resume")
	cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+cache)
	out, err = cmd.CombinedOutput()
	require.Equal(t, exitUsage, statusOf(t, err), "%s", out)
	require.Contains(t, string(out), "learner-0: 24 of 24 points, as before")
	require.Regexp(t, `(?m)learner-1: 0 of 24 points$`, string(out), "half a file does not count")
	got, err := withoutTimes(broken)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Empty(t, runFolders(t, cache), "what the killed ones left is swept")
}

// An interrupted grading says what to do, keeps what is done, and leaves nothing.
func TestInterruptedGrading(t *testing.T) {
	out, cache := filepath.Join(t.TempDir(), "out"), t.TempDir()
	cmd := gradingClass(t, class(t), out)
	goCache, err := exec.Command("go", "env", "GOCACHE").Output()
	require.NoError(t, err)
	cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+cache, "GOCACHE="+strings.TrimSpace(string(goCache)))
	progress, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var said strings.Builder
	for lines := bufio.NewScanner(progress); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "learner-0: ") {
			require.NoError(t, cmd.Process.Signal(os.Interrupt))
		}
	}
	require.Equal(t, exitErrored, statusOf(t, cmd.Wait()), said.String())
	require.Contains(t, said.String(), "--resume goes on")
	require.Empty(t, runFolders(t, cache))
	kept, err := grade.Read(out)
	require.NoError(t, err)
	require.NotEmpty(t, kept.Grades)
	for _, g := range kept.Grades {
		require.NotEqual(t, grade.Ungraded, g.Status, "what was under way is no verdict, and no trouble either")
	}
	_, err = os.Stat(filepath.Join(out, "grade.json"))
	require.True(t, errors.Is(err, fs.ErrNotExist), "half a batch has no reports")
}
