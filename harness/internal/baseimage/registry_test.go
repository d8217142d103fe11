package baseimage

import (
	"context"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
)

// A real engine and a registry of our own: the words by which an engine tells
// what a registry said are its own, and change between versions.
func TestContainerPull(t *testing.T) {
	e := enginetest.Connect(t)
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	ref := host + "/baseimage-test:1"
	img, err := random.Image(1000, 1)
	require.NoError(t, err)
	tag, err := name.NewTag(ref)
	require.NoError(t, err)
	require.NoError(t, remote.Write(tag, img))

	got, err := provider(t, e).Ensure(t.Context(), ref)
	if isTrouble(err) {
		t.Skipf("this engine does not reach this host's loopback: %v", err)
	}
	require.NoError(t, err)
	assert.Equal(t, Image{Ref: ref, Origin: Pulled}, got)
	defer func() {
		_, err := e.Client.ImageRemove(context.Background(), ref, client.ImageRemoveOptions{PruneChildren: true})
		assert.NoError(t, err)
	}()
	again, err := provider(t, e).Ensure(t.Context(), ref)
	require.NoError(t, err)
	assert.Equal(t, Image{Ref: ref, Origin: Local}, again)

	for _, missing := range []string{host + "/baseimage-test:2", host + "/nothing:1"} {
		_, err := provider(t, e).Ensure(t.Context(), missing)
		var notFound *NotFoundError
		require.ErrorAs(t, err, &notFound, missing)
		t.Log(err)
	}
}

// A registry that nobody listens for, and one that never answers.
func TestContainerPullWithoutARegistry(t *testing.T) {
	e := enginetest.Connect(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	p := provider(t, e)
	p.firstWord = time.Second
	for _, host := range []string{"127.0.0.1:1", silent.Addr().String()} {
		start := time.Now()
		_, err = p.Ensure(t.Context(), host+"/a:1")
		require.True(t, isTrouble(err), "%v", err)
		t.Log(err)
		assert.Less(t, time.Since(start), 5*time.Second)
		start = time.Now()
		_, err = p.Ensure(t.Context(), host+"/b:1")
		require.True(t, isTrouble(err), "%v", err)
		assert.Less(t, time.Since(start), 300*time.Millisecond, "the registry is remembered")
	}
}

func isTrouble(err error) bool {
	_, ok := err.(*check.Trouble)
	return ok
}
