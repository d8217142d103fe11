package run

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/baseimage"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
	"github.com/daybook-dev/daybook/harness/internal/workbench"
)

// schedule is the state of the checks of one run.
type schedule struct {
	plan      Plan
	bench     *workbench.Bench
	listen    func(Event)
	untouched map[string]bool
	reported  []check.Check // those asked for, in the day's order
	queue     []check.Check // those and what they need, in the order to try

	mu       sync.Mutex
	changed  *sync.Cond
	finished map[string]check.CheckResult
	started  map[string]bool
	standIns []string
	fetching sync.WaitGroup
}

// choose picks the checks and orders them: what costs less first, and the
// day's order among equals.
func (s *schedule) choose() error {
	s.changed = sync.NewCond(&s.mu)
	s.finished, s.started = map[string]check.CheckResult{}, map[string]bool{}
	byID := map[string]check.Check{}
	for _, c := range s.plan.Day.Checks() {
		byID[c.ID] = c
		if s.plan.Exercise == "" || c.Exercise == s.plan.Exercise {
			s.reported = append(s.reported, c)
		}
	}
	costs := map[string]scenario.Cost{}
	var add func(c check.Check) error
	add = func(c check.Check) error {
		if _, ok := costs[c.ID]; ok {
			return nil
		}
		if s.plan.OthersPass && c.Exercise != s.plan.Exercise {
			s.finished[c.ID] = check.CheckResult{ID: c.ID, Status: check.Passed}
			return nil
		}
		cost, err := scenario.CostOf(c.Script)
		if err != nil {
			return err
		}
		costs[c.ID] = cost
		s.queue = append(s.queue, c)
		for _, n := range c.Needs {
			if err := add(byID[n]); err != nil {
				return err
			}
		}
		return nil
	}
	for _, c := range s.reported {
		if err := add(c); err != nil {
			return err
		}
	}
	order := map[string]int{}
	for i, c := range s.plan.Day.Checks() {
		order[c.ID] = i
	}
	sort.SliceStable(s.queue, func(i, j int) bool {
		a, b := s.queue[i], s.queue[j]
		if costs[a.ID] != costs[b.ID] {
			return costs[a.ID] < costs[b.ID]
		}
		return order[a.ID] < order[b.ID]
	})
	return nil
}

// prefetch makes base images ready while checks that need none are run.
func (s *schedule) prefetch(ctx context.Context) {
	costly := slices.ContainsFunc(s.queue, func(c check.Check) bool {
		cost, err := scenario.CostOf(c.Script)
		return err == nil && cost == scenario.Images
	})
	if !costly || s.bench.Engine == nil {
		return
	}
	s.fetching.Go(func() {
		// Those who need the images get the same error, and say it.
		bases, err := s.bench.EnsureBases(ctx)
		if err != nil {
			return
		}
		for _, ref := range s.plan.Day.Images {
			img, err := s.bench.Bases.Ensure(ctx, ref)
			if err != nil {
				s.listen(Event{Note: fmt.Sprintf("%s could not be made ready: %v", ref, err)})
				continue
			}
			bases = append(bases, img)
		}
		s.tell(bases)
	})
}

// tell says which of the images are stand-ins.
func (s *schedule) tell(images []baseimage.Image) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, img := range images {
		if img.Detail != "" && !slices.Contains(s.standIns, img.Detail) {
			s.standIns = append(s.standIns, img.Detail)
			s.listen(Event{Base: &img})
		}
	}
}

// run runs the queue with the plan's number of workers, and returns when all
// is finished.
func (s *schedule) run(ctx context.Context) {
	var workers sync.WaitGroup
	for range max(1, s.plan.Jobs) {
		workers.Go(func() {
			for {
				c, missed, ok := s.next()
				if !ok {
					return
				}
				s.finish(c, s.try(ctx, c, missed))
			}
		})
	}
	workers.Wait()
	s.fetching.Wait()
}

// next waits for a check that can be tried, or be skipped because of missed.
// ok is false when none is left to begin.
func (s *schedule) next() (c check.Check, missed string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		left := false
		for _, c := range s.queue {
			if s.started[c.ID] {
				continue
			}
			left = true
			if missed, ready := s.ready(c); ready {
				s.started[c.ID] = true
				return c, missed, true
			}
		}
		if !left {
			return check.Check{}, "", false
		}
		s.changed.Wait()
	}
}

// ready reports whether what c needs is finished, or which of it is missed.
func (s *schedule) ready(c check.Check) (missed string, ready bool) {
	ready = true
	for _, n := range c.Needs {
		r, done := s.finished[n]
		if done && r.Status != check.Passed {
			return n, true
		}
		ready = ready && done
	}
	return "", ready
}

func (s *schedule) try(ctx context.Context, c check.Check, missed string) check.CheckResult {
	if missed != "" {
		return s.skip(c, missed)
	}
	if ctx.Err() != nil {
		res := blank(c)
		res.Status, res.Trouble = check.Errored, &check.Trouble{Message: "it was stopped before it was begun"}
		return res
	}
	begin := time.Now()
	o := scenario.Run(ctx, c, s.bench)
	if o.Status() == check.Passed {
		s.listen(Event{Looked: &Looked{Check: c, Answers: o.Answers}})
	}
	return outcome(c, o, time.Since(begin))
}

// skip is the result of a check whose need did not pass. When the need could
// not be decided, neither can this check: that is not the learner's doing.
func (s *schedule) skip(c check.Check, missed string) check.CheckResult {
	res := blank(c)
	res.MissedNeed = missed
	s.mu.Lock()
	defer s.mu.Unlock()
	res.Status = check.Skipped
	if need := s.finished[missed]; need.Status == check.Errored {
		res.Status, res.Trouble = check.Errored, need.Trouble
	}
	return res
}

func (s *schedule) finish(c check.Check, res check.CheckResult) {
	s.mu.Lock()
	s.finished[c.ID] = res
	s.mu.Unlock()
	s.changed.Broadcast()
	if slices.ContainsFunc(s.reported, func(r check.Check) bool { return r.ID == c.ID }) {
		s.listen(Event{Finished: &Finished{Check: c, Result: res, Untouched: s.untouched[c.Exercise]}})
	}
}

// result sums up.
func (s *schedule) result() *check.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &check.Result{Day: s.plan.Day.Number, Seed: s.plan.Seed, StandIns: s.standIns}
	for _, e := range s.plan.Day.Exercises {
		if s.plan.Exercise != "" && e.ID != s.plan.Exercise {
			continue
		}
		res := check.ExerciseResult{ID: e.ID, Untouched: s.untouched[e.ID]}
		for _, c := range e.Checks {
			res.Checks = append(res.Checks, s.finished[c.ID])
		}
		r.Exercises = append(r.Exercises, res)
	}
	r.Total()
	return r
}
