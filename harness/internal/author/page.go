package author

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

// Page checks a day's page: every code block that names the file it is from is
// that file's text to the letter, no other block shows code, and every link
// within the repository leads somewhere.
//
// A block is named by the line before it: <!-- from: PATH --> for a whole file
// and <!-- from: PATH /START/ /END/ --> for the lines from the first that
// matches START to the next that matches END.
func Page(p Plan) ([]catalog.Problem, error) {
	file := filepath.Join(p.Day.Dir, p.Day.Page)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the page: %w", err)
	}
	c := &pageCheck{root: p.Root, file: file, lines: strings.Split(string(text), "\n")}
	c.blocks()
	c.links(string(text))
	return c.problems, nil
}

type pageCheck struct {
	root, file string
	lines      []string
	problems   []catalog.Problem
	prose      strings.Builder // the page without its code blocks
}

func (c *pageCheck) add(line int, format string, args ...any) {
	rel, err := filepath.Rel(c.root, c.file)
	if err != nil {
		rel = c.file
	}
	c.problems = append(c.problems, catalog.Problem{File: filepath.ToSlash(rel), Line: line, Text: fmt.Sprintf(format, args...)})
}

var (
	marker = regexp.MustCompile(`^\s*<!-- from: (\S+)(?: /(.*)/ /(.*)/)? -->$`)
	fence  = regexp.MustCompile("^\\s*```\\s*(\\S*)")
)

// blocks looks at each fenced block.
func (c *pageCheck) blocks() {
	for i := 0; i < len(c.lines); i++ {
		open := fence.FindStringSubmatch(c.lines[i])
		if open == nil {
			c.prose.WriteString(c.lines[i] + "\n")
			continue
		}
		end := i + 1
		for end < len(c.lines) && fence.FindStringSubmatch(c.lines[end]) == nil {
			end++
		}
		c.block(i, open[1], strings.Join(c.lines[i+1:min(end, len(c.lines))], "\n")+"\n")
		c.prose.WriteString(strings.Repeat("\n", end-i+1))
		i = end
	}
}

// block looks at the block whose fence is line at (from 0).
func (c *pageCheck) block(at int, language, body string) {
	var named []string
	if at > 0 {
		named = marker.FindStringSubmatch(c.lines[at-1])
	}
	if named == nil {
		// What a reader types or sees in a terminal is in no file.
		if language != "sh" && language != "text" {
			c.add(at+1, "a block of code that names no file: put <!-- from: PATH --> before it, or make it ```sh")
		}
		return
	}
	want, err := excerpt(filepath.Join(c.root, filepath.FromSlash(named[1])), named[2], named[3])
	if err != nil {
		c.add(at, "%v", err)
		return
	}
	if want != body {
		c.add(at+1, "the block is not what %s says there; it should be:\n%s", named[1], want)
	}
}

// excerpt gives a file's text, or its lines from one that matches from to one
// that matches to.
func excerpt(file, from, to string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("the page quotes a file that cannot be read: %w", err)
	}
	if from == "" {
		return string(text), nil
	}
	first, err := regexp.Compile(from)
	if err != nil {
		return "", err
	}
	last, err := regexp.Compile(to)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	inside := false
	for line := range strings.Lines(string(text)) {
		bare := strings.TrimRight(line, "\n")
		inside = inside || first.MatchString(bare)
		if inside {
			out.WriteString(bare + "\n")
			if last.MatchString(bare) {
				return out.String(), nil
			}
		}
	}
	return "", fmt.Errorf("%s has no lines from /%s/ to /%s/", file, from, to)
}

// link matches a Markdown link's target.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// links looks at each link that stays within the repository.
func (c *pageCheck) links(whole string) {
	own := catalog.Anchors(whole)
	n := 0
	for line := range strings.Lines(c.prose.String()) {
		n++
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			u, err := url.Parse(m[1])
			switch {
			case err != nil:
				c.add(n, "%s is no link: %v", m[1], err)
			case u.Scheme == "http" || (u.Scheme == "" && u.Host != ""):
				c.add(n, "%s: an https:// address is wanted", m[1])
			case u.Scheme != "":
			case u.Path == "":
				if !own[u.Fragment] {
					c.add(n, "the page has no heading for #%s", u.Fragment)
				}
			default:
				c.relative(n, u)
			}
		}
	}
}

func (c *pageCheck) relative(line int, u *url.URL) {
	target := filepath.Join(filepath.Dir(c.file), filepath.FromSlash(u.Path))
	text, err := os.ReadFile(target)
	if info, statErr := os.Stat(target); statErr == nil && info.IsDir() {
		return
	}
	if err != nil {
		c.add(line, "the link to %s leads nowhere", u.Path)
		return
	}
	if u.Fragment != "" && strings.HasSuffix(target, ".md") && !catalog.Anchors(string(text))[u.Fragment] {
		c.add(line, "%s has no heading for #%s", u.Path, u.Fragment)
	}
}
