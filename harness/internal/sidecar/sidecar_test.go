package sidecar

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
	"github.com/daybook-dev/daybook/harness/internal/sidecar/relay"
)

// bench is an engine and a run on it, of which nothing is left after the test.
type bench struct {
	*testing.T
	engine *engine.Engine
	run    *engine.Run
}

func newBench(t *testing.T) *bench {
	t.Helper()
	e := enginetest.Connect(t)
	run, err := engine.NewRun()
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, e.CleanUp(context.Background(), run.ID))
		require.NoError(t, run.Close())
	})
	return &bench{T: t, engine: e, run: run}
}

// start starts a container without a network that runs cmd in an image with
// the relay and testdata/peer.
func (b *bench) start(cmd ...string) (id string) {
	b.Helper()
	image, err := Relay.Image(b.Context(), b.engine, b.testRepo())
	require.NoError(b, err)
	image.Files = append(image.Files, File{Name: "peer", Content: compilePeer(b.T, b.engine.Arch)})
	ref, release, err := image.Hold(b.Context(), b.engine)
	require.NoError(b, err)
	defer release()
	made, err := b.engine.Client.ContainerCreate(b.Context(), client.ContainerCreateOptions{
		Config:     &container.Config{Image: ref, Entrypoint: cmd, Labels: map[string]string{engine.RunLabel: b.run.ID}},
		HostConfig: &container.HostConfig{NetworkMode: "none", ReadonlyRootfs: true, Tmpfs: map[string]string{"/run": "mode=1777"}},
	})
	require.NoError(b, err)
	b.Cleanup(func() { // before the image
		_, err := b.engine.Client.ContainerRemove(context.Background(), made.ID, client.ContainerRemoveOptions{Force: true})
		require.NoError(b, err)
	})
	_, err = b.engine.Client.ContainerStart(b.Context(), made.ID, client.ContainerStartOptions{})
	require.NoError(b, err)
	return made.ID
}

func compilePeer(t *testing.T, arch string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "peer")
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, "./testdata/peer")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	program, err := os.ReadFile(path)
	require.NoError(t, err)
	return program
}

// dialer waits for what is being started.
func (b *bench) dialer(id string) Dialer {
	return Dialer{Engine: b.engine, Container: id, Wait: time.Minute}
}

// processes lists a container's processes by their command lines.
func (b *bench) processes(id string) []string {
	b.Helper()
	top, err := b.engine.Client.ContainerTop(b.Context(), id, client.ContainerTopOptions{Arguments: []string{"-eo", "pid,args"}})
	require.NoError(b, err)
	var all []string
	for _, row := range top.Processes {
		all = append(all, row[1])
	}
	return all
}

// only waits until there is one process left in the container.
func (b *bench) only(id, want string) {
	b.Helper()
	require.EventuallyWithT(b, func(t *assert.CollectT) { require.Equal(t, []string{want}, b.processes(id)) }, time.Minute, 20*time.Millisecond)
}

func TestDial(t *testing.T) {
	b := newBench(t)
	id := b.start("/peer")
	d := b.dialer(id)
	web := &http.Client{Transport: &http.Transport{DialContext: d.DialContext}}
	defer web.CloseIdleConnections()
	const size = 3 << 20

	t.Run("much there", func(t *testing.T) {
		sent := make([]byte, size)
		rand.Read(sent)
		res, err := web.Post("http://127.0.0.1:8080/sum", "", bytes.NewReader(sent))
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("%d %x", size, sha256.Sum256(sent)), text(t, res))
	})
	t.Run("much back", func(t *testing.T) {
		res, err := web.Get(fmt.Sprintf("http://127.0.0.1:8080/bytes/%d", size))
		require.NoError(t, err)
		require.Equal(t, strings.Repeat("0123456789abcdef", size/16), text(t, res))
	})
	t.Run("many at once", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				res, err := web.Get("http://127.0.0.1:8080/bytes/4096")
				if err != nil || res.ContentLength != 0 && len(text(t, res)) != 4096 {
					t.Errorf("%v", err)
				}
			})
		}
		wg.Wait()
	})
	t.Run("half-close, by a Unix socket", func(t *testing.T) {
		c, err := d.Dial(t.Context(), "unix:/run/echo.sock")
		require.NoError(t, err)
		defer c.Close()
		require.Equal(t, "/run/echo.sock", c.RemoteAddr().String())
		sent := make([]byte, size)
		rand.Read(sent)
		_, err = c.Write(sent)
		require.NoError(t, err)
		require.NoError(t, c.(interface{ CloseWrite() error }).CloseWrite())
		got, err := io.ReadAll(c)
		require.NoError(t, err)
		require.True(t, bytes.Equal(sent, got), "all that was said, and nothing else")
		_, err = c.Write([]byte("more"))
		require.ErrorIs(t, err, net.ErrClosed)
	})
	t.Run("the other end breaks off", func(t *testing.T) {
		c, err := d.Dial(t.Context(), "tcp:127.0.0.1:8081")
		require.NoError(t, err)
		defer c.Close()
		_, err = io.ReadFull(c, make([]byte, len("well")))
		require.NoError(t, err)
		_, err = c.Write([]byte("x"))
		require.NoError(t, err)
		_, err = c.Read(make([]byte, 1))
		var theirs *relay.Failure
		require.ErrorAs(t, err, &theirs)
		require.Contains(t, theirs.Message, "connection reset by peer")
	})
	t.Run("nothing listens", func(t *testing.T) {
		for _, target := range []string{"tcp:127.0.0.1:9", "unix:/run/none.sock"} {
			_, err := Dial(t.Context(), b.engine, id, target)
			require.ErrorIs(t, err, relay.ErrRefused)
		}
	})
	web.CloseIdleConnections()
	b.only(id, "/peer")
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(body)
}

