package sidecar

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/engine"
)

func TestBinary(t *testing.T) {
	for _, p := range []Program{Relay, "egress-proxy"} {
		program, err := p.Binary(t.Context(), runtime.GOARCH)
		require.NoError(t, err)
		require.True(t, p.runsOn(program, runtime.GOARCH), "a static program for Linux")
		again, err := p.Binary(t.Context(), runtime.GOARCH)
		require.NoError(t, err)
		require.Equal(t, program, again)

		dir := t.TempDir()
		beside := filepath.Join(dir, string(p))
		require.Nil(t, p.ready(dir, runtime.GOARCH))
		require.NoError(t, os.WriteFile(beside, program, 0o600))
		require.Equal(t, program, p.ready(dir, runtime.GOARCH))
		require.Nil(t, p.ready(dir, "another architecture"))
		self, err := os.Executable()
		require.NoError(t, err)
		other, err := os.ReadFile(self)
		require.NoError(t, err)
		for _, wrong := range [][]byte{other, []byte("#!/bin/sh\n"), nil} {
			require.NoError(t, os.WriteFile(beside, wrong, 0o600))
			require.Nil(t, p.ready(dir, runtime.GOARCH))
		}
	}
}

func TestUnknownProgramIsTrouble(t *testing.T) {
	_, err := Program("no-such-program").Binary(t.Context(), runtime.GOARCH)
	var trouble *check.Trouble
	require.ErrorAs(t, err, &trouble)
	require.Contains(t, trouble.Message, "there is no no-such-program for linux/")
	require.Contains(t, trouble.Mend, "make build")
}

// The tag is all that tells one image from the next, so it depends on all that
// is in one.
func TestHashIsOfAllThatIsInAnImage(t *testing.T) {
	a := File{Name: "a", Content: []byte("1")}
	seen := map[string]Image{}
	for _, i := range []Image{
		{Files: []File{a}},
		{Files: []File{a}, User: "0"},
		{Files: []File{{Name: "a", Content: []byte("2")}}},
		{Files: []File{{Name: "b", Content: []byte("1")}}},
		{Files: []File{{Name: "a", Content: []byte("1"), Mode: 0o700}}},
		{Files: []File{a, a}},
		{},
	} {
		other, ok := seen[i.hash()]
		require.False(t, ok, "%+v and %+v", i, other)
		seen[i.hash()] = i
	}
	require.Equal(t, Image{Repo: "x", Files: []File{a}}.hash(), Image{Repo: "y", Files: []File{a}, User: Nobody}.hash())
}

// testRepo names images of this test only: other tests may be starting real
// proxies at the same time.
func (b *bench) testRepo() string {
	b.Helper()
	repo := "daybook-sidecar-test-" + b.run.ID
	dir, err := cacheDir()
	require.NoError(b, err)
	b.Cleanup(func() {
		removeOthers(context.Background(), b.engine, repo, "")
		require.NoError(b, os.Remove(filepath.Join(dir, repo+".lock")))
	})
	return repo
}

func nothingBut(repo, program string) Image {
	return Image{Repo: repo, Files: []File{{Name: "program", Content: []byte(program)}}}
}

// hold holds the image of a program that is nothing but its name.
func (b *bench) hold(repo, program string) (ref string, release func()) {
	b.Helper()
	ref, release, err := nothingBut(repo, program).Hold(b.Context(), b.engine)
	require.NoError(b, err)
	require.True(b, b.has(ref))
	return ref, release
}

func (b *bench) has(ref string) bool {
	b.Helper()
	_, err := b.engine.Client.ImageInspect(b.Context(), ref)
	if err != nil {
		require.True(b, cerrdefs.IsNotFound(err), "%v", err)
	}
	return err == nil
}

func TestImagesOfOtherProgramsAreRemoved(t *testing.T) {
	b := newBench(t)
	repo := b.testRepo()
	used, release := b.hold(repo, "used")
	c, err := b.engine.Client.ContainerCreate(t.Context(), client.ContainerCreateOptions{
		Config: &container.Config{Image: used, Labels: map[string]string{engine.RunLabel: b.run.ID}},
	})
	require.NoError(t, err)
	release()
	unused, release := b.hold(repo, "unused")
	release()
	require.True(t, b.has(used), "a container is made of it")

	current, release := b.hold(repo, "current")
	_, releaseOther := b.hold(repo, "current")
	release()
	require.True(t, b.has(unused), "another start is going on")
	releaseOther()
	newest, release := b.hold(repo, "newest")
	release()
	require.Equal(t, []bool{true, false, false, true}, []bool{b.has(used), b.has(unused), b.has(current), b.has(newest)})

	_, err = b.engine.Client.ContainerRemove(t.Context(), c.ID, client.ContainerRemoveOptions{Force: true})
	require.NoError(t, err)
}

func TestImageIsLoadedByManyAtOnce(t *testing.T) {
	b := newBench(t)
	repo := b.testRepo()
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			ref, release, err := nothingBut(repo, "program").Hold(t.Context(), b.engine)
			if err != nil || !b.has(ref) {
				t.Errorf("holding the image: %v", err)
				return
			}
			release()
		})
	}
	wg.Wait()
}
