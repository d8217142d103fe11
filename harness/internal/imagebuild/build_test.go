package imagebuild

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/baseimage"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
)

// base is an image with a shell, which RUN steps need.
const base = "golang:1.26"

// newBuilder returns a Builder on the engine, with the base image there, and a
// name for images that are removed in the end.
func newBuilder(t *testing.T) (b *EngineBuilder, tag string) {
	t.Helper()
	e := enginetest.Connect(t)
	p := baseimage.NewProvider(e, t.Logf)
	p.ModuleDir = "../../.."
	_, err := p.Ensure(t.Context(), base)
	require.NoError(t, err)
	run, err := engine.NewRun()
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, e.CleanUp(context.Background(), run.ID))
		require.NoError(t, run.Close())
	})
	return NewEngineBuilder(e), engine.ImageName(run.ID, "test")
}

func TestBuildMakesAnImage(t *testing.T) {
	b, tag := newBuilder(t)
	dir := folder(t, "Dockerfile", "FROM scratch\nARG X\nLABEL x=$X\nCOPY . /\n", ".dockerignore", "left-out\n", "taken", "1", "left-out", "2")
	built, err := b.Build(t.Context(), Request{Dir: dir, Tag: tag, Args: map[string]string{"X": "seven"}})
	require.NoError(t, err)
	require.Contains(t, built.Sent, "taken")
	require.NotContains(t, built.Sent, "left-out")
	img, err := b.engine.Client.ImageInspect(t.Context(), tag)
	require.NoError(t, err)
	require.Equal(t, "seven", img.Config.Labels["x"])
}

func TestBuildSaysWhatFailed(t *testing.T) {
	b, _ := newBuilder(t)
	for name, c := range map[string]struct {
		dockerfile     string
		line           int
		reason, output string
	}{
		"a RUN":            {"FROM " + base + "\nRUN true\nRUN echo out loud; exit 7\n", 3, "exit code: 7", "out loud"},
		"a COPY":           {"FROM " + base + " AS b\nRUN true\n\nFROM scratch\nCOPY --from=b /nowhere /x\n", 5, "/nowhere", ""},
		"no shell":         {"FROM scratch\nRUN echo\n", 2, "/bin/sh", ""},
		"an unknown stage": {"FROM scratch\nCOPY --from=9 /x /x\n", 0, "invalid stage index 9", ""},
	} {
		t.Run(name, func(t *testing.T) {
			// What differs from run to run makes the steps be run.
			dir := folder(t, "Dockerfile", strings.Replace(c.dockerfile, "RUN true", "RUN true "+time.Now().String(), 1))
			_, err := b.Build(t.Context(), Request{Dir: dir})
			var f *Failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, c.line, f.Line)
			require.Contains(t, f.Reason+f.Output, c.reason)
			require.Contains(t, f.Output, c.output)
		})
	}
}

func TestBuildEndsAtItsLimits(t *testing.T) {
	b, _ := newBuilder(t)
	for name, c := range map[string]struct{ run, reason string }{
		"of time":   {"echo begun; sleep 600", "was not done after"},
		"of output": {"yes", "printed without end"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, "Dockerfile", "FROM "+base+"\nRUN true\nRUN "+c.run+"\n")
			const limit = 15 * time.Second // far below what the step would take
			_, err := b.Build(t.Context(), Request{Dir: dir, Limit: limit})
			var f *Failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, 3, f.Line)
			require.Contains(t, f.Reason, c.reason)
		})
	}
}

func TestBuildStopsWithItsContext(t *testing.T) {
	b, _ := newBuilder(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Second, cancel)
	_, err := b.Build(ctx, Request{Dir: folder(t, "Dockerfile", "FROM "+base+"\nRUN sleep 600\n")})
	require.ErrorIs(t, err, context.Canceled)
}

