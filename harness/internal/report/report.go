// Package report writes grades down in the forms that others read: learning
// platforms, CI systems, spreadsheets and people. One file a format; each says
// where its consumer's form comes from.
//
// The rules that every format keeps:
//
//   - What a learner wrote, or made a program print, is hostile. It is cleaned
//     (see clean) and then escaped as the form asks for, so that it is only ever
//     text: no markup, no formula, no workflow command, no terminal escape. The
//     format json alone keeps every character, as JSON escapes.
//   - A check that failed is the learner's, one that errored is ours, one that
//     was skipped was not run. No format shows one as another.
//   - A submission that is ungraded or refused has no score. Where a form cannot
//     leave the score out, the form's own way to say "this is no result" is
//     used, never a zero. Its reason is always there.
//   - The score is Grade.Points: after the policy. The points of single checks
//     are from before it. Where a form has a total of its own (gradescope,
//     prairielearn, ctrf, junit, csv), that is Grade.Points, and the checks may
//     add up to something else; Grade.Lines explain it. Where a consumer adds up
//     the tests itself and shows that (classroom, prairielearn), one more test
//     holds the difference. exercism and check50 know no points.
//
// A format writes the same bytes for the same grade, except annotations, which
// holds a random token.
//
//	f, ok := report.Find("junit")
//	err := f.One(os.Stdout, g)
package report

import (
	"io"

	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// Format is one form that grades are written in.
type Format struct {
	Name string // as people ask for it
	File string // the name of its file, unique among formats
	Doc  string // one sentence: who reads it
	// One writes one grade; nil when the form is for batches only.
	One func(io.Writer, *grade.Grade) error
	// All writes the grades of a batch; nil when the form is for one grade only.
	All func(io.Writer, *grade.Batch) error
}

// formats is the table of all formats. A consumer that wants another file name,
// such as the results.json of three of them, is given a copy under that name.
var formats = []Format{
	{"json", "grade.json", "everything that is known of a grade, as daybook.grade/v1 or daybook.batch/v1", jsonOne, jsonAll},
	{"text", "grade.txt", "an explanation for people, line by line, and a table for a batch", textOne, textAll},
	{"csv", "gradebook.csv", "a gradebook for spreadsheets, one row a submission", nil, csvAll},
	{"junit", "junit.xml", "JUnit XML, for Jenkins, GitLab and other CI systems", junitOne, junitAll},
	{"ctrf", "ctrf-report.json", "Common Test Report Format", ctrfOne, ctrfAll},
	{"classroom", "classroom-result.txt", "the step output \"result\" that GitHub Classroom's reporter reads", classroomOne, nil},
	{"annotations", "annotations.txt", "workflow commands for a GitHub job's log: annotations at the lines to look at", annotationsOne, nil},
	{"summary", "summary.md", "Markdown for a GitHub job's summary", summaryOne, summaryAll},
	{"gradescope", "gradescope-results.json", "the results.json of a Gradescope autograder", gradescopeOne, nil},
	{"prairielearn", "prairielearn-results.json", "the results.json of a PrairieLearn external grader", prairielearnOne, nil},
	{"exercism", "exercism-results.json", "the results.json of an Exercism test runner, version 3", exercismOne, nil},
	{"check50", "check50.json", "results as CS50's check50 prints them", check50One, nil},
}

// Formats gives all formats but HTML, which is a package of its own.
func Formats() []Format { return append([]Format(nil), formats...) }

// Find gives the format of that name, and whether there is one.
func Find(name string) (Format, bool) {
	for _, f := range formats {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}
