package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	xhtml "golang.org/x/net/html"

	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// page is what a Markdown text is rendered to: its elements in order, the text
// that is code, and the text that is not.
type page struct {
	elements []string
	code     []string
	prose    string
}

// rendered renders as GitHub does: GFM, with HTML let through, so that a tag of a
// learner's would be seen.
func rendered(t testing.TB, markdown string) page {
	var b bytes.Buffer
	require.NoError(t, goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe())).Convert([]byte(markdown), &b))
	root, err := xhtml.Parse(&b)
	require.NoError(t, err)
	var p page
	var walk func(n *xhtml.Node, code bool)
	walk = func(n *xhtml.Node, code bool) {
		switch n.Type {
		case xhtml.ElementNode:
			p.elements = append(p.elements, n.Data)
			if n.Data == "code" {
				code = true
				p.code = append(p.code, "")
			}
		case xhtml.TextNode:
			if code {
				p.code[len(p.code)-1] += n.Data
			} else {
				p.prose += n.Data
			}
		case xhtml.CommentNode, xhtml.DoctypeNode:
			p.elements = append(p.elements, "<!"+n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, code)
		}
	}
	walk(root, false)
	return p
}

func TestSummaryOfAGrade(t *testing.T) {
	p := rendered(t, one(t, summaryOne, graded("exit status 127")))
	assert.Contains(t, p.prose, "Day 7: 3 of 19 points")
	assert.Contains(t, p.prose, ": It starts on <scratch>")
	assert.Contains(t, p.prose, "late by 1 day\n-2\n", "the cells of a row")
	assert.Contains(t, p.prose, "3/3")
	assert.Contains(t, p.prose, "⏭️ not run")
	assert.Contains(t, p.code, "pack / starts")
	assert.Contains(t, p.code, "want    the service to answer\ngot     exit status 127\nlook    Dockerfile:7\nlook    .dockerignore\nbecause A binary that needs libc cannot start.\n")
	assert.Contains(t, p.code, "advice  Could be shorter.\n")
	for _, e := range p.elements {
		assert.NotContains(t, []string{"a", "img", "script", "input"}, e)
	}
}

func TestSummaryOfWhatHasNoGrade(t *testing.T) {
	for want, g := range map[string]*grade.Grade{"Day 7: not graded, try again": ungraded("x"), "Day 7: refused, no points": refused("x")} {
		p := rendered(t, one(t, summaryOne, g))
		assert.Contains(t, p.prose, want)
		assert.Contains(t, p.code, g.Reason+"\n")
		assert.NotContains(t, p.prose, "0 of 19")
	}
	p := rendered(t, all(t, summaryAll, batch(graded("x"), ungraded("x"), refused("x"))))
	assert.Contains(t, p.prose, "3 submissions: 1 graded, 1 to be tried again, 1 refused.")
	assert.Contains(t, p.prose, "3/19")
	assert.NotContains(t, p.prose, "0/19")
	assert.Contains(t, p.code, refused("x").Reason+"\n")
}

// Whatever the text, the page has the elements that it has for a plain one, says
// outside of code what it says then, and shows the text as it is.
func FuzzSummaryIsOnlyText(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		if oneLine(text) == "" {
			return // then there is no advice, and a dash for the name
		}
		same := func(name, hostile, plain string) {
			got, want := rendered(t, hostile), rendered(t, plain)
			require.Equal(t, want.elements, got.elements, name)
			require.Equal(t, want.prose, got.prose, name)
			for i := range want.code {
				if !strings.Contains(want.code[i], "PLAIN") {
					require.Equal(t, want.code[i], got.code[i], name)
				}
			}
		}
		hostiles, plains := everywhere(text), everywhere("PLAIN")
		for i := range hostiles {
			same(hostiles[i].Submission.ID, one(t, summaryOne, hostiles[i]), one(t, summaryOne, plains[i]))
		}
		same("all", all(t, summaryAll, batch(hostiles...)), all(t, summaryAll, batch(plains...)))

		p := rendered(t, one(t, summaryOne, hostiles[0]))
		require.Contains(t, p.code, strings.ReplaceAll(learner(hostiles[0].Submission), "|", "¦"))
		require.Contains(t, p.code, cutBytes(entries(hostiles[0])[1].long(), quoteLimit)+"\n")
	})
}

func TestSummaryIsCutBetweenBlocks(t *testing.T) {
	b := batch(refused("x"))
	for i := range 15_000 {
		g := blank(fmt.Sprintf("learner-%d", i))
		g.Status, g.Points, g.Submission.Name = grade.Graded, 3, strings.Repeat("n", 60)
		b.Grades = append(b.Grades, *g)
	}
	out := all(t, summaryAll, b)
	assert.Less(t, len(out), 1024<<10)
	assert.Greater(t, len(out), 900_000)
	assert.True(t, strings.HasSuffix(out, "| graded | 3/19 |\n"+cutNote))
	assert.Equal(t, strings.Count(out, "| graded | 3/19 |\n"), strings.Count(out, "learner-"), "no row is cut in two")

	p := rendered(t, fit(batchBlocks(b), 5000))
	assert.True(t, strings.HasSuffix(strings.TrimSpace(p.prose), "The other reports have all of it."), "the note is no row")
	assert.Contains(t, p.code, "learner-0")
}

// A fenced block that is cut in two would take the note in, or let the rest out.
func TestSummaryCutsNoCodeBlock(t *testing.T) {
	g := graded("x")
	for range 150 {
		g.Result.Exercises[0].Checks = append(g.Result.Exercises[0].Checks, failedStarts(strings.Repeat("```\n<b>\n", 2_000)))
	}
	out := one(t, summaryOne, g)
	assert.Less(t, len(out), 1024<<10)
	assert.True(t, strings.HasSuffix(out, cutNote))
	p := rendered(t, fit(gradeBlocks(g), 60_000))
	assert.NotContains(t, p.elements, "b")
	assert.True(t, strings.HasSuffix(strings.TrimSpace(p.prose), "The other reports have all of it."))
}

func TestFit(t *testing.T) {
	blocks := []string{strings.Repeat("a", 200), strings.Repeat("b", 200)}
	assert.Equal(t, blocks[0]+blocks[1], fit(blocks, 400))
	assert.Equal(t, blocks[0]+cutNote, fit(blocks, 399))
	assert.Equal(t, cutNote, fit(blocks, len(cutNote)))
	assert.Empty(t, fit(blocks, len(cutNote)-1))
}
