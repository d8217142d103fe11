package catalog

import (
	"os"
	"regexp"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// HintCount is how many hints a check has: a nudge, the idea, nearly the answer.
const HintCount = 3

// scenario reads a check's file: its script, why and hints.
func (l *loader) scenario(c *check.Check, manifest string, line int) {
	data, err := os.ReadFile(c.Script)
	if err != nil {
		l.add(manifest, line, "check %s has no scenario: there is no %s", c.ID, l.rel(c.Script))
		return
	}
	lineOf := func(marker string) int {
		before, _, ok := strings.Cut(string(data), marker)
		if !ok {
			return 0
		}
		return 1 + strings.Count(before, "\n")
	}
	a := txtar.Parse(data)
	for _, f := range a.Files {
		body := strings.TrimSpace(string(f.Data))
		switch f.Name {
		case "why.md":
			c.Why = body
		case "hints.md":
			c.Hints = hints(body)
		}
	}
	if c.Why == "" {
		l.add(c.Script, lineOf("-- why.md --"), "there is no why.md that says why the check matters")
	}
	if len(c.Hints) != HintCount {
		l.add(c.Script, lineOf("-- hints.md --"), "hints.md has %d hints, and %d are wanted (each begins with `1. `, `2. ` …)", len(c.Hints), HintCount)
	}
	l.script(c.Script, string(a.Comment))
}

var hintStart = regexp.MustCompile(`(?m)^\d+\. `)

// hints splits a numbered Markdown list.
func hints(body string) []string {
	var all []string
	at := hintStart.FindAllStringIndex(body, -1)
	for i, m := range at {
		end := len(body)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		if h := strings.TrimSpace(body[m[1]:end]); h != "" {
			all = append(all, h)
		}
	}
	return all
}

// script checks that every line of a scenario uses a command that there is.
func (l *loader) script(file, text string) {
	used := CommandsIn(text)
	for _, u := range used {
		if !l.isCommand(u.Name) {
			l.add(file, u.Line, "unknown command %s (`daybook commands` lists them)", u.Name)
		}
	}
	n := 0
	for line := range strings.Lines(text) {
		if n++; isOpen(line) {
			l.add(file, n, "a quote is opened and not closed: '' inside quotes is one that is meant")
		}
	}
	if len(used) == 0 {
		l.add(file, 1, "the script is empty, so it would always pass")
	}
}

// isOpen reports whether a line of a script ends within single quotes.
func isOpen(line string) bool {
	quoted, between := false, true
	for _, r := range line {
		switch {
		case r == '\'':
			quoted = !quoted
		case r == '#' && between && !quoted: // a comment
			return false
		}
		between = r == ' ' || r == '\t'
	}
	return quoted
}

// Used is a command at a line of a script.
type Used struct {
	Name string
	Line int
}

// CommandsIn lists the commands that a scenario's script uses, in order.
// Comments, conditions and the marks ! and ? are passed over.
func CommandsIn(script string) []Used {
	var used []Used
	n := 0
	for line := range strings.Lines(script) {
		n++
		words := strings.Fields(line)
		for len(words) > 0 && (words[0] == "!" || words[0] == "?" || strings.HasPrefix(words[0], "[")) {
			words = words[1:]
		}
		if len(words) > 0 && !strings.HasPrefix(words[0], "#") {
			used = append(used, Used{Name: words[0], Line: n})
		}
	}
	return used
}

// sums reads the list of the exercise's files and compares the names with the
// editable patterns.
func (l *loader) sums(file string, d *Day) map[string]string {
	data, err := os.ReadFile(file)
	if err != nil {
		l.add(file, 0, "it cannot be read; `daybook sum %d` writes it", d.Number)
		return nil
	}
	sums := map[string]string{}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok || len(sum) != 64 {
			l.add(file, n, "a SHA-256, two spaces and a path are wanted")
			continue
		}
		sums[name] = sum
	}
	if n == 0 {
		l.add(file, 0, "it lists no file; `daybook sum %d` writes it", d.Number)
	}
	return sums
}

var (
	heading  = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
	fenced   = regexp.MustCompile("(?ms)^ {0,3}```.*?^ {0,3}```[ \t]*$") // what is a comment in code is no heading
	explicit = regexp.MustCompile(`<a (?:id|name)="([^"]+)">`)
	dropped  = regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
)

// anchors gives the anchors of a Markdown page's headings, made the way GitHub
// makes them. It is nil when there is no page.
func (l *loader) anchors(page string) map[string]bool {
	data, err := os.ReadFile(page)
	if err != nil {
		return nil
	}
	return Anchors(string(data))
}

// Anchors gives the anchors that a Markdown text's headings and explicit
// anchors make on GitHub.
func Anchors(markdown string) map[string]bool {
	anchors := map[string]bool{}
	markdown = fenced.ReplaceAllString(markdown, "")
	for _, m := range heading.FindAllStringSubmatch(markdown, -1) {
		a := dropped.ReplaceAllString(strings.ToLower(m[1]), "")
		anchors[strings.ReplaceAll(a, " ", "-")] = true
	}
	for _, m := range explicit.FindAllStringSubmatch(markdown, -1) {
		anchors[m[1]] = true
	}
	return anchors
}
