package html

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// listener is a server that nothing may ask for anything.
type listener struct {
	url   string
	mu    sync.Mutex
	asked []string
}

func listen(t *testing.T) *listener {
	t.Helper()
	l := &listener{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.asked = append(l.asked, r.URL.Path)
	}))
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

func (l *listener) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked
}

// assertQuiet tells whether the page did nothing but show itself.
func assertQuiet(t *testing.T, p *tab, l *listener) {
	t.Helper()
	assert.False(t, ask[bool](p, `"canary" in window`), "a script that is not ours ran")
	dialogs, requests, complaints := p.saw()
	assert.Empty(t, dialogs)
	assert.Empty(t, requests)
	assert.Empty(t, complaints, "the page tried something that its policy forbids")
	assert.Empty(t, l.heard())
	assert.Equal(t, p.url, ask[string](p, `location.href.split("#")[0]`), "the page led away")
}

// stir does what a reader might: opens everything, and touches everything that
// reacts to it.
const stir = `(() => {
	for (const d of document.querySelectorAll('details')) d.open = true;
	for (const e of document.querySelectorAll('main a, main button, main bdi, main th')) {
		e.dispatchEvent(new MouseEvent('mouseover', {bubbles: true}));
		e.focus();
	}
	scrollTo(0, document.body.scrollHeight);
})()`

func TestHostileBatch(t *testing.T) {
	l := listen(t)
	p := open(t, batchPage(t, poisonedBatch(l.url)))
	p.do(chromedp.Evaluate[chromedp.Void](stir))
	for column := range ask[int](p, `document.querySelectorAll('#list thead button').length`) {
		p.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll('#list thead button')[` + string(rune('0'+column)) + `].click()`))
	}
	p.do(chromedp.SendKeys(chromedp.CSS("#filter-text"), `<script>`+run+`</script>`))
	assert.Positive(t, ask[int](p, `document.querySelectorAll('#list tbody tr:not([hidden])').length`), "it is a text like others, and found")
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('#map tbody tr:not([hidden]) a').focus()`), chromedp.KeyEvent(kb.Enter))
	assertQuiet(t, p, l)
}

func TestHostileGrades(t *testing.T) {
	l := listen(t)
	texts := hostile(l.url)
	for _, name := range sortedKeys(texts) {
		t.Run(name, func(t *testing.T) {
			g := poisoned(texts[name], grade.Graded)
			p := open(t, onePage(t, &g))
			p.do(chromedp.Evaluate[chromedp.Void](stir))
			assertQuiet(t, p, l)
		})
	}
}

// Even markup that had got into a page could do nothing.
func TestPolicyForbidsScriptsAndRequests(t *testing.T) {
	l := listen(t)
	g := class(t, 2).Grades[1]
	for name, page := range map[string]string{"batch": batchPage(t, class(t, 3)), "one": onePage(t, &g)} {
		t.Run(name, func(t *testing.T) {
			p := open(t, page)
			before := ask[string](p, `getComputedStyle(document.body).backgroundColor`)
			p.do(chromedp.Evaluate[chromedp.Void](`(() => {
				const script = document.createElement('script');
				script.textContent = '` + run + `';
				document.body.append(script);
				document.body.insertAdjacentHTML('beforeend',
					'<img src="` + l.url + `/image" onerror="` + run + `"><iframe src="` + l.url + `/frame"></iframe><style>body{background:red!important}</style><p style="position:fixed">');
			})()`))
			_, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`fetch('`+l.url+`/fetch').then(() => 'fetched', () => 'refused')`, chromedp.EvalAwaitPromise))
			require.NoError(t, err)
			assert.False(t, ask[bool](p, `"canary" in window`))
			assert.Equal(t, before, ask[string](p, `getComputedStyle(document.body).backgroundColor`))
			assert.Equal(t, "static", ask[string](p, `getComputedStyle(document.body.lastElementChild).position`))
			assert.Empty(t, l.heard())
			_, _, complaints := p.saw()
			assert.NotEmpty(t, complaints, "the browser says what it did not do")
		})
	}
}

// The tests above would notice: the same text on a page that does not escape it
// opens a dialog, leaves its canary and asks the listener.
func TestHostileTextsAreHostile(t *testing.T) {
	l := listen(t)
	texts := hostile(l.url)
	p := open(t, `<!DOCTYPE html><title>unsafe</title>`+texts["script"]+texts["image"])
	p.do(chromedp.Poll[chromedp.Void](`document.images[0].complete`))
	assert.True(t, ask[bool](p, `"canary" in window`))
	dialogs, requests, _ := p.saw()
	assert.Contains(t, dialogs, "1")
	assert.Contains(t, requests, l.url+"/image")
	assert.Contains(t, l.heard(), "/image")
}
