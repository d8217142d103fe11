package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// A gradebook as RFC 4180 has it: a header, a row a submission, lines that end in
// CRLF. The points are empty, not zero, for what has no grade, and so are those
// of a check that could not be decided or was never reached. Columns of checks are
// named exercise/check, in the day's order.
//
// A spreadsheet takes a cell that begins with = + - @ (in either width), a tab or
// a carriage return as a formula. After OWASP's page "CSV Injection" such a text
// gets an apostrophe in front, also where it would begin a cell if the reader took
// another separator or left the quotes off.

// formula finds where a cell that is calculated could begin.
var formula = regexp.MustCompile(`(^|[;,|"])(\s*)([=+\-@＝＋－＠])`)

// reasonLimit is how many characters of a reason a cell holds; the submission's
// own report has all of them. Spreadsheets end at 32,767.
const reasonLimit = 1000

// cell gives a learner's text as one line that no spreadsheet calculates.
func cell(s string) string {
	return formula.ReplaceAllString(oneLine(s), "$1$2'$3")
}

func csvAll(w io.Writer, b *grade.Batch) error {
	columns := checkColumns(b)
	header := []string{"id", "name", "status", "points", "max_points", "reason", "submitted", "source", "hash"}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	out.Write(append(header, columns...)) // what goes wrong is kept for Error
	for i := range b.Grades {
		out.Write(csvRow(&b.Grades[i], columns))
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("writing the gradebook: %w", err)
	}
	return nil
}

// checkColumns gives the checks of all submissions, in the order in which they
// are first met: a submission that was refused has none, and all others have the
// day's.
func checkColumns(b *grade.Batch) (names []string) {
	have := map[string]bool{}
	for i := range b.Grades {
		for _, e := range entries(&b.Grades[i]) {
			if name := columnOf(&e); e.exercise != whole && !have[name] {
				have[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

func columnOf(e *entry) string { return cell(e.exercise + "/" + e.id) }

func csvRow(g *grade.Grade, columns []string) []string {
	s := &g.Submission
	points, submitted := "", ""
	if g.Status == grade.Graded {
		points = number(g.Points)
	}
	if !s.Submitted.IsZero() {
		submitted = s.Submitted.Format(time.RFC3339)
	}
	row := []string{cell(s.ID), cell(s.Name), string(g.Status), points, number(g.MaxPoints), cell(cut(oneLine(g.Reason), reasonLimit)), submitted, cell(s.Source), cell(s.Hash)}
	got := map[string]string{}
	for _, e := range entries(g) {
		if e.status != check.Errored {
			got[columnOf(&e)] = strconv.Itoa(e.points)
		}
	}
	for _, name := range columns {
		row = append(row, got[name])
	}
	return row
}
