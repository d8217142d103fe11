package containerrun_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/containerrun"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
)

const port = 8080

// fixture is an engine with an image of testdata/service on it.
type fixture struct {
	e     *engine.Engine
	run   *engine.Run
	image string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	e := enginetest.Connect(t)
	run, err := engine.NewRun()
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, e.CleanUp(context.Background(), run.ID))
		require.NoError(t, run.Close())
	})
	f := &fixture{e: e, run: run, image: engine.ImageName(run.ID, "service")}
	rc, err := e.Client.ImageImport(t.Context(),
		client.ImageImportSource{Source: bytes.NewReader(serviceTar(t, e.Arch)), SourceName: "-"}, f.image,
		client.ImageImportOptions{Changes: []string{`ENTRYPOINT ["/service"]`, "USER 65534:1234"}})
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, rc)
	require.NoError(t, err)
	require.NoError(t, rc.Close())
	return f
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
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "service", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(program))}))
	_, err = w.Write(program)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return all.Bytes()
}

func (f *fixture) start(t *testing.T, mode string) (*containerrun.Container, error) {
	c, err := containerrun.Start(t.Context(), f.e, containerrun.Options{
		RunID: f.run.ID, Image: f.image, Port: port, Ready: "/ready", Env: map[string]string{"PORT": "8080", "MODE": mode},
	})
	if err == nil {
		t.Cleanup(c.Remove)
	}
	return c, err
}

func TestContainers(t *testing.T) {
	f := newFixture(t)
	t.Run("answers and stops", func(t *testing.T) {
		c, err := f.start(t, "")
		require.NoError(t, err)
		answer, err := c.Get(t.Context(), "/some/where")
		require.NoError(t, err)
		require.Equal(t, 200, answer.Status)
		require.Equal(t, "/some/where", string(answer.Body))
		processes, err := c.Processes(t.Context())
		require.NoError(t, err)
		require.Len(t, processes, 1)
		require.Equal(t, 65534, processes[0].UID)
		require.Equal(t, 1234, processes[0].GID)
		stopped, err := c.Stop(t.Context())
		require.NoError(t, err)
		require.False(t, stopped.Killed)
		require.Equal(t, 0, stopped.ExitCode)
	})
	for _, mode := range []string{"deaf", "wrapped"} {
		t.Run(mode+" is killed", func(t *testing.T) {
			t.Parallel()
			c, err := f.start(t, mode)
			require.NoError(t, err)
			stopped, err := c.Stop(t.Context())
			require.NoError(t, err)
			require.True(t, stopped.Killed, "%+v", stopped)
		})
	}
	for mode, want := range map[string]containerrun.StartFailure{
		"exit":   {Exited: true, ExitCode: 3, Reason: "the process ended with status 3 before it answered", Log: "no configuration"},
		"silent": {Running: true, Reason: "the process runs, but did not answer within 20s"},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			_, err := f.start(t, mode)
			var got *containerrun.StartFailure
			require.True(t, errors.As(err, &got), "%v", err)
			require.Equal(t, want, *got)
		})
	}
}
