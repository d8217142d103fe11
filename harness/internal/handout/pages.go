package handout

import (
	"bytes"
	"embed"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

//go:embed templates
var templates embed.FS

// readme gives the README of what is handed out.
func (p Plan) readme() ([]byte, error) {
	text, err := templates.ReadFile("templates/README.md.tmpl")
	if err != nil {
		return nil, fmt.Errorf("reading a template: %w", err)
	}
	t, err := template.New("README.md").Option("missingkey=error").Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("reading a template: %w", err)
	}
	var out bytes.Buffer
	err = t.Execute(&out, struct {
		*catalog.Day
		PullRequests bool
	}{p.Day, slices.Contains(p.Workflows, Usual[0])})
	if err != nil {
		return nil, fmt.Errorf("filling in a template: %w", err)
	}
	return out.Bytes(), nil
}

var (
	answers  = regexp.MustCompile(`(?s)<!-- answers -->.*?<!-- /answers -->\s*`)
	answered = regexp.MustCompile(`<!-- /?answers -->|<!-- from: (?:solutions|days/\d+/(?:mistakes|variants|attacks))/`)
	fenced   = regexp.MustCompile("(?ms)^ {0,3}```.*?^ {0,3}```[ \t]*$")
	link     = regexp.MustCompile(`\[([^\]]*)\]\(([^)\s]+)\)`)
)

// page gives a Markdown file as it is handed out: without answers, and without
// links to what is not there.
func page(name string, text []byte, t tree) ([]byte, error) {
	text = answers.ReplaceAll(text, nil)
	if at := answered.FindIndex(text); at != nil {
		line := 1 + bytes.Count(text[:at[0]], []byte("\n"))
		return nil, refuse("%s, about line %d of what is handed out: it quotes an answer: put <!-- answers --> before it, and <!-- /answers --> after it", name, line)
	}
	var out strings.Builder
	rest := string(text)
	for rest != "" {
		code := fenced.FindStringIndex(rest)
		if code == nil {
			code = []int{len(rest), len(rest)}
		}
		out.WriteString(unlinked(name, rest[:code[0]], t))
		out.WriteString(rest[code[0]:code[1]])
		rest = rest[code[1]:]
	}
	return []byte(out.String()), nil
}

// unlinked makes text of the links that lead nowhere in t.
func unlinked(name, prose string, t tree) string {
	return link.ReplaceAllStringFunc(prose, func(whole string) string {
		m := link.FindStringSubmatch(whole)
		u, err := url.Parse(m[2])
		if err != nil || u.Scheme != "" || u.Host != "" || u.Path == "" {
			return whole
		}
		target := path.Join(path.Dir(name), u.Path)
		f, isFile := t[target]
		switch {
		case !t.has(target):
			return m[1]
		case isFile && u.Fragment != "" && path.Ext(target) == ".md" && !catalog.Anchors(string(f.data))[u.Fragment]:
			return m[1]
		}
		return whole
	})
}
