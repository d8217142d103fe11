package imagebuild

import (
	"io"
	"slices"
	"sync"

	"github.com/tonistiigi/fsutil"
)

// recordingFS writes down which files of a build context are taken.
type recordingFS struct {
	fsutil.FS
	mu     sync.Mutex
	opened map[string]bool
}

// Open opens a file and notes its name.
func (r *recordingFS) Open(name string) (io.ReadCloser, error) {
	r.mu.Lock()
	r.opened[name] = true
	r.mu.Unlock()
	return r.FS.Open(name)
}

func (r *recordingFS) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := make([]string, 0, len(r.opened))
	for n := range r.opened {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
