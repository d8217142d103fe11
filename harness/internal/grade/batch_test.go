package grade

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/intake"
	"github.com/daybook-dev/daybook/harness/internal/run"
)

// work is a batch of the entries, with a store of its own.
func work(t testing.TB, g *Grader, dir string, shard Shard, entries ...intake.Entry) *Work {
	t.Helper()
	plan, err := NewPlan(g, entries, shard)
	require.NoError(t, err)
	s, err := OpenStore(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return &Work{Grader: g, Store: s, Plan: plan, Entries: entries, Jobs: 2}
}

// class is a batch in which everything happens.
func class(t testing.TB) (*judges, []intake.Entry) {
	t.Helper()
	j := &judges{by: map[string]func(context.Context, int) (*check.Result, error){
		"breaks": func(context.Context, int) (*check.Result, error) { panic("oh no") },
		"right": func(context.Context, int) (*check.Result, error) {
			return resultOf(check.Passed, check.Passed, check.Passed), nil
		},
		"never": func(context.Context, int) (*check.Result, error) { return resultOf(check.Errored), nil },
	}}
	entries := []intake.Entry{{ID: "gone", Missing: true}}
	for i, answer := range []string{"right", "wrong", "breaks", "right", "never", "other"} {
		entries = append(entries, handIn(t, fmt.Sprintf("learner-%d", i), answer))
	}
	return j, entries
}

// untimed is what does not depend on when a batch was graded.
func untimed(all []Grade) []Grade {
	all = slices.Clone(all)
	for i := range all {
		all[i].Begun, all[i].DurationMS = due, 0
	}
	return all
}

func TestBatch(t *testing.T) {
	j, entries := class(t)
	w := work(t, grader(t, j), t.TempDir(), Shard{}, entries...)
	var told []string
	w.Tell = func(p Progress) {
		assert.Equal(t, 7, p.Of)
		assert.Equal(t, len(told)+1, p.Done)
		told = append(told, p.Grade.Submission.ID)
	}
	got, err := w.Run(t.Context())
	require.NoError(t, err)
	var came []string
	for _, g := range got.Grades {
		came = append(came, fmt.Sprintf("%s %s %v", g.Submission.ID, g.Status, g.Points))
	}
	assert.Equal(t, []string{"gone refused 0", "learner-0 graded 30", "learner-1 graded 10", "learner-2 ungraded 0",
		"learner-3 graded 30", "learner-4 ungraded 0", "learner-5 graded 10"}, came)
	assert.Len(t, told, 7)
	assert.Equal(t, []string{"learner-2", "learner-4"}, told[5:], "those tried again come last")
	batch := got.Batch()
	assert.Equal(t, "Some day", batch.Title)
	assert.Equal(t, 7, batch.Day)
}

// The verdicts are the same at any number of jobs, in any order, alone, and
// when the batch was done in shards and merged.
func TestVerdictsDoNotDependOnNeighbours(t *testing.T) {
	j, entries := class(t)
	g := grader(t, j)
	one, err := work(t, g, t.TempDir(), Shard{}, entries...).Run(t.Context())
	require.NoError(t, err)
	want := untimed(one.Grades)

	backwards := slices.Clone(entries)
	slices.Reverse(backwards)
	many := work(t, g, t.TempDir(), Shard{}, backwards...)
	many.Jobs = 16
	got, err := many.Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, untimed(got.Grades))

	for _, e := range entries {
		alone, err := g.One(t.Context(), e, 1)
		require.NoError(t, err)
		i := slices.IndexFunc(want, func(g Grade) bool { return g.Submission.ID == e.ID })
		assert.Equal(t, want[i:i+1], untimed([]Grade{*alone}))
	}

	var parts []Contents
	for i := range 4 {
		part, err := work(t, g, t.TempDir(), Shard{Index: i + 1, Of: 4}, entries...).Run(t.Context())
		require.NoError(t, err)
		require.NotEmpty(t, part.Grades)
		require.Less(t, len(part.Grades), 3)
		parts = append(parts, *part)
	}
	merged, err := Merge(parts, false)
	require.NoError(t, err)
	assert.Equal(t, want, untimed(merged.Grades))
	assert.Equal(t, one.Plan, merged.Plan)
}

