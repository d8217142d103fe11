package breakage

import (
	"slices"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// Outcome is what the checks made of a mistake, next to what was answered.
type Outcome struct {
	Answer  string              // the id of a check, or "" for none of them
	Right   bool                // it failed, or none of them did
	Said    check.CheckResult   // what the check that was named came to
	Failed  []check.CheckResult // first-hand
	Skipped []check.CheckResult // because of those
	Errored bool                // some could not be decided, so nothing is certain
}

// Compare puts an answer next to a result. A check that was skipped has caught
// nothing: the one that it waits for has.
func Compare(r *check.Result, answer string) Outcome {
	o := Outcome{Answer: answer, Errored: r.Status == check.Errored}
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			switch c.Status {
			case check.Failed:
				o.Failed = append(o.Failed, c)
			case check.Skipped:
				o.Skipped = append(o.Skipped, c)
			}
			if c.ID == answer {
				o.Said = c
			}
		}
	}
	o.Right = o.Said.Status == check.Failed || (answer == "" && r.Status == check.Passed)
	return o
}

// Immune reports whether the mistake did nothing to the learner's own work.
func (q *Question) Immune(o Outcome) bool {
	return q.Ground == Own && !o.Errored && len(o.Failed) == 0
}

// Elsewhere reports whether the learner's own work was caught by other checks
// than those that catch the mistake in the solution.
func (q *Question) Elsewhere(o Outcome) bool {
	return len(o.Failed) > 0 && !slices.ContainsFunc(o.Failed, func(c check.CheckResult) bool { return slices.Contains(q.Mistake.Fails, c.ID) })
}
