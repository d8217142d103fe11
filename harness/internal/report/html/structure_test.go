package html

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/daybook-dev/daybook/harness/internal/grade"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// pages are pages of every kind, with ordinary and with hostile texts.
func pages(t *testing.T) map[string]string {
	t.Helper()
	b := class(t, 60)
	all := map[string]string{
		"class":          batchPage(t, b),
		"empty batch":    batchPage(t, &grade.Batch{Day: 1}),
		"hostile batch":  batchPage(t, poisonedBatch("http://canary.invalid")),
		"graded":         onePage(t, &b.Grades[1]),
		"untouched":      onePage(t, &b.Grades[4]),
		"ungraded":       onePage(t, &b.Grades[5]),
		"refused":        onePage(t, &b.Grades[12]),
		"an empty grade": onePage(t, &grade.Grade{}),
	}
	for name, evil := range hostile("http://canary.invalid") {
		g := poisoned(evil, grade.Graded)
		all["hostile, "+name] = onePage(t, &g)
	}
	return all
}

// attribute of n, and whether it has it.
func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// elements of a document, in its order.
func elements(t *testing.T, page string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	var all []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

// content is the text in n.
func content(n *html.Node) string {
	var text strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			text.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(text.String())
}

// known are the elements and attributes that our templates use: whatever else
// is on a page, somebody brought along.
var known = struct{ elements, attributes string }{
	"html head meta link title style body a header nav main footer section article h1 h2 h3 h4 p ul li dl div dt dd table caption thead tbody tfoot tr th td " +
		"span bdi small strong time svg rect line text desc figure figcaption details summary label input select optgroup option button script",
	"lang charset http-equiv content name rel href id class tabindex aria-label aria-labelledby aria-hidden role scope colspan datetime hidden for type autocomplete spellcheck value label " +
		"width height rx x y x1 x2 y1 y2 text-anchor data-failed data-sort data-row data-status data-fails data-value",
}

func TestNothingButOurMarkup(t *testing.T) {
	for name, page := range pages(t) {
		t.Run(name, func(t *testing.T) {
			scripts, styles := 0, 0
			for _, n := range elements(t, page) {
				require.Contains(t, strings.Fields(known.elements), n.Data)
				for _, a := range n.Attr {
					require.Contains(t, strings.Fields(known.attributes), a.Key, "of <%s>", n.Data)
					if a.Key == "href" {
						require.True(t, strings.HasPrefix(a.Val, "#") || a.Val == "data:,", "a page leads to itself only, not to %.80q", a.Val)
					}
				}
				switch n.Data {
				case "script":
					scripts++
				case "style":
					styles++
				}
			}
			assert.LessOrEqual(t, scripts, 1)
			assert.Equal(t, 1, styles)
			assert.NotContains(t, page, "ZgotmplZ", "a value stands where html/template cannot make it safe")
		})
	}
}

// An override in a learner's text would turn around ours, and what is invisible
// in it would not be seen.
func TestNothingInvisible(t *testing.T) {
	for name, page := range pages(t) {
		t.Run(name, func(t *testing.T) {
			for _, r := range page {
				if r != '\n' && r != '\t' && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) && r > 0x200f && r != 0x061c) {
					t.Fatalf("%U is on the page", r)
				}
			}
		})
	}
}

func TestStructure(t *testing.T) {
	for name, page := range pages(t) {
		t.Run(name, func(t *testing.T) {
			ids, level := map[string]int{}, 0
			all := elements(t, page)
			for _, n := range all {
				if id, has := attribute(n, "id"); has {
					ids[id]++
				}
			}
			for id, times := range ids {
				assert.Equal(t, 1, times, "id %s", id)
			}
			tops := 0
			for _, n := range all {
				if href, _ := attribute(n, "href"); strings.HasPrefix(href, "#") {
					assert.Contains(t, ids, href[1:], "a link leads nowhere")
				}
				if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
					now := int(n.Data[1] - '0')
					assert.LessOrEqual(t, now, level+1, "heading %.60q skips a level", content(n))
					assert.NotEmpty(t, content(n), "a heading says nothing")
					if level = now; now == 1 {
						tops++
					}
				}
				element(t, n, ids)
			}
			assert.Equal(t, 1, tops, "h1")
		})
	}
}

// element checks what can be said of one element.
func element(t *testing.T, n *html.Node, ids map[string]int) {
	switch n.Data {
	case "th":
		_, has := attribute(n, "scope")
		assert.True(t, has, "th %.60q has no scope", content(n))
	case "table":
		require.NotNil(t, n.FirstChild)
		first := n.FirstChild
		for first.Type == html.TextNode {
			first = first.NextSibling
		}
		assert.Equal(t, "caption", first.Data)
		assert.NotEmpty(t, content(first))
	case "a", "button", "summary":
		label, _ := attribute(n, "aria-label")
		assert.NotEmpty(t, content(n)+label, "%s has no name", n.Data)
	case "label":
		for_, _ := attribute(n, "for")
		assert.Contains(t, ids, for_)
	case "section", "svg":
		if by, has := attribute(n, "aria-labelledby"); has {
			for id := range strings.FieldsSeq(by) {
				assert.Contains(t, ids, id)
			}
		}
	}
	if index, _ := attribute(n, "tabindex"); index == "0" {
		label, _ := attribute(n, "aria-label")
		assert.NotEmpty(t, label, "%s can have the focus and has no name", n.Data)
	}
}

// What a learner wrote stands in an element of its own direction.
func TestNamesAreIsolated(t *testing.T) {
	b := class(t, 60)
	for _, page := range []string{batchPage(t, b), onePage(t, &b.Grades[4])} {
		root, err := html.Parse(strings.NewReader(page))
		require.NoError(t, err)
		seen := 0
		for n := range root.Descendants() {
			if n.Type == html.TextNode && strings.Contains(n.Data, "محمد") && n.Parent.Data != "title" {
				seen++
				assert.Equal(t, "bdi", n.Parent.Data)
			}
		}
		assert.Positive(t, seen)
	}
}
