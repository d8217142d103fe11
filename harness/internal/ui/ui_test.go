package ui

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/baseimage"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/run"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// situation is a run of a small day, in a workbook that is the current folder.
type situation struct {
	plan   run.Plan
	begun  *run.Begun
	checks map[string]check.Check
}

func small(t *testing.T) *situation {
	t.Helper()
	root := t.TempDir()
	t.Chdir(root)
	root, err := os.Getwd() // as the system names it
	require.NoError(t, err)
	dir := filepath.Join(root, "exercises", "7")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM base\r\n\tRUN \x1b[31mmake\x1b[0m\r\n"), 0o644))
	builds := check.Check{ID: "builds", Exercise: "pack", Title: "It builds", Read: "#packing", Why: "What does not build cannot be run."}
	starts := check.Check{ID: "starts", Exercise: "pack", Title: "It starts", Read: "#packing", Needs: []string{"builds"}, Why: "Nobody waits for what does not start."}
	parses := check.Check{ID: "parses", Exercise: "parse", Title: "It parses", Read: "#parsing", Why: "A typo is found early."}
	s := &situation{checks: map[string]check.Check{"builds": builds, "starts": starts, "parses": parses}}
	s.plan = run.Plan{Day: &catalog.Day{Number: 7, Title: "A small day", Page: "README.md", Exercise: dir}, Root: root, Dir: dir, Seed: 42}
	s.begun = &run.Begun{Plan: s.plan, Engine: "Docker 28.0.0", Tree: &submission.Tree{Dir: dir}, Checks: []check.Check{parses, builds, starts}}
	return s
}

// finished is the event of a check that is done.
func (s *situation) finished(r check.CheckResult, untouched bool) run.Event {
	return run.Event{Finished: &run.Finished{Check: s.checks[r.ID], Result: r, Untouched: untouched}}
}

// told gives what Text writes of the events, without colour.
func told(events ...run.Event) (out, progress string) {
	var o, p bytes.Buffer
	text := NewText(&o, &p, false)
	for _, e := range events {
		text.Listen(e)
	}
	return o.String(), p.String()
}

func result(exercises ...check.ExerciseResult) run.Event {
	r := &check.Result{Day: 7, Seed: 42, Exercises: exercises}
	r.Total()
	return run.Event{Result: r}
}

var (
	passedParses = check.CheckResult{ID: "parses", Status: check.Passed, Points: 2, MaxPoints: 2}
	passedBuilds = check.CheckResult{ID: "builds", Status: check.Passed, Points: 3, MaxPoints: 3}
	passedStarts = check.CheckResult{ID: "starts", Status: check.Passed, Points: 10, MaxPoints: 10, Advice: []string{
		"The image has no label that says where its source is, and a reader of the registry would be glad of one."}}
	failedBuilds = check.CheckResult{ID: "builds", Status: check.Failed, MaxPoints: 3, Finding: &check.Finding{
		Want: "the image to build", Got: "exit status 2:\nmake: \x1b[31mno rule\x1b[0m\a to make \u009b2Jtarget\r",
		Because: "The command in RUN failed, and with it the build. What it printed is above, and its last line is usually the reason.",
		Look:    []check.Place{{File: "Dockerfile", Line: 2}, {File: ".dockerignore"}}}}
	skippedStarts = check.CheckResult{ID: "starts", Status: check.Skipped, MaxPoints: 10, MissedNeed: "builds"}
)

func TestTextOfAFailedRun(t *testing.T) {
	s := small(t)
	standIn := "base:1 was built here."
	s.begun.StandIns = []string{standIn}
	out, progress := told(
		run.Event{Begun: s.begun},
		run.Event{Note: "building the image"},
		run.Event{Base: &baseimage.Image{Detail: standIn}},
		s.finished(passedParses, false),
		run.Event{Note: "building the image"},
		s.finished(failedBuilds, false),
		s.finished(skippedStarts, false),
		result(check.ExerciseResult{ID: "parse", Checks: []check.CheckResult{passedParses}},
			check.ExerciseResult{ID: "pack", Checks: []check.CheckResult{failedBuilds, skippedStarts}}),
	)
	require.Equal(t, "  … building the image\n", progress, "each sentence once")
	// What a program printed has lost what would move the cursor or recolour
	// the terminal, and keeps its visible rest.
	require.Equal(t, `Day 7: A small day
Docker 28.0.0
exercises/7, seed 42
Note: base:1 was built here.

ok   parse       parses                         2/2
no   pack        builds                         0/3

parse         1 of  1 checks pass: solved
pack          0 of  2 checks pass: not there yet (1 wait for others)
              2 of 15 points

Next: pack / builds (not there yet)
  It builds.

  want    the image to build

  got     exit status 2:
          make: [31mno rule[0m to make 2Jtarget

  look    exercises/7/Dockerfile:2
             2 |     RUN [31mmake[0m

  look    exercises/7/.dockerignore

  because The command in RUN failed, and with it the build. What it printed is
          above, and its last line is usually the reason.

  why     What does not build cannot be run.

  read    days/7/README.md#packing

  then    make check DAY=7
`, out)
}

func TestTextOfAnUntouchedExercise(t *testing.T) {
	s := small(t)
	s.plan.Exercise, s.plan.Dir = "pack", filepath.Join(s.plan.Root, "mine")
	s.begun.Plan, s.begun.Engine = s.plan, ""
	out, _ := told(
		run.Event{Begun: s.begun},
		s.finished(failedBuilds, true),
		result(check.ExerciseResult{ID: "pack", Untouched: true, Checks: []check.CheckResult{failedBuilds}}),
	)
	require.Contains(t, out, "no Docker engine\nmine, seed 42\n\ntodo pack        builds                         0/3\n")
	require.Contains(t, out, "pack          0 of  1 checks pass: not solved yet\n")
	require.Contains(t, out, "Next: pack / builds (not solved yet)\n")
	require.True(t, strings.HasSuffix(out, "  then    make check DAY=7 EXERCISE=pack DIR=mine\n"), out)
}

func TestTextOfASolvedDay(t *testing.T) {
	s := small(t)
	exercises := []check.ExerciseResult{{ID: "parse", Checks: []check.CheckResult{passedParses}}, {ID: "pack", Checks: []check.CheckResult{passedBuilds, passedStarts}}}
	out, progress := told(run.Event{Begun: s.begun}, s.finished(passedParses, false), s.finished(passedBuilds, false), s.finished(passedStarts, false), result(exercises...))
	require.Empty(t, progress)
	require.Equal(t, `Day 7: A small day
Docker 28.0.0
exercises/7, seed 42

ok   parse       parses                         2/2
ok   pack        builds                         3/3
ok   pack        starts                        10/10

parse         1 of  1 checks pass: solved
pack          2 of  2 checks pass: solved
             15 of 15 points

Advice (starts): The image has no label that says where its source is, and a
reader of the registry would be glad of one.

All green. Day 7 is done.
`, out)

	s.begun.Plan.Exercise = "parse"
	out, _ = told(run.Event{Begun: s.begun}, result(exercises[0]))
	require.True(t, strings.HasSuffix(out, "\nAll green. Next: make check DAY=7\n"), out)
}

// What we could not decide is told apart from the learner's failures, each
// cause once.
func TestTextOfTrouble(t *testing.T) {
	s := small(t)
	errored := func(id string) check.CheckResult {
		return check.CheckResult{ID: id, Status: check.Errored, MaxPoints: 5, Trouble: &check.Trouble{Message: "no engine answers:\n\x1b[2Jdial failed", Mend: "start Docker"}}
	}
	other := errored("parses")
	other.Trouble = &check.Trouble{Message: "the disk is full"}
	out, _ := told(run.Event{Begun: s.begun}, s.finished(errored("builds"), false),
		result(check.ExerciseResult{ID: "parse", Checks: []check.CheckResult{other}},
			check.ExerciseResult{ID: "pack", Checks: []check.CheckResult{errored("builds"), errored("starts")}}))
	require.Equal(t, `Day 7: A small day
Docker 28.0.0
exercises/7, seed 42

?    pack        builds                         0/5  could not be decided

parse         0 of  1 checks pass: could not be decided
pack          0 of  2 checks pass: could not be decided
              0 of 15 points

1 check could not be decided. This is not about your work:
  the disk is full

2 checks could not be decided. This is not about your work:
  no engine answers:
  [2Jdial failed
  To mend it: start Docker
`, out)
}

// Colour never carries what the words do not.
func TestColorChangesNoWords(t *testing.T) {
	s := small(t)
	events := []run.Event{{Begun: s.begun}, {Note: "building"}, s.finished(failedBuilds, true), s.finished(passedParses, false),
		result(check.ExerciseResult{ID: "pack", Checks: []check.CheckResult{failedBuilds}}, check.ExerciseResult{ID: "parse", Checks: []check.CheckResult{passedParses}})}
	plainOut, plainProgress := told(events...)
	var out, progress bytes.Buffer
	colored := NewText(&out, &progress, true)
	for _, e := range events {
		colored.Listen(e)
	}
	assert.Contains(t, out.String(), "\x1b[32mok  \x1b[0m")
	assert.NotContains(t, plainOut+plainProgress, "\x1b")
	uncolored := strings.NewReplacer("\x1b[0m", "", "\x1b[1m", "", "\x1b[2m", "", "\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "", "\x1b[35m", "")
	assert.Equal(t, plainOut, uncolored.Replace(out.String()))
	assert.Equal(t, plainProgress, uncolored.Replace(progress.String()))
}

func TestColorFor(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer file.Close()
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	require.False(t, ColorFor(file), "a file is no terminal")

	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminal can be had here: ", err)
	}
	defer terminal.Close()
	require.True(t, ColorFor(terminal), "NO_COLOR that is empty does not count")
	t.Setenv("NO_COLOR", "1")
	require.False(t, ColorFor(terminal))
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "dumb")
	require.False(t, ColorFor(terminal))
}

func TestWrap(t *testing.T) {
	const forty = "123456789 123456789 123456789 123456789 " // with the blank that follows it
	for name, c := range map[string]struct{ text, indentation, want string }{
		"short":              {"a  b\nc", "  ", "  a b c"},
		"80 fit":             {forty + forty[:39] + "0", "", forty + forty[:39] + "0"},
		"81 do not":          {forty + forty[:39] + "01", "", forty + "123456789 123456789 123456789\n12345678901"},
		"indentation counts": {forty + forty[:39] + "0", " ", " " + forty + "123456789 123456789 123456789\n 1234567890"},
		"letters, not bytes": {strings.Repeat("äöüß ", 15) + "ÄÖÜẞ!", "", strings.Repeat("äöüß ", 15) + "ÄÖÜẞ!"},
		"a word too long":    {"see " + strings.Repeat("x", 90) + " there", "", "see\n" + strings.Repeat("x", 90) + "\nthere"},
		"paragraphs":         {"\none\ntwo\n \t\nthree\n\nfour\n", "  ", "  one two\n\n  three\n\n  four"},
		"nothing":            {"", "  ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, wrap(c.text, c.indentation))
		})
	}
}

func TestClean(t *testing.T) {
	require.Equal(t, "a\tb\nc [2Jd é\uFFFD 世", clean("a\tb\nc \x1b[2J\rd\x7f é\xff\x00\u0085\u009b 世"))
}

func TestLineOf(t *testing.T) {
	file := filepath.Join(t.TempDir(), "Dockerfile")
	require.NoError(t, os.WriteFile(file, []byte("one\r\n\ttwo  \nthree"), 0o644))
	for n, want := range []string{"", "one", "    two", "three", "", ""} {
		assert.Equal(t, want, lineOf(file, n), "line %d", n)
	}
	assert.Empty(t, lineOf(file, -1))
	assert.Empty(t, lineOf(file+".gone", 1))
}
