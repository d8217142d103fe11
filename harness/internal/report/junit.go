package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// JUnit XML has no standard. This is what its readers have in common, after the
// sources of Jenkins (jenkinsci/junit-plugin, SuiteResult and CaseResult) and of
// GitLab, which also reads the attribute file. A suite is an exercise of a
// submission. Jenkins tells cases apart by classname and name, and takes what is
// before the last dot of a classname as its package, so the submission is the
// package and its exercise the class.
//
// A failure is the learner's, an error is ours. The points that count are in the
// properties of each suite, and missing when there are none.

type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	junitCount
	Suites []junitSuite `xml:"testsuite"`
}

type junitCount struct {
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Errors   int    `xml:"errors,attr"`
	Skipped  int    `xml:"skipped,attr"`
	Time     string `xml:"time,attr"` // seconds
	took     int64  // ms
}

type junitSuite struct {
	Name string `xml:"name,attr"`
	junitCount
	Timestamp  string          `xml:"timestamp,attr,omitempty"` // UTC
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string       `xml:"classname,attr"`
	Name    string       `xml:"name,attr"`
	Time    string       `xml:"time,attr"`
	File    string       `xml:"file,attr,omitempty"`
	Line    int          `xml:"line,attr,omitempty"`
	Failure *junitReason `xml:"failure"`
	Error   *junitReason `xml:"error"`
	Skipped *junitReason `xml:"skipped"`
	Out     string       `xml:"system-out,omitempty"`
}

type junitReason struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// junitMessage is how long the message of a failure is: a line in a list of
// failures. The text below it has everything.
const junitMessage = 500

func junitOne(w io.Writer, g *grade.Grade) error {
	return writeXML(w, fmt.Sprintf("day %d", g.Day), suites(g))
}

func junitAll(w io.Writer, b *grade.Batch) error {
	var all []junitSuite
	for i := range b.Grades {
		all = append(all, suites(&b.Grades[i])...)
	}
	return writeXML(w, fmt.Sprintf("day %d", b.Day), all)
}

func writeXML(w io.Writer, name string, all []junitSuite) error {
	doc := junitSuites{Name: name, Suites: all}
	for _, s := range all {
		doc.Tests += s.Tests
		doc.Failures += s.Failures
		doc.Errors += s.Errors
		doc.Skipped += s.Skipped
		doc.took += s.took
	}
	doc.Time = seconds(doc.took)
	body, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("writing grades as JUnit XML: %w", err)
	}
	_, err = w.Write(append([]byte(xml.Header), append(body, '\n')...))
	return err
}

// suites gives one suite an exercise, in the day's order.
func suites(g *grade.Grade) (all []junitSuite) {
	for _, e := range entries(g) {
		name := oneLine(g.Submission.ID) + "." + e.exercise
		if len(all) == 0 || all[len(all)-1].Name != name {
			all = append(all, junitSuite{Name: name, Properties: junitProperties(g)})
			if !g.Begun.IsZero() {
				all[len(all)-1].Timestamp = g.Begun.UTC().Format("2006-01-02T15:04:05")
			}
		}
		s := &all[len(all)-1]
		s.Cases = append(s.Cases, junitCaseOf(name, &e))
		s.Tests++
		s.took += e.duration
		s.Time = seconds(s.took)
		switch e.status {
		case check.Passed:
		case check.Failed:
			s.Failures++
		case check.Skipped:
			s.Skipped++
		default:
			s.Errors++
		}
	}
	return all
}

func junitCaseOf(class string, e *entry) junitCase {
	at := e.place()
	c := junitCase{Class: class, Name: e.id, Time: seconds(e.duration), File: at.File, Line: at.Line}
	why := &junitReason{Message: cut(e.short(), junitMessage), Type: string(e.status), Text: e.title + "\n\n" + e.long()}
	switch e.status {
	case check.Passed:
		c.Out = e.long() // advice
	case check.Failed:
		c.Failure = why
	case check.Skipped:
		c.Skipped = &junitReason{Message: why.Message}
	default:
		c.Error = why
	}
	return c
}

func junitProperties(g *grade.Grade) []junitProperty {
	all := []junitProperty{{"submission", oneLine(g.Submission.ID)}, {"status", string(g.Status)}}
	if g.Status != grade.Graded {
		return append(all, junitProperty{"reason", cut(oneLine(reason(g)), junitMessage)})
	}
	all = append(all, junitProperty{"points", number(g.Points)}, junitProperty{"max_points", number(g.MaxPoints)})
	for _, l := range g.Lines {
		all = append(all, junitProperty{"points of: " + oneLine(l.Text), number(l.Points)})
	}
	return all
}

func seconds(ms int64) string {
	return fmt.Sprintf("%.3f", (time.Duration(ms) * time.Millisecond).Seconds())
}
