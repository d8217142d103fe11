// Package breakage plants a known mistake in work that passes, so that whoever
// has solved a day can say which check will catch it, and then see.
//
// Rules: the learner's folder is only read. The seed draws the mistake, and
// with the same files it draws the same one again. What is shown is one change
// to something right, small enough to be read: the mistake is merged into the
// learner's own work, or, where that does not pass or the mistake does not fit,
// shown against the right way of the day's own that is nearest to it.
//
//	drawn, err := breakage.Draw(breakage.Plan{Plan: run.Plan{Day: day, Root: root, Dir: "exercises/148", Seed: 1, Jobs: 2}})
//	question, err := drawn.Plant(ctx, listen)
//	defer question.Close()
//	result, err := question.Try(ctx, listen)
//	outcome := breakage.Compare(result, "runs-as-65534")
package breakage

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/run"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// Ground is what a mistake was planted in, and why in that.
type Ground int

const (
	// Own: the learner's own work.
	Own Ground = iota
	// Untouched: the day's own, for the learner's work is as it was handed out.
	Untouched
	// NotPassing: the day's own, for the learner's work does not pass yet.
	NotPassing
	// NothingFits: the day's own, for no mistake could be merged into the
	// learner's work.
	NothingFits
)

// Question is a mistake that has been planted in a copy.
type Question struct {
	*Drawn
	Mistake catalog.Mistake
	Ground  Ground
	Right   string   // the right way that it was planted in, unless Ground is Own: a path in the workbook
	Changes []Change // to what was right; never empty
	Dir     string   // the copy
	run     *engine.Run
}

// Change is what planting a mistake did to one file.
type Change struct {
	Name     string
	Old, New []byte
}

// Plant makes the copy. Unless the learner's work is as it was handed out, that
// runs the checks of the mistake's exercise on it first, as events to listen.
// The error is a *submission.InputError when the work cannot be read as a
// submission, and a *check.Trouble when it could not be decided whether it
// passes. Close the question when it is no longer needed.
func (d *Drawn) Plant(ctx context.Context, listen func(run.Event)) (q *Question, err error) {
	r, err := engine.NewRun()
	if err != nil {
		return nil, err
	}
	q = &Question{Drawn: d, Mistake: d.mistakes[0], Dir: filepath.Join(r.Dir, "copy"), run: r}
	defer func() {
		if err != nil {
			err = errors.Join(err, q.Close())
		}
	}()
	if q.Ground, err = q.plantInOwn(ctx, listen); err != nil || q.Ground == Own {
		return q, err
	}
	return q, q.plantInRight()
}

// Close removes the copy.
func (q *Question) Close() error { return q.run.Close() }

// Try runs the checks of the mistake's exercise on the copy.
func (q *Question) Try(ctx context.Context, listen func(run.Event)) (*check.Result, error) {
	// The other exercises' were passed by what the mistake was planted in.
	return q.check(ctx, run.Plan{Dir: q.Dir, OthersPass: q.Exercise != several}, listen)
}

// check runs the checks of the mistake's exercise as p says, which sets what
// differs from the plan of the question.
func (q *Question) check(ctx context.Context, p run.Plan, listen func(run.Event)) (*check.Result, error) {
	p.Day, p.Root, p.Exercise, p.Seed, p.Jobs = q.Plan.Day, q.Plan.Root, q.Exercise, q.Plan.Seed, q.Plan.Jobs
	result, err := run.Checks(ctx, p, listen)
	if err == nil {
		err = ctx.Err()
	}
	return result, err
}

// plantInOwn plants the first of the drawn mistakes that fits in a copy of the
// learner's work, if that passes, and otherwise tells why it did not.
func (q *Question) plantInOwn(ctx context.Context, listen func(run.Event)) (Ground, error) {
	own, err := submission.LayOver(run.Source(q.Plan.Day, q.Plan.Dir), filepath.Join(q.run.Dir, "own"))
	if err != nil {
		return 0, err
	}
	if own.Untouched(q.Plan.Day.Files(q.Exercise)) {
		return Untouched, nil
	}
	// Merging takes a moment and the checks take many, so it comes first.
	m, changes, err := q.firstThatFits(ctx, own.Dir)
	if err != nil {
		return 0, err
	}
	if len(changes) == 0 {
		return NothingFits, nil
	}
	listen(run.Event{Note: "checking your own work, in which the mistake is to be planted"})
	result, err := q.check(ctx, run.Plan{Dir: own.Dir}, listen)
	if err != nil {
		return 0, err
	}
	if trouble := firstTrouble(result); trouble != nil {
		return 0, trouble
	}
	if result.Status != check.Passed {
		return NotPassing, nil
	}
	q.Mistake, q.Changes, q.Dir = m, changes, own.Dir
	files := map[string][]byte{}
	for _, c := range changes {
		files[c.Name] = c.New
	}
	return Own, own.Write(files)
}

func firstTrouble(r *check.Result) *check.Trouble {
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			if c.Trouble != nil {
				return c.Trouble
			}
		}
	}
	return nil
}

// plantInRight lays the mistake over the solution, which is how its author has
// proved it, and shows it against the right way that is nearest to it.
func (q *Question) plantInRight() error {
	tree, err := submission.LayOver(run.Source(q.Plan.Day, q.solution()), q.Dir)
	if err != nil {
		return fmt.Errorf("laying out the solution: %w", err)
	}
	near, err := nearest(q.rights, q.Mistake)
	if err != nil {
		return err
	}
	q.Right = near.path
	if q.Changes, err = near.changes(q.Mistake); err != nil {
		return err
	}
	return tree.Write(q.Mistake.Files)
}
