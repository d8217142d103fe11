package author

import (
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

// within is the plan for the one exercise that is asked for, or p itself when
// none is: its day has no other.
func (p Plan) within() Plan {
	if p.Exercise == "" {
		return p
	}
	day := *p.Day
	day.Exercises = slices.DeleteFunc(slices.Clone(day.Exercises), func(e catalog.Exercise) bool { return e.ID != p.Exercise })
	p.Day = &day
	return p
}

// asked reports whether a case is one that is asked for.
func (p Plan) asked(c Case) bool {
	return strings.Contains(c.Name, p.Only) && (p.Exercise == "" || c.Exercise == "" || c.Exercise == p.Exercise)
}

// unfinished reports what stands in the way of trying anything: files that are
// not as they are handed out and, unless the author asks for cases by name, what
// is still to be written.
func (p Plan) unfinished() ([]catalog.Problem, error) {
	problems, err := p.changed()
	if err != nil || p.Only != "" {
		return problems, err
	}
	lines, err := p.unwritten()
	return append(lines, problems...), err
}
