// Package check is the vocabulary of Daybook: what a check is, what a failed
// one says, and what a run of a day's checks comes to.
//
// It imports the standard library only, so that every other package can speak
// these words. Values here are plain data; nothing in this package runs, reads
// or prints anything.
//
//	f := check.Finding{
//		Want: "the process runs as UID 65534",
//		Got:  "it runs as UID 0 (root)",
//		Look: []check.Place{{File: "Dockerfile", Line: 12}},
//	}
package check

import "fmt"

// Status is the outcome of a check, of an exercise or of a whole day.
type Status string

const (
	// Passed: the learner's work has the property.
	Passed Status = "passed"
	// Failed: the learner's work does not have it; a Finding says why.
	Failed Status = "failed"
	// Skipped: a check that this one needs did not pass, so it was not run.
	Skipped Status = "skipped"
	// Errored: we or the machine could not find out. Never the learner's fault.
	Errored Status = "errored"
)

// Check is one named property of the learner's work.
type Check struct {
	ID       string   // stable, kebab-case, unique in its day
	Exercise string   // the exercise it belongs to
	Title    string   // one line, as a statement that is true when it passes
	Points   int      // what it is worth; at least 1
	Needs    []string // checks that must pass before this one can be run
	Why      string   // why it matters, Markdown
	Hints    []string // from a nudge to nearly the answer
	Read     string   // where to read: an anchor of the day's page, such as "#notes"
	Script   string   // path of the scenario that decides it
}

// Place is a file in the learner's own tree, with a line when one is to blame.
type Place struct {
	File string `json:"file"`           // relative to the exercise's folder, with slashes
	Line int    `json:"line,omitempty"` // from 1; 0 when the whole file is meant
}

// String gives the place the way compilers do: file:line.
func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Finding is what a failed check says. It is an error, so that mechanisms can
// return it as one; a returned error that holds no Finding means Errored.
type Finding struct {
	Want    string  `json:"want"`
	Got     string  `json:"got"`
	Because string  `json:"because"`
	Look    []Place `json:"look"`
}

// Error joins what was wanted and what was found in one line.
func (f *Finding) Error() string {
	return fmt.Sprintf("want %s, got %s", f.Want, f.Got)
}

// Trouble is why a check was errored: what we could not do, and the one thing
// that a person can do about it. It is an error.
type Trouble struct {
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"` // a command or a sentence
}

// Error gives the message, followed by the way to mend it.
func (t *Trouble) Error() string {
	if t.Mend == "" {
		return t.Message
	}
	return t.Message + " (" + t.Mend + ")"
}
