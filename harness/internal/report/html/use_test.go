package html

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// listed and mapped give the places in the batch of the rows that are shown.
func listed(p *tab) []int { return rows(p, "#list tbody tr") }

func mapped(p *tab) []int { return rows(p, "#map tbody tr") }

func rows(p *tab, selector string) []int {
	p.t.Helper()
	return ask[[]int](p, `[...document.querySelectorAll('`+selector+`')].filter(r => r.checkVisibility()).map(r => Number(r.dataset.row))`)
}

// those gives the places of the grades for which fits is true.
func those(b *grade.Batch, fits func(g *grade.Grade) bool) []int {
	all := []int{}
	for i := range b.Grades {
		if fits(&b.Grades[i]) {
			all = append(all, i)
		}
	}
	return all
}

// byPoints gives the places in the order of the points; what has none is last.
func byPoints(b *grade.Batch, down bool) []int {
	order := those(b, func(*grade.Grade) bool { return true })
	slices.SortStableFunc(order, func(i, j int) int {
		x, y := b.Grades[i], b.Grades[j]
		if (x.Status == grade.Graded) != (y.Status == grade.Graded) {
			if x.Status == grade.Graded {
				return -1
			}
			return 1
		}
		if down {
			x, y = y, x
		}
		return cmp.Compare(x.Points, y.Points)
	})
	return order
}

func fails(g *grade.Grade, exercise, id string) bool {
	if g.Result == nil {
		return false
	}
	for _, e := range g.Result.Exercises {
		for _, c := range e.Checks {
			if e.ID == exercise && c.ID == id {
				return c.Status == check.Failed
			}
		}
	}
	return false
}

// sorting gives the aria-sort of each column.
func sorting(p *tab) string {
	p.t.Helper()
	return ask[string](p, `[...document.querySelectorAll('#list thead th')].map(h => h.getAttribute('aria-sort') ?? '').join('|')`)
}

func TestSorting(t *testing.T) {
	b := class(t, 60)
	inOrder := those(b, func(*grade.Grade) bool { return true })
	press := func(key string) func(*tab) {
		return func(p *tab) {
			p.do(chromedp.Focus(chromedp.CSS("#list thead th:nth-child(3) button")), chromedp.KeyEvent(key))
		}
	}
	for name, use := range map[string]func(*tab){
		"by click": func(p *tab) { p.click("#list thead th:nth-child(3) button") },
		"by Enter": press(kb.Enter),
		"by Space": press(" "),
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, batchPage(t, b))
			require.Equal(t, inOrder, listed(p))
			assert.Equal(t, "|||||", sorting(p))
			use(p)
			assert.Equal(t, byPoints(b, false), listed(p), "ascending")
			assert.Equal(t, "||ascending|||", sorting(p))
			use(p)
			assert.Equal(t, byPoints(b, true), listed(p), "descending; what has no points is still last")
			assert.Equal(t, "||descending|||", sorting(p))
			assert.Equal(t, "Sorted by points, descending.", ask[string](p, `document.getElementById('said').textContent`))

			judged := slices.DeleteFunc(byPoints(b, true), func(i int) bool { return b.Grades[i].Result == nil })
			assert.Equal(t, judged, mapped(p), "the map follows the list")
		})
	}
}

// A keyboard gets to the heads of the columns, and is seen there.
func TestHeadsAreReachedByTab(t *testing.T) {
	p := open(t, batchPage(t, class(t, 5)))
	p.do(chromedp.Focus(chromedp.ID("filter-clear")), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab))
	assert.Equal(t, "submission", ask[string](p, `document.activeElement.textContent`))
	assert.Equal(t, "solid 3px", ask[string](p, `(s => s.outlineStyle + ' ' + s.outlineWidth)(getComputedStyle(document.activeElement))`))
	p.do(chromedp.KeyEvent(kb.Enter))
	assert.True(t, strings.HasPrefix(sorting(p), "ascending"))
}

func TestSkipLinkIsFirstAndSeen(t *testing.T) {
	g := class(t, 2).Grades[1]
	for _, page := range []string{onePage(t, &g), batchPage(t, class(t, 3))} {
		p := open(t, page)
		p.do(chromedp.KeyEvent(kb.Tab))
		assert.Equal(t, "skip", ask[string](p, `document.activeElement.className`))
		assert.GreaterOrEqual(t, ask[float64](p, `document.activeElement.getBoundingClientRect().top`), 0.0)
		p.do(chromedp.KeyEvent(kb.Enter))
		assert.Equal(t, "main", ask[string](p, `document.activeElement.id`))
	}
}

