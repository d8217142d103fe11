package author

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"golang.org/x/tools/txtar"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
)

// passes wants every check to pass.
func passes(r *check.Result) []string {
	var wrong []string
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			if c.Status != check.Passed {
				wrong = append(wrong, fmt.Sprintf("%s is %s, and should pass: %s", c.ID, c.Status, why(c)))
			}
		}
	}
	return wrong
}

func why(c check.CheckResult) string {
	switch {
	case c.Finding != nil:
		return c.Finding.Error()
	case c.Trouble != nil:
		return c.Trouble.Error()
	case c.Status == check.Passed:
		return "nothing was found wrong"
	}
	return "it needs " + c.MissedNeed
}

// stubs wants each exercise to fail at the check that the manifest declares,
// with nothing passed and nothing errored.
func (p Plan) stubs(r *check.Result) []string {
	var wrong []string
	for i, e := range r.Exercises {
		stub := p.Day.Exercises[i].Stub
		first := ""
		for _, c := range e.Checks {
			if c.Status == check.Failed && first == "" {
				first = c.ID
			}
			if c.Status == check.Passed || c.Status == check.Errored {
				wrong = append(wrong, fmt.Sprintf("%s is %s on the untouched exercise %s: %s", c.ID, c.Status, e.ID, why(c)))
			}
		}
		if first != stub {
			wrong = append(wrong, fmt.Sprintf("the untouched exercise %s fails first at %q, and its stub_fails is %s", e.ID, first, stub))
		}
		if !e.Untouched {
			wrong = append(wrong, fmt.Sprintf("exercise %s does not count as untouched: `make sum DAY=%d` writes it down as handed out", e.ID, p.Day.Number))
		}
	}
	return wrong
}

// caught wants the checks that m names to fail, those that it says are skipped
// to be skipped, all others to pass, and the findings to be the ones written
// down.
func (p Plan) caught(m catalog.Mistake, r *check.Result) []string {
	var wrong []string
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			expected := check.Passed
			switch {
			case slices.Contains(m.Fails, c.ID):
				expected = check.Failed
			case slices.Contains(m.Skips, c.ID):
				expected = check.Skipped
			}
			if c.Status != expected {
				wrong = append(wrong, fmt.Sprintf("%s is %s, and should be %s: %s", c.ID, c.Status, expected, why(c)))
			}
		}
	}
	got := Findings(r)
	switch {
	case got == m.Golden || len(wrong) > 0:
	case p.Update:
		if err := writeGolden(m.Path, got); err != nil {
			wrong = append(wrong, err.Error())
		}
	default:
		const written, now = "written down", "now"
		wrong = append(wrong, fmt.Sprintf("the findings are not the ones written down. If a check was made weaker, mend it; if these are as good, `make verify DAY=%d ARGS=\"--update --only %s\"`:\n%s",
			p.Day.Number, m.Name, diff.Diff(written, []byte(m.Golden), now, []byte(got))))
	}
	return wrong
}

// writeGolden puts findings into a mistake's file.
func writeGolden(path, findings string) error {
	a, err := txtar.ParseFile(path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	a.Files = slices.DeleteFunc(a.Files, func(f txtar.File) bool { return f.Name == catalog.GoldenFile })
	a.Files = append(a.Files, txtar.File{Name: catalog.GoldenFile, Data: []byte(findings)})
	const readable = 0o644
	return os.WriteFile(path, txtar.Format(a), readable)
}

// Findings writes a result's findings as text, without what differs from run
// to run.
func Findings(r *check.Result) string {
	var b strings.Builder
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			if c.Finding == nil {
				continue
			}
			fmt.Fprintf(&b, "%s\n", c.ID)
			fmt.Fprintf(&b, "  want:    %s\n", hang(c.Finding.Want))
			fmt.Fprintf(&b, "  got:     %s\n", hang(c.Finding.Got))
			fmt.Fprintf(&b, "  because: %s\n", hang(c.Finding.Because))
			for _, p := range c.Finding.Look {
				fmt.Fprintf(&b, "  look:    %s\n", p)
			}
		}
	}
	return normalize(b.String())
}

// hang indents the lines after the first.
func hang(text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n           ")
}

// variable is what differs from run to run, from machine to machine or from
// engine to engine, with what stands for it in golden findings. The seed is
// always the same, so random values are not among it.
var variable = []struct {
	match *regexp.Regexp
	word  string
}{
	{regexp.MustCompile(`go1\.\d+(\.\d+)?\b`), "GOVERSION"},
	{regexp.MustCompile(`\b\d+(\.\d+)? ?(kB|MB|GB|B)\b`), "SIZE"},
	{regexp.MustCompile(`\b\d+(\.\d+)?m?s\b`), "TIME"},
	{regexp.MustCompile(`\b\d+\.\d s\b`), "TIME"},
	{regexp.MustCompile(`\b[0-9a-f]{40,64}\b`), "HASH"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)`), "WHEN"},
	{regexp.MustCompile(`/[^\s"]*/daybook/runs/[^\s":]*`), "FOLDER"},
	{regexp.MustCompile(`(?m)\s+goroutine \d+.*$`), ""},
	{regexp.MustCompile(`\b0x[0-9a-f]{8,}`), "ADDRESS"},
	{regexp.MustCompile(`\b\d+(\.\d+){3}:\d+\b`), "HOST:PORT"},
	{regexp.MustCompile(`\(\d+ lines before\)`), "(LINES before)"},
	{regexp.MustCompile(`(such as the package) \S+`), "$1 PACKAGE"}, // compiled in any order
	{regexp.MustCompile(`\b\d+ (more files?|packages)\b`), "N $1"},
	{regexp.MustCompile(`-[0-9a-f]{6}\b`), "-RUN"},
	// Engines give a program that the kernel cannot load a status of their own,
	// and builders have their own words for a file that is not there.
	{regexp.MustCompile(`ended with status \d+( before it answered\n +exec )`), "ended with status STATUS$1"},
	{regexp.MustCompile(`("[^"\n]*") not found: not found`), "$1: not found"},
}

func normalize(text string) string {
	for _, v := range variable {
		text = v.match.ReplaceAllString(text, v.word)
	}
	return text
}