// A batch that was stopped anywhere goes on, and does only what is missing.
func TestResume(t *testing.T) {
	j, entries := class(t)
	g := grader(t, j)
	whole, err := work(t, g, t.TempDir(), Shard{}, entries...).Run(t.Context())
	require.NoError(t, err)
	before := j.times("right")

	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	first := work(t, g, dir, Shard{}, entries...)
	first.Jobs = 1
	first.Tell = func(p Progress) {
		if p.Done == 3 {
			cancel()
		}
	}
	_, err = first.Run(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, first.Store.Close())
	require.Equal(t, before+1, j.times("right"))

	again := work(t, g, dir, Shard{}, entries...)
	_, err = again.Run(t.Context())
	var input *InputError
	require.ErrorAs(t, err, &input, "not without being told to")
	assert.Contains(t, err.Error(), "go on with --resume")

	again.Resume = true
	kept := map[string]bool{}
	again.Tell = func(p Progress) { kept[p.Grade.Submission.ID] = p.Kept }
	got, err := again.Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, untimed(whole.Grades), untimed(got.Grades))
	assert.Equal(t, map[string]bool{"gone": false, "learner-0": true, "learner-1": true, "learner-2": false,
		"learner-3": false, "learner-4": false, "learner-5": false}, kept)
	assert.Equal(t, before+2, j.times("right"), "only the one that was missing")
}

// A result counts only as long as nothing that it depends on has changed.
func TestResumeGradesAnew(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, g *Grader, e intake.Entry, file string){
		"the learner's files": func(t *testing.T, _ *Grader, e intake.Entry, _ string) {
			write(t, filepath.Join(e.Path, "answer.txt"), "better")
		},
		"the harness": func(_ *testing.T, g *Grader, _ intake.Entry, _ string) { g.Basis.Harness = "commit 2" },
		"the day":     func(_ *testing.T, g *Grader, _ intake.Entry, _ string) { g.Basis.DayHash = "edited" },
		"an image": func(_ *testing.T, g *Grader, _ intake.Entry, _ string) {
			g.Basis.Images = map[string]string{"golang:1.26": "sha256:2"}
		},
		"half a file": func(t *testing.T, _ *Grader, _ intake.Entry, file string) {
			require.NoError(t, os.Truncate(file, 100))
		},
		"no file": func(t *testing.T, _ *Grader, _ intake.Entry, file string) { require.NoError(t, os.Remove(file)) },
	} {
		t.Run(name, func(t *testing.T) {
			j := &judges{}
			g, e, dir := grader(t, j), handIn(t, "ada", "mine"), t.TempDir()
			w := work(t, g, dir, Shard{}, e)
			_, err := w.Run(t.Context())
			require.NoError(t, err)
			w.Resume = true
			_, err = w.Run(t.Context())
			require.NoError(t, err)
			require.Len(t, j.plans, 1, "nothing has changed")
			change(t, g, e, filepath.Join(dir, "results", "ada.json"))
			got, err := w.Run(t.Context())
			require.NoError(t, err)
			require.Len(t, j.plans, 2)
			require.Equal(t, Graded, got.Grades[0].Status)
		})
	}
}

