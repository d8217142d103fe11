package grade

import (
	"fmt"
	"slices"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// Change is what a second grading made of a submission.
type Change struct {
	ID            string
	Before, After *Grade // Before is nil where there was no result
	Checks        []CheckChange
	// Applies is whether the second replaces the first: an ungraded one never
	// replaces a verdict.
	Applies bool
}

// CheckChange is a check with another status than before; "" where it was not
// in the result.
type CheckChange struct {
	ID            string
	Before, After check.Status
}

// Same reports whether nothing that counts is different.
func (c *Change) Same() bool {
	return c.Before != nil && c.Before.Status == c.After.Status && c.Before.Points == c.After.Points && len(c.Checks) == 0
}

// Compare sets the grades of a batch against those that it had before, in the
// order of their ids. What was graded before and not again is left out.
func Compare(before, after []Grade) []Change {
	var all []Change
	for i := range after {
		c := Change{ID: after[i].Submission.ID, After: &after[i]}
		if j := slices.IndexFunc(before, func(g Grade) bool { return g.Submission.ID == c.ID }); j >= 0 {
			c.Before = &before[j]
			c.Checks = compareChecks(before[j].Result, after[i].Result)
		}
		c.Applies = c.After.Status != Ungraded || c.Before == nil || c.Before.Status == Ungraded
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Change) int { return compareIDs(a.ID, b.ID) })
	return all
}

// compareChecks lists the checks whose status is another, those of the second
// result first, in its order.
func compareChecks(before, after *check.Result) []CheckChange {
	was, is := statusByID(before), statusByID(after)
	var all []CheckChange
	for _, id := range checkIDs(after) {
		if was[id] != is[id] {
			all = append(all, CheckChange{ID: id, Before: was[id], After: is[id]})
		}
	}
	for _, id := range checkIDs(before) {
		if _, ok := is[id]; !ok {
			all = append(all, CheckChange{ID: id, Before: was[id]})
		}
	}
	return all
}

func checkIDs(r *check.Result) []string {
	var all []string
	if r == nil {
		return nil
	}
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			all = append(all, c.ID)
		}
	}
	return all
}

func statusByID(r *check.Result) map[string]check.Status {
	all := map[string]check.Status{}
	if r == nil {
		return all
	}
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			all[c.ID] = c.Status
		}
	}
	return all
}

// Apply writes the changes that apply into the store of the batch, and its plan
// with the policy by which they were graded. Results that stay get their
// points by that policy, too: a batch has one. It may be called again after it
// was interrupted.
func Apply(s *Store, changes []Change, policy *Policy) error {
	plan, err := s.Plan()
	if err != nil {
		return err
	}
	if plan == nil {
		return &InputError{Message: fmt.Sprintf("%s holds no grades", s.dir)}
	}
	now, err := Read(s.dir)
	if err != nil {
		return err
	}
	plan.Policy = policy
	if err := s.PutPlan(plan); err != nil {
		return err
	}
	for i := range now.Grades {
		old := &now.Grades[i]
		next := old
		if j := slices.IndexFunc(changes, func(c Change) bool { return c.ID == old.Submission.ID }); j >= 0 && changes[j].Applies {
			next = changes[j].After
		} else if old.Status == Graded {
			next = policy.Of(old.Result, old.Submission, old.Basis)
			next.Begun, next.DurationMS = old.Begun, old.DurationMS
		}
		if err := s.Put(next); err != nil {
			return err
		}
	}
	for _, c := range changes {
		if c.Before == nil {
			if err := s.Put(c.After); err != nil {
				return err
			}
		}
	}
	return nil
}
