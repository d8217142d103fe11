// Package scaffold writes the files that an author begins with: a day, a check
// or a mistake.
//
// What it writes loads: the strict catalogue accepts it, and it can be run. It
// also holds sentences that begin with the mark WRITE: and say what belongs in
// their place; `daybook verify` asks for each until it is gone. Nothing that is
// there is ever written over, and either all files are written or none.
//
//	written, err := scaffold.Day(root, scaffold.NewDay{Number: "152", Title: "Volumes"})
package scaffold

import (
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

// RefusedError is a file that is not written because of what the author asked
// for: a name that is none, or one that is taken.
type RefusedError struct{ Message string }

// Error gives the message.
func (e *RefusedError) Error() string { return e.Message }

func refuse(format string, args ...any) error {
	return &RefusedError{Message: fmt.Sprintf(format, args...)}
}

// NewDay says what a new day begins with.
type NewDay struct {
	Number   string // as it was typed; a positive number
	Title    string
	Exercise string // the id of its first exercise
	Check    string // the id of that exercise's first check
}

// Day writes a day's files to the workbook at root: the page, the manifest, an
// exercise with its stub and its solution, a check with its probe, and a mistake.
// It returns their paths below root. The error is a *RefusedError when the day
// cannot be made as it was asked for, and otherwise that a file could not be
// written.
func Day(root string, d NewDay) ([]string, error) {
	n, err := strconv.Atoi(d.Number)
	if err != nil || n < 1 || strconv.Itoa(n) != d.Number {
		return nil, refuse("%q is no number of a day: 1, 2, 3 … are", d.Number)
	}
	if err := line("title", d.Title); err != nil {
		return nil, err
	}
	for _, id := range []string{d.Exercise, d.Check} {
		if err := kebab("id", id); err != nil {
			return nil, err
		}
	}
	if d.Exercise == d.Check {
		return nil, refuse("the exercise and its check are both called %s: an id is used once", d.Check)
	}
	pkg := strings.ReplaceAll(d.Exercise, "-", "")
	if !token.IsIdentifier(pkg) || slices.Contains([]string{"main", "cmd", "internal", "vendor"}, pkg) {
		return nil, refuse("an exercise %s would have a Go package %s, and no package can be called that", d.Exercise, pkg)
	}
	if !there(root, "days") {
		return nil, refuse("%s holds no days/, so it is no workbook", root)
	}
	for _, folder := range []string{"days", "exercises", "solutions"} {
		if path := folder + "/" + d.Number; there(root, path) {
			return nil, refuse("%s is there already", path)
		}
	}
	files, err := render(dayFiles, map[string]any{"Day": n, "Title": d.Title, "Exercise": d.Exercise, "Package": pkg, "Check": d.Check})
	if err != nil {
		return nil, err
	}
	sums, err := sumsOf(files, fmt.Sprintf("exercises/%d/", n))
	if err != nil {
		return nil, err
	}
	return write(root, append(files, file{path: fmt.Sprintf("days/%d/%s", n, catalog.SumsFile), data: sums}))
}

// NewCheck says what a new check begins with.
type NewCheck struct {
	Exercise string // the id of the exercise that it is added to, as its last
	ID       string
	Title    string // may be empty: then it is to be written
}

// Check enters a check in the manifest of day, leaving every other line as it is,
// and writes its scenario. It returns the paths, below root, of both. The error
// is a *RefusedError when it cannot be made as it was asked for.
func Check(root string, day *catalog.Day, c NewCheck) ([]string, error) {
	at := slices.IndexFunc(day.Exercises, func(e catalog.Exercise) bool { return e.ID == c.Exercise })
	if at < 0 {
		return nil, refuse("day %d has no exercise %q; it has: %s", day.Number, c.Exercise, strings.Join(exerciseIDs(day), ", "))
	}
	if err := free(day, c.ID); err != nil {
		return nil, err
	}
	if c.Title != "" {
		if err := line("title", c.Title); err != nil {
			return nil, err
		}
	}
	files, err := render(checkFiles, map[string]any{"Day": day.Number, "Exercise": c.Exercise, "Check": c.ID, "Files": day.Exercises[at].Files[0]})
	if err != nil {
		return nil, err
	}
	manifest, err := enter(root, day, c)
	if err != nil {
		return nil, err
	}
	return write(root, append(files, manifest))
}

// free wants an id that neither a check nor an exercise has.
func free(day *catalog.Day, id string) error {
	if err := kebab("id", id); err != nil {
		return err
	}
	for _, e := range day.Exercises {
		if e.ID == id {
			return refuse("day %d has an exercise %s, and an id is used once", day.Number, id)
		}
		for _, c := range e.Checks {
			if c.ID == id {
				return refuse("day %d has a check %s already: days/%d/checks/%s/%s.txtar", day.Number, id, day.Number, e.ID, id)
			}
		}
	}
	return nil
}

func exerciseIDs(day *catalog.Day) []string {
	var ids []string
	for _, e := range day.Exercises {
		ids = append(ids, e.ID)
	}
	return ids
}

var kebabHelp = "small letters first, digits, and a dash between words are wanted, and not the word " + catalog.NoID

func kebab(what, name string) error {
	if !catalog.IsID(name) {
		return refuse("%q is no %s: %s", name, what, kebabHelp)
	}
	return nil
}

// blank matches what is not to be seen.
var blank = regexp.MustCompile(`^\s*$`)

// line wants one line of text.
func line(what, text string) error {
	if blank.MatchString(text) {
		return refuse("the %s is empty", what)
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return refuse("the %s %q is more than one line of text", what, text)
	}
	return nil
}
