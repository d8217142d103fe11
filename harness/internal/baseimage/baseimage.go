// Package baseimage sees to it that an image is on the engine before a build
// asks for it: it is there already, or it is pulled, or, where no registry can
// be reached, a stand-in for it is built from what this machine has.
//
// Rules:
//   - What is on the engine is used as it is; nothing newer is looked for.
//   - A registry that says that it has no such image is believed: the error is
//     a *NotFoundError, and whoever wrote the name is to blame. A registry that
//     cannot be reached is waited for once in a Provider's life.
//   - There are stand-ins for docker/dockerfile:1, which is BuildKit's own
//     frontend compiled here, and, on Debian and Ubuntu, for the golang images
//     of this machine's Go version, and for the moby/buildkit of the version in
//     our go.mod, which is compiled here too. They bear Label, so that nobody takes one
//     for the real thing, and are removed by RemoveStandIns only.
//   - Nothing is kept on disk: the image on the engine is the cache. Files on
//     the way there are below the user's cache folder, and one process of a
//     user builds at a time.
//   - An error that is the machine's is a *check.Trouble with one way to mend it.
//
// Example:
//
//	p := baseimage.NewProvider(e, ui.Progress)
//	img, err := p.Ensure(ctx, "golang:1.26")
//	if err != nil {
//		return err
//	}
//	if img.Origin == baseimage.StandIn {
//		header = append(header, img.Detail)
//	}
package baseimage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/distribution/reference"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/engine"
)

// Labels of a stand-in.
const (
	Label       = "dev.daybook.stand-in"        // what it stands in for: "golang", "dockerfile" or "buildkit"
	detailLabel = "dev.daybook.stand-in.detail" // what it is made of, for people
	recipeLabel = "dev.daybook.stand-in.recipe" // what it is made of, to find it under another name
)

// Origin is where an image came from.
type Origin string

const (
	// Local: it was on the engine.
	Local Origin = "local"
	// Pulled: it was just pulled from its registry.
	Pulled Origin = "pulled"
	// StandIn: it was built on this machine, just now or earlier.
	StandIn Origin = "stand-in"
)

// Image is an image that is on the engine.
type Image struct {
	Ref    string // as it was asked for
	Origin Origin
	Detail string // for a stand-in, one line that says so and what it is made of
}

// NotFoundError says that the registry answered, and has no such image (or
// none that it shows to this user).
type NotFoundError struct {
	Ref    string
	Reason string // in the registry's words
}

// Error names the image, then gives the registry's reason.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("%s cannot be had from its registry: %s", e.Ref, e.Reason)
}

// Provider brings images to one engine. It may be used by many goroutines.
type Provider struct {
	// ModuleDir is the folder of Daybook's own go.mod, from which the frontend
	// is built. When empty, it is looked for upwards from the working folder,
	// then from the program.
	ModuleDir string

	engine    *engine.Engine
	progress  func(format string, args ...any)
	firstWord time.Duration // how long a registry may take to answer

	mu          sync.Mutex
	turns       map[string]*turn // by reference
	unreachable map[string]error // by registry
}

// turn lets one goroutine at a time bring a reference, and remembers the image.
type turn struct {
	free chan struct{} // holds one token
	img  *Image
}

// NewProvider returns a Provider for an engine. It tells what it does, when
// that takes a while, in plain sentences through progress, which may be nil.
func NewProvider(e *engine.Engine, progress func(format string, args ...any)) *Provider {
	if progress == nil {
		progress = func(string, ...any) {}
	}
	return &Provider{
		engine: e, progress: progress, firstWord: firstWordLimit,
		turns: map[string]*turn{}, unreachable: map[string]error{},
	}
}

// Ensure returns once the image is on the engine. Of several calls for one
// reference, one does the work and the others wait for it.
func (p *Provider) Ensure(ctx context.Context, ref string) (Image, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return Image{}, &NotFoundError{Ref: ref, Reason: "that is not the name of an image"}
	}
	named = reference.TagNameOnly(named)
	t := p.turnOf(named.String())
	select {
	case <-t.free:
		defer func() { t.free <- struct{}{} }()
	case <-ctx.Done():
		return Image{}, ctx.Err()
	}
	if t.img == nil {
		img, err := p.bring(ctx, named)
		if err != nil {
			return Image{}, err
		}
		t.img = &img
	}
	img := *t.img
	img.Ref = ref
	return img, nil
}

func (p *Provider) turnOf(ref string) *turn {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.turns[ref]
	if t == nil {
		t = &turn{free: make(chan struct{}, 1)}
		t.free <- struct{}{}
		p.turns[ref] = t
	}
	return t
}

// bring tries the engine, then the registry, then a stand-in.
func (p *Provider) bring(ctx context.Context, named reference.Named) (Image, error) {
	if img, ok, err := p.local(ctx, named); ok || err != nil {
		return img, err
	}
	ref := reference.FamiliarString(named)
	pullErr := p.pull(ctx, named)
	if pullErr == nil {
		return Image{Ref: ref, Origin: Pulled}, nil
	}
	var unreachable *unreachableError
	if !errors.As(pullErr, &unreachable) {
		return Image{}, pullErr
	}
	r, err := p.recipeFor(ctx, named)
	if err != nil {
		return Image{}, &check.Trouble{
			Message: fmt.Sprintf("%s is not on this machine, %v, and %v", ref, pullErr, err),
			Mend:    fmt.Sprintf("run `docker pull %s` once where there is a network", ref),
		}
	}
	return p.standIn(ctx, named, r, unreachable.short())
}

// local looks for the image on the engine.
func (p *Provider) local(ctx context.Context, named reference.Named) (Image, bool, error) {
	ref := reference.FamiliarString(named)
	found, err := p.engine.Client.ImageInspect(ctx, ref)
	switch {
	case cerrdefs.IsNotFound(err):
		return Image{}, false, nil
	case err != nil:
		return Image{}, false, fmt.Errorf("looking for %s on the engine: %w", ref, err)
	case found.Config == nil || found.Config.Labels[Label] == "":
		return Image{Ref: ref, Origin: Local}, true, nil
	}
	detail := fmt.Sprintf("%s is a stand-in built on this machine (%s)", ref, found.Config.Labels[detailLabel])
	return Image{Ref: ref, Origin: StandIn, Detail: detail}, true, nil
}