// An Edit changes the step that it names, for that build only, and leaves the
// others where they are in the cache.
func TestEdit(t *testing.T) {
	b, _ := newBuilder(t)
	stamp := time.Now().String()
	dir := folder(t, "Dockerfile", "FROM "+base+" AS b\nRUN echo "+stamp+" >/first\nRUN echo \"[$EXTRA]\"; ls /sys/class/net; test -z \"$EXTRA\" || touch /$EXTRA\n")
	outputs := func(edit Edit) (first, second Step) {
		built, err := b.Build(t.Context(), Request{Dir: dir, Edit: edit})
		require.NoError(t, err)
		var runs []Step
		for _, s := range built.Steps {
			if s.Run {
				runs = append(runs, s)
			}
		}
		require.Len(t, runs, 2)
		return runs[0], runs[1]
	}
	first, second := outputs(nil)
	require.False(t, first.Cached)
	require.Contains(t, second.Output, "[]")
	require.Contains(t, second.Output, "eth0")
	require.Equal(t, 3, second.Line)

	name := second.Name
	first, second = outputs(func(step string, run *RunStep) {
		if step == name {
			run.Env = append(run.Env, "EXTRA=more")
			run.NoNet = true
		}
	})
	require.True(t, first.Cached)
	require.False(t, second.Cached)
	require.Contains(t, second.Output, "[more]")
	require.NotContains(t, second.Output, "eth0")
	require.Equal(t, 3, second.Line)

	_, second = outputs(nil)
	require.True(t, second.Cached)
}

func TestFreshCachesAreEmpty(t *testing.T) {
	b, _ := newBuilder(t)
	stamp := time.Now().Format("150405.000000")
	build := func(nonce string, edit Edit) string {
		dir := folder(t, "Dockerfile", "FROM "+base+"\nRUN --mount=type=cache,target=/c,id=test-"+stamp+" ls /c; touch /c/kept # "+nonce+"\n")
		built, err := b.Build(t.Context(), Request{Dir: dir, Edit: edit})
		require.NoError(t, err)
		return built.Steps[len(built.Steps)-1].Output
	}
	require.Empty(t, build("1", nil))
	require.Equal(t, "kept\n", build("2", nil))
	require.Empty(t, build("3", func(_ string, run *RunStep) { run.FreshCaches = stamp }))
}

// Names of extra hosts reach RUN steps; the address behind one is no part of
// the cache key.
func TestHostsAreNoPartOfTheCacheKey(t *testing.T) {
	b, _ := newBuilder(t)
	dir := folder(t, "Dockerfile", "FROM "+base+"\nRUN getent hosts daybook-test && echo "+time.Now().String()+"\n")
	build := func(ip string) Step {
		built, err := b.Build(t.Context(), Request{Dir: dir, Hosts: map[string]string{"daybook-test": ip}, Args: map[string]string{"HTTP_PROXY": "http://" + ip}})
		require.NoError(t, err)
		for _, s := range built.Steps {
			if s.Run {
				return s
			}
		}
		t.Fatal("no RUN step")
		return Step{}
	}
	require.Contains(t, build("10.1.2.3").Output, "10.1.2.3")
	require.True(t, build("10.9.8.7").Cached)
}

func TestRemoteSourcesAreNamed(t *testing.T) {
	b, _ := newBuilder(t)
	dir := folder(t, "Dockerfile", "FROM scratch\nCOPY a /\nADD http://127.0.0.1:9/file /\n", "a", "")
	built, err := b.Build(t.Context(), Request{Dir: dir})
	require.Error(t, err)
	require.Equal(t, []Remote{{Source: "http://127.0.0.1:9/file", Line: 3}}, built.Remote)
}

// An engine that goes away is nobody's Dockerfile's fault.
func TestALostEngineIsNoFailure(t *testing.T) {
	c, err := client.New(client.WithHost("unix:///no/such/socket"))
	require.NoError(t, err)
	_, err = NewEngineBuilder(&engine.Engine{Client: c}).Build(t.Context(), Request{Dir: folder(t, "Dockerfile", "FROM scratch\n")})
	require.Error(t, err)
	var f *Failure
	require.NotErrorAs(t, err, &f)
}
