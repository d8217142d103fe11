package attest

import (
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

// BasisDiffers compares what the verdict was made on. On another basis another
// verdict proves nothing, and the same verdict all the more.
func BasisDiffers(st *Statement, g *grade.Grade) []string {
	var d differences
	signed, got := st.Predicate.Basis, basisOf(g.Basis)
	d.text("the day's checks", signed.DayHash, got.DayHash)
	d.text("Daybook", signed.Harness, got.Harness)
	d.text("the toolchain", signed.Toolchain, got.Toolchain)
	d.text("the seed", strconv.FormatUint(signed.Seed, 10), strconv.FormatUint(got.Seed, 10))
	d.text("the isolation", signed.Isolation, got.Isolation)
	d.text("the limits", signed.Limits, got.Limits)
	names := slices.Concat(slices.Collect(maps.Keys(signed.Images)), slices.Collect(maps.Keys(got.Images)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		d.text("the image "+name, signed.Images[name], got.Images[name])
	}
	if len(d) == 0 { // else it is another one for that reason
		d.text("the key of the basis", signed.Key, got.Key)
	}
	return d
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
