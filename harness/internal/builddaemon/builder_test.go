package builddaemon

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
)

func TestBuildMakesAnImage(t *testing.T) {
	s := newSubmission(t)
	begun := time.Now()
	dir := folder(t, "Dockerfile", "FROM "+base+" AS b\nRUN go version >/v\nFROM scratch\nARG X\nLABEL x=$X\nCOPY --from=b /v /\nCOPY . /\n",
		".dockerignore", "left-out\n", "taken", "1", "left-out", "2")
	req := imagebuild.Request{Dir: dir, Tag: s.tag(), Args: map[string]string{"X": "seven"}}
	built, err := s.Build(t.Context(), req)
	require.NoError(t, err)
	t.Logf("started and built in %s", time.Since(begun).Round(10*time.Millisecond))
	assert.Contains(t, built.Sent, "taken")
	assert.NotContains(t, built.Sent, "left-out")
	img, err := s.engine.Client.ImageInspect(t.Context(), s.tag())
	require.NoError(t, err)
	assert.Equal(t, "seven", img.Config.Labels["x"])
	assert.Len(t, img.RootFS.Layers, 2)

	built, err = s.Build(t.Context(), req)
	require.NoError(t, err)
	assert.Empty(t, built.Executed(), "the daemon keeps what it has built")
}

// An image with the base in it is what a learner makes who forgets the last stage.
func TestBuildOfAnImageWithItsBase(t *testing.T) {
	s := newSubmission(t)
	_, err := s.Build(t.Context(), imagebuild.Request{Dir: folder(t, "Dockerfile", "FROM "+base+"\nRUN echo >/own\n"), Tag: s.tag()})
	require.NoError(t, err)
	img, err := s.engine.Client.ImageInspect(t.Context(), s.tag())
	require.NoError(t, err)
	of, err := s.engine.Client.ImageInspect(t.Context(), base)
	require.NoError(t, err)
	assert.Equal(t, of.RootFS.Layers, img.RootFS.Layers[:len(img.RootFS.Layers)-1])
}

func TestBuildSaysWhatFailed(t *testing.T) {
	s := newSubmission(t)
	f := s.fails(0, "FROM "+base, "RUN true", "RUN echo out loud; exit 7")
	assert.Equal(t, 3, f.Line)
	assert.Equal(t, "exit code: 7", f.Reason)
	assert.Contains(t, f.Output, "out loud")
}

// A build that is ended because enough was seen is nobody's failure, and the
// next one finds what it left.
func TestBuildGoesOnAfterEnough(t *testing.T) {
	s := newSubmission(t)
	lines := []string{"FROM " + base, "RUN echo kept", "RUN echo seen; sleep infinity"}
	dir := folder(t, "Dockerfile", strings.Join(lines, "\n")+"\n")
	_, err := s.Build(t.Context(), imagebuild.Request{Dir: dir, Enough: func(output string) bool { return strings.Contains(output, "seen\n") }})
	require.ErrorIs(t, err, imagebuild.ErrEnough)
	var f *imagebuild.Failure
	require.NotErrorAs(t, err, &f)
	built, err := s.build(lines[:2]...)
	require.NoError(t, err)
	assert.Empty(t, built.Executed(), "the daemon is the same")
}

// Each submission begins with what the seed has in its cache mounts, and what
// one writes there no other gets.
func TestCachesAreTheSubmissionsOwn(t *testing.T) {
	for _, name := range []string{"one", "two"} {
		s := newSubmission(t)
		look := "RUN --mount=type=cache,target=/cache stat -c %a /cache/d && cat /cache/d/f && ls /cache && echo poison-" + name + " >/cache/d/f && touch /cache/" + name
		built, err := s.build("FROM "+base, look)
		require.NoError(t, err)
		assert.Equal(t, "705\nwarm\nd\n", output(built))
		built, err = s.build("FROM "+base, look+" # again")
		require.NoError(t, err)
		assert.Equal(t, "705\npoison-"+name+"\nd\n"+name+"\n", output(built))
	}
}

