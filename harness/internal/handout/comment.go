package handout

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

const (
	// ChangedLimit is the most bytes of the list of changed files: GitHub gives
	// 300 names at most, of 4 KiB at most.
	ChangedLimit = 4 << 20
	// changedMost is how many names GitHub's comparison gives at most; a list of
	// so many may be cut.
	changedMost = 300
	// gradeLimit is the most bytes of a grade that is read.
	gradeLimit = 64 << 20
	// CommentMark begins each comment, so that the next grade takes its place.
	CommentMark = "<!-- daybook grade -->"
)

// Comment gives the Markdown to publish below a pull request. report is the
// folder that an untrusted run left, and changed a JSON list of the names of the
// files that the pull request changes. Nothing that is written there gets into
// the comment but numbers and statuses that fit the day; titles are the day's own.
// That there is no grade to publish is a comment too. The error is an *InputError
// when changed is no such list.
func Comment(day *catalog.Day, report string, changed []byte) (string, error) {
	var names []string
	if err := json.Unmarshal(changed, &names); err != nil {
		return "", refuse("the list of changed files is no JSON list of names: %v", err)
	}
	head := fmt.Sprintf("%s\n### Day %d: %s\n\n", CommentMark, day.Number, day.Title)
	if len(names) >= changedMost {
		return head + "**No grade.** This pull request changes too many files.\n", nil
	}
	if other := slices.DeleteFunc(names, func(name string) bool { return learners(day, name) }); len(other) > 0 {
		return head + fmt.Sprintf("**No grade.** This pull request also changes what is not a learner's to change (files: %d). "+
			"A grade is published when it changes these files only: %s.\n", len(other), code(day.Editable())), nil
	}
	g, err := onlyGrade(report)
	if err == nil {
		err = plausible(day, g)
	}
	if err != nil {
		// What is wrong with it is for the log: it may quote what was uploaded.
		fmt.Fprintf(os.Stderr, "daybook: no grade is published: %q\n", err.Error())
		return head + "**No grade.** The run that grades left no report that can be used; its log says why.\n", nil
	}
	return head + table(day, g), nil
}

// learners reports whether a learner may change the file.
func learners(day *catalog.Day, name string) bool {
	own, ok := strings.CutPrefix(name, fmt.Sprintf("exercises/%d/", day.Number))
	return ok && slices.ContainsFunc(day.Editable(), func(p string) bool { return submission.Matches(p, own) })
}

// code gives names as Markdown's code.
func code(names []string) string {
	var all []string
	for _, n := range names {
		all = append(all, "`"+n+"`")
	}
	return strings.Join(all, ", ")
}

// onlyGrade reads the one grade of a report.
func onlyGrade(report string) (*grade.Grade, error) {
	root, err := os.OpenRoot(report)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	files, err := filepath.Glob(filepath.Join(report, "results", "*.json"))
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("the report holds %d grades, and one is wanted", len(files))
	}
	name := filepath.Join("results", filepath.Base(files[0]))
	// A link is not followed, wherever it leads, nor is a pipe waited for.
	if info, err := root.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return nil, errors.New("the grade is no regular file")
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var g grade.Grade
	if err := json.NewDecoder(io.LimitReader(f, gradeLimit)).Decode(&g); err != nil {
		return nil, fmt.Errorf("reading the grade: %w", err)
	}
	return &g, nil
}

// plausible wants g to be a grade of day, made of untrusted work: each check once,
// with a status that there is and points that it can have.
func plausible(day *catalog.Day, g *grade.Grade) error {
	switch {
	case g.Schema != grade.Schema || g.Day != day.Number:
		return fmt.Errorf("it is a %s of day %d", g.Schema, g.Day)
	case g.Status == grade.Refused || g.Status == grade.Ungraded:
		return nil
	case g.Status != grade.Graded || g.Result == nil:
		return fmt.Errorf("its status is %s, or it has no result", g.Status)
	case g.Basis.Isolation != "hostile":
		return fmt.Errorf("it was graded by the policy %q", g.Basis.Isolation)
	}
	got := map[string]check.CheckResult{}
	for _, e := range g.Result.Exercises {
		for _, c := range e.Checks {
			if _, twice := got[c.ID]; twice {
				return fmt.Errorf("it has the check %s twice", c.ID)
			}
			got[c.ID] = c
		}
	}
	if len(got) != len(day.Checks()) {
		return fmt.Errorf("it has %d checks, and the day has %d", len(got), len(day.Checks()))
	}
	for _, c := range day.Checks() {
		r, ok := got[c.ID]
		passed := r.Status == check.Passed
		known := passed || r.Status == check.Failed || r.Status == check.Skipped
		if !ok || !known || r.Points < 0 || r.Points > c.Points || passed != (r.Points == c.Points) {
			return fmt.Errorf("the check %s is %s with %d points", c.ID, r.Status, r.Points)
		}
	}
	return nil
}

// table gives the grade in Markdown, of a grade that is plausible.
func table(day *catalog.Day, g *grade.Grade) string {
	switch g.Status {
	case grade.Refused:
		return "**Refused.** The pull request holds none of the files that can be graded, or one of them cannot be read. The run's log says which.\n"
	case grade.Ungraded:
		return "**Not graded yet.** Something could not be decided, for no fault of yours. Ask for the run to be tried again.\n"
	}
	got := map[string]check.CheckResult{}
	for _, e := range g.Result.Exercises {
		for _, c := range e.Checks {
			got[c.ID] = c
		}
	}
	var rows strings.Builder
	points, most := 0, 0
	for _, c := range day.Checks() {
		r := got[c.ID]
		points, most = points+r.Points, most+c.Points
		fmt.Fprintf(&rows, "| %s | %s | %s | %d/%d |\n", mark[r.Status], c.Exercise, cell(c.Title), r.Points, c.Points)
	}
	return fmt.Sprintf("**%d of %d points.**\n\n| | exercise | check | points |\n|---|---|---|---|\n%s\nWhat each check found is in the log and the report of the run.\n", points, most, rows.String())
}

// mark shows a status without relying on a colour.
var mark = map[check.Status]string{check.Passed: "ok", check.Failed: "no", check.Skipped: "waits"}

// cell gives text for a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }
