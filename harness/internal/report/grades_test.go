package report

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// hostile is what learners have tried, or may try, to have reported.
var hostile = []string{
	"", " ", "\n", "plain", "two\nlines", "cr\rlf\r\nnel\u0085ls\u2028ps\u2029end", "tab\tin it",
	"]]>", "<![CDATA[x]]>", "<script>alert(1)</script>", "</code></pre><img src=x onerror=alert(1)>", "&amp;&lt;&#60;",
	"\x1b[31mred\x1b[0m", "\x1b]0;title\x07after", "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "\x1b", "\x1b[", "\u009b2Jcleared", "a\x00b\x7fc\x08d",
	"bad\xff\xfeutf8\xc3", "\xed\xa0\x80surrogate", "non\uFFFE\uFFFFcharacter\U0001FFFE", "\u202Etxt.exe\u2066",
	"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠SUM", `"=1+1"`, "a;=1", "a,=1", "a|=1", ";;==", "  =1", "'=1", "=cmd|' /C calc'!A0",
	"::error::x", "::add-mask::a", "\n::set-output name=result::x", "  ::stop-commands::x", "##[error]x", "a ##[add-mask]b", "\u200b::error::x", "a#\u200b#[error]x", "100% sure\n::warning::", "%0A::error::x",
	"`", "``", "```", "```\n# heading\n```", "~~~", "`code` and ``more``", "|a|b|", `\|`, `\`, "](http://evil.example)", "![x](http://evil.example/x.png)", "<http://evil.example>", "http://evil.example www.evil.example a@evil.example",
	"@everyone", "#1 org/repo#1", ":smile: $x^2$", "| --- |", "- [ ] task", "    indented", "> quote", "<details><summary>x", "<!-- hidden", "[^1]", "***",
	"{{7*7}} ${{ secrets.X }} $(id) `id`", "\\u003c", strings.Repeat("x", 9000), strings.Repeat("é𝒳\n", 3000), strings.Repeat("`", 300),
}

var begun = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// failedStarts is a failed check whose texts hold what a learner wrote.
func failedStarts(learners string) check.CheckResult {
	return check.CheckResult{ID: "starts", Title: "It starts on <scratch>", Status: check.Failed, MaxPoints: 10, DurationMS: 345, Needs: []string{"builds"},
		Finding: &check.Finding{Want: "the service to answer", Got: learners, Because: "A binary that needs libc cannot start.", Look: []check.Place{{File: "Dockerfile", Line: 7}, {File: ".dockerignore"}}}}
}

// graded is late work: two of four checks pass for 5 of 19 points, less 2.
func graded(learners string) *grade.Grade {
	r := &check.Result{Day: 7, Seed: 42, Exercises: []check.ExerciseResult{
		{ID: "pack", Checks: []check.CheckResult{
			{ID: "builds", Title: "It builds", Status: check.Passed, Points: 3, MaxPoints: 3, DurationMS: 1200, Needs: []string{}},
			failedStarts(learners),
			{ID: "stops", Title: "It stops", Status: check.Skipped, MaxPoints: 4, Needs: []string{"starts"}, MissedNeed: "starts"},
		}},
		{ID: "parse", Checks: []check.CheckResult{
			{ID: "parses", Title: "It parses", Status: check.Passed, Points: 2, MaxPoints: 2, DurationMS: 5, Needs: []string{}, Advice: []string{"Could be shorter."}},
		}},
	}}
	r.Total()
	g := blank("ada")
	g.Status, g.Points, g.Result = grade.Graded, 3, r
	g.Lines = []grade.Line{{Text: "2 of 4 checks", Points: 5}, {Text: "late by 1 day", Points: -2}}
	return g
}

// ungraded is work of which a check could not be decided.
func ungraded(text string) *grade.Grade {
	r := &check.Result{Day: 7, Exercises: []check.ExerciseResult{{ID: "pack", Checks: []check.CheckResult{
		{ID: "lints", Title: "It lints", Status: check.Passed, Points: 2, MaxPoints: 2, Needs: []string{}},
		{ID: "builds", Title: "It builds", Status: check.Errored, MaxPoints: 3, Needs: []string{}, Trouble: &check.Trouble{Message: "no engine answers: " + text, Mend: "start Docker"}},
		{ID: "starts", Title: "It starts", Status: check.Skipped, MaxPoints: 10, Needs: []string{"builds"}, MissedNeed: "builds"},
		{ID: "stops", Title: "It stops", Status: check.Skipped, MaxPoints: 4, Needs: []string{"starts"}, MissedNeed: "starts"},
	}}}}
	r.Total()
	g := blank("bob")
	g.Status, g.Reason, g.Result = grade.Ungraded, "1 check could not be decided: "+text, r
	return g
}

// refused is a submission that is none.
func refused(text string) *grade.Grade {
	g := blank("eve")
	g.Status, g.Reason = grade.Refused, "the archive cannot be read: "+text
	g.Submission.LeftOut = []grade.LeftOut{{Name: text, Reason: "not a file of the day"}}
	return g
}

// solved is work that has all points.
func solved() *grade.Grade {
	g := graded("")
	for i := range g.Result.Exercises {
		for j := range g.Result.Exercises[i].Checks {
			c := &g.Result.Exercises[i].Checks[j]
			c.Status, c.Points, c.Finding, c.MissedNeed = check.Passed, c.MaxPoints, nil, ""
		}
	}
	g.Result.Total()
	g.Points, g.Lines = 19, []grade.Line{{Text: "4 of 4 checks", Points: 19}}
	return g
}

func blank(id string) *grade.Grade {
	return &grade.Grade{
		Schema: grade.Schema, Day: 7, MaxPoints: 19, Begun: begun, DurationMS: 2345,
		Submission: grade.Submission{ID: id, Name: "Ada Example", Source: id + ".zip", Hash: strings.Repeat("ab", 32), Submitted: begun.Add(-time.Hour)},
		Basis:      grade.Basis{Key: "key", Harness: "v1.2.3", Toolchain: "go1.26.8 linux/amd64", Isolation: "hostile"},
	}
}

// everywhere is a grade with text wherever a learner's may get.
func everywhere(text string) []*grade.Grade {
	a, b, c := graded(text), ungraded(text), refused(text)
	f := a.Result.Exercises[0].Checks[1].Finding
	f.Want, f.Because, f.Look[0].File = "the service to answer "+text, "because "+text, text
	a.Result.Exercises[1].Checks[0].Advice = []string{text}
	for _, g := range []*grade.Grade{a, b, c} {
		g.Submission.Name, g.Submission.Source = text, text
	}
	return []*grade.Grade{a, b, c}
}

func batch(all ...*grade.Grade) *grade.Batch {
	b := &grade.Batch{Schema: grade.BatchSchema, Day: 7, Title: "A small day"}
	for _, g := range all {
		b.Grades = append(b.Grades, *g)
	}
	return b
}

// one writes a grade and gives what was written.
func one(t testing.TB, write func(io.Writer, *grade.Grade) error, g *grade.Grade) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, write(&b, g))
	return b.String()
}

// all writes a batch and gives what was written.
func all(t testing.TB, write func(io.Writer, *grade.Batch) error, b *grade.Batch) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, write(&out, b))
	return out.String()
}

// seed adds the hostile texts to a fuzz test, which go test then runs with each.
func seed(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
}
