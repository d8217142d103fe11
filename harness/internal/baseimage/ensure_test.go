package baseimage

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

func TestLocalImages(t *testing.T) {
	f := &fakeEngine{images: map[string]map[string]string{
		"golang:1.26":         nil,
		"docker/dockerfile:1": {Label: "dockerfile", detailLabel: "BuildKit v0.34.2"},
	}}
	p, told := f.start(t)
	img, err := p.Ensure(t.Context(), "golang:1.26")
	require.NoError(t, err)
	assert.Equal(t, Image{Ref: "golang:1.26", Origin: Local}, img)
	img, err = p.Ensure(t.Context(), "docker.io/docker/dockerfile:1")
	require.NoError(t, err)
	assert.Equal(t, Image{
		Ref: "docker.io/docker/dockerfile:1", Origin: StandIn,
		Detail: "docker/dockerfile:1 is a stand-in built on this machine (BuildKit v0.34.2)",
	}, img)
	assert.Empty(t, *told, "nothing is told when nothing takes time")
	assert.Zero(t, f.requests("/images/create"))
}

// Many goroutines ask for one image: one asks the engine, and all get it.
func TestEnsurePullsOnce(t *testing.T) {
	f := &fakeEngine{pull: func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, `{"status":"Pulling from library/alpine","id":"3"}`)
	}}
	p, told := f.start(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			img, err := p.Ensure(t.Context(), "alpine:3")
			assert.NoError(t, err)
			assert.Equal(t, Image{Ref: "alpine:3", Origin: Pulled}, img)
		})
	}
	all.Wait()
	assert.Equal(t, 1, f.requests("/images/create"))
	assert.Equal(t, []string{"alpine:3 is not on this machine yet: pulling it from docker.io"}, *told)
}

func TestEnsureBelievesARegistry(t *testing.T) {
	f := &fakeEngine{pull: func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "manifest for golang:1.99 not found: manifest unknown: manifest unknown")
	}}
	p, _ := f.start(t)
	_, err := p.Ensure(t.Context(), "golang:1.99")
	var missing *NotFoundError
	require.ErrorAs(t, err, &missing)
	assert.Equal(t, "golang:1.99", missing.Ref)
	_, err = p.Ensure(t.Context(), "Not A Name")
	require.ErrorAs(t, err, &missing)
	assert.Equal(t, "Not A Name cannot be had from its registry: that is not the name of an image", err.Error())
}

// A registry that takes connections and never says anything is given up after
// a while, and not waited for again; another registry is tried all the same.
func TestSilentRegistryIsWaitedForOnce(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	f := &fakeEngine{pull: func(w http.ResponseWriter, r *http.Request) {
		ask, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://"+silent.Addr().String()+"/v2/", nil)
		if err != nil {
			refuse(w, http.StatusInternalServerError, err.Error())
			return
		}
		_, err = http.DefaultClient.Do(ask) // ends with the request, since nobody answers
		refuse(w, http.StatusInternalServerError, fmt.Sprint(err))
	}}
	p, _ := f.start(t)
	p.firstWord = 300 * time.Millisecond
	for i, ref := range []string{"alpine:3", "debian:13", "ghcr.io/a/b:1"} {
		_, err := p.Ensure(t.Context(), ref)
		var trouble *check.Trouble
		require.ErrorAs(t, err, &trouble, ref)
		assert.Contains(t, trouble.Message, "cannot be reached (it did not answer in time), and there are stand-ins for golang, docker/dockerfile:1 and moby/buildkit only")
		assert.Equal(t, "run `docker pull "+ref+"` once where there is a network", trouble.Mend)
		assert.Equal(t, []int{1, 1, 2}[i], f.requests("/images/create"), "pulls up to %s", ref)
	}
}

func TestEnsureEndsWithItsContext(t *testing.T) {
	f := &fakeEngine{pull: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
	p, _ := f.start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := p.Ensure(ctx, "alpine:3")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Empty(t, p.unreachable, "nothing was found out about the registry")
}

// What engines say, as recorded from 20.10 and from one with API 1.56.
func TestSaysNotFound(t *testing.T) {
	for message, want := range map[string]bool{
		"manifest for golang:1.99 not found: manifest unknown: manifest unknown":                                                                           true,
		"pull access denied for nosuch/thing, repository does not exist or may require 'docker login': denied: requested access to the resource is denied": true,
		`failed to resolve reference "docker.io/library/golang:1.99": docker.io/library/golang:1.99: not found`:                                            true,
		"no matching manifest for linux/arm64/v8 in the manifest list entries":                                                                             true,
		`Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.0.53:53: no such host`:                                      false,
		`failed to do request: Head "https://ghcr.io/v2/a/b/manifests/1": dial tcp 127.0.0.1:5999: connect: connection refused`:                            false,
		`Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)`: false,
		`Get "https://registry-1.docker.io/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority`:                         false,
		"toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit":                               false,
		"received unexpected HTTP status: 503 Service Unavailable":                                                                                         false,
		errSilent.Error(): false,
	} {
		assert.Equal(t, want, saysNotFound(message), message)
	}
}