// What a Dockerfile asks for that is not there is its own fault, and nothing is
// fetched.
func TestNothingElseIsFetched(t *testing.T) {
	s := newSubmission(t)
	for name, c := range map[string]struct {
		lines  []string
		line   int
		reason string
	}{
		"another base":    {[]string{"FROM scratch", "FROM alpine:3"}, 2, "alpine:3 is not among the images that this build may use: golang:1.26, scratch"},
		"another version": {[]string{"FROM golang:1.2"}, 1, "golang:1.2 is not among"},
		"another archive": {[]string{"FROM ghcr.io/golang:1.26"}, 1, "ghcr.io/golang:1.26 is not among"},
		"a copied image":  {[]string{"FROM scratch", "COPY --from=solutions:148 /app /app"}, 2, "solutions:148 is not among"},
		"a mounted image": {[]string{"FROM " + base, "RUN --mount=type=bind,from=busybox,target=/b ls /b"}, 0, "busybox:latest is not among"},
		"a URL":           {[]string{"FROM scratch", "", "ADD http://198.51.100.1/app /app"}, 3, "the builder itself would fetch http://198.51.100.1/app"},
		"a repository":    {[]string{"FROM scratch", "ADD https://github.com/moby/buildkit.git#v0.9.0 /src"}, 2, "the builder itself would fetch"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &submission{Builder: s.Builder, T: t, run: s.run}
			f := s.fails(0, c.lines...)
			assert.Equal(t, c.line, f.Line)
			assert.Contains(t, f.Reason, c.reason)
		})
	}
}

// Whatever a name is spelt like, it is one image.
func TestImagesByAnyName(t *testing.T) {
	s := newSubmission(t)
	for _, name := range []string{"golang:1.26", "docker.io/library/golang:1.26", "docker.io/golang:1.26"} {
		_, err := s.build("FROM "+name, "RUN true")
		assert.NoError(t, err, name)
	}
}

func TestBuildStopsWithItsContext(t *testing.T) {
	s := newSubmission(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Second, cancel)
	_, err := s.Build(ctx, imagebuild.Request{Dir: folder(t, "Dockerfile", "FROM "+base+"\nRUN sleep 600\n")})
	require.ErrorIs(t, err, context.Canceled)
}

// A daemon that cannot be started is nobody's Dockerfile's fault.
func TestADaemonThatDoesNotStart(t *testing.T) {
	s := newSubmission(t)
	s.spec.forwards = nil
	s.spec.image = base
	_, err := s.build("FROM scratch")
	require.Error(t, err)
	var f *imagebuild.Failure
	require.NotErrorAs(t, err, &f)
}

// A daemon that dies takes the step with it that it was at. The next build has
// another one.
func TestADaemonThatDies(t *testing.T) {
	s := newSubmission(t)
	_, err := s.build("FROM " + base)
	require.NoError(t, err)
	died := s.daemon.id
	s.killWhenRunning(died)
	f := s.fails(0, "FROM "+base, "RUN sleep 600")
	assert.Equal(t, 2, f.Line)
	assert.Equal(t, "the builder did not survive this step: it ended with status 137", f.Reason)
	_, err = s.build("FROM "+base, "RUN true")
	require.NoError(t, err)
	assert.NotEqual(t, died, s.daemon.id)
}

// killWhenRunning kills a container as soon as a sleep runs in it.
func (s *submission) killWhenRunning(id string) {
	go func() {
		for s.Context().Err() == nil {
			top, err := s.engine.Client.ContainerTop(s.Context(), id, client.ContainerTopOptions{})
			if err == nil {
				for _, p := range top.Processes {
					if p[len(p)-1] == "sleep 600" {
						_, err := s.engine.Client.ContainerKill(s.Context(), id, client.ContainerKillOptions{Signal: "KILL"})
						assert.NoError(s, err)
						return
					}
				}
			}
		}
	}()
}

// An edited step is known for what it is, by a builder that names steps itself.
func TestEdit(t *testing.T) {
	s := newSubmission(t)
	dir := folder(t, "Dockerfile", "FROM "+base+"\nCOPY Dockerfile /\nRUN echo \"[$EXTRA]\"; ls /sys/class/net\n")
	built, err := s.Build(t.Context(), imagebuild.Request{Dir: dir, Edit: func(_ string, run *imagebuild.RunStep) {
		run.Env, run.NoNet = append(run.Env, "EXTRA=more"), true
	}})
	require.NoError(t, err)
	runs := built.Executed()
	require.Len(t, runs, 1)
	assert.Equal(t, "[more]\nlo\n", runs[0].Output)
	assert.Equal(t, 3, runs[0].Line)
}
