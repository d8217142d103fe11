package egress

import (
	"context"
	"crypto/tls"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/engine"
)

// insecure is for servers of httptest, whose certificate names no address of ours.
func insecure() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

func TestBinary(t *testing.T) {
	program, err := Binary(t.Context(), runtime.GOARCH)
	require.NoError(t, err)
	require.True(t, runsOn(program, runtime.GOARCH), "a static program for Linux")
	again, err := Binary(t.Context(), runtime.GOARCH)
	require.NoError(t, err)
	require.Equal(t, program, again)

	dir := t.TempDir()
	beside := filepath.Join(dir, programName)
	require.Nil(t, ready(dir, runtime.GOARCH))
	require.NoError(t, os.WriteFile(beside, program, 0o600))
	require.Equal(t, program, ready(dir, runtime.GOARCH))
	require.Nil(t, ready(dir, "another architecture"))
	self, err := os.Executable()
	require.NoError(t, err)
	other, err := os.ReadFile(self)
	require.NoError(t, err)
	for _, wrong := range [][]byte{other, []byte("#!/bin/sh\n"), nil} {
		require.NoError(t, os.WriteFile(beside, wrong, 0o600))
		require.Nil(t, ready(dir, runtime.GOARCH))
	}
}

// testRepo names images of this test only: other tests may be starting real
// proxies at the same time.
func (b *bench) testRepo() string {
	b.Helper()
	repo := imageRepo + "-test-" + b.run.ID
	dir, err := cacheDir()
	require.NoError(b, err)
	b.Cleanup(func() {
		removeOthers(context.Background(), b.engine, repo, "")
		require.NoError(b, os.Remove(filepath.Join(dir, repo+".lock")))
	})
	return repo
}

// hold holds the image of a program that is nothing but its name.
func (b *bench) hold(repo, program string) (ref string, release func()) {
	b.Helper()
	ref, release, err := holdImage(b.Context(), b.engine, repo, []byte(program))
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
			ref, release, err := holdImage(t.Context(), b.engine, repo, []byte("program"))
			if err != nil || !b.has(ref) {
				t.Errorf("holding the image: %v", err)
				return
			}
			release()
		})
	}
	wg.Wait()
}

func TestStartsAtOnce(t *testing.T) {
	b := newBench(t)
	var proxies [4]*Proxy
	var wg sync.WaitGroup
	for i := range proxies {
		wg.Go(func() {
			p, err := Start(t.Context(), b.engine, b.run.ID, Cut)
			if err != nil {
				t.Error(err)
			}
			proxies[i] = p
		})
	}
	wg.Wait()
	for _, p := range proxies {
		require.NotNil(t, p)
		require.Contains(t, get(t, p, "http://example.com/"), "403 ")
		require.Len(t, b.attempts(p), 1, "each has a log of its own")
	}
}
