// Package catalog loads days, which are data: a manifest, the checks' scenarios
// and the page.
//
// Loading is strict. A day with an unknown key, a missing file, a check without
// a hint, an id used twice, a need that is not there or a circle of needs is
// not loaded, and the error names every problem at once, each with its file
// and line. Nothing here knows what a day is about.
//
//	day, err := catalog.Load(root, 148, scenario.IsCommand)
package catalog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// Day is one day, as it was loaded.
type Day struct {
	Number    int
	Title     string
	Dir       string   // of the day's data
	Exercise  string   // the folder that learners work in, as handed out
	Page      string   // the page's file name in Dir
	Images    []string // what its Dockerfiles usually build from and with
	BuildArgs map[string]string

	Exercises []Exercise
	Sums      map[string]string // files of the exercise as handed out: path to SHA-256
}

// Exercise is one task of a day.
type Exercise struct {
	ID     string
	Title  string
	Read   string   // anchor of the page to begin with
	Files  []string // patterns of the files that a learner edits
	Stub   string   // the check at which the untouched exercise fails
	Checks []check.Check
}

// Editable gives the patterns of every file that a learner may edit.
func (d *Day) Editable() []string { return d.Files("") }

// Files gives the patterns of the files that a learner may edit in one
// exercise, or, for "", in any.
func (d *Day) Files(exercise string) []string {
	var all []string
	for _, e := range d.Exercises {
		if exercise == "" || e.ID == exercise {
			all = append(all, e.Files...)
		}
	}
	return all
}

// Checks gives every check of the day, in order.
func (d *Day) Checks() []check.Check {
	var all []check.Check
	for _, e := range d.Exercises {
		all = append(all, e.Checks...)
	}
	return all
}

// Problem is one thing that is wrong with a day's files.
type Problem struct {
	File string
	Line int // from 1; 0 when the file as a whole is meant
	Text string
}

// String gives the problem the way compilers do.
func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Text)
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// MalformedError is a day that cannot be loaded: the author's trouble.
type MalformedError struct{ Problems []Problem }

// Error lists every problem, a line each.
func (e *MalformedError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// NoSuchDayError is a day that the workbook does not have.
type NoSuchDayError struct {
	Day  string
	Have []int
}

// Error names the days that there are.
func (e *NoSuchDayError) Error() string {
	have := make([]string, len(e.Have))
	for i, n := range e.Have {
		have[i] = strconv.Itoa(n)
	}
	return fmt.Sprintf("there is no day %s; there is: %s", e.Day, strings.Join(have, ", "))
}

// ManifestFile is the name of a day's manifest in its folder.
const ManifestFile = "day.yaml"

// SumsFile is the name of the file in a day's folder that lists the exercise's
// files as they were handed out, in the form of sha256sum.
const SumsFile = "exercise.sum"

// List gives the numbers of the days in the workbook at root.
func List(root string) ([]int, error) {
	found, err := filepath.Glob(filepath.Join(root, "days", "*", ManifestFile))
	if err != nil {
		return nil, fmt.Errorf("listing days: %w", err)
	}
	var days []int
	for _, f := range found {
		if n, err := strconv.Atoi(filepath.Base(filepath.Dir(f))); err == nil {
			days = append(days, n)
		}
	}
	sort.Ints(days)
	return days, nil
}

// Load loads one day of the workbook at root. isCommand says which commands a
// scenario may use. The error is a *NoSuchDayError or a *MalformedError.
func Load(root, number string, isCommand func(name string) bool) (*Day, error) {
	n, err := strconv.Atoi(number)
	if dir := filepath.Join(root, "days", number); err != nil || !exists(filepath.Join(dir, ManifestFile)) {
		days, listErr := List(root)
		return nil, errors.Join(&NoSuchDayError{Day: number, Have: days}, listErr)
	}
	l := &loader{root: root, isCommand: isCommand, ids: map[string]int{}}
	day := l.day(n)
	if len(l.problems) > 0 {
		sort.SliceStable(l.problems, func(i, j int) bool { return l.problems[i].File < l.problems[j].File })
		return nil, &MalformedError{Problems: l.problems}
	}
	return day, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// loader gathers problems while it reads one day.
type loader struct {
	root      string
	isCommand func(string) bool
	problems  []Problem
	ids       map[string]int // check and exercise ids to their lines
}

func (l *loader) add(file string, line int, format string, args ...any) {
	l.problems = append(l.problems, Problem{File: l.rel(file), Line: line, Text: fmt.Sprintf(format, args...)})
}

// rel is file as seen from the workbook's folder.
func (l *loader) rel(file string) string {
	rel, err := filepath.Rel(l.root, file)
	if err != nil {
		rel = file
	}
	return filepath.ToSlash(rel)
}

var kebab = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// NoID is what no exercise and no check may be called: who is asked which check
// fails may say so.
const NoID = "none"

// IsID reports whether text may be the id of an exercise or a check: words in
// lower case with a dash between them, which do not begin with a digit.
func IsID(text string) bool { return text != NoID && kebab.MatchString(text) }
