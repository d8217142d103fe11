package baseimage

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/engine"
)

// fakeEngine answers the few requests that a Provider makes.
type fakeEngine struct {
	mu     sync.Mutex
	images map[string]map[string]string             // labels, by reference
	pull   func(http.ResponseWriter, *http.Request) // what a registry does
	load   func(io.Reader) string                   // what the engine answers to an image
	log    []string                                 // the requests
}

// start serves it, and returns a Provider for it together with what that tells.
func (f *fakeEngine) start(t *testing.T) (p *Provider, told *[]string) {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	c, err := client.New(client.WithHost(strings.Replace(server.URL, "http://", "tcp://", 1)), client.WithAPIVersion("1.41"))
	require.NoError(t, err)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	told = new([]string)
	return NewProvider(&engine.Engine{Client: c, Arch: "amd64"}, func(format string, args ...any) {
		f.mu.Lock()
		defer f.mu.Unlock()
		*told = append(*told, fmt.Sprintf(format, args...))
	}), told
}

// requests counts those whose line holds the words.
func (f *fakeEngine) requests(words string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, line := range f.log {
		if strings.Contains(line, words) {
			n++
		}
	}
	return n
}

func (f *fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.log = append(f.log, r.Method+" "+r.URL.String())
	f.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/v1.41")
	switch ref := strings.TrimSuffix(strings.TrimPrefix(path, "/images/"), "/json"); {
	case path == "/images/create":
		f.pull(w, r)
	case path == "/images/load":
		fmt.Fprintln(w, f.load(r.Body))
	case path == "/images/json":
		f.list(w)
	case strings.HasSuffix(path, "/tag"):
		f.tag(w, strings.TrimSuffix(ref, "/tag"), r.URL.Query())
	case r.Method == http.MethodDelete:
		f.remove(w, ref)
	default:
		f.inspect(w, ref)
	}
}

func (f *fakeEngine) inspect(w http.ResponseWriter, ref string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	labels, ok := f.images[ref]
	if !ok {
		refuse(w, http.StatusNotFound, "no such image: "+ref)
		return
	}
	answer(w, map[string]any{"Id": "sha256:1", "Config": map[string]any{"Labels": labels}})
}

func (f *fakeEngine) list(w http.ResponseWriter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := []any{}
	for ref, labels := range f.images {
		if labels[Label] != "" {
			all = append(all, map[string]any{"Id": "sha256:1", "RepoTags": []string{ref}})
		}
	}
	answer(w, all)
}

func (f *fakeEngine) tag(w http.ResponseWriter, from string, to url.Values) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.images[strings.TrimPrefix(to.Get("repo"), "docker.io/library/")+":"+to.Get("tag")] = f.images[from]
	w.WriteHeader(http.StatusCreated)
}

func (f *fakeEngine) remove(w http.ResponseWriter, ref string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.images, ref)
	answer(w, []any{map[string]any{"Untagged": ref}})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message})
}
