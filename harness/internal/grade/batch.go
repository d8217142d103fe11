package grade

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/daybook-dev/daybook/harness/internal/intake"
)

// Work is a batch that is to be graded.
type Work struct {
	Grader  *Grader
	Store   *Store
	Plan    Plan           // as NewPlan makes it
	Entries []intake.Entry // all of the plan's, whatever its shard
	Jobs    int            // checks at a time, at least 1
	Resume  bool           // take over the verdicts in Store that were made on the same basis
	// Tell is told of each submission that is done, one after the other. It may
	// be nil.
	Tell func(Progress)
}

// Progress is how far a batch is.
type Progress struct {
	Grade    *Grade
	Done, Of int
	Kept     bool // it was graded before
	Again    bool // it was tried once more, alone
}

// NewPlan makes the plan of a batch. The error is an *InputError when two
// entries have the same id, or ids that only their case tells apart, which some
// file systems do not.
func NewPlan(g *Grader, entries []intake.Entry, shard Shard) (Plan, error) {
	p := Plan{
		Schema: PlanSchema, Day: g.Day.Number, Title: g.Day.Title, Exercise: g.Basis.Exercise, Seed: g.Seed,
		Isolation: g.Basis.Isolation, Limits: g.Basis.Limits, Policy: g.Policy, Shard: shard.String(),
	}
	folded := map[string]intake.Entry{}
	for _, e := range entries {
		if err := fileName(e.ID); err != nil {
			return p, err
		}
		if other, twice := folded[fold(e.ID)]; twice {
			return p, &InputError{Message: fmt.Sprintf("two submissions are called %s: %s and %s", e.ID, other.Path, e.Path)}
		}
		folded[fold(e.ID)] = e
		s := submissionOf(e)
		p.Submissions = append(p.Submissions, Planned{ID: s.ID, Name: s.Name, Source: s.Source, Revision: e.Revision, Submitted: s.Submitted})
	}
	slices.SortFunc(p.Submissions, func(a, b Planned) int { return compareIDs(a.ID, b.ID) })
	return p, nil
}

// begin writes the plan down, unless it is another than the one that is there.
func (w *Work) begin() error {
	old, err := w.Store.Plan()
	if err != nil {
		return err
	}
	if old != nil && !w.Resume {
		return &InputError{Message: fmt.Sprintf("%s holds grades already: go on with --resume, or choose another --out", w.Store.dir)}
	}
	if old != nil {
		for _, field := range []struct {
			name     string
			old, new any
		}{
			{"day", old.Day, w.Plan.Day},
			{"exercise", old.Exercise, w.Plan.Exercise},
			{"seed", old.Seed, w.Plan.Seed},
			{"isolation", old.Isolation, w.Plan.Isolation},
		} {
			if field.old != field.new {
				return &InputError{Message: fmt.Sprintf("%s holds grades with another %s: %v, not %v", w.Store.dir, field.name, field.old, field.new)}
			}
		}
	}
	if err := sameNames(old, &w.Plan, w.Store.dir); err != nil {
		return err
	}
	return w.Store.PutPlan(&w.Plan)
}

// sameNames wants what was handed in to be called as before, so that no learner
// has two grades of which one is forgotten.
func sameNames(old, now *Plan, dir string) error {
	if old == nil {
		return nil
	}
	for _, s := range now.Submissions {
		was := func(p Planned) bool { return p.Source == s.Source && p.Revision == s.Revision && p.Source != "" }
		if slices.ContainsFunc(old.Submissions, func(p Planned) bool { return p.ID == s.ID }) {
			continue
		}
		if i := slices.IndexFunc(old.Submissions, was); i >= 0 && !slices.ContainsFunc(now.Submissions, func(p Planned) bool { return p.ID == old.Submissions[i].ID }) {
			return &InputError{Message: fmt.Sprintf("%s was %s in %s, and would be %s now: give the --roster that it had, or choose another --out", s.Source, old.Submissions[i].ID, dir, s.ID)}
		}
	}
	return nil
}

// Run grades the submissions of the plan's shard, the store's own when nothing
// has changed, and gives all that the store then holds. Each is written to the
// store when it is done. Those that are ungraded are tried once more when all
// others are done, one after the other: alone, and without keeping others
// waiting. The error is an *InputError, ctx's, or that the store cannot be
// written; nothing that a submission does is one.
func (w *Work) Run(ctx context.Context) (*Contents, error) {
	if err := w.begin(); err != nil {
		return nil, err
	}
	ids, err := w.Plan.ids()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	b := &batch{Work: w, stop: stop, of: len(ids)}
	again := b.all(ctx, ids)
	for _, one := range again {
		b.one(ctx, one.entry, attempt{jobs: 1, earlier: one.grade})
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return Read(w.Store.dir)
}

// batch is the state of a Work that is under way.
type batch struct {
	*Work
	stop context.CancelCauseFunc
	of   int

	mu    sync.Mutex
	done  int
	again []undone
}

// undone is a submission that a first try left ungraded.
type undone struct {
	entry intake.Entry
	grade *Grade
}

// all tries the submissions with those ids once, several at a time, and gives
// those that are to be tried again, in the order of their ids.
func (b *batch) all(ctx context.Context, ids []string) []undone {
	queue := make(chan intake.Entry, len(ids))
	for _, id := range ids {
		i := slices.IndexFunc(b.Entries, func(e intake.Entry) bool { return e.ID == id })
		queue <- b.Entries[i]
	}
	close(queue)
	// What is not needed for several submissions at a time goes to several
	// checks of each.
	at := max(1, min(b.Jobs, len(ids)))
	var workers sync.WaitGroup
	for range at {
		workers.Go(func() {
			for e := range queue {
				a := attempt{jobs: max(1, b.Jobs/at)}
				if b.Resume {
					a.kept = b.Store.Get(e.ID)
				}
				b.one(ctx, e, a)
			}
		})
	}
	workers.Wait()
	slices.SortFunc(b.again, func(x, y undone) int { return compareIDs(x.entry.ID, y.entry.ID) })
	return b.again
}

// one tries a submission and writes down what it came to.
func (b *batch) one(ctx context.Context, e intake.Entry, a attempt) {
	if ctx.Err() != nil {
		return
	}
	g, err := b.Grader.try(ctx, e, a)
	if err == nil {
		err = b.Store.Put(g)
	}
	if err != nil {
		b.stop(err) // the first counts
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if g.Status == Ungraded && a.earlier == nil {
		b.again = append(b.again, undone{e, g})
		return
	}
	b.done++
	if b.Tell != nil {
		kept := a.kept != nil && g.Status == Graded && a.kept.Status == Graded && a.kept.Basis.Key == g.Basis.Key
		b.Tell(Progress{Grade: g, Done: b.done, Of: b.of, Kept: kept, Again: a.earlier != nil})
	}
}
