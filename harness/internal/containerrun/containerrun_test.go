package containerrun_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/containerrun"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
)

const port = 8080

// fixture is an engine with an image of testdata/service on it.
type fixture struct {
	made    atomic.Int64 // images
	e       *engine.Engine
	run     *engine.Run
	program []byte // the image's files, as a tar
	image   string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	e := enginetest.Connect(t)
	run, err := engine.NewRun()
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.Empty(t, left(t, e, run.ID), "a container that was removed, or did not start, leaves nothing")
		require.NoError(t, e.CleanUp(context.Background(), run.ID))
		require.NoError(t, run.Close())
	})
	f := &fixture{e: e, run: run, program: serviceTar(t, e.Arch)}
	f.image = f.make(t, "service", "USER 65534:1234")
	return f
}

// left lists what there is of a run but for its images.
func left(t *testing.T, e *engine.Engine, runID string) (all []string) {
	t.Helper()
	for _, l := range enginetest.Leftovers(t, e) {
		if strings.HasPrefix(l, runID+" ") && !strings.HasPrefix(l, runID+" image ") {
			all = append(all, l)
		}
	}
	return all
}

// make makes an image that starts the service, but for what changes say.
func (f *fixture) make(t *testing.T, name string, changes ...string) string {
	t.Helper()
	// A name of its own: an image whose name another one takes stays behind nameless.
	image := engine.ImageName(f.run.ID, fmt.Sprintf("%s-%d", name, f.made.Add(1)))
	rc, err := f.e.Client.ImageImport(t.Context(),
		client.ImageImportSource{Source: bytes.NewReader(f.program), SourceName: "-"}, image,
		client.ImageImportOptions{Changes: append([]string{`ENTRYPOINT ["/service"]`}, changes...)})
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, rc)
	require.NoError(t, err)
	require.NoError(t, rc.Close())
	return image
}

// serviceTar compiles the service and packs it as a root file system.
func serviceTar(t *testing.T, arch string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "service")
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, "./testdata/service")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	program, err := os.ReadFile(path)
	require.NoError(t, err)
	var all bytes.Buffer
	w := tar.NewWriter(&all)
	add := func(name string, kind byte, mode int64, content []byte) {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Typeflag: kind, Mode: mode, Size: int64(len(content))}))
		_, err := w.Write(content)
		require.NoError(t, err)
	}
	add("service", tar.TypeReg, 0o755, program)
	add("unexecutable", tar.TypeReg, 0o644, program)
	add("data/", tar.TypeDir, 0o777, nil)
	add("data/seed", tar.TypeReg, 0o666, []byte("what the image has there"))
	add("tmp/", tar.TypeDir, 0o777, nil)
	require.NoError(t, w.Close())
	return all.Bytes()
}

// start starts the service.
func (f *fixture) start(t *testing.T, mode string, isolated bool) (*containerrun.Container, error) {
	t.Helper()
	return f.startImage(t, containerrun.Options{Image: f.image, Env: map[string]string{"MODE": mode}, Isolated: isolated})
}

// startImage starts what the options say, with the service's port.
func (f *fixture) startImage(t *testing.T, o containerrun.Options) (*containerrun.Container, error) {
	t.Helper()
	o.RunID, o.Port, o.Ready = f.run.ID, port, "/ready"
	env := map[string]string{"PORT": "8080"}
	maps.Copy(env, o.Env)
	o.Env = env
	c, err := containerrun.Start(t.Context(), f.e, o)
	if err == nil {
		t.Cleanup(c.Remove)
	}
	return c, err
}

// failure is the *StartFailure that err must be.
func failure(t *testing.T, err error) containerrun.StartFailure {
	t.Helper()
	var got *containerrun.StartFailure
	require.True(t, errors.As(err, &got), "%v", err)
	return *got
}

// either runs a test of containers of either kind: what is true of them does
// not depend on it.
func either(t *testing.T, test func(t *testing.T, isolated bool)) {
	t.Run("trusted", func(t *testing.T) { test(t, false) })
	t.Run("isolated", func(t *testing.T) { test(t, true) })
}

