package report

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// GitHub Classroom reads what a grading step gives as its output "result", by
// way of classroom-resources/autograding-grading-reporter (src/main.js,
// console-results.js and notify-classroom.js): base64 of JSON, in the environment
// variable that is the step's id in capitals and _RESULTS. What its code does,
// and what follows for this form:
//
//   - It adds up the scores of the tests, and has no other total: a test named
//     "policy" holds the difference to Grade.Points, when there is one. A missing
//     score would make the sum NaN, so each test has one.
//   - It leaves out a runner whose max_score is zero, and reports no points when
//     none is left. That is just right for a submission without a grade, which
//     would otherwise be reported as 0 of so many points: its max_score is zero,
//     and the status "error" (or "fail", when it was refused) fails the job. It
//     is wrong for one that was graded: one out of zero points is an error here.
//   - It prints names and messages to the job's log as they are, so they are made
//     such that the runner takes no commands from them.
//   - It reads base64 from an environment variable, which Linux limits to 128 KiB.
const classroomLimit = 120 << 10 // bytes of base64, with room for the variable's name

type classroomResult struct {
	Version  int             `json:"version"`
	Status   string          `json:"status"`
	MaxScore float64         `json:"max_score"`
	Tests    []classroomTest `json:"tests"`
}

type classroomTest struct {
	Name     string  `json:"name"`
	Status   string  `json:"status"`
	Score    float64 `json:"score"`
	Message  string  `json:"message"`
	TestCode string  `json:"test_code"`
	Filename string  `json:"filename"`
	LineNo   int     `json:"line_no"`
	Duration int64   `json:"duration"` // ms
}

func classroomOne(w io.Writer, g *grade.Grade) error {
	if g.Status == grade.Graded && g.MaxPoints <= 0 {
		return errors.New("writing a grade for GitHub Classroom: it is out of zero points, which the reporter would drop without a word")
	}
	const most = 8 << 10
	for message := most; ; message /= 2 {
		plain, err := json.Marshal(classroomOf(g, message))
		if err != nil {
			return fmt.Errorf("writing a grade for GitHub Classroom: %w", err)
		}
		if base64.StdEncoding.EncodedLen(len(plain)) > classroomLimit && message > 0 {
			continue // with shorter messages, down to none
		}
		_, err = io.WriteString(w, base64.StdEncoding.EncodeToString(plain))
		return err
	}
}

// classroomOf makes the result, with at most that many characters a message.
func classroomOf(g *grade.Grade, message int) classroomResult {
	r := classroomResult{Version: 1, Status: classroomStatus(overall(g))}
	if g.Status == grade.Graded {
		r.MaxScore = g.MaxPoints
	}
	said := func(s string) string {
		if message == 0 {
			return ""
		}
		return inert(cut(s, message))
	}
	for _, e := range entries(g) {
		at := e.place()
		t := classroomTest{
			Name: inert(e.name() + ": " + e.title), Status: classroomStatus(e.status), Score: float64(e.points),
			Filename: at.File, LineNo: at.Line, Duration: e.duration,
		}
		if e.status != check.Passed {
			t.Message = said(e.long())
		}
		r.Tests = append(r.Tests, t)
	}
	if d := difference(g); d != 0 {
		t := classroomTest{Name: "policy", Status: "pass", Score: d, Message: said(sum(g))}
		if d < 0 {
			t.Status = "fail" // or its message would not be printed
		}
		r.Tests = append(r.Tests, t)
	}
	return r
}

// classroomStatus has no word for skipped: what was not run did not pass.
func classroomStatus(s check.Status) string {
	switch s {
	case check.Passed:
		return "pass"
	case check.Failed, check.Skipped:
		return "fail"
	}
	return "error"
}

// overall is the status of a grade: errored when it is ungraded, failed when it
// was refused.
func overall(g *grade.Grade) check.Status {
	var all []check.Status
	for _, e := range entries(g) {
		all = append(all, e.status)
	}
	return check.Worst(all)
}
