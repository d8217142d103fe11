// Package grade is what a submission is worth, and how that came about.
//
// A Grade is plain data: it holds the result of the day's checks, the points
// that a policy makes of it, line by line, and the basis on which it was made,
// so that it can be made again. Three things never look alike in it: work that
// was graded (whatever its points), work that we or the machine could not
// grade, which has no points and is to be tried again, and a submission that
// holds nothing that could ever be graded.
//
//	g := grade.Of(result, submission, basis)
//	g.Status // grade.Graded
package grade

import (
	"time"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// The forms of a Grade and of a Batch as JSON.
const (
	Schema      = "daybook.grade/v1"
	BatchSchema = "daybook.batch/v1"
)

// Status is what became of a submission.
type Status string

const (
	// Graded: there is a verdict, and its points count.
	Graded Status = "graded"
	// Ungraded: we or the machine could not decide. It has no points, not even
	// zero, and is to be tried again.
	Ungraded Status = "ungraded"
	// Refused: the submission cannot be read, or holds none of the day's files.
	// It has no points, and trying again does not help.
	Refused Status = "refused"
)

// Grade is what one submission came to.
type Grade struct {
	Schema     string        `json:"schema"`
	Day        int           `json:"day"`
	Submission Submission    `json:"submission"`
	Status     Status        `json:"status"`
	Reason     string        `json:"reason,omitempty"` // why it is ungraded or refused
	Points     float64       `json:"points"`           // after the policy; 0 unless graded
	MaxPoints  float64       `json:"max_points"`
	Lines      []Line        `json:"lines,omitempty"`  // how Points came about, to be added up
	Result     *check.Result `json:"result,omitempty"` // nil when refused
	Basis      Basis         `json:"basis"`
	Begun      time.Time     `json:"begun,omitzero"`
	DurationMS int64         `json:"duration_ms"`
}

// Submission is whose work it is, and which files of it were taken.
type Submission struct {
	ID        string    `json:"id"`             // unique in its batch, fit for a file's name
	Name      string    `json:"name,omitempty"` // the learner's, from the roster
	Source    string    `json:"source"`         // the folder or archive it came as, without the folders above it
	Hash      string    `json:"hash"`           // SHA-256 over the names and contents of the files taken, in hex
	Taken     []string  `json:"taken,omitempty"`
	LeftOut   []LeftOut `json:"left_out,omitempty"`
	Submitted time.Time `json:"submitted,omitzero"` // from the roster or from git
}

// LeftOut is something of a submission that was not used, and why.
type LeftOut struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Line is one line of the sum that explains a grade.
type Line struct {
	Text   string  `json:"text"`
	Points float64 `json:"points"`
}

// Basis is everything that a verdict depends on besides the machine's luck: the
// same basis gives the same verdict.
type Basis struct {
	Key       string            `json:"key"`       // SHA-256 over the rest and the submission's hash, in hex
	DayHash   string            `json:"day_hash"`  // of the day's manifest, checks and probes, and of the exercise as handed out
	Harness   string            `json:"harness"`   // Daybook's version
	Toolchain string            `json:"toolchain"` // such as "go1.26.8 linux/amd64"
	Images    map[string]string `json:"images"`    // base image to the digest or id of what was used
	Seed      uint64            `json:"seed"`
	Isolation string            `json:"isolation"`          // trusted or hostile
	Exercise  string            `json:"exercise,omitempty"` // the only one that was asked for
	Limits    string            `json:"limits"`             // SHA-256 over the limits that were in force, in hex
}

// Batch is the grades of one day's submissions.
type Batch struct {
	Schema string  `json:"schema"`
	Day    int     `json:"day"`
	Title  string  `json:"title"`
	Grades []Grade `json:"grades"` // in the order of their submissions' ids
}