func TestContainers(t *testing.T) {
	f := newFixture(t)
	either(t, func(t *testing.T, isolated bool) {
		t.Parallel() // most of it is waiting
		t.Run("answers and stops", func(t *testing.T) {
			c, err := f.start(t, "", isolated)
			require.NoError(t, err)
			answer, err := c.Get(t.Context(), "/some/where")
			require.NoError(t, err)
			require.Equal(t, 200, answer.Status)
			require.Equal(t, "/some/where", string(answer.Body))
			processes, err := c.Processes(t.Context())
			require.NoError(t, err)
			require.Equal(t, []containerrun.Process{{UID: 65534, GID: 1234, Command: "/service"}}, processes)
			stopped, err := c.Stop(t.Context())
			require.NoError(t, err)
			require.False(t, stopped.Killed)
			require.Equal(t, 0, stopped.ExitCode)
			_, err = c.Get(t.Context(), "/")
			require.Contains(t, failure(t, err).Reason, "GET / was not answered: ")
		})
		for _, mode := range []string{"deaf", "wrapped"} {
			t.Run(mode+" is killed", func(t *testing.T) {
				t.Parallel()
				c, err := f.start(t, mode, isolated)
				require.NoError(t, err)
				stopped, err := c.Stop(t.Context())
				require.NoError(t, err)
				require.True(t, stopped.Killed, "%+v", stopped)
			})
		}
		for mode, want := range map[string]containerrun.StartFailure{
			"exit":   {Exited: true, ExitCode: 3, Reason: "the process ended with status 3 before it answered", Log: "no configuration"},
			"dies":   {Exited: true, ExitCode: 4, Reason: "the process ended with status 4 before it answered", Log: "asked for /ready"},
			"silent": {Running: true, Reason: "the process runs, but did not answer within 20s"},
			"hungry": {Exited: true, ExitCode: 137, Reason: "the process used more than 512 MiB of memory and was killed"},
		} {
			t.Run(mode, func(t *testing.T) {
				t.Parallel()
				_, err := f.start(t, mode, isolated)
				require.Equal(t, want, failure(t, err))
			})
		}
	})
}

// What does not start is told of in the same words whether isolated or not.
func TestImagesThatDoNotStart(t *testing.T) {
	f := newFixture(t)
	for change, words := range map[string]string{
		`ENTRYPOINT ["/missing"]`:      "no such file or directory",
		`ENTRYPOINT ["/unexecutable"]`: "permission denied",
		`ENTRYPOINT ["/data/seed"]`:    "permission denied",
		`USER learner`:                 "unable to find user learner",
	} {
		t.Run(change, func(t *testing.T) {
			image := f.make(t, "unstartable", change)
			_, err := f.startImage(t, containerrun.Options{Image: image})
			trusted := failure(t, err)
			_, err = f.startImage(t, containerrun.Options{Image: image, Isolated: true})
			require.Equal(t, trusted, failure(t, err))
			require.Contains(t, trusted.Reason+trusted.Log, words)
		})
	}
}

func TestDeclaredPort(t *testing.T) {
	f := newFixture(t)
	declares, other := f.make(t, "declares", "EXPOSE 8080"), f.make(t, "other", "EXPOSE 8081", "EXPOSE 8080/udp")
	either(t, func(t *testing.T, isolated bool) {
		c, err := f.startImage(t, containerrun.Options{Image: declares, Declared: true, Isolated: isolated})
		require.NoError(t, err)
		answer, err := c.Get(t.Context(), "/x")
		require.NoError(t, err)
		require.Equal(t, "/x", string(answer.Body))
		for _, image := range []string{f.image, other} {
			_, err = f.startImage(t, containerrun.Options{Image: image, Declared: true, Isolated: isolated})
			require.Equal(t, containerrun.StartFailure{Reason: "the image does not declare port 8080/tcp"}, failure(t, err))
		}
		_, err = f.startImage(t, containerrun.Options{Image: declares, Declared: true, Isolated: isolated, Env: map[string]string{"MODE": "exit"}})
		require.Equal(t, "the process ended with status 3 before it answered", failure(t, err).Reason)
	})
}

func TestGivingUp(t *testing.T) {
	f := newFixture(t)
	either(t, func(t *testing.T, isolated bool) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := containerrun.Start(ctx, f.e, containerrun.Options{RunID: f.run.ID, Image: f.image, Port: port, Ready: "/ready", Isolated: isolated})
		require.ErrorIs(t, err, context.Canceled)
	})
}
