package report

import (
	"fmt"
	"io"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// The Common Test Report Format, after the specification and the JSON schema of
// ctrf-io/ctrf (schema/ctrf.schema.json, specification 1.0.0). It allows no
// properties of one's own but in "extra", which is where points are. It has no
// status for what is ours: errored is "other", with the raw status beside it.

const ctrfVersion = "1.0.0"

type ctrfReport struct {
	Format  string      `json:"reportFormat"`
	Version string      `json:"specVersion"`
	By      string      `json:"generatedBy"`
	Results ctrfResults `json:"results"`
}

type ctrfResults struct {
	Tool    ctrfTool    `json:"tool"`
	Summary ctrfSummary `json:"summary"`
	Tests   []ctrfTest  `json:"tests"`
	Extra   any         `json:"extra"`
}

type ctrfTool struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

type ctrfSummary struct {
	Tests   int   `json:"tests"`
	Passed  int   `json:"passed"`
	Failed  int   `json:"failed"`
	Skipped int   `json:"skipped"`
	Pending int   `json:"pending"`
	Other   int   `json:"other"`
	Start   int64 `json:"start"` // ms since 1970; 0 when it is not known
	Stop    int64 `json:"stop"`
}

type ctrfTest struct {
	Name      string         `json:"name"`
	Status    string         `json:"status"`
	Duration  int64          `json:"duration"` // ms
	Suite     []string       `json:"suite"`
	Message   string         `json:"message,omitempty"`
	Trace     string         `json:"trace,omitempty"`
	Line      int            `json:"line,omitempty"`
	RawStatus string         `json:"rawStatus"`
	FilePath  string         `json:"filePath,omitempty"`
	Extra     map[string]any `json:"extra"`
}

// ctrfGrade is the extra that says what a submission came to.
type ctrfGrade struct {
	Submission string     `json:"submission"`
	Status     string     `json:"status"`
	Reason     string     `json:"reason,omitempty"`
	Points     *float64   `json:"points,omitempty"` // missing unless graded
	MaxPoints  float64    `json:"max_points"`
	Lines      []lineJSON `json:"lines,omitempty"`
}

type lineJSON struct {
	Text   string  `json:"text"`
	Points float64 `json:"points"`
}

func ctrfOne(w io.Writer, g *grade.Grade) error {
	r := newCTRF(g.Day, g.Basis.Harness)
	r.add(g)
	r.Results.Extra = map[string]any{"day": g.Day, "grade": ctrfGradeOf(g)}
	return writeJSON(w, r)
}

func ctrfAll(w io.Writer, b *grade.Batch) error {
	version := ""
	if len(b.Grades) > 0 {
		version = b.Grades[0].Basis.Harness
	}
	r := newCTRF(b.Day, version)
	all := []ctrfGrade{}
	for i := range b.Grades {
		r.add(&b.Grades[i])
		all = append(all, ctrfGradeOf(&b.Grades[i]))
	}
	r.Results.Extra = map[string]any{"day": b.Day, "grades": all}
	return writeJSON(w, r)
}

func newCTRF(day int, version string) *ctrfReport {
	return &ctrfReport{Format: "CTRF", Version: ctrfVersion, By: "daybook", Results: ctrfResults{
		Tool: ctrfTool{Name: "daybook", Version: oneLine(version)}, Tests: []ctrfTest{},
	}}
}

// add appends the tests of a grade, and counts them.
func (r *ctrfReport) add(g *grade.Grade) {
	s := &r.Results.Summary
	if !g.Begun.IsZero() {
		begun := g.Begun.UnixMilli()
		if s.Start == 0 || begun < s.Start {
			s.Start = begun
		}
		s.Stop = max(s.Stop, begun+g.DurationMS)
	}
	for _, e := range entries(g) {
		status := "other"
		s.Tests++
		switch e.status {
		case check.Passed:
			status, s.Passed = "passed", s.Passed+1
		case check.Failed:
			status, s.Failed = "failed", s.Failed+1
		case check.Skipped:
			status, s.Skipped = "skipped", s.Skipped+1
		default:
			s.Other++
		}
		r.Results.Tests = append(r.Results.Tests, ctrfTestOf(g, &e, status))
	}
}

func ctrfTestOf(g *grade.Grade, e *entry, status string) ctrfTest {
	extra := map[string]any{"id": e.id, "max_points": e.max}
	if e.status != check.Errored {
		extra["points"] = e.points
	}
	name := e.title
	if name == "" {
		name = e.id // a test without a name is not allowed
	}
	at := e.place()
	return ctrfTest{
		Name: name, Status: status, RawStatus: string(e.status), Duration: e.duration,
		Suite:   []string{fmt.Sprintf("day %d", g.Day), oneLine(g.Submission.ID), e.exercise},
		Message: e.short(), Trace: e.long(), FilePath: at.File, Line: at.Line, Extra: extra,
	}
}

func ctrfGradeOf(g *grade.Grade) ctrfGrade {
	c := ctrfGrade{Submission: oneLine(g.Submission.ID), Status: string(g.Status), Reason: reason(g), MaxPoints: g.MaxPoints}
	if g.Status == grade.Graded {
		c.Points = &g.Points
		for _, l := range g.Lines {
			c.Lines = append(c.Lines, lineJSON{oneLine(l.Text), l.Points})
		}
	}
	return c
}
