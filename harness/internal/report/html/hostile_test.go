package html

import (
	"fmt"
	"strings"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// run is what each hostile script does: it leaves a canary and opens a dialog.
const run = "window.canary=1;alert(1)"

// hostile are texts that want to be more than text. Those that ask for
// something over the network ask for it at url.
func hostile(url string) map[string]string {
	return map[string]string{
		"script":            "<script>" + run + "</script>",
		"end of script":     "</script><script>" + run + "</script>",
		"end of style":      "</style><script>" + run + "</script>",
		"end of title":      "</title></head><script>" + run + "</script>",
		"end of svg":        "</desc></svg></table></select><script>" + run + "</script>",
		"comment":           "<!--", // swallows what follows
		"end of comment":    "--><script>" + run + "</script>",
		"double quote":      `" autofocus tabindex=0 onfocus="` + run + `" x="`,
		"single quote":      `' autofocus onmouseover='` + run + `' onclick='` + run,
		"image":             `<img src="` + url + `/image" onerror="` + run + `">`,
		"attribute, image":  `"><img src="` + url + `/attribute" onerror="` + run + `">`,
		"frame":             `<iframe src="` + url + `/frame" srcdoc="<script>parent.` + run + `</script>"></iframe>`,
		"refresh":           `<meta http-equiv="refresh" content="0;url=` + url + `/refresh">`,
		"base":              `<base href="` + url + `/">`,
		"style sheet":       `<link rel="stylesheet" href="` + url + `/style">`,
		"style":             `<style>*{background:url(` + url + `/css);display:none!important}</style>`,
		"style attribute":   `x" style="background:url(` + url + `/css)`,
		"form":              `<form action="` + url + `/form"><input autofocus onfocus="` + run + `"><button>`,
		"prefetch":          `<link rel="prefetch" href="` + url + `/prefetch"><link rel="dns-prefetch" href="//evil.invalid">`,
		"drawing":           `<svg onload="` + run + `"><use href="` + url + `/use"></svg>`,
		"open details":      `<details open ontoggle="` + run + `">`,
		"address":           "javascript:" + run,
		"address, spaced":   " java\nscript:" + run,
		"data":              "data:text/html,<script>" + run + "</script>",
		"external address":  url + "/address",
		"template":          `{{.}}{{define "text"}}<script>` + run + `</script>{{end}}`,
		"template literal":  "`${" + run + "}`",
		"entities":          "&lt;script&gt;&#x3c;script&#x3e;&quot;&amp;",
		"UTF-7":             "+ADw-script+AD4-" + run + "+ADw-/script+AD4-",
		"clobbered":         `<a id="list"></a><form id="filters"><input name="hidden">`,
		"end of CDATA":      "]]><script>" + run + "</script>",
		"override":          "\u202egnp.exe\u202d\u2067x\u2069\u202c",
		"many overrides":    strings.Repeat("\u202e", 500) + "end",
		"right to left":     "العربية <b>",
		"terminal":          "\x1b[31mred\x1b[0m\x1b]8;;" + url + "\x07link\x1b]8;;\x07\x9b2J",
		"control":           "\x00\x01\b\x7f\u0085\u2028\u2029\ufeff\u200b\r",
		"not UTF-8":         "\xff\xfe\xc3\x28 <\xc0script>",
		"tower":             "Z" + strings.Repeat("\u0301\u0316", 500),
		"emoji":             "👩🏽‍💻🏴‍☠️" + strings.Repeat("👨‍👩‍👧‍👦", 50),
		"one long word":     strings.Repeat("A", 100_000),
		"long markup":       strings.Repeat("<b>", 33_000),
		"long lines":        strings.Repeat("line\n", 20_000),
		"spaces":            " \t\n ",
		"nothing":           "",
		"wide letters":      strings.Repeat("﷽", 200),
		"line ends":         "\n\n\n\n",
		"number as formula": `=HYPERLINK("` + url + `")`,
	}
}

// poisoned is a grade with evil wherever a text goes.
func poisoned(evil string, status grade.Status) grade.Grade {
	place := check.Place{File: evil, Line: 3}
	var checks []check.CheckResult
	for i, s := range []check.Status{check.Passed, check.Failed, check.Skipped, check.Errored, check.Status(evil)} {
		checks = append(checks, check.CheckResult{
			ID: fmt.Sprintf("%s-%d", evil, i), Title: evil, Status: s, Points: i, MaxPoints: 4, Needs: []string{evil},
			Finding: &check.Finding{Want: evil, Got: evil, Because: evil, Look: []check.Place{place, place}},
			Trouble: &check.Trouble{Message: evil, Mend: evil}, MissedNeed: evil, Advice: []string{evil, evil},
		})
	}
	left := make([]grade.LeftOut, 500)
	for i := range left {
		left[i] = grade.LeftOut{Name: evil, Reason: evil}
	}
	return grade.Grade{
		Schema: evil, Day: 1, Status: status, Reason: evil, Points: 2.5, MaxPoints: 10,
		Submission: grade.Submission{ID: evil, Name: evil, Source: evil, Hash: evil, Taken: []string{evil, evil}, LeftOut: left, Submitted: time.Unix(0, 0)},
		Lines:      []grade.Line{{Text: evil, Points: 2.5}},
		Result:     &check.Result{Exercises: []check.ExerciseResult{{ID: evil, Untouched: true, Checks: checks}, {ID: "x" + evil, Checks: checks}}},
		Basis:      grade.Basis{Key: evil, DayHash: evil, Harness: evil, Toolchain: evil, Images: map[string]string{evil: evil}, Isolation: evil, Limits: evil},
	}
}

// poisonedBatch has a submission for each hostile text, and a title of that
// kind. One text is in it for each status in turn.
func poisonedBatch(url string) *grade.Batch {
	b := &grade.Batch{Day: 1, Title: `</title><script>` + run + `</script>` + "\u202e"}
	texts := hostile(url)
	statuses := []grade.Status{grade.Graded, grade.Ungraded, grade.Refused}
	for i, name := range sortedKeys(texts) {
		b.Grades = append(b.Grades, poisoned(texts[name], statuses[i%3]))
	}
	return b
}
