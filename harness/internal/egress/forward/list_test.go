package forward

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHostsAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]Host{
		"proxy.golang.org":            {Name: "proxy.golang.org"},
		"Proxy.Golang.org.":           {Name: "proxy.golang.org"},
		"goproxy.corp:3000,private":   {Name: "goproxy.corp", Port: "3000", Private: true},
		"[fd00::1]:3000,private":      {Name: "fd00::1", Port: "3000", Private: true},
		"modules.example.com,private": {Name: "modules.example.com", Private: true},
	} {
		h, err := ParseHost(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, h)
		again, err := ParseHost(h.String())
		require.NoError(t, err, text)
		assert.Equal(t, h, again)
	}
	_, err := ParseHost(",private")
	require.Error(t, err)
}

func TestListed(t *testing.T) {
	only := []Host{{Name: "proxy.golang.org"}, {Name: "goproxy.corp", Port: "3000", Private: true}}
	for want, requests := range map[bool][]string{
		true: {
			"CONNECT proxy.golang.org:443", "CONNECT proxy.golang.org:80", "CONNECT PROXY.golang.ORG.:443", "CONNECT goproxy.corp:3000",
			"GET http://proxy.golang.org/", "GET https://proxy.golang.org/x", "GET http://goproxy.corp:3000/",
		},
		false: {
			"CONNECT proxy.golang.org:22", "CONNECT proxy.golang.org", "CONNECT evil-proxy.golang.org:443", "CONNECT proxy.golang.org.evil.example:443",
			"CONNECT goproxy.corp:443", "CONNECT 203.0.113.1:443", "GET http://proxy.golang.org:8080/", "GET http://goproxy.corp/", "GET ftp://proxy.golang.org/",
			"GET http://proxy.golang.org@evil.example/", "GET http://evil.example/proxy.golang.org",
		},
	} {
		for _, r := range requests {
			method, target, _ := strings.Cut(r, " ")
			assert.Equal(t, want, listed(only, httptest.NewRequest(method, target, nil)), r)
		}
	}
}

func TestPublicOnly(t *testing.T) {
	for want, addresses := range map[bool]string{
		true: "1.1.1.1 203.0.113.80 2606:4700:4700::1111",
		false: "127.0.0.1 0.0.0.0 0.1.2.3 10.0.0.1 172.17.0.1 192.168.1.1 169.254.169.254 100.64.0.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255 " +
			":: ::1 fe80::1 fd00:ec2::254 ff02::1 64:ff9b::7f00:1 2002:7f00:1:: ::ffff:127.0.0.1 ::ffff:10.0.0.1",
	} {
		for a := range strings.FieldsSeq(addresses) {
			err := publicOnly("tcp", netip.AddrPortFrom(netip.MustParseAddr(a), 443).String(), nil)
			assert.Equal(t, want, err == nil, "%s: %v", a, err)
		}
	}
}

// A name on the list that leads to a private address leads nowhere, unless the
// owner of the machine has named it himself; and what is not on the list is in
// the log as refused.
func TestNamesThatLeadInside(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	for private, status := range map[bool]int{false: http.StatusBadGateway, true: http.StatusTeapot} {
		out := &lockedBuffer{}
		only := []Host{{Name: "localhost", Port: port, Private: private}}
		handler, err := newProxy(Config{Only: only, Log: NewLog(out)}, dialListed(only, func(ctx context.Context, network, address string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}))
		require.NoError(t, err)
		for target, want := range map[string]int{"http://localhost:" + port + "/": status, "http://127.0.0.1:" + port + "/": http.StatusForbidden} {
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, target, nil))
			assert.Equal(t, want, answer.Code, target)
		}
		lines, err := ReadLog(strings.NewReader(out.String()))
		require.NoError(t, err)
		require.Len(t, lines, 2)
		for _, l := range lines {
			assert.Equal(t, strings.Contains(l.Target, "localhost"), l.Allowed, l.Target)
		}
	}
}
