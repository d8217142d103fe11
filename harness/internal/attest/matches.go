package attest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// Matches compares a statement with the grade that it is said to be about, and
// gives every difference in words; none means that the grade is the one signed.
func Matches(st *Statement, g *grade.Grade) []string {
	all := slices.Concat(VerdictDiffers(st, g), BasisDiffers(st, g))
	var d differences
	p := st.Predicate
	d.text("the submission's id", st.Name, g.Submission.ID)
	d.compare("the time of submission", p.Submitted.String(), g.Submission.Submitted.String(), p.Submitted.Equal(g.Submission.Submitted))
	d.compare("the time of grading", p.Graded.String(), g.Begun.String(), p.Graded.Equal(g.Begun))
	d.number("the points", p.Points, g.Points)
	d.number("the points that there are", p.MaxPoints, g.MaxPoints)
	if !slices.Equal(p.Lines, g.Lines) {
		d.add("the lines that explain the points are others than those signed")
	}
	all = append(all, d...)
	if digest, err := digestOf(g); len(all) == 0 && (err != nil || digest != p.Digest) {
		all = append(all, "something else in the grade is not as it was signed: a name, a finding, or the files left out")
	}
	return all
}

// VerdictDiffers compares the submission's files and the verdict of each check:
// what grading again has to bring out again. What a policy made of the points,
// and what the submission is called, are not asked for.
func VerdictDiffers(st *Statement, g *grade.Grade) []string {
	var d differences
	d.text("the submission's files", st.Hash, g.Submission.Hash)
	d.text("the day", strconv.Itoa(st.Predicate.Day), strconv.Itoa(g.Day))
	d.text("the status", string(st.Predicate.Status), string(g.Status))
	type key struct{ exercise, id string }
	now := map[key]Verdict{}
	for _, v := range verdictsOf(g.Result) {
		now[key{v.Exercise, v.ID}] = v
	}
	for _, signed := range st.Predicate.Checks {
		k := key{signed.Exercise, signed.ID}
		got, ok := now[k]
		delete(now, k)
		if !ok {
			d.add("%s is %s in the statement, and the grade has no such check", signed.ID, signed.Status)
		} else if got != signed {
			d.add("%s is %s (%d/%d) in the statement, and %s (%d/%d) in the grade", signed.ID,
				signed.Status, signed.Points, signed.MaxPoints, got.Status, got.Points, got.MaxPoints)
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(now), func(a, b key) int { return strings.Compare(a.exercise+"/"+a.id, b.exercise+"/"+b.id) }) {
		d.add("%s is %s in the grade, and the statement has no such check", k.id, now[k].Status)
	}
	return d
}

// inWords are what the fields of a basis are called in a sentence.
var inWords = map[string]string{
	"day_hash": "the day's checks", "harness": "Daybook", "toolchain": "the toolchain", "seed": "the seed",
	"isolation": "the isolation", "limits": "the limits", "key": "the key of the basis", "exercise": "the exercise",
}

// BasisDiffers compares what the verdict was made on. On another basis another
// verdict proves nothing, and the same verdict all the more.
func BasisDiffers(st *Statement, g *grade.Grade) []string {
	signed, got := fieldsOf(st.Predicate.Basis), fieldsOf(basisOf(g.Basis))
	var d differences
	for _, name := range namesIn(signed, got) {
		what := inWords[name]
		if what == "" {
			what = name
		}
		if name != "key" { // it is another one because of something else
			d.text(what, signed[name], got[name])
		}
	}
	if len(d) == 0 {
		d.text(inWords["key"], signed["key"], got["key"])
	}
	return d
}

// fieldsOf gives the fields of a basis by their names in JSON, so that none is
// forgotten, and its images one by one.
func fieldsOf(b Basis) map[string]string {
	var doc map[string]any
	if text, err := json.Marshal(b); err != nil || json.Unmarshal(text, &doc) != nil {
		panic(fmt.Sprintf("a basis is plain data, and has no JSON: %+v", b))
	}
	fields := map[string]string{}
	for name, v := range doc {
		if name != "images" {
			fields[name] = fmt.Sprint(v)
		}
	}
	for ref, digest := range b.Images {
		fields["the image "+ref] = digest
	}
	return fields
}

// namesIn lists the names that are in either, sorted.
func namesIn(a, b map[string]string) []string {
	names := slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b)))
	slices.Sort(names)
	return slices.Compact(names)
}

// differences gathers sentences.
type differences []string

func (d *differences) add(format string, args ...any) {
	*d = append(*d, fmt.Sprintf(format, args...))
}

func (d *differences) text(what, signed, got string) { d.compare(what, signed, got, signed == got) }

func (d *differences) number(what string, signed, got float64) {
	d.compare(what, strconv.FormatFloat(signed, 'g', -1, 64), strconv.FormatFloat(got, 'g', -1, 64), signed == got)
}

func (d *differences) compare(what, signed, got string, same bool) {
	if !same {
		d.add("%s: %q in the statement, and %q in the grade", what, signed, got)
	}
}
