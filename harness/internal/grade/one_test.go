package grade

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/intake"
	"github.com/daybook-dev/daybook/harness/internal/run"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// judges is a checker that decides by what a submission's answer.txt says. It
// notes the plans that it was given.
type judges struct {
	mu    sync.Mutex
	plans []run.Plan
	by    map[string]func(ctx context.Context, nth int) (*check.Result, error)
	seen  map[string]int
}

func (j *judges) check(ctx context.Context, p run.Plan, _ func(run.Event)) (*check.Result, error) {
	text, err := os.ReadFile(filepath.Join(p.Dir, "answer.txt"))
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	if j.seen == nil {
		j.seen = map[string]int{}
	}
	j.plans = append(j.plans, p)
	j.seen[string(text)]++
	nth := j.seen[string(text)]
	j.mu.Unlock()
	if by := j.by[string(text)]; by != nil {
		r, err := by(ctx, nth)
		if r != nil {
			r.Seed = p.Seed
		}
		return r, err
	}
	r := resultOf(check.Passed, check.Failed, check.Skipped)
	r.Seed = p.Seed
	return r, nil
}

// times is how often the answer was judged.
func (j *judges) times(answer string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.seen[answer]
}

// workbook makes a workbook whose exercise is answer.txt, with a given file.
func workbook(t testing.TB) (root string, day *catalog.Day) {
	t.Helper()
	root = t.TempDir()
	day = someDay()
	day.Dir, day.Exercise = filepath.Join(root, "days", "7"), filepath.Join(root, "exercises", "7")
	for name, text := range map[string]string{
		"days/7/day.yaml": "day: 7\n", "days/7/exercise.sum": "sums\n", "days/7/checks/pack/a.txtar": "script\n",
		"exercises/7/answer.txt": "todo", "exercises/7/given.md": "given",
	} {
		write(t, filepath.Join(root, filepath.FromSlash(name)), text)
	}
	var err error
	day.Sums, err = submission.Sums(day.Exercise)
	require.NoError(t, err)
	return root, day
}

func write(t testing.TB, file, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
}

// grader grades with j over submissions that are folders with an answer.txt.
func grader(t testing.TB, j *judges) *Grader {
	t.Helper()
	root, day := workbook(t)
	return &Grader{Day: day, Root: root, Check: j.check, Policy: &Policy{}, Basis: someBasis, Seed: 1, Dir: t.TempDir()}
}

// handIn makes a submission.
func handIn(t testing.TB, id, answer string) intake.Entry {
	t.Helper()
	dir := filepath.Join(t.TempDir(), id)
	write(t, filepath.Join(dir, "answer.txt"), answer)
	write(t, filepath.Join(dir, "given.md"), "changed by the learner")
	return intake.Entry{ID: id, Path: dir}
}

func TestOneIsGraded(t *testing.T) {
	j := &judges{}
	g := grader(t, j)
	e := handIn(t, "ada", "mine")
	e.Name, e.Submitted = "Ada", due
	got, err := g.One(t.Context(), e, 3)
	require.NoError(t, err)
	assert.Equal(t, Graded, got.Status, got.Reason)
	assert.Equal(t, 10.0, got.Points)
	assert.Equal(t, Submission{
		ID: "ada", Name: "Ada", Source: "ada", Hash: got.Submission.Hash, Taken: []string{"answer.txt"},
		LeftOut: []LeftOut{{Name: "given.md", Reason: "it is not one of the files to edit"}}, Submitted: due,
	}, got.Submission)
	assert.Len(t, got.Submission.Hash, 64)
	assert.True(t, got.Sound())
	require.Len(t, j.plans, 1)
	assert.Equal(t, 3, j.plans[0].Jobs)
	assert.Equal(t, got.Basis.Seed, j.plans[0].Seed)
	left, err := os.ReadDir(g.Dir)
	require.NoError(t, err)
	assert.Empty(t, left, "nothing stays behind")
}

// What was errored is tried once more, alone, and what was decided stays so.
func TestErroredIsTriedOnceMore(t *testing.T) {
	j := &judges{by: map[string]func(context.Context, int) (*check.Result, error){
		"flaky": func(_ context.Context, nth int) (*check.Result, error) {
			if nth == 1 {
				return resultOf(check.Failed, check.Errored, check.Errored), nil
			}
			return resultOf(check.Passed, check.Passed, check.Failed), nil
		},
		"never": func(context.Context, int) (*check.Result, error) { return resultOf(check.Passed, check.Errored), nil },
	}}
	g := grader(t, j)
	got, err := g.One(t.Context(), handIn(t, "ada", "flaky"), 8)
	require.NoError(t, err)
	assert.Equal(t, Graded, got.Status)
	assert.Equal(t, map[string]check.Status{"a": check.Failed, "b": check.Passed, "c": check.Failed}, statusByID(got.Result))
	assert.Equal(t, check.Failed, got.Result.Status)
	require.Len(t, j.plans, 2)
	assert.Equal(t, 1, j.plans[1].Jobs)
	assert.Equal(t, j.plans[0].Seed, j.plans[1].Seed)

	got, err = g.One(t.Context(), handIn(t, "bob", "never"), 8)
	require.NoError(t, err)
	assert.Equal(t, Ungraded, got.Status)
	assert.Equal(t, "b could not be decided: no engine (start it)", got.Reason)
	assert.Zero(t, got.Points)
	assert.Equal(t, 2, j.times("never"), "once more, and no more")
}

