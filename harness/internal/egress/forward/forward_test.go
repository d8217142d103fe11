package forward

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http/httpproxy"
)

// running is a proxy under test. Whatever it passes on directly goes to
// loopback, where the servers of these tests are.
type running struct {
	url string
	out *lockedBuffer
}

func start(t *testing.T, cut bool, upstream httpproxy.Config) *running {
	t.Helper()
	out := &lockedBuffer{}
	handler, err := newProxy(Config{Cut: cut, Upstream: upstream, Log: NewLog(out)}, toLoopback)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(handler)
	server.Config.MaxHeaderBytes = MaxHeaderBytes
	server.Start()
	t.Cleanup(server.Close)
	return &running{url: server.URL, out: out}
}

func toLoopback(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
}

func (p *running) attempts(t *testing.T) []Attempt {
	t.Helper()
	lines, err := ReadLog(strings.NewReader(p.out.String()))
	require.NoError(t, err)
	var attempts []Attempt
	for _, line := range lines {
		require.False(t, line.Time.IsZero())
		attempts = append(attempts, *line.Attempt)
	}
	return attempts
}

// through is a client that sends everything through the proxy.
func (p *running) through(t *testing.T, server *httptest.Server) *http.Client {
	t.Helper()
	proxyURL, err := url.Parse(p.url)
	require.NoError(t, err)
	transport := &http.Transport{Proxy: http.ProxyURL(proxyURL)}
	if server != nil && server.TLS != nil {
		transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// raw sends bytes to the proxy and returns all that it answers until it closes
// the connection.
func (p *running) raw(t *testing.T, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	answer, _ := io.ReadAll(conn) // a reset after the answer is as good as its end
	return string(answer)
}

func hello(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "hello from %s", r.URL.Path) }

func get(t *testing.T, c *http.Client, url string) (status int, body string) {
	t.Helper()
	resp, err := c.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(b)
}

func TestCutRefusesAndLogs(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a cut proxy let something through") }))
	defer target.Close()
	p := start(t, true, httpproxy.Config{HTTPProxy: target.URL, HTTPSProxy: target.URL})
	c := p.through(t, nil)

	status, body := get(t, c, target.URL+"/x")
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, body, CutMessage)

	_, err := c.Get("https://proxy.golang.org/x")
	require.ErrorContains(t, err, CutMessage, "Go's client shows why")
	require.Equal(t, []Attempt{
		{Method: "GET", Target: target.URL + "/x"},
		{Method: "CONNECT", Target: "proxy.golang.org:443"},
	}, p.attempts(t))
}

func TestOpenPassesOn(t *testing.T) {
	plain, tls := httptest.NewServer(http.HandlerFunc(hello)), httptest.NewTLSServer(http.HandlerFunc(hello))
	defer plain.Close()
	defer tls.Close()
	p := start(t, false, httpproxy.Config{})
	for _, server := range []*httptest.Server{plain, tls} {
		status, body := get(t, p.through(t, server), server.URL+"/x")
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "hello from /x", body)
	}
	require.Equal(t, []Attempt{
		{Method: "GET", Target: plain.URL + "/x", Allowed: true},
		{Method: "CONNECT", Target: strings.TrimPrefix(tls.URL, "https://"), Allowed: true},
	}, p.attempts(t))
}

func TestUnreachableTargetIsBadGateway(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	p := start(t, false, httpproxy.Config{})
	status, body := get(t, p.through(t, nil), closed.URL)
	require.Equal(t, http.StatusBadGateway, status)
	require.Contains(t, body, "connection refused")

	address := strings.TrimPrefix(closed.URL, "http://")
	answer := p.raw(t, "CONNECT "+address+" HTTP/1.1\r\nHost: "+address+"\r\n\r\n")
	require.Contains(t, answer, "HTTP/1.1 502 Bad Gateway")
	require.Contains(t, answer, "connection refused")
}

func TestMalformedRequests(t *testing.T) {
	p := start(t, true, httpproxy.Config{})
	for name, request := range map[string]string{
		"no host":           "GET /x HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n",
		"empty host":        "GET http:///x HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n",
		"opaque":            "GET http:x HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n",
		"connect to a path": "CONNECT /x HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n",
		"not http":          "\x16\x03\x01\x00\x01\r\n\r\n",
		"http/2":            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"bad escape":        "GET http://example.com/%zz HTTP/1.1\r\nHost: example.com\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			require.Regexp(t, `^HTTP/1\.[01] (400|505) `, p.raw(t, request))
		})
	}
	require.Contains(t, p.raw(t, "GET http://example.com/ HTTP/1.1\r\nX: "+strings.Repeat("x", 2*MaxHeaderBytes)+"\r\n\r\n"), " 431 ")
	require.Empty(t, p.attempts(t), "what names no host is no attempt to reach one")
}

func TestReadyPage(t *testing.T) {
	p := start(t, true, httpproxy.Config{})
	status, _ := get(t, http.DefaultClient, p.url+ReadyPath)
	require.Equal(t, http.StatusOK, status)
	require.Empty(t, p.attempts(t))
	status, _ = get(t, p.through(t, nil), "http://example.com"+ReadyPath)
	require.Equal(t, http.StatusForbidden, status, "asked for through the proxy, it is somebody else's page")
}

// lockedBuffer is a buffer that a server writes while a test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lockedBuffer) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Reset()
}
