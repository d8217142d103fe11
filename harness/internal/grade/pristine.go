package grade

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// Pristine wants the day's exercise to be as it was handed out, but for the
// files that a learner edits: with anything else changed no submission can be
// judged. The error is an *InputError that names the files.
func Pristine(day *catalog.Day) error {
	now, err := submission.Sums(day.Exercise)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(day.Sums)) {
		if now[name] != day.Sums[name] && !matchesAny(day.Editable(), name) {
			file := filepath.ToSlash(filepath.Join(day.Exercise, name))
			return &InputError{Message: fmt.Sprintf("%s is not as it was handed out: bring it back with `git checkout -- %s`", file, file)}
		}
	}
	return nil
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return submission.Matches(p, name) })
}

// changed names a file of the exercise that stands in for one that a submission
// with the files taken lacks, and that is not as it was handed out. It is ""
// when there is none. That such a file is there is not the learner's doing.
func (g *Grader) changed(taken []string) string {
	now, err := submission.Sums(g.Day.Exercise)
	if err != nil {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(g.Day.Sums)) {
		for _, p := range g.Day.Editable() {
			covers := func(t string) bool { return submission.Matches(p, t) }
			if submission.Matches(p, name) && now[name] != g.Day.Sums[name] && !slices.ContainsFunc(taken, covers) {
				return name
			}
		}
	}
	return ""
}

// exercise is the folder of the exercise as seen from the workbook.
func (g *Grader) exercise() string {
	rel, err := filepath.Rel(g.Root, g.Day.Exercise)
	if err != nil {
		rel = g.Day.Exercise
	}
	return filepath.ToSlash(rel)
}
