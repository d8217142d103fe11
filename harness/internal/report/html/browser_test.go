package html

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// browserRequired is the environment variable that, set to "required", makes
// tests fail that have no browser. Else they are skipped by name.
const browserRequired = "DAYBOOK_BROWSER"

// patience is for a browser that does not answer. It judges nothing: whatever
// is asked for is waited for, and takes far less.
const patience = 2 * time.Minute

// chromium is the browser of all tests, each of which gets a tab.
var chromium = struct {
	sync.Mutex
	ctx  context.Context
	stop func() error
}{}

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.stop != nil {
		if err := chromium.stop(); err != nil && code == 0 {
			os.Stderr.WriteString("stopping the browser: " + err.Error() + "\n")
			code = 1
		}
	}
	os.Exit(code)
}

// found looks for a browser that chromedp can drive.
func found() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no chromium, chromium-browser or google-chrome in PATH")
}

// started gives the browser, or ends the test.
func started(t *testing.T) context.Context {
	t.Helper()
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.ctx != nil {
		return chromium.ctx
	}
	path, err := found()
	if err != nil && os.Getenv(browserRequired) == "required" {
		t.Fatalf("a browser is required: %v", err)
	}
	if err != nil {
		t.Skipf("it needs a browser: %v", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // the sandbox refuses to be set up by root
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	require.NoError(t, chromedp.Do(ctx))
	chromium.ctx = ctx
	chromium.stop = func() error {
		defer end()
		return chromedp.Cancel(ctx)
	}
	return ctx
}

// tab is a page in the browser, and what it did there.
type tab struct {
	t   *testing.T
	ctx context.Context
	url string

	mu         sync.Mutex
	dialogs    []string // that opened
	requests   []string // for anything but the page itself
	complaints []string // of the console: exceptions, and what the policy forbade
}

// open loads a page from a file, as one that was downloaded.
func open(t *testing.T, html string, before ...chromedp.Action[chromedp.Void]) *tab {
	t.Helper()
	browser := started(t)
	file := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, os.WriteFile(file, []byte(html), 0o600))
	ctx, _ := chromedp.NewContext(browser)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("closing the tab: %v", err)
		}
	})
	require.NoError(t, chromedp.Do(ctx))
	limited, cancel := context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: limited, url: (&url.URL{Scheme: "file", Path: file}).String()}
	p.watch()
	before = append([]chromedp.Action[chromedp.Void]{size(1280, 900)}, before...)
	p.do(append(before, chromedp.Navigate(p.url))...)
	return p
}

// watch writes down what the page does.
func (p *tab) watch() {
	note := func(list *[]string, text string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		*list = append(*list, text)
	}
	require.NoError(p.t, chromedp.Listen(p.ctx, func(event any) {
		switch e := event.(type) {
		case *page.EventJavascriptDialogOpening:
			note(&p.dialogs, e.Message)
			go func() { // nothing may be asked for from in here
				_, _ = chromedp.Call(p.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{})
			}()
		case *network.EventRequestWillBeSent:
			if u := e.Request.URL; u != p.url && u != "data:," {
				note(&p.requests, u)
			}
		case *runtime.EventExceptionThrown:
			note(&p.complaints, e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			note(&p.complaints, e.Entry.Text)
		}
	}))
}

// saw gives what was written down so far.
func (p *tab) saw() (dialogs, requests, complaints []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dialogs, p.requests, p.complaints
}

// do runs actions, or ends the test.
func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, actions...))
}

// ask gives the value of a JavaScript expression.
func ask[T any](p *tab, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	require.NoError(p.t, err, expression)
	return v
}

// click clicks on the first element that a CSS selector names.
func (p *tab) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

// size makes the window that wide and high, in CSS pixels.
func size(width, height int64) chromedp.Action[chromedp.Void] {
	return chromedp.EmulateViewport(width, height)
}

// media makes the page believe that it is shown on a medium, "screen" or
// "print", to somebody who prefers a colour scheme, "light" or "dark".
func media(medium, scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
}

// withoutScripts is for a browser that runs no JavaScript.
func withoutScripts() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})
}
