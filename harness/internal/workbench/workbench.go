// Package workbench holds what the checks of one run share: the tree that is
// judged, and the facts about it that are dear to make and so are made once,
// when the first check asks.
//
// A fact is the same whoever asks for it and in whatever order, since its
// random parts are drawn from the run's seed and the fact's own name. When a
// fact cannot be had, each asker gets the same error: a *check.Finding when
// the learner's work is why, anything else when it is not.
//
//	b := workbench.New(workbench.Config{Day: day, Run: run, Tree: tree, Seed: 7, Tools: tools})
//	img, err := b.Image(ctx)
package workbench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/daybook-dev/daybook/harness/internal/baseimage"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/egress"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// Config is what a Bench is made of.
type Config struct {
	Day  *catalog.Day
	Run  *engine.Run
	Tree *submission.Tree
	Seed uint64

	// Engine is nil when none was reached; EngineError says why.
	Engine      *engine.Engine
	EngineError error
	Builder     imagebuild.Builder
	Bases       *baseimage.Provider
	// IsolateServices is for submissions that may be hostile: containers of
	// their images have no network and no more rights than they need.
	IsolateServices bool
	// Programs is nil for this host's own toolchain.
	Programs Programs
	// Metered, when not nil, builds instead of Builder, and has proxies of its own.
	Metered Metered
	// Notes is told, in a sentence, what is being waited for. It may be nil.
	Notes func(format string, args ...any)
}

// Metered is a Builder whose RUN steps have one way out: proxies that it starts
// itself. Its images are its own, and it takes no others.
type Metered interface {
	imagebuild.Builder
	// Proxy gives the proxy of that mode. It ends with Close.
	Proxy(context.Context, egress.Mode) (*egress.Proxy, error)
	// Refusal says why a Dockerfile may not name an image, or nil.
	Refusal(ref string) *imagebuild.Failure
	Close(context.Context) error
}

// Bench is the workbench of one run.
type Bench struct {
	Config
	folders atomic.Int64

	toolchain fact[Programs]
	programs  facts[string]
	analysis  fact[*imagebuild.Analysis]
	bases     fact[[]baseimage.Image]
	image     fact[*Image]
	binary    fact[*Binary]
	service   fact[*Service]
	rebuild   fact[*Rebuild]
	meters    facts[*meter]
}

// New makes a workbench.
func New(c Config) *Bench {
	if c.Notes == nil {
		c.Notes = func(string, ...any) {}
	}
	if c.Metered != nil {
		c.Builder = c.Metered
	}
	return &Bench{Config: c}
}

// Close ends what facts have left running. The engine's clean-up removes the
// rest.
func (b *Bench) Close() {
	if s, err, made := b.service.peek(); made && err == nil {
		s.Container.Remove()
	}
}

// NewFolder makes an empty folder of the run's.
func (b *Bench) NewFolder(name string) (string, error) {
	dir := filepath.Join(b.Run.Dir, fmt.Sprintf("%s-%d", name, b.folders.Add(1)))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	return dir, nil
}

// Copy makes a copy of the tree that is judged, for a check to change.
func (b *Bench) Copy() (string, error) {
	dir, err := b.NewFolder("tree")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(dir, os.DirFS(b.Tree.Dir)); err != nil {
		return "", fmt.Errorf("copying the tree: %w", err)
	}
	return dir, nil
}

// Mine reports whether file is one that the learner edits.
func (b *Bench) Mine(file string) bool {
	_, ok := b.Tree.Edited[file]
	return ok
}

// fact is a value that is made once.
type fact[T any] struct {
	mu   sync.Mutex
	made bool
	v    T
	err  error
}

func (f *fact[T]) get(make func() (T, error)) (T, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.made {
		f.v, f.err = make()
		f.made = true
	}
	return f.v, f.err
}

func (f *fact[T]) peek() (T, error, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.v, f.err, f.made
}

// facts are values that are made once a name.
type facts[T any] struct {
	mu sync.Mutex
	m  map[string]*fact[T]
}

func (f *facts[T]) get(name string, make func() (T, error)) (T, error) {
	f.mu.Lock()
	if f.m == nil {
		f.m = map[string]*fact[T]{}
	}
	one, ok := f.m[name]
	if !ok {
		one = &fact[T]{}
		f.m[name] = one
	}
	f.mu.Unlock()
	return one.get(make)
}
