package grade

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Merge puts parts of one batch together: its shards, or merges of them. The
// result depends on neither the order nor how often a part is given, and parts
// may be merged first with each other.
//
// Of a submission that is in several parts a verdict counts before an ungraded
// one. It is refused, with an *InputError that names every reason, when the
// parts are of different plans, when two verdicts on a submission differ, when
// verdicts were made on different bases (another day, harness, toolchain,
// image, limit), and, unless partial, when a submission is in none.
func Merge(parts []Contents, partial bool) (*Contents, error) {
	if len(parts) == 0 {
		return nil, &InputError{Message: "merging: there is nothing to merge"}
	}
	m := &merger{byID: map[string]Grade{}, plan: parts[0].Plan}
	m.plan.Shard = ""
	for _, p := range parts {
		m.samePlan(p.Plan)
		for _, g := range p.Grades {
			m.add(g)
		}
	}
	out := &Contents{Plan: m.plan}
	for _, g := range m.byID {
		out.Grades = append(out.Grades, g)
	}
	sortGrades(out.Grades)
	m.sameBasis(out.Grades)
	if !partial {
		m.complete()
	}
	if len(m.problems) > 0 {
		slices.Sort(m.problems) // the same for any order of the parts
		return nil, &InputError{Message: "these cannot be merged:\n" + strings.Join(slices.Compact(m.problems), "\n")}
	}
	return out, nil
}

// merger gathers grades, and what is wrong with them.
type merger struct {
	plan     Plan
	byID     map[string]Grade
	problems []string
}

func (m *merger) problem(format string, args ...any) {
	m.problems = append(m.problems, fmt.Sprintf(format, args...))
}

// samePlan wants p to be the plan that the first part has.
func (m *merger) samePlan(p Plan) {
	for _, field := range []struct {
		name      string
		mine, its any
	}{
		{"days", m.plan.Day, p.Day},
		{"exercises", m.plan.Exercise, p.Exercise},
		{"seeds", m.plan.Seed, p.Seed},
		{"policies of isolation", m.plan.Isolation, p.Isolation},
		{"limits", m.plan.Limits, p.Limits},
		{"policies of points", m.plan.Policy, p.Policy},
		{"submissions", m.plan.Submissions, p.Submissions},
	} {
		if !sameJSON(field.mine, field.its) {
			m.problem("they are of plans with different %s", field.name)
		}
	}
}

// add takes a grade in, or the one that is there already.
func (m *merger) add(g Grade) {
	id := g.Submission.ID
	have, twice := m.byID[id]
	switch {
	case !slices.ContainsFunc(m.plan.Submissions, func(p Planned) bool { return p.ID == id }):
		m.problem("%s is not one of the plan's submissions", id)
	case twice && have.Status != Ungraded && g.Status != Ungraded && !sameVerdict(&have, &g):
		m.problem("there are two verdicts on %s, and they differ", id)
	case twice && !before(&g, &have):
	default:
		m.byID[id] = g
	}
}

// before reports whether a is to be kept rather than b. It orders all grades,
// so that whatever the order they come in, the same one is kept.
func before(a, b *Grade) bool {
	if (a.Status == Ungraded) != (b.Status == Ungraded) {
		return b.Status == Ungraded
	}
	return bytes.Compare(mustJSON(a), mustJSON(b)) < 0
}

// sameVerdict compares what was decided, and on what basis, but not the words.
func sameVerdict(a, b *Grade) bool {
	if a.Status != b.Status || a.Basis.Key != b.Basis.Key || a.Points != b.Points || a.Submission.Hash != b.Submission.Hash {
		return false
	}
	return maps.Equal(statusByID(a.Result), statusByID(b.Result))
}

// sameBasis wants all verdicts to have been made in the same way.
func (m *merger) sameBasis(all []Grade) {
	var first *Grade
	for i := range all {
		g := &all[i]
		if g.Status != Graded {
			continue
		}
		if first == nil {
			first = g
			continue
		}
		for _, field := range []struct {
			name      string
			mine, its any
		}{
			{"days' files", first.Basis.DayHash, g.Basis.DayHash},
			{"harnesses", first.Basis.Harness, g.Basis.Harness},
			{"toolchains", first.Basis.Toolchain, g.Basis.Toolchain},
			{"images", first.Basis.Images, g.Basis.Images},
			{"policies of isolation", first.Basis.Isolation, g.Basis.Isolation},
			{"exercises", first.Basis.Exercise, g.Basis.Exercise},
			{"limits", first.Basis.Limits, g.Basis.Limits},
		} {
			if !sameJSON(field.mine, field.its) {
				m.problem("%s and %s were graded with different %s: %s and %s", first.Submission.ID, g.Submission.ID, field.name, mustJSON(field.mine), mustJSON(field.its))
			}
		}
	}
}

// complete wants a grade for every submission of the plan.
func (m *merger) complete() {
	for _, s := range m.plan.Submissions {
		if _, ok := m.byID[s.ID]; !ok {
			m.problem("there is no result for %s", s.ID)
		}
	}
}

func sameJSON(a, b any) bool { return bytes.Equal(mustJSON(a), mustJSON(b)) }

// mustJSON writes plain data, which always can be written.
func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
