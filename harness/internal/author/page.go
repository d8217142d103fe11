package author

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

// Pages checks Markdown files of a workbook: every code block that names the
// file it is from is that file's text to the letter, every block that names the
// command it is from is what that command prints, no other block shows code, and
// every link within the repository leads somewhere.
//
// A block is named by the line before it: <!-- from: PATH --> for a whole file,
// <!-- from: PATH /START/ /END/ --> for the lines from the first that matches
// START to the next that matches END, and <!-- output: daybook ARGUMENTS --> for
// what that prints to standard output, with /START/ /END/ if it is to be a part.
type Pages struct {
	Root    string // the workbook
	Daybook string // the program to run for what commands print
	Update  bool   // write quotations anew instead of comparing them
}

// Check looks at one file. The error is that it could not be read or written.
func (p Pages) Check(ctx context.Context, file string) ([]catalog.Problem, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading a page: %w", err)
	}
	c := &pageCheck{Pages: p, file: file, lines: strings.Split(string(text), "\n")}
	c.blocks(ctx)
	c.links(string(text))
	if now := strings.Join(c.lines, "\n"); now != string(text) {
		const readable = 0o644
		if err := os.WriteFile(file, []byte(now), readable); err != nil {
			return nil, fmt.Errorf("writing quotations anew: %w", err)
		}
	}
	return c.problems, nil
}

type pageCheck struct {
	Pages
	file     string
	lines    []string
	problems []catalog.Problem
	prose    strings.Builder // the page without its code blocks
}

func (c *pageCheck) add(line int, format string, args ...any) {
	rel, err := filepath.Rel(c.Root, c.file)
	if err != nil {
		rel = c.file
	}
	c.problems = append(c.problems, catalog.Problem{File: filepath.ToSlash(rel), Line: line, Text: fmt.Sprintf(format, args...)})
}

var (
	marker = regexp.MustCompile(`^\s*<!-- (from|output): (.*?)(?: /(.*)/ /(.*)/)? -->$`)
	fence  = regexp.MustCompile("^\\s*```\\s*(\\S*)")
)

// blocks looks at each fenced block.
func (c *pageCheck) blocks(ctx context.Context) {
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
		c.prose.WriteString(strings.Repeat("\n", end-i+1))
		end = c.block(ctx, i, min(end, len(c.lines)), open[1])
		i = end
	}
}

// block looks at the block whose fences are lines open and end (from 0), and
// returns where it ends afterwards.
func (c *pageCheck) block(ctx context.Context, open, end int, language string) int {
	var named []string
	if open > 0 {
		named = marker.FindStringSubmatch(c.lines[open-1])
	}
	if named == nil {
		// What a reader types or sees in a terminal is in no file.
		if language != "sh" && language != "text" {
			c.add(open+1, "a block of code that names no file: put <!-- from: PATH --> before it, or make it ```sh")
		}
		return end
	}
	body := strings.Join(c.lines[open+1:end], "\n")
	want, same, err := c.quoted(ctx, named[1], named[2])
	if err == nil {
		want, err = excerpt(named[2], want, named[3], named[4])
	}
	want = strings.TrimSuffix(want, "\n")
	switch {
	case err != nil:
		c.add(open, "%v", err)
	case same(want, body):
	case c.Update:
		lines := strings.Split(want, "\n")
		c.lines = slices.Replace(c.lines, open+1, end, lines...)
		return open + 1 + len(lines)
	default:
		c.add(open+1, "the block is not what %s says; it should be (`make verify ARGS=--update` puts it there):\n%s", named[2], want)
	}
	return end
}

// quoted gives what a block may quote, and how to compare it.
func (c *pageCheck) quoted(ctx context.Context, kind, source string) (text string, same func(a, b string) bool, err error) {
	if kind == "output" {
		text, err = c.output(ctx, source)
		return text, sameOutput, err
	}
	file, err := os.ReadFile(filepath.Join(c.Root, filepath.FromSlash(source)))
	if err != nil {
		return "", nil, fmt.Errorf("the page quotes a file that cannot be read: %w", err)
	}
	return string(file), func(a, b string) bool { return a == b }, nil
}

// excerpt gives a text's lines from one that matches from to one that matches
// to, or all of it when from is empty.
func excerpt(source, text, from, to string) (string, error) {
	if from == "" {
		return text, nil
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
	for line := range strings.Lines(text) {
		bare := strings.TrimRight(line, "\n")
		inside = inside || first.MatchString(bare)
		if inside {
			out.WriteString(bare + "\n")
			if last.MatchString(bare) {
				return out.String(), nil
			}
		}
	}
	return "", fmt.Errorf("%s has no lines from /%s/ to /%s/", source, from, to)
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
