package check

import "slices"

// Schema names the form of a Result as JSON.
const Schema = "daybook.result/v1"

// Result is what the checks of one day came to over one submission.
type Result struct {
	Schema    string           `json:"schema"`
	Day       int              `json:"day"`
	Seed      uint64           `json:"seed"`
	Status    Status           `json:"status"`
	Points    int              `json:"points"`
	MaxPoints int              `json:"max_points"`
	Engine    string           `json:"engine,omitempty"`    // the engine's version and store; empty when none was reached
	StandIns  []string         `json:"stand_ins,omitempty"` // images that were built here instead of pulled
	Exercises []ExerciseResult `json:"exercises"`
}

// ExerciseResult is what the checks of one exercise came to.
type ExerciseResult struct {
	ID        string        `json:"id"`
	Status    Status        `json:"status"`
	Untouched bool          `json:"untouched,omitempty"` // every file that a learner may edit is as it was handed out
	Checks    []CheckResult `json:"checks"`
}

// CheckResult is what one check came to.
type CheckResult struct {
	ID         string   `json:"id"`
	Title      string   `json:"title"`
	Status     Status   `json:"status"`
	Points     int      `json:"points"`
	MaxPoints  int      `json:"max_points"`
	DurationMS int64    `json:"duration_ms"`
	Needs      []string `json:"needs"`
	Finding    *Finding `json:"finding,omitempty"` // set when Status is Failed
	Trouble    *Trouble `json:"trouble,omitempty"` // set when Status is Errored
	Step       int      `json:"-"`                 // which command of the scenario the finding is of, from 1
	MissedNeed string   `json:"missed_need,omitempty"`
	Advice     []string `json:"advice,omitempty"` // right, but could be better
}

// Total works out the sums and statuses of r from those of its checks.
func (r *Result) Total() {
	r.Schema = Schema
	r.Points, r.MaxPoints = 0, 0
	var all []Status
	for i := range r.Exercises {
		e := &r.Exercises[i]
		var own []Status
		for _, c := range e.Checks {
			own = append(own, c.Status)
			r.Points += c.Points
			r.MaxPoints += c.MaxPoints
		}
		e.Status = Worst(own)
		all = append(all, e.Status)
	}
	r.Status = Worst(all)
}

// Worst sums statuses up: errored if any is, else failed if any is failed or
// skipped, else passed.
func Worst(all []Status) Status {
	switch {
	case slices.Contains(all, Errored):
		return Errored
	case slices.Contains(all, Failed), slices.Contains(all, Skipped):
		return Failed
	}
	return Passed
}
