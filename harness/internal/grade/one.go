package grade

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/intake"
	"github.com/daybook-dev/daybook/harness/internal/run"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

const (
	// SubmissionTime is how long one try at a submission may take. Every step
	// has a limit of its own, at which the learner's work fails; the sum of the
	// dearest (a handful of builds, of five minutes at most) stays below this.
	// What takes longer is stuck, which is nobody's verdict.
	SubmissionTime = 40 * time.Minute
	// leaveTime is how long a try may go on after its end, to remove what it
	// made. A run gives that one minute.
	leaveTime = 2 * time.Minute
)

// Checker runs the checks of a day over a folder: run.Checks does.
type Checker func(ctx context.Context, p run.Plan, listen func(run.Event)) (*check.Result, error)

// Grader grades the submissions of one batch. Its methods may be called from
// many goroutines.
type Grader struct {
	Day   *catalog.Day
	Root  string // of the workbook
	Check Checker
	// Isolate puts into a plan what keeps a hostile submission apart from this
	// machine. It is nil for work that is trusted.
	Isolate func(*run.Plan)
	Policy  *Policy
	Basis   Basis  // what all have in common: without seed and key
	Seed    uint64 // the batch's, which each submission's own is made from
	// OwnSeed is the submission's own seed where one is graded again and the
	// batch's is not known. It is nil otherwise.
	OwnSeed *uint64
	Dir     string // a folder for files on the way, which are gone afterwards
	// Listen is told of what happens in the checks of a submission. It may be
	// nil.
	Listen func(id string, e run.Event)
	// Limit is how long one try may take, instead of SubmissionTime; Leave how
	// long it may then take to come back, instead of two minutes.
	Limit, Leave time.Duration
}

// One grades one submission. Checks that were errored are tried once more, with
// one at a time; a submission that has some left is ungraded. The error is that
// of ctx, after whose end nothing is a verdict.
func (g *Grader) One(ctx context.Context, e intake.Entry, jobs int) (*Grade, error) {
	first, err := g.try(ctx, e, attempt{jobs: jobs})
	if err != nil || first.Status != Ungraded {
		return first, err
	}
	return g.try(ctx, e, attempt{jobs: 1, earlier: first})
}

// attempt is one try at a submission.
type attempt struct {
	jobs    int
	earlier *Grade // of an earlier try, whose verdicts are kept
	kept    *Grade // of an earlier run, which counts when it was made on the same basis
}

// try grades a submission once.
func (g *Grader) try(ctx context.Context, e intake.Entry, a attempt) (*Grade, error) {
	begun := time.Now()
	o, err := g.open(ctx, e)
	if err != nil {
		return nil, err
	}
	defer o.close()
	out := o.grade
	if out.Status != "" {
		return stamped(out, begun), nil
	}
	if k := a.kept; k != nil && k.Status == Graded && k.Basis.Key == out.Basis.Key {
		// Who it is from, when, and the policy may have changed: what the
		// checks came to has not.
		again := g.Policy.Of(k.Result, out.Submission, out.Basis)
		again.Begun, again.DurationMS = k.Begun, k.DurationMS
		return again, nil
	}
	out, err = g.judge(ctx, o, a)
	if err != nil {
		return nil, err
	}
	return stamped(out, begun), nil
}

// stamped says in the grade when it was made.
func stamped(out *Grade, begun time.Time) *Grade {
	out.Begun, out.DurationMS = begun.UTC().Truncate(time.Second), time.Since(begun).Milliseconds()
	return out
}

// opened is a submission whose files have been taken.
type opened struct {
	dir   string // ours, to be removed
	in    *intake.Intake
	grade *Grade // has a status when there is nothing to run
}

func (o *opened) close() { _ = os.RemoveAll(o.dir) }

// open takes a submission's files. The error is ctx's.
func (g *Grader) open(ctx context.Context, e intake.Entry) (o *opened, err error) {
	out := &Grade{Schema: Schema, Day: g.Day.Number, MaxPoints: g.most(), Submission: submissionOf(e)}
	o = &opened{grade: out}
	defer func() { out.Basis = g.basis(out.Submission.Hash) }()
	if e.Missing {
		out.Status, out.Reason = Refused, "nothing was handed in"
		return o, nil
	}
	if o.dir, err = os.MkdirTemp(g.Dir, "submission-*"); err != nil {
		out.Status, out.Reason = Ungraded, fmt.Sprintf("making a folder: %v", err)
		return o, nil
	}
	o.in, err = contained(g.listener(e.ID), func() (*intake.Intake, error) {
		return intake.Open(ctx, e.Path, intake.Options{Editable: g.Day.Editable(), Dir: o.dir, Revision: e.Revision, Usual: g.exercise()})
	})
	var (
		refused *intake.RefusedError
		input   *intake.InputError // a revision that is not there, a file that may not be read
	)
	switch {
	case ctx.Err() != nil:
		o.close()
		return nil, ctx.Err()
	case errors.As(err, &refused), errors.As(err, &input):
		out.Status, out.Reason = Refused, err.Error()
	case err != nil:
		out.Status, out.Reason = Ungraded, err.Error()
	default:
		g.took(out, o.in)
	}
	return o, nil
}

