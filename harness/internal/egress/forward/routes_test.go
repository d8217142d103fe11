package forward

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http/httpproxy"
)

func TestNothingGoesToOwnLoopback(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer target.Close()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(target.URL, "http://"))
	require.NoError(t, err)
	out := &lockedBuffer{}
	handler, err := New(Config{Log: NewLog(out)})
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	defer server.Close()
	p := &running{url: server.URL, out: out}
	for _, host := range []string{"127.0.0.1", "localhost", "127.1.2.3", "[::1]", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", ""} {
		address := host + ":" + port
		require.NotContains(t, p.raw(t, "CONNECT "+address+" HTTP/1.1\r\nHost: x\r\n\r\n"), "200", "CONNECT to %s", address)
		require.NotContains(t, p.raw(t, "GET http://"+address+"/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "200", "GET of %s", address)
	}
}

func TestUpstream(t *testing.T) {
	plain, tls := httptest.NewServer(http.HandlerFunc(hello)), httptest.NewTLSServer(http.HandlerFunc(hello))
	defer plain.Close()
	defer tls.Close()
	door, asked := startDoor(t)
	withPassword := "http://ann:s3cret@" + strings.TrimPrefix(door.URL, "http://")
	for name, c := range map[string]struct {
		upstream httpproxy.Config
		server   *httptest.Server
		asked    string
	}{
		// httpproxy never sends loopback through a proxy, so the targets here have a name.
		"plain":              {httpproxy.Config{HTTPProxy: withPassword}, plain, "GET Basic YW5uOnMzY3JldA==\n"},
		"connect":            {httpproxy.Config{HTTPSProxy: withPassword}, tls, "CONNECT Basic YW5uOnMzY3JldA==\n"},
		"no credentials":     {httpproxy.Config{HTTPSProxy: door.URL}, tls, "CONNECT \n"},
		"no scheme":          {httpproxy.Config{HTTPProxy: strings.TrimPrefix(door.URL, "http://")}, plain, "GET \n"},
		"no_proxy":           {httpproxy.Config{HTTPProxy: withPassword, NoProxy: "other,target.example.com"}, plain, ""},
		"no_proxy, connect":  {httpproxy.Config{HTTPSProxy: withPassword, NoProxy: ".example.com"}, tls, ""},
		"for the other kind": {httpproxy.Config{HTTPProxy: withPassword}, tls, ""},
	} {
		t.Run(name, func(t *testing.T) {
			asked.Reset()
			p := start(t, false, c.upstream)
			client := p.through(t, c.server)
			status, body := get(t, client, strings.Replace(c.server.URL, "127.0.0.1", "target.example.com", 1)+"/x")
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, "hello from /x", body)
			require.Equal(t, c.asked, asked.String())
			require.NotContains(t, p.out.String(), "s3cret")
			require.Len(t, p.attempts(t), 1)
		})
	}
}

func TestUpstreamThatRefuses(t *testing.T) {
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "who are you", http.StatusProxyAuthRequired)
	}))
	defer door.Close()
	p := start(t, false, httpproxy.Config{HTTPSProxy: "http://ann:s3cret@" + strings.TrimPrefix(door.URL, "http://")})
	answer := p.raw(t, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
	require.Contains(t, answer, "HTTP/1.1 502 Bad Gateway")
	require.Contains(t, answer, "it answers 407 Proxy Authentication Required")
	require.NotContains(t, answer, "s3cret")
}

func TestServerThatSpeaksFirst(t *testing.T) {
	upstream, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer upstream.Close()
	go func() {
		conn, err := upstream.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n220 welcome\r\n") // in one packet
	}()
	p := start(t, false, httpproxy.Config{HTTPSProxy: "http://" + upstream.Addr().String()})
	require.Contains(t, p.raw(t, "CONNECT example.com:25 HTTP/1.1\r\nHost: example.com:25\r\n\r\n"), "220 welcome")
}

func TestCheckUpstream(t *testing.T) {
	for address, want := range map[string]string{
		"": "", "http://p:1": "", "p:1": "", "p": "", "ann:pass@p:1": "", "http://[::1]:3128/": "",
		"https://ann:s3cret@p:1": "https:// is not supported", "socks5://p:1": "socks5:// is not supported",
		"http://ann:s3cret@p:x": "not a URL with a host", "http://": "not a URL with a host",
	} {
		_, err := CheckUpstream(address)
		if want == "" {
			require.NoError(t, err, address)
			continue
		}
		require.ErrorContains(t, err, want, address)
		require.NotContains(t, err.Error(), "s3cret")
		_, err = New(Config{Upstream: httpproxy.Config{HTTPProxy: address}, Log: NewLog(&bytes.Buffer{})})
		require.ErrorContains(t, err, want, address)
	}
}

// startDoor starts an upstream proxy that writes down who asks: another proxy
// of ours behind a door.
func startDoor(t *testing.T) (door *httptest.Server, asked *lockedBuffer) {
	via, asked := start(t, false, httpproxy.Config{}), &lockedBuffer{}
	door = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(asked, r.Method, r.Header.Get("Proxy-Authorization"))
		pipe(w, r, strings.TrimPrefix(via.url, "http://"))
	}))
	t.Cleanup(door.Close)
	return door, asked
}

// pipe hands a request to another proxy, whole and unread.
func pipe(w http.ResponseWriter, r *http.Request, address string) {
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer client.Close()
	far, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer far.Close()
	fmt.Fprintf(far, "%s %s HTTP/1.1\r\nHost: %s\r\n\r\n", r.Method, r.RequestURI, r.Host)
	done := make(chan error, 2)
	go func() { _, err := io.Copy(far, client); done <- err }()
	go func() { _, err := io.Copy(client, far); done <- err }()
	<-done
}