// Points are what a policy makes of a verdict, so another policy needs no new
// verdict; nor does a name that the roster got wrong.
func TestResumeWithAnotherPolicy(t *testing.T) {
	j := &judges{}
	g, e, dir := grader(t, j), handIn(t, "ada", "mine"), t.TempDir()
	_, err := work(t, g, dir, Shard{}, e).Run(t.Context())
	require.NoError(t, err)
	g.Policy, e.Name = &Policy{AtMost: amount(t, "4")}, "Ada"
	plan, err := NewPlan(g, []intake.Entry{e}, Shard{})
	require.NoError(t, err)
	s := &Store{dir: dir}
	got, err := (&Work{Grader: g, Store: s, Plan: plan, Entries: []intake.Entry{e}, Jobs: 1, Resume: true}).Run(t.Context())
	require.NoError(t, err)
	assert.Len(t, j.plans, 1)
	assert.Equal(t, 4.0, got.Grades[0].Points)
	assert.Equal(t, "Ada", got.Grades[0].Submission.Name)
	assert.Equal(t, "no grade is above 4 points", got.Grades[0].Lines[1].Text)
}

func TestResumeOfAnotherBatch(t *testing.T) {
	j := &judges{}
	g, e, dir := grader(t, j), handIn(t, "ada", "mine"), t.TempDir()
	w := work(t, g, dir, Shard{}, e)
	_, err := w.Run(t.Context())
	require.NoError(t, err)
	w.Resume = true
	for name, change := range map[string]func(p *Plan){
		"day": func(p *Plan) { p.Day = 8 }, "seed": func(p *Plan) { p.Seed = 9 },
		"isolation": func(p *Plan) { p.Isolation = "hostile" }, "exercise": func(p *Plan) { p.Exercise = "pack" },
	} {
		other := *w
		change(&other.Plan)
		_, err := other.Run(t.Context())
		var input *InputError
		require.ErrorAs(t, err, &input, name)
		assert.Contains(t, err.Error(), "holds grades with another "+name)
	}
}

// A store that cannot be written stops the batch: a verdict that is nowhere is
// none.
func TestFullDisk(t *testing.T) {
	j, entries := class(t)
	w := work(t, grader(t, j), t.TempDir(), Shard{}, entries...)
	w.Jobs = 1 // two would write while the folder is removed
	w.Tell = func(Progress) { assert.NoError(t, os.RemoveAll(w.Store.dir)) }
	_, err := w.Run(t.Context())
	require.ErrorContains(t, err, "writing ")
	require.NotErrorIs(t, err, context.Canceled)
}

func TestPlanRefusesIDs(t *testing.T) {
	g := grader(t, &judges{})
	for _, ids := range [][]string{{"ada", "Ada"}, {"ada", "ada"}, {""}, {"."}, {".."}, {"a/b"}, {`a\b`}, {".hidden"}, {"a:b"}} {
		var entries []intake.Entry
		for _, id := range ids {
			entries = append(entries, intake.Entry{ID: id})
		}
		_, err := NewPlan(g, entries, Shard{})
		var input *InputError
		assert.ErrorAs(t, err, &input, "%q", ids)
	}
}

// One that waits does not keep others waiting, beyond its own place.
func TestOneStuckHoldsNobodyUp(t *testing.T) {
	others := &sync.WaitGroup{}
	others.Add(5)
	g := grader(t, nil)
	g.Check = func(ctx context.Context, p run.Plan, _ func(run.Event)) (*check.Result, error) {
		text, err := os.ReadFile(filepath.Join(p.Dir, "answer.txt"))
		if err != nil {
			return nil, err
		}
		if string(text) == "stuck" {
			others.Wait()
			return nil, errors.New("it gave up when all others were done")
		}
		others.Done()
		return resultOf(check.Passed), nil
	}
	entries := []intake.Entry{handIn(t, "a-stuck", "stuck")}
	for i := range 5 {
		entries = append(entries, handIn(t, fmt.Sprintf("learner-%d", i), fmt.Sprint(i)))
	}
	got, err := work(t, g, t.TempDir(), Shard{}, entries...).Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Ungraded, got.Grades[0].Status)
	for _, g := range got.Grades[1:] {
		assert.Equal(t, Graded, g.Status)
	}
}