// submissionOf is what is known of a submission before it is opened.
func submissionOf(e intake.Entry) Submission {
	s := Submission{ID: e.ID, Name: e.Name, Submitted: e.Submitted}
	if e.Path != "" {
		s.Source = filepath.Base(e.Path)
	}
	return s
}

// took says in the grade what was taken.
func (g *Grader) took(out *Grade, in *intake.Intake) {
	s := &out.Submission
	s.Hash, s.Taken = in.Hash, in.Taken
	for _, l := range in.LeftOut {
		s.LeftOut = append(s.LeftOut, LeftOut{Name: l.Name, Reason: l.Reason})
	}
	if s.Submitted.IsZero() {
		s.Submitted = in.Submitted
	}
}

func (g *Grader) basis(hash string) Basis {
	b := g.Basis
	b.Seed = SeedOf(g.Seed, hash)
	if g.OwnSeed != nil {
		b.Seed = *g.OwnSeed
	}
	return b.seal(hash)
}

// most is what can be had.
func (g *Grader) most() float64 {
	n := 0
	for _, c := range g.Day.Checks() {
		if g.Basis.Exercise == "" || c.Exercise == g.Basis.Exercise {
			n += c.Points
		}
	}
	return float64(n)
}

// judge runs the checks and makes a grade of their result. The error is ctx's.
func (g *Grader) judge(ctx context.Context, o *opened, a attempt) (*Grade, error) {
	out := o.grade
	plan := run.Plan{Day: g.Day, Root: g.Root, Exercise: g.Basis.Exercise, Dir: o.in.Dir, Seed: out.Basis.Seed, Jobs: a.jobs}
	if g.Isolate != nil {
		g.Isolate(&plan)
	}
	result, err := g.run(ctx, out.Submission.ID, plan)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		out.Status, out.Reason = Ungraded, err.Error()
		var input *submission.InputError
		if name := g.changed(out.Submission.Taken); errors.As(err, &input) && name == "" {
			out.Status = Refused
		} else if name != "" {
			out.Reason = fmt.Sprintf("it has no %[2]s, and the one in %[1]s, which would stand in for it, is not as it was handed out: bring it back with `git checkout -- %[1]s/%[2]s`", g.exercise(), name)
		}
		if a.earlier != nil {
			out.Result = a.earlier.Result
		}
		return out, nil
	}
	if a.earlier != nil && a.earlier.Result != nil && a.earlier.Basis.Key == out.Basis.Key {
		result = decidedFirst(a.earlier.Result, result)
	}
	return g.Policy.Of(result, out.Submission, out.Basis), nil
}

// decidedFirst is the first result with its errored checks from the second: a
// verdict is not drawn twice.
func decidedFirst(first, second *check.Result) *check.Result {
	again := map[string]check.CheckResult{}
	for _, e := range second.Exercises {
		for _, c := range e.Checks {
			again[c.ID] = c
		}
	}
	out := *second
	out.Exercises = nil
	for _, e := range first.Exercises {
		var checks []check.CheckResult
		for _, c := range e.Checks {
			if other, ok := again[c.ID]; ok && c.Status == check.Errored {
				c = other
			}
			checks = append(checks, c)
		}
		e.Checks = checks
		out.Exercises = append(out.Exercises, e)
	}
	out.Total()
	return &out
}

// run runs the checks within the limits of one try. That they are not done in
// time, that they panic, and that they never come back are errors like others.
func (g *Grader) run(ctx context.Context, id string, plan run.Plan) (*check.Result, error) {
	limit, leave := g.Limit, g.Leave
	if limit == 0 {
		limit, leave = SubmissionTime, leaveTime
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	type outcome struct {
		result *check.Result
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		listen := g.listener(id)
		result, err := contained(listen, func() (*check.Result, error) { return g.Check(limited, plan, listen) })
		done <- outcome{result, err}
	}()
	late := make(chan struct{})
	defer context.AfterFunc(limited, func() { time.AfterFunc(leave, func() { close(late) }) })()
	select {
	case o := <-done:
		if errors.Is(limited.Err(), context.DeadlineExceeded) && (o.err != nil || o.result.Status == check.Errored) {
			return nil, fmt.Errorf("it was not done after %s", limit)
		}
		return o.result, o.err
	case <-late:
		return nil, fmt.Errorf("it was not done after %s, and could not be stopped", limit)
	}
}

func (g *Grader) listener(id string) func(run.Event) {
	return func(e run.Event) {
		if g.Listen != nil {
			g.Listen(id, e)
		}
	}
}

// contained makes an error of a panic, so that one submission cannot end the
// batch by finding a mistake of ours. Where it was is said to listen.
func contained[T any](listen func(run.Event), do func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			listen(run.Event{Note: fmt.Sprintf("daybook itself broke: %v\n%s", p, debug.Stack())})
			err = &check.Trouble{Message: fmt.Sprintf("daybook itself broke: %v", p), Mend: "report it, with the submission"}
		}
	}()
	return do()
}
