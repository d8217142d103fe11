package baseimage

import (
	"bytes"
	"context"
	"debug/elf"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
)

// provider logs what it tells, with the time.
func provider(t *testing.T, e *engine.Engine) *Provider {
	start := time.Now()
	return NewProvider(e, func(format string, args ...any) {
		t.Logf("%5.1fs "+format, append([]any{time.Since(start).Seconds()}, args...)...)
	})
}

// inContainer runs a shell script in a container of the image, with dir at
// /work, and returns what it prints.
func inContainer(t *testing.T, e *engine.Engine, ref, dir, script string) string {
	t.Helper()
	return runContainer(t, e, &container.Config{
		Image: ref, Cmd: []string{"sh", "-ec", script}, WorkingDir: "/work",
		Env: []string{"GOPROXY=off", "GOFLAGS=-buildvcs=false"},
	}, dir+":/work")
}

// runIn runs a program in a container of the image, and returns what it prints.
func runIn(t *testing.T, e *engine.Engine, ref string, command ...string) string {
	t.Helper()
	return runContainer(t, e, &container.Config{Image: ref, Entrypoint: command})
}

func runContainer(t *testing.T, e *engine.Engine, config *container.Config, binds ...string) string {
	t.Helper()
	ctx := t.Context()
	created, err := e.Client.ContainerCreate(ctx, client.ContainerCreateOptions{
		Config: config, HostConfig: &container.HostConfig{Binds: binds, NetworkMode: "none"},
	})
	require.NoError(t, err)
	defer func() {
		_, err := e.Client.ContainerRemove(context.WithoutCancel(ctx), created.ID, client.ContainerRemoveOptions{Force: true})
		assert.NoError(t, err)
	}()
	_, err = e.Client.ContainerStart(ctx, created.ID, client.ContainerStartOptions{})
	require.NoError(t, err)
	wait := e.Client.ContainerWait(ctx, created.ID, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	var ended container.WaitResponse
	select {
	case err := <-wait.Error:
		require.NoError(t, err)
	case ended = <-wait.Result:
	}
	logs, err := e.Client.ContainerLogs(ctx, created.ID, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	require.NoError(t, err)
	defer logs.Close()
	var out bytes.Buffer
	_, err = stdcopy.StdCopy(&out, &out, logs)
	require.NoError(t, err)
	require.Zero(t, ended.StatusCode, "the exit status; it printed:\n%s", &out)
	return out.String()
}

// dynamic reports whether the program asks for a dynamic linker, which is not
// there on scratch.
func dynamic(t *testing.T, path string) bool {
	t.Helper()
	file, err := elf.Open(path)
	require.NoError(t, err)
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			return true
		}
	}
	return false
}

// A build in the image comes out as it would in the official one: with cgo,
// unless told not to.
func TestContainerGolangBuildsPrograms(t *testing.T) {
	e := enginetest.Connect(t)
	img, err := provider(t, e).Ensure(t.Context(), "golang:1.26")
	require.NoError(t, err)
	t.Logf("%s: %s %s", img.Ref, img.Origin, img.Detail)
	checkGolang(t, e, img.Ref)
}

func checkGolang(t *testing.T, e *engine.Engine, ref string) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":      "module example.com/m\n\ngo 1.26\n",
		"net/main.go": "package main\n\nimport \"net\"\n\nfunc main() { _, _ = net.LookupHost(\"localhost\") }\n",
		"cgo/main.go": "package main\n\n// #include <stdio.h>\nimport \"C\"\n\nfunc main() { C.puts(C.CString(\"from C\")); C.fflush(nil) }\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	out := inContainer(t, e, ref, dir, `
		go build -o usual ./net
		CGO_ENABLED=0 go build -o static ./net
		go build -o withc ./cgo && ./withc
		go env GOTOOLCHAIN GOPATH && echo $GOLANG_VERSION
		git --version && make --version | head -1
		ls /etc/ssl/certs/ca-certificates.crt /usr/share/zoneinfo/Europe/Berlin
		stat -c '%a %n' /go /go/bin /go/src
	`)
	t.Log(out)
	assert.Contains(t, out, "from C")
	assert.Contains(t, out, "local\n/go\n")
	for _, d := range []string{"/go", "/go/bin", "/go/src"} {
		assert.Contains(t, out, "1777 "+d+"\n")
	}
	assert.True(t, dynamic(t, filepath.Join(dir, "usual")), "without CGO_ENABLED=0 a program that uses net is dynamic")
	assert.False(t, dynamic(t, filepath.Join(dir, "static")), "with CGO_ENABLED=0 it is static")
}

func TestContainerFrontendIsThere(t *testing.T) {
	e := enginetest.Connect(t)
	img, err := provider(t, e).Ensure(t.Context(), "docker/dockerfile:1")
	require.NoError(t, err)
	t.Logf("%s: %s %s", img.Ref, img.Origin, img.Detail)
	found, err := e.Client.ImageInspect(t.Context(), img.Ref)
	require.NoError(t, err)
	assert.Equal(t, "true", found.Config.Labels["moby.buildkit.frontend.network.none"])
	assert.Equal(t, e.Arch, found.Architecture)
}

// Both programs of the daemon's image run in it: the daemon tells its version,
// and has found runc, or it would say that it has nothing to build with.
func TestContainerDaemonIsThere(t *testing.T) {
	e := enginetest.Connect(t)
	p := provider(t, e)
	ref, err := p.DaemonImage(t.Context())
	require.NoError(t, err)
	img, err := p.Ensure(t.Context(), ref)
	require.NoError(t, err)
	t.Logf("%s: %s %s", img.Ref, img.Origin, img.Detail)
	out := runIn(t, e, ref, daemonProgram, "--version")
	assert.Contains(t, out, "github.com/moby/buildkit")
	runc := "runc"
	if img.Origin != StandIn {
		runc = "buildkit-runc"
	}
	assert.Contains(t, runIn(t, e, ref, runc, "--version"), "libseccomp", "without it RUN steps would be without a system call filter")
}

// Both stand-ins are built at once from nothing, under names of their own, and
// removed again.
func TestContainerStandInsFromNothing(t *testing.T) {
	if os.Getenv("DAYBOOK_SLOW_TESTS") == "" {
		t.Skip("set DAYBOOK_SLOW_TESTS=1: this takes half a minute or more")
	}
	e := enginetest.Connect(t)
	p := provider(t, e)
	golang, err := p.golangRecipe(t.Context(), "latest")
	if err != nil {
		t.Skipf("this machine cannot build a golang stand-in: %v", err)
	}
	frontend, err := p.frontendRecipe(t.Context())
	require.NoError(t, err)
	for ref, r := range map[string]*recipe{"daybook-test-golang:1": golang, "daybook-test-dockerfile:1": frontend} {
		t.Run(r.kind, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, p.build(t.Context(), t.TempDir(), ref, r))
			t.Cleanup(func() {
				_, err := e.Client.ImageRemove(context.Background(), ref, client.ImageRemoveOptions{PruneChildren: true})
				assert.NoError(t, err)
			})
			found, err := e.Client.ImageInspect(t.Context(), ref)
			require.NoError(t, err)
			t.Logf("%s: %s, %d MB", ref, found.Config.Labels[detailLabel], found.Size>>20)
			if r == golang {
				checkGolang(t, e, ref)
			}
		})
	}
}
