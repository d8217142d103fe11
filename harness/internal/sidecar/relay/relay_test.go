package relay_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/sidecar/relay"
)

func TestParseAddress(t *testing.T) {
	for s, want := range map[string]relay.Address{
		"127.0.0.2:3128": {Network: "tcp", Address: "127.0.0.2:3128"},
		"tcp:[::1]:80":   {Network: "tcp", Address: "[::1]:80"},
		":3128":          {Network: "tcp", Address: ":3128"},
		"unix:/a/b:c":    {Network: "unix", Address: "/a/b:c"},
	} {
		got, err := relay.ParseAddress(s)
		require.NoError(t, err, s)
		require.Equal(t, want, got, s)
		again, err := relay.ParseAddress(got.String())
		require.NoError(t, err)
		require.Equal(t, want, again)
	}
	for _, s := range []string{"", "unix:", "tcp:", "host", "host:", "udp:host:1", "/run/x.sock"} {
		_, err := relay.ParseAddress(s)
		require.ErrorContains(t, err, fmt.Sprintf("reading the address %q", s))
	}
	_, err := relay.ParseRule("127.0.0.1:80")
	require.ErrorContains(t, err, "LISTEN=TARGET")
	rule, err := relay.ParseRule("unix:/a=b:1")
	require.NoError(t, err)
	require.Equal(t, relay.Rule{Listen: relay.Address{Network: "unix", Address: "/a"}, Target: relay.Address{Network: "tcp", Address: "b:1"}}, rule)
}

// echo says back what was said once that is over.
func echo(t *testing.T, network, address string) relay.Address {
	t.Helper()
	return serve(t, network, address, func(c net.Conn) {
		said, _ := io.ReadAll(c)
		_, _ = c.Write(said)
	})
}

func serve(t *testing.T, network, address string, answer func(net.Conn)) relay.Address {
	t.Helper()
	l, err := net.Listen(network, address)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				answer(c)
			}()
		}
	}()
	return relay.Address{Network: network, Address: l.Addr().String()}
}

// forward forwards until the test ends, and gives the log, from behind the
// lines about what it listens on, and those addresses.
func forward(t *testing.T, rules ...relay.Rule) (log *bufio.Scanner, listening []relay.Address) {
	t.Helper()
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- relay.Forward(ctx, w, rules...) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	log = bufio.NewScanner(r)
	for range rules {
		a, err := relay.ParseAddress(line(t, log).Listening)
		require.NoError(t, err)
		listening = append(listening, a)
	}
	return log, listening
}

func line(t *testing.T, log *bufio.Scanner) (l relay.Line) {
	t.Helper()
	require.True(t, log.Scan())
	require.NoError(t, json.Unmarshal(log.Bytes(), &l))
	return l
}

func TestForward(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "in.sock")
	_, at := forward(t,
		relay.Rule{Listen: relay.Address{Network: "unix", Address: path}, Target: echo(t, "tcp", "127.0.0.1:0")},
		relay.Rule{Listen: relay.Address{Network: "tcp", Address: "127.0.0.2:0"}, Target: echo(t, "unix", filepath.Join(dir, "echo.sock"))},
	)
	require.Equal(t, path, at[0].Address)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o666), info.Mode().Perm(), "another container's user connects to it")
	long := strings.Repeat("there and back ", 200_000)
	for _, a := range at {
		c, err := net.Dial(a.Network, a.Address)
		require.NoError(t, err)
		_, err = io.WriteString(c, long)
		require.NoError(t, err)
		require.NoError(t, c.(interface{ CloseWrite() error }).CloseWrite())
		got, err := io.ReadAll(c)
		require.NoError(t, err)
		require.True(t, long == string(got))
	}
}

func TestForwardWritesDownWhatFailed(t *testing.T) {
	none := relay.Address{Network: "unix", Address: filepath.Join(t.TempDir(), "none.sock")}
	log, at := forward(t, relay.Rule{Listen: relay.Address{Network: "tcp", Address: "127.0.0.1:0"}, Target: none})
	c, err := net.Dial(at[0].Network, at[0].Address)
	require.NoError(t, err)
	l := line(t, log)
	require.Equal(t, none.String(), l.Target)
	require.Contains(t, l.Failed, "no such file or directory")
	_, err = c.Read(make([]byte, 1))
	require.Error(t, err, "a client is not left waiting")
}

func TestForwardCannotListen(t *testing.T) {
	taken := echo(t, "tcp", "127.0.0.1:0")
	var log bytes.Buffer
	err := relay.Forward(t.Context(), &log, relay.Rule{Listen: taken, Target: taken})
	require.ErrorContains(t, err, "listening: ")
	require.Empty(t, log.String())
}

func TestDial(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, relay.Dial(echo(t, "tcp", "127.0.0.1:0"), 0, strings.NewReader("hello"), &out))
	require.Equal(t, "hello", out.String())
	// A target that has said all ends it, though the caller could go on.
	in, _ := io.Pipe()
	out.Reset()
	bye := serve(t, "tcp", "127.0.0.1:0", func(c net.Conn) { fmt.Fprint(c, "bye") })
	require.NoError(t, relay.Dial(bye, 0, in, &out))
	require.Equal(t, "bye", out.String())
}

