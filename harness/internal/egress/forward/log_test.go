package forward

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http/httpproxy"
)

func TestLogHoldsNoSecrets(t *testing.T) {
	p := start(t, true, httpproxy.Config{})
	for _, request := range []string{
		"GET http://ann:s3cret@example.com/mod.zip?X-Amz-Signature=s3cret#s3cret HTTP/1.1\r\nHost: example.com\r\n" +
			"Authorization: Basic s3cret\r\nProxy-Authorization: Basic s3cret\r\nConnection: close\r\n\r\n",
		"CONNECT ann:s3cret@example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
	} {
		require.Contains(t, p.raw(t, request), " 403 ")
	}
	require.Equal(t, []Attempt{
		{Method: "GET", Target: "http://example.com/mod.zip"},
		{Method: "CONNECT", Target: "example.com:443"},
	}, p.attempts(t))
	require.NotContains(t, p.out.String(), "s3cret")
}

func TestLogCannotBeForged(t *testing.T) {
	p := start(t, true, httpproxy.Config{})
	forged := `%0A{"method":"GET","target":"http://innocent/","allowed":true}%0A`
	p.raw(t, "GET http://example.com/"+forged+" HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")
	p.raw(t, "GET http://example.com/"+strings.Repeat("x", 4000)+" HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")
	require.Equal(t, 2, strings.Count(p.out.String(), "\n"))
	attempts := p.attempts(t)
	require.Len(t, attempts, 2)
	require.NotContains(t, attempts[0].Target, "\n")
	require.Len(t, attempts[1].Target, maxTarget+len("…"))
}

func TestLogIsBounded(t *testing.T) {
	var out bytes.Buffer
	l := NewLog(&out)
	l.Listening("127.0.0.1:1")
	r := httptest.NewRequest(http.MethodGet, "http://example.com/", nil)
	for range maxAttempts + 5 {
		l.attempt(r, false)
	}
	l.Mark()
	lines, err := ReadLog(&out)
	require.NoError(t, err)
	require.Len(t, lines, 1+maxAttempts+1)
	require.Equal(t, "127.0.0.1:1", lines[0].Listening)
	require.True(t, lines[len(lines)-1].Mark, "a mark is written all the same")
}

func TestWhatCannotBeLoggedIsNotAnswered(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer target.Close()
	handler, err := New(Config{Log: NewLog(fullDisk{})})
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	defer server.Close()
	p := &running{url: server.URL}
	require.Empty(t, p.raw(t, "CONNECT "+strings.TrimPrefix(target.URL, "http://")+" HTTP/1.1\r\nHost: x\r\n\r\n"))
}

func TestReadLog(t *testing.T) {
	const whole = `{"time":"2026-01-02T03:04:05.000000006Z","method":"CONNECT","target":"a:443","allowed":false}` + "\n"
	lines, err := ReadLog(strings.NewReader(whole + whole[:40]))
	require.NoError(t, err)
	require.Len(t, lines, 1, "half a line is not there yet")
	require.Equal(t, &Attempt{Method: "CONNECT", Target: "a:443"}, lines[0].Attempt)
	require.Equal(t, 6, lines[0].Time.Nanosecond())
	_, err = ReadLog(strings.NewReader(whole + "panic: oh\n"))
	require.ErrorContains(t, err, "reading the proxy's log")
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }
