package attest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// digestName is in-toto's name of the subject's digest.
const digestName = "sha256"

// Statement is what was signed.
type Statement struct {
	Name      string // the submission's id in its batch
	Hash      string // SHA-256 of the files taken, in hex
	Predicate Predicate
}

// Predicate is what a statement says of its submission.
type Predicate struct {
	Day       int          `json:"day"`
	Submitted time.Time    `json:"submitted,omitzero"`
	Graded    time.Time    `json:"graded,omitzero"` // when grading began
	Basis     Basis        `json:"basis"`
	Status    grade.Status `json:"status"`
	Checks    []Verdict    `json:"checks"`
	Points    float64      `json:"points"`
	MaxPoints float64      `json:"max_points"`
	Lines     []grade.Line `json:"lines,omitempty"`
	// Digest is the SHA-256, in hex, of the whole grade as JSON without the times
	// that it took: names, findings and files left out are held fast by it.
	Digest string `json:"grade_sha256"`
}

// Basis is a grade's basis with the seed in words: a number in a statement is a
// float64, which does not hold every uint64.
type Basis struct {
	grade.Basis
	Seed uint64 `json:"seed,string"` // stands before the one of grade.Basis, in Go and in JSON
}

// Verdict is what became of one check.
type Verdict struct {
	Exercise  string       `json:"exercise"`
	ID        string       `json:"id"`
	Status    check.Status `json:"status"`
	Points    int          `json:"points"`
	MaxPoints int          `json:"max_points"`
}

// basisOf gives the statement's form of a basis.
func basisOf(b grade.Basis) Basis { return Basis{Basis: b, Seed: b.Seed} }

// predicateOf gives what is signed of a grade besides its subject.
func predicateOf(g *grade.Grade) (Predicate, error) {
	switch {
	case g.Schema != grade.Schema:
		return Predicate{}, refuse("signing a grade: its schema is %q, and %q is wanted", g.Schema, grade.Schema)
	case g.Status != grade.Graded:
		return Predicate{}, refuse("the submission %s is %s, so it has no verdict that could be signed", g.Submission.ID, g.Status)
	case g.Result == nil:
		return Predicate{}, refuse("the submission %s is graded, but its grade holds no result", g.Submission.ID)
	case g.Submission.ID == "":
		return Predicate{}, refuse("signing a grade: its submission has no id")
	}
	digest, err := digestOf(g)
	if err != nil {
		return Predicate{}, err
	}
	return Predicate{
		Day: g.Day, Submitted: g.Submission.Submitted, Graded: g.Begun, Basis: basisOf(g.Basis), Status: g.Status,
		Checks: verdictsOf(g.Result), Points: g.Points, MaxPoints: g.MaxPoints, Lines: g.Lines, Digest: digest,
	}, nil
}

func verdictsOf(r *check.Result) []Verdict {
	all := []Verdict{}
	if r == nil {
		return all
	}
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			all = append(all, Verdict{Exercise: e.ID, ID: c.ID, Status: c.Status, Points: c.Points, MaxPoints: c.MaxPoints})
		}
	}
	return all
}

// digestOf gives the SHA-256, in hex, of a grade without the times that it took.
func digestOf(g *grade.Grade) (string, error) {
	// A copy by way of JSON: g is not ours to change.
	text, err := json.Marshal(g)
	if err != nil {
		return "", fmt.Errorf("summing a grade: %w", err)
	}
	var timeless grade.Grade
	if err := json.Unmarshal(text, &timeless); err != nil {
		return "", fmt.Errorf("summing a grade: %w", err)
	}
	timeless.DurationMS = 0
	if timeless.Result != nil {
		for _, e := range timeless.Result.Exercises {
			for i := range e.Checks {
				e.Checks[i].DurationMS = 0
			}
		}
	}
	if text, err = json.Marshal(timeless); err != nil {
		return "", fmt.Errorf("summing a grade: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// asStruct gives a predicate in protobuf's form.
func asStruct(p Predicate) (*structpb.Struct, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("writing a statement: %w", err)
	}
	s := &structpb.Struct{}
	if err := s.UnmarshalJSON(text); err != nil {
		return nil, fmt.Errorf("writing a statement: %w", err)
	}
	return s, nil
}

// ReadGrade reads a grade as JSON. What it does not know it refuses, for it could
// not be signed. The error is an *InputError.
func ReadGrade(text []byte) (*grade.Grade, error) {
	var g grade.Grade
	if err := strictly(text, &g); err != nil {
		return nil, refuse("it is no grade: %v", err)
	}
	if g.Schema != grade.Schema {
		return nil, refuse("it is no grade: its schema is %q, and %q is wanted", g.Schema, grade.Schema)
	}
	return &g, nil
}

// strictly decodes one JSON value that has no unknown field and nothing after it.
func strictly(text []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows after its end")
	}
	return nil
}
