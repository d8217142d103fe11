package breakage

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/run"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
)

// Plan says what to draw from and what to plant it in. Of the run's plan,
// Exercise restricts the draw and Dir is the learner's work.
type Plan struct {
	run.Plan
	Mistake  string // the name of the one to plant; empty to have it drawn
	NoEngine error  // why no engine answers; nil when one does
}

// Drawn is a mistake that has been drawn.
type Drawn struct {
	Plan     Plan
	Exercise string        // the one that the mistake is in; empty when it is in several
	Checks   []check.Check // of that exercise, in the day's order: one of them may catch it
	Fewer    bool          // mistakes that need an engine were left out of the draw
	mistakes []catalog.Mistake
	rights   []right
}

// NoneError is that there is no mistake to draw.
type NoneError struct{ Message string }

// Error gives the message.
func (e *NoneError) Error() string { return e.Message }

// Draw draws a mistake. The error is a *NoneError when the day has none such, a
// *catalog.MalformedError when its files are malformed, and p.NoEngine when
// there are only such that need an engine.
func Draw(p Plan) (*Drawn, error) {
	mistakes, err := catalog.Mistakes(p.Root, p.Day)
	if err != nil {
		return nil, err
	}
	if mistakes, err = p.wanted(mistakes); err != nil {
		return nil, err
	}
	d := &Drawn{Plan: p}
	if p.NoEngine != nil {
		able, err := withoutEngine(p.Day, mistakes)
		if err != nil {
			return nil, err
		}
		if len(able) == 0 {
			return nil, p.NoEngine
		}
		d.Fewer, mistakes = len(able) < len(mistakes), able
	}
	const stream = 0 // any; the seed alone is to decide
	rand.New(rand.NewPCG(p.Seed, stream)).Shuffle(len(mistakes), func(i, j int) { mistakes[i], mistakes[j] = mistakes[j], mistakes[i] })
	d.Exercise = exerciseOf(p.Day, mistakes[0])
	// Should the first not fit the learner's work, another of its exercise does:
	// one exercise is all that the work has to pass.
	d.mistakes = slices.DeleteFunc(mistakes, func(m catalog.Mistake) bool { return exerciseOf(p.Day, m) != d.Exercise })
	d.Checks = checksOf(p.Day, d.Exercise)
	d.rights, err = rights(p.Root, p.Day)
	return d, err
}

// wanted gives those of the mistakes that the plan lets be drawn.
func (p Plan) wanted(mistakes []catalog.Mistake) ([]catalog.Mistake, error) {
	folder := filepath.ToSlash(filepath.Join("days", fmt.Sprint(p.Day.Number), "mistakes"))
	if p.Mistake != "" {
		mistakes = slices.DeleteFunc(mistakes, func(m catalog.Mistake) bool { return m.Name != p.Mistake })
		if len(mistakes) == 0 {
			return nil, &NoneError{fmt.Sprintf("day %d has no mistake %q; those that it has are the files in %s", p.Day.Number, p.Mistake, folder)}
		}
	}
	var of string
	if len(mistakes) > 0 {
		of = exerciseOf(p.Day, mistakes[0])
	}
	if p.Exercise != "" {
		mistakes = slices.DeleteFunc(mistakes, func(m catalog.Mistake) bool { return exerciseOf(p.Day, m) != p.Exercise })
	}
	if len(mistakes) == 0 && p.Mistake != "" {
		return nil, &NoneError{fmt.Sprintf("the mistake %s is not one in exercise %s but in %s", p.Mistake, p.Exercise, cmp.Or(of, "several"))}
	}
	if len(mistakes) == 0 {
		return nil, &NoneError{fmt.Sprintf("there is nothing to draw: %s has no mistake of that kind", folder)}
	}
	return mistakes, nil
}

// several is the exercise of a mistake that is in more than one.
const several = ""

// exerciseOf is the exercise that a mistake is in, or several.
func exerciseOf(d *catalog.Day, m catalog.Mistake) string {
	if changed := d.Changed(m); len(changed) == 1 {
		return changed[0]
	}
	return several
}

// checksOf gives the checks of one exercise, or of all.
func checksOf(d *catalog.Day, exercise string) []check.Check {
	return slices.DeleteFunc(d.Checks(), func(c check.Check) bool { return exercise != several && c.Exercise != exercise })
}

// withoutEngine gives those of the mistakes whose checks need no engine.
func withoutEngine(d *catalog.Day, mistakes []catalog.Mistake) ([]catalog.Mistake, error) {
	var able []catalog.Mistake
	var errs []error
	needs := map[string]bool{}
	for _, c := range d.Checks() {
		cost, err := scenario.CostOf(c.Script)
		errs = append(errs, err)
		for _, of := range []string{c.Exercise, several} {
			needs[of] = needs[of] || cost == scenario.Images
		}
	}
	for _, m := range mistakes {
		if !needs[exerciseOf(d, m)] {
			able = append(able, m)
		}
	}
	return able, errors.Join(errs...)
}
