package html

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const openAll = `for (const d of document.querySelectorAll('details')) d.open = true`

func TestFitsOnAPhone(t *testing.T) {
	p := open(t, "", chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile))
	for name, page := range pages(t) {
		p.load(page)
		p.do(chromedp.Evaluate[chromedp.Void](openAll))
		assert.Equal(t, 360, ask[int](p, `document.documentElement.clientWidth`), "%s: the browser made the page wider", name)
		assert.LessOrEqual(t, ask[int](p, `document.documentElement.scrollWidth`), 360, name)
	}
}

func TestOnPaperNothingIsClosed(t *testing.T) {
	// The height is asked for so that the styles are worked out anew first.
	const seen = `document.body.offsetHeight, [...document.querySelectorAll('article .finding')].filter(e => e.checkVisibility({contentVisibilityAuto: true})).length`
	b := class(t, 20)
	p := open(t, batchPage(t, b), withoutScripts())
	all := ask[int](p, `document.querySelectorAll('article .finding').length`)
	require.Positive(t, all)
	require.Zero(t, ask[int](p, seen), "on a screen they are closed")
	p.do(media("print", "dark"))
	assert.Equal(t, all, ask[int](p, seen))
	assert.Positive(t, ask[float64](p, `document.querySelector('#s0 .finding').getBoundingClientRect().height`))
	assert.Equal(t, "rgb(255, 255, 255)", ask[string](p, `getComputedStyle(document.body).backgroundColor`), "paper is white, whatever the screen is")
	assert.False(t, ask[bool](p, `document.querySelector('nav').checkVisibility()`))
	assert.Equal(t, "visible", ask[string](p, `getComputedStyle(document.querySelector('#heat .scroll')).overflow`), "on paper nothing can be moved")
}

// faint lists the texts whose colour is not told apart from what is behind them
// by 4.5 to 1, as WCAG 2 works it out.
const faint = `(() => {
	const parse = c => { const n = c.match(/[\d.]+/g).map(Number); return {rgb: n.slice(0, 3), a: n[3] ?? 1}; };
	const light = rgb => {
		const [r, g, b] = rgb.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
		return .2126 * r + .7152 * g + .0722 * b;
	};
	const over = (top, a, below) => top.map((v, i) => v * a + below[i] * (1 - a));
	const behind = e => {
		if (!e) return [255, 255, 255];
		const {rgb, a} = parse(getComputedStyle(e).backgroundColor);
		return a === 1 ? rgb : over(rgb, a, behind(e.parentElement));
	};
	const found = [], seen = new Set();
	let texts = 0;
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const e = walker.currentNode.parentElement;
		if (!walker.currentNode.data.trim() || seen.has(e) || !e.checkVisibility({contentVisibilityAuto: true}) || e.closest('.quiet, title, desc, option')) continue;
		seen.add(e);
		texts++;
		const style = getComputedStyle(e), paper = behind(e);
		const ink = parse(e.closest('svg') ? style.fill : style.color);
		const [x, y] = [light(over(ink.rgb, ink.a, paper)), light(paper)].sort((a, b) => b - a);
		const ratio = (x + .05) / (y + .05);
		if (ratio < 4.5) found.push(e.outerHTML.slice(0, 100) + ' ' + ratio.toFixed(2));
	}
	return [String(texts), ...new Set(found)];
})()`

func TestContrast(t *testing.T) {
	b := class(t, 30)
	for name, page := range map[string]string{
		"batch": batchPage(t, b), "one": onePage(t, &b.Grades[1]), "ungraded": onePage(t, &b.Grades[5]), "refused": onePage(t, &b.Grades[12]),
	} {
		for _, look := range []struct{ medium, scheme string }{{"screen", "light"}, {"screen", "dark"}, {"print", "dark"}} {
			t.Run(name+" "+look.medium+" "+look.scheme, func(t *testing.T) {
				p := open(t, page, media(look.medium, look.scheme))
				p.do(chromedp.Evaluate[chromedp.Void](openAll))
				result := ask[[]string](p, faint)
				assert.NotEqual(t, "0", result[0], "there are texts")
				assert.Empty(t, result[1:])
			})
		}
	}
}

func TestSchemesDiffer(t *testing.T) {
	p := open(t, batchPage(t, class(t, 3)), media("screen", "light"))
	paper := `getComputedStyle(document.body).backgroundColor`
	light := ask[string](p, paper)
	p.do(media("screen", "dark"))
	assert.NotEqual(t, light, ask[string](p, paper))
}

// The measure of contrast itself: black on white is 21 to 1, and a grey that is
// known to be too light is found.
func TestContrastIsMeasured(t *testing.T) {
	p := open(t, `<!DOCTYPE html><body style="background:#fff"><p style="color:#000">a</p><p style="color:#777">b</p><p style="color:#767676">c</p>`)
	assert.Equal(t, []string{"3", `<p style="color:#777">b</p> 4.48`}, ask[[]string](p, faint), "#767676 is the lightest grey that does")
}

// Colour is never the only sign.
func TestCellsHaveLetters(t *testing.T) {
	p := open(t, batchPage(t, class(t, 40)))
	letters := ask[[]string](p, `[...new Set([...document.querySelectorAll('#map td a')].map(a => a.className + ' ' + a.textContent + ' ' + a.ariaLabel))].sort()`)
	assert.Equal(t, []string{"errored E E errored", "failed F F failed", "passed ✓ ✓ passed", "skipped S S skipped"}, letters)
}

// What a learner wrote from right to left does not turn ours around.
func TestDirectionEndsWithTheName(t *testing.T) {
	b := class(t, 6)
	p := open(t, batchPage(t, b))
	assert.True(t, ask[bool](p, `(() => {
		const [name, facts] = document.querySelectorAll('#s4 summary > *');
		return facts.getBoundingClientRect().left > name.getBoundingClientRect().left && facts.textContent.includes('of');
	})()`))
	assert.Equal(t, "isolate", ask[string](p, `getComputedStyle(document.querySelector('#s4 bdi')).unicodeBidi`))
}