// Whatever goes wrong on our side makes an ungraded one, never an error of the
// batch and never a zero.
func TestOurTroubleIsUngraded(t *testing.T) {
	stuck := make(chan struct{})
	defer close(stuck)
	j := &judges{by: map[string]func(context.Context, int) (*check.Result, error){
		"breaks": func(context.Context, int) (*check.Result, error) { panic("oh no") },
		"error":  func(context.Context, int) (*check.Result, error) { return nil, errors.New("the disk is full") },
		"slow": func(ctx context.Context, _ int) (*check.Result, error) {
			<-ctx.Done()
			return resultOf(check.Passed, check.Errored), nil
		},
		"stuck": func(context.Context, int) (*check.Result, error) { <-stuck; return nil, nil },
	}}
	for answer, want := range map[string]string{
		"breaks": "daybook itself broke: oh no",
		"error":  "the disk is full",
		"slow":   "it was not done after 1ms",
		"stuck":  "it was not done after 1ms, and could not be stopped",
	} {
		t.Run(answer, func(t *testing.T) {
			g := grader(t, j)
			if answer == "slow" || answer == "stuck" {
				g.Limit, g.Leave = time.Millisecond, time.Hour
			}
			if answer == "stuck" {
				g.Leave = time.Millisecond
			}
			got, err := g.One(t.Context(), handIn(t, "ada", answer), 1)
			require.NoError(t, err)
			assert.Equal(t, Ungraded, got.Status)
			assert.Contains(t, got.Reason, want)
			assert.Zero(t, got.Points)
			assert.Equal(t, 30.0, got.MaxPoints)
			assert.True(t, got.Sound())
			assert.Equal(t, 2, j.times(answer))
		})
	}
}

// What can never be graded is refused, and not tried again.
func TestRefused(t *testing.T) {
	j := &judges{}
	g := grader(t, j)
	empty := filepath.Join(t.TempDir(), "empty")
	write(t, filepath.Join(empty, "other.md"), "nothing of the day's")
	broken := filepath.Join(t.TempDir(), "broken.zip")
	write(t, broken, "PK\x03\x04 and no more")
	for id, e := range map[string]intake.Entry{
		"empty":   {ID: "empty", Path: empty},
		"broken":  {ID: "broken", Path: broken},
		"missing": {ID: "missing", Missing: true},
		"no-git":  {ID: "no-git", Path: handIn(t, "no-git", "mine").Path, Revision: "main"},
	} {
		got, err := g.One(t.Context(), e, 1)
		require.NoError(t, err)
		assert.Equal(t, Refused, got.Status, id)
		assert.NotEmpty(t, got.Reason, id)
		assert.Zero(t, got.Points, id)
		assert.Nil(t, got.Result, id)
		assert.True(t, got.Sound(), id)
	}
	assert.Empty(t, j.plans)
}

// An exercise that somebody changed is not the learner's doing.
func TestChangedExercise(t *testing.T) {
	j := &judges{by: map[string]func(context.Context, int) (*check.Result, error){
		"mine": func(context.Context, int) (*check.Result, error) {
			return nil, &submission.InputError{Message: "unreadable"}
		},
	}}
	g := grader(t, j)
	require.NoError(t, Pristine(g.Day))
	got, err := g.One(t.Context(), handIn(t, "ada", "mine"), 1)
	require.NoError(t, err)
	assert.Equal(t, Refused, got.Status, "the exercise is as it was, so it is the submission")

	g.Day.Exercises[0].Files = []string{"*.txt", "extra.cfg"}
	g.Day.Sums["extra.cfg"] = "as handed out"
	require.NoError(t, Pristine(g.Day), "what a learner edits may be edited in place")
	got, err = g.One(t.Context(), handIn(t, "ada", "mine"), 1)
	require.NoError(t, err)
	assert.Equal(t, Ungraded, got.Status)
	assert.Contains(t, got.Reason, "git checkout -- exercises/7/extra.cfg")

	write(t, filepath.Join(g.Day.Exercise, "given.md"), "changed")
	err = Pristine(g.Day)
	var input *InputError
	require.ErrorAs(t, err, &input)
	assert.Contains(t, err.Error(), "given.md is not as it was handed out")
}

// Seed, key and hash depend on the files, and on nobody's name.
func TestTheSameFilesGetTheSame(t *testing.T) {
	j := &judges{}
	g := grader(t, j)
	ada, err := g.One(t.Context(), handIn(t, "ada", "copied"), 1)
	require.NoError(t, err)
	bob, err := g.One(t.Context(), handIn(t, "bob", "copied"), 4)
	require.NoError(t, err)
	assert.Equal(t, ada.Basis, bob.Basis)
	assert.Equal(t, ada.Result, bob.Result)
	other, err := g.One(t.Context(), handIn(t, "cy", "another"), 1)
	require.NoError(t, err)
	assert.NotEqual(t, ada.Basis.Seed, other.Basis.Seed)
	assert.NotEqual(t, ada.Basis.Key, other.Basis.Key)
	g.Seed = 2
	again, err := g.One(t.Context(), handIn(t, "ada", "copied"), 1)
	require.NoError(t, err)
	assert.NotEqual(t, ada.Basis.Seed, again.Basis.Seed)
	const bits = 53
	assert.Less(t, again.Basis.Seed, uint64(1)<<bits, "readers of JSON with floats keep it")
}

// After the end of the context nothing is a verdict.
func TestStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	j := &judges{by: map[string]func(context.Context, int) (*check.Result, error){
		"mine": func(context.Context, int) (*check.Result, error) {
			cancel()
			return resultOf(check.Passed, check.Errored), nil
		},
	}}
	_, err := grader(t, j).One(ctx, handIn(t, "ada", "mine"), 1)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 1, j.times("mine"))
}
