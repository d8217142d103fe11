package main

import (
	"crypto/rand"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/elazarl/goproxy"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/enginetest"
)

// TestBehindAProxy is a user whose only way out is a proxy on their own
// loopback: the verdicts are the same, and the builds' downloads pass through it.
func TestBehindAProxy(t *testing.T) {
	enginetest.Connect(t)
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	daybook, err := exec.LookPath("daybook")
	require.NoError(t, err)

	var mu sync.Mutex
	asked := map[string]bool{}
	handler := goproxy.NewProxyHttpServer()
	handler.OnRequest().HandleConnectFunc(func(host string, _ *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) {
		mu.Lock()
		defer mu.Unlock()
		asked[host] = true
		return goproxy.OkConnect, host
	})
	proxy := httptest.NewServer(handler)
	defer proxy.Close()

	cmd := exec.Command(daybook, "check", "148", "dockerfile", "--root", root, "--dir", downloadsAnew(t, root))
	cmd.Env = append(os.Environ(), "HTTP_PROXY="+proxy.URL, "HTTPS_PROXY="+proxy.URL, "NO_PROXY=localhost,127.0.0.1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "All green")

	mu.Lock()
	defer mu.Unlock()
	require.True(t, asked[moduleProxy(t)], "the build's downloads went another way: %v", asked)
}

// downloadsAnew is the solution with a build that has not been made before, so
// that no step of it is in the builder's cache.
func downloadsAnew(t *testing.T, root string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(root, "solutions", "148"))))
	path := filepath.Join(dir, "Dockerfile")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	const before = "RUN go mod download"
	require.Equal(t, 1, strings.Count(string(text), before))
	changed := strings.Replace(string(text), before, "ENV BUILD_OF="+rand.Text()+"\n"+before, 1)
	require.NoError(t, os.WriteFile(path, []byte(changed), 0o644))
	return dir
}

// moduleProxy gives host and port of the first module proxy that is set.
func moduleProxy(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOPROXY").Output()
	require.NoError(t, err)
	first, _, _ := strings.Cut(strings.TrimSpace(string(out)), ",")
	u, err := url.Parse(first)
	require.NoError(t, err)
	if u.Port() != "" {
		return u.Host
	}
	require.Equal(t, "https", u.Scheme, "only https:// is asked for by CONNECT")
	return u.Host + ":443"
}
