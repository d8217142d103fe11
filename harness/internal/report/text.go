package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// Plain text for people. What is quoted stands behind a bar, and names are in one
// line each, so that no quoted line can be taken for one of ours. It may be
// printed to a job's log, so the runner takes no command from any of it.

const quoteBar = "    | "

func textOne(w io.Writer, g *grade.Grade) error {
	out := new(strings.Builder)
	fmt.Fprintf(out, "Day %d, submission %s\n%s\n", g.Day, learner(g.Submission), verdict(g))
	exercise := ""
	for _, e := range entries(g) {
		if e.exercise != exercise {
			exercise = e.exercise
			fmt.Fprintf(out, "\n%s\n", exercise)
		}
		points := fmt.Sprintf("%d/%d", e.points, e.max)
		if e.status == check.Errored || e.exercise == whole {
			points = "–"
		}
		fmt.Fprintf(out, "  %-8s %6s  %s: %s\n", word(e.status), points, e.id, e.title)
		if long := e.long(); long != "" {
			fmt.Fprintln(out, prefixed(long, quoteBar))
		}
	}
	if g.Status == grade.Graded && len(g.Lines) > 0 {
		fmt.Fprintf(out, "\nHow the points came about\n%s\n%7s  of %s points\n", sum(g), number(g.Points), number(g.MaxPoints))
	}
	textLeftOut(out, g)
	_, err := io.WriteString(w, inert(out.String()))
	return err
}

// textLeftOut says what of the submission was not used.
func textLeftOut(w io.Writer, g *grade.Grade) {
	if len(g.Submission.LeftOut) == 0 {
		return
	}
	fmt.Fprintf(w, "\nNot used\n")
	for _, l := range g.Submission.LeftOut {
		fmt.Fprintln(w, prefixed(oneLine(l.Name)+": "+oneLine(l.Reason), quoteBar))
	}
}

func textAll(w io.Writer, b *grade.Batch) error {
	rows := [][]string{{"submission", "learner", "points", "", ""}}
	for i := range b.Grades {
		g := &b.Grades[i]
		points, state := "–", ""
		switch g.Status {
		case grade.Graded:
			points = number(g.Points) + "/" + number(g.MaxPoints)
		case grade.Refused:
			state = "refused"
		default:
			state = "not graded, try again"
		}
		const most = 200 // the full reason is in the submission's own report
		rows = append(rows, []string{nameCell(g.Submission.ID), nameCell(g.Submission.Name), points, state, cut(oneLine(g.Reason), most)})
	}
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "Day %d: %s\n\n", b.Day, oneLine(b.Title))
	writeTable(out, rows)
	return out.Flush()
}

// nameCell is a name in a table.
func nameCell(s string) string {
	const most = 40
	return inert(cut(oneLine(s), most))
}

// writeTable writes rows with their columns in line, but for the last one.
func writeTable(w io.Writer, rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, c := range row {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, c := range row {
			b.WriteString(c)
			b.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(c)+2))
		}
		fmt.Fprintln(w, inert(strings.TrimRight(b.String(), " ")))
	}
}

func word(s check.Status) string {
	switch s {
	case check.Passed, check.Failed:
		return string(s)
	case check.Skipped:
		return "not run"
	}
	return "unknown"
}