func TestFiltering(t *testing.T) {
	b := class(t, 90)
	p := open(t, batchPage(t, b))
	judged := func(g *grade.Grade) bool { return g.Result != nil }

	p.do(chromedp.SendKeys(chromedp.ID("filter-text"), "LOVELACE"))
	ada := func(g *grade.Grade) bool { return g.Submission.Name == "Ada Lovelace" }
	require.NotEmpty(t, those(b, ada))
	assert.Equal(t, those(b, ada), listed(p), "case does not matter")
	assert.Equal(t, those(b, func(g *grade.Grade) bool { return ada(g) && judged(g) }), mapped(p))
	assert.Equal(t, those(b, ada), rows(p, "article[data-row]"))
	assert.Equal(t, fmt.Sprintf("%d of 90 submissions are shown.", len(those(b, ada))), ask[string](p, `document.getElementById('said').textContent`))

	p.do(chromedp.SendKeys(chromedp.ID("filter-text"), " of nowhere"))
	assert.Empty(t, listed(p))
	assert.Equal(t, 2, ask[int](p, `[...document.querySelectorAll('.nothing')].filter(e => e.checkVisibility()).length`), "it says that there is none")

	p.click("#filter-clear")
	assert.Len(t, listed(p), 90)

	// By keyboard: a letter chooses in a list.
	p.do(chromedp.Focus(chromedp.ID("filter-status")), chromedp.KeyEvent("u"))
	ungraded := those(b, func(g *grade.Grade) bool { return g.Status == grade.Ungraded })
	require.NotEmpty(t, ungraded)
	assert.Equal(t, ungraded, listed(p))
}

// The checks that are failed most lead to those who fail them.
func TestFilteringByFailedCheck(t *testing.T) {
	b := class(t, 60)
	v := newBatch(b)
	p := open(t, batchPage(t, b))
	p.do(chromedp.SendKeys(chromedp.ID("filter-text"), "nobody is called that"))
	for place, c := range v.Ranked[:3] {
		p.click(fmt.Sprintf(".ranking tbody tr:nth-child(%d) a", place+1))
		who := those(b, func(g *grade.Grade) bool { return fails(g, c.Exercise, c.ID) })
		assert.Len(t, who, c.Tally.Failed)
		assert.Equal(t, who, listed(p), c.ID)
		assert.Equal(t, fmt.Sprint(c.Number), ask[string](p, `document.getElementById('filter-failed').value`))
	}
}

// atTop tells whether the target of the address is seen, and is the right one.
func assertAt(t *testing.T, p *tab, id string) {
	t.Helper()
	assert.Equal(t, "#"+id, ask[string](p, `location.hash`))
	assert.True(t, ask[bool](p, `(e => e.checkVisibility({contentVisibilityAuto: true}) && e.getBoundingClientRect().top < innerHeight && e.getBoundingClientRect().bottom > 0)(document.getElementById('`+id+`'))`), "%s is not seen", id)
}

func TestMapLeadsToDetails(t *testing.T) {
	b := class(t, 30)
	p := open(t, batchPage(t, b))
	for _, id := range []string{"s4-c0", "s20-c3"} {
		p.click(`#map a[href="#` + id + `"]`)
		assertAt(t, p, id)
		assert.Equal(t, b.Grades[4].Result.Exercises[0].Checks[0].ID, ask[string](p, `document.querySelector('#s4-c0 .file').textContent`))
	}

	// Filtered away, a target is shown again.
	p.do(chromedp.SendKeys(chromedp.ID("filter-text"), "nobody"), chromedp.Evaluate[chromedp.Void](`location.hash = '#s7-c1'`))
	p.do(chromedp.Poll[chromedp.Void](`document.querySelector('#s7 details').open`))
	assertAt(t, p, "s7-c1")
}

func TestMapByKeyboard(t *testing.T) {
	b := class(t, 30)
	p := open(t, batchPage(t, b))
	stops := func() int {
		return ask[int](p, `[...document.querySelectorAll('#map tbody a')].filter(a => a.tabIndex === 0).length`)
	}
	assert.Equal(t, 1, stops(), "one stop, not a thousand")
	at := func() string { return ask[string](p, `document.activeElement.getAttribute('href')`) }
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('#map tbody a[tabindex="0"]').focus()`))
	require.Equal(t, "#s0", at(), "the name of the first")
	p.do(chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	assert.Equal(t, "#s0-c1", at())
	p.do(chromedp.KeyEvent(kb.ArrowDown))
	assert.Equal(t, "#s1-c1", at())
	p.do(chromedp.KeyEvent(kb.ArrowUp), chromedp.KeyEvent(kb.ArrowUp))
	assert.Equal(t, "#s0-c1", at(), "it ends at the edge")
	p.do(chromedp.KeyEvent(kb.End))
	last := len(newBatch(b).Columns) - 1
	assert.Equal(t, fmt.Sprintf("#s0-c%d", last), at())
	p.do(chromedp.KeyEvent(kb.End, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	assert.Equal(t, fmt.Sprintf("#s29-c%d", last), at())
	assert.Equal(t, 1, stops())
	p.do(chromedp.KeyEvent(kb.Enter))
	assertAt(t, p, fmt.Sprintf("s29-c%d", last))
}

// Without scripts there is the same to read, and the links lead where they do.
func TestWithoutJavaScript(t *testing.T) {
	b := class(t, 30)
	p := open(t, batchPage(t, b), withoutScripts())
	assert.Len(t, listed(p), 30)
	assert.False(t, ask[bool](p, `document.getElementById('filters').checkVisibility()`), "what would do nothing is not shown")
	assert.Zero(t, ask[int](p, `document.querySelectorAll('#list thead button').length`))
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('#map a[href="#s4-c0"]').click()`))
	assertAt(t, p, "s4-c0")
}
