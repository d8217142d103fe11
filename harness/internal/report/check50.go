package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// CS50's check50 prints this with --output json, after its sources (cs50/check50,
// runner.py, and renderer/_renderers.py with results.html, which read it again).
// "passed" is true, false, or null for what was not run or could not be decided.
// The text renderer reads cause of everything that is null, so that one always
// has a cause; a passed check has none.
//
// The HTML renderer puts the texts of a cause into its page unescaped. So the
// brackets of tags become other brackets there; the log, which it escapes, has the
// text as it is.
var check50Brackets = strings.NewReplacer("<", "‹", ">", "›")

type check50Report struct {
	Slug    string          `json:"slug"`
	Results []check50Result `json:"results"`
	Version string          `json:"version"`
}

type check50Result struct {
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Passed      *bool          `json:"passed"`
	Log         []string       `json:"log"`
	Cause       *check50Cause  `json:"cause"`
	Data        map[string]any `json:"data"`
	Dependency  *string        `json:"dependency"`
}

type check50Cause struct {
	Rationale string  `json:"rationale"`
	Help      *string `json:"help"`
	Expected  string  `json:"expected,omitempty"`
	Actual    string  `json:"actual,omitempty"`
}

func check50One(w io.Writer, g *grade.Grade) error {
	r := check50Report{Slug: fmt.Sprintf("daybook/%d", g.Day), Results: []check50Result{}, Version: oneLine(g.Basis.Harness)}
	for _, e := range entries(g) {
		r.Results = append(r.Results, check50Of(&e))
	}
	return writeJSON(w, r)
}

func check50Of(e *entry) check50Result {
	r := check50Result{Name: e.id, Description: e.title, Log: []string{}, Data: map[string]any{"exercise": e.exercise, "status": e.status, "max_points": e.max}}
	// check50 knows one need; the one that was missed says the most.
	if r.Dependency = text(e.missed); r.Dependency == nil && len(e.needs) > 0 {
		r.Dependency = &e.needs[0]
	}
	if long := e.long(); long != "" {
		r.Log = strings.Split(long, "\n")
	}
	passed := e.status == check.Passed
	if passed || e.status == check.Failed {
		r.Passed = &passed
		r.Data["points"] = e.points
	}
	if passed {
		return r
	}
	r.Cause = &check50Cause{Rationale: check50Brackets.Replace(e.short())}
	if f := e.finding; f != nil {
		r.Cause.Help = text(check50Brackets.Replace(f.Because))
		r.Cause.Expected, r.Cause.Actual = check50Brackets.Replace(f.Want), check50Brackets.Replace(f.Got)
	}
	if t := e.trouble; t != nil {
		r.Cause.Help = text(check50Brackets.Replace(t.Mend))
	}
	return r
}