func TestCloseEndsReadsAndTheRelay(t *testing.T) {
	b := newBench(t)
	id := b.start("/peer")
	d := b.dialer(id)
	t.Run("a read that waits", func(t *testing.T) {
		c, err := d.Dial(t.Context(), "unix:/run/echo.sock")
		require.NoError(t, err)
		read := make(chan error)
		go func() {
			_, err := c.Read(make([]byte, 1))
			read <- err
		}()
		require.NoError(t, c.Close())
		require.ErrorIs(t, <-read, net.ErrClosed)
		require.NoError(t, c.Close(), "closing twice")
		_, err = c.Write([]byte("x"))
		require.Error(t, err)
	})
	t.Run("a deadline", func(t *testing.T) {
		c, err := d.Dial(t.Context(), "unix:/run/echo.sock")
		require.NoError(t, err)
		defer c.Close()
		require.NoError(t, c.SetReadDeadline(time.Now()))
		_, err = c.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	})
	t.Run("an answer without an end", func(t *testing.T) {
		c, err := d.Dial(t.Context(), "tcp:127.0.0.1:8080")
		require.NoError(t, err)
		_, err = io.WriteString(c, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		_, err = io.ReadFull(c, make([]byte, 1<<20))
		require.NoError(t, err)
		require.NoError(t, c.Close())
	})
	t.Run("giving up while nothing listens", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		dialled := make(chan error)
		go func() {
			_, err := d.Dial(ctx, "tcp:127.0.0.1:9")
			dialled <- err
		}()
		require.Eventually(t, func() bool { return len(b.processes(id)) > 1 }, time.Minute, 20*time.Millisecond, "it tries")
		cancel()
		require.ErrorIs(t, <-dialled, context.Canceled)
	})
	b.only(id, "/peer")
}

func TestOursIsNoFailureOfTheirs(t *testing.T) {
	b := newBench(t)
	id := b.start("/peer")
	ours := func(err error, contains string) {
		t.Helper()
		var theirs *relay.Failure
		require.Error(t, err)
		require.False(t, errors.As(err, &theirs), "%v", err)
		require.ErrorContains(t, err, contains)
	}
	d := b.dialer(id)
	d.Path = "/nowhere"
	_, err := d.Dial(t.Context(), "tcp:127.0.0.1:8080")
	ours(err, "connecting to tcp:127.0.0.1:8080 by a relay: ")
	d.Path = "/peer" // a program, but no relay
	_, err = d.Dial(t.Context(), "tcp:127.0.0.1:8080")
	ours(err, "connecting to tcp:127.0.0.1:8080 by a relay: the relay broke off: ")

	c, err := b.dialer(id).Dial(t.Context(), "unix:/run/echo.sock")
	require.NoError(t, err)
	defer c.Close()
	_, err = b.engine.Client.ContainerKill(t.Context(), id, client.ContainerKillOptions{Signal: "SIGKILL"})
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 1))
	ours(err, "the relay broke off: unexpected EOF")
	_, err = Dial(t.Context(), b.engine, id, "tcp:127.0.0.1:8080")
	ours(err, "connecting to tcp:127.0.0.1:8080 by a relay: ")
	_, err = Dial(t.Context(), b.engine, id, "nothing")
	ours(err, "neither HOST:PORT")
}

func TestHoldReapsAndStops(t *testing.T) {
	b := newBench(t)
	id := b.start(RelayPath, "hold")
	made, err := b.engine.Client.ExecCreate(t.Context(), id, client.ExecCreateOptions{Cmd: []string{"/peer", "orphan"}, AttachStdout: true})
	require.NoError(t, err)
	attached, err := b.engine.Client.ExecAttach(t.Context(), made.ID, client.ExecAttachOptions{})
	require.NoError(t, err)
	defer attached.Close()
	_, err = io.Copy(io.Discard, attached.Reader)
	require.NoError(t, err)
	b.only(id, RelayPath+" hold")

	_, err = b.engine.Client.ContainerStop(t.Context(), id, client.ContainerStopOptions{})
	require.NoError(t, err)
	c, err := b.engine.Client.ContainerInspect(t.Context(), id, client.ContainerInspectOptions{})
	require.NoError(t, err)
	require.Zero(t, c.Container.State.ExitCode, "SIGTERM ended it, no kill was needed")
}