func TestDialWaitsForATarget(t *testing.T) {
	none := relay.Address{Network: "unix", Address: filepath.Join(t.TempDir(), "late.sock")}
	require.ErrorIs(t, relay.Dial(none, 0, strings.NewReader(""), io.Discard), relay.ErrRefused)
	require.ErrorIs(t, relay.Dial(none, time.Millisecond, strings.NewReader(""), io.Discard), relay.ErrRefused)
	dialled := make(chan error)
	go func() { dialled <- relay.Dial(none, time.Hour, strings.NewReader(""), io.Discard) }()
	echo(t, none.Network, none.Address)
	require.NoError(t, <-dialled)
}

// caller is who calls DialFramed.
type caller struct {
	*testing.T
	in   *io.PipeWriter
	out  *bufio.Reader
	done chan error
}

func call(t *testing.T, target relay.Address, wait time.Duration) *caller {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	c := &caller{T: t, in: inW, out: bufio.NewReader(outR), done: make(chan error, 1)}
	go func() { c.done <- relay.DialFramed(target, wait, inR, outW) }()
	return c
}

func (c *caller) expect(kind relay.Kind, payload string) {
	c.Helper()
	k, got, err := relay.ReadFrame(c.out, make([]byte, relay.MaxPayload))
	require.NoError(c, err)
	require.Equal(c, string(kind)+payload, string(k)+string(got))
}

func (c *caller) say(kind relay.Kind, payload string) {
	c.Helper()
	require.NoError(c, relay.WriteFrame(c.in, kind, []byte(payload)))
}

func TestDialFramed(t *testing.T) {
	c := call(t, echo(t, "tcp", "127.0.0.1:0"), 0)
	c.expect(relay.Connected, "")
	c.say(relay.Data, "hel")
	c.say(relay.Data, "")
	c.say(relay.Data, "lo")
	c.say(relay.End, "")
	c.expect(relay.Data, "hello")
	c.expect(relay.End, "")
	c.in.Close()
	require.NoError(t, <-c.done)
}

func TestDialFramedEndsWithItsCaller(t *testing.T) {
	silent := serve(t, "tcp", "127.0.0.1:0", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	endless := serve(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		for {
			if _, err := c.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	for _, target := range []relay.Address{silent, endless} {
		c := call(t, target, 0)
		c.expect(relay.Connected, "")
		c.in.Close() // and out is not read any more
		require.NoError(t, <-c.done)
	}
	c := call(t, relay.Address{Network: "unix", Address: filepath.Join(t.TempDir(), "none.sock")}, time.Hour)
	c.in.Close()
	require.NoError(t, <-c.done, "before there is a connection")
	c = call(t, silent, 0)
	c.expect(relay.Connected, "")
	go func() { _, _ = io.WriteString(c.in, "no frame") }()
	require.ErrorIs(t, <-c.done, relay.ErrNoFrame)
}

func TestDialFramedFails(t *testing.T) {
	c := call(t, relay.Address{Network: "unix", Address: filepath.Join(t.TempDir(), "none.sock")}, 0)
	k, payload, err := relay.ReadFrame(c.out, make([]byte, relay.MaxPayload))
	require.NoError(t, err)
	require.Equal(t, relay.Failed, k)
	var f relay.Failure
	require.NoError(t, json.Unmarshal(payload, &f))
	require.ErrorIs(t, &f, relay.ErrRefused)
	require.Contains(t, f.Message, "no such file or directory")
	require.ErrorIs(t, <-c.done, relay.ErrRefused)

	c = call(t, serve(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		_ = c.(*net.TCPConn).SetLinger(0)
	}), 0)
	c.expect(relay.Connected, "")
	c.say(relay.Data, "x")
	k, payload, err = relay.ReadFrame(c.out, make([]byte, relay.MaxPayload))
	require.NoError(t, err)
	require.Equal(t, relay.Failed, k)
	require.Contains(t, string(payload), "connection reset by peer")
	require.Contains(t, string(payload), `"refused":false`)
	require.ErrorContains(t, <-c.done, "connection reset by peer")
}

func TestReadFrame(t *testing.T) {
	buf := make([]byte, relay.MaxPayload)
	for in, want := range map[string]string{
		"":                     "EOF",
		"d\x00\x00\x00\x02x":   "unexpected EOF",
		"d\x00\x01\x00\x01":    "not a frame",
		"?\x00\x00\x00\x00":    "not a frame",
		"OCI":                  "not a frame",
		"d\xff\xff\xff\xffxyz": "not a frame",
	} {
		_, _, err := relay.ReadFrame(strings.NewReader(in), buf)
		require.ErrorContains(t, err, want, "%q", in)
	}
	var w bytes.Buffer
	most := bytes.Repeat([]byte("x"), relay.MaxPayload)
	require.NoError(t, relay.WriteFrame(&w, relay.Data, most))
	k, got, err := relay.ReadFrame(&w, buf)
	require.NoError(t, err)
	require.Equal(t, relay.Data, k)
	require.Equal(t, most, got)
}
