// Package imagebuild builds images from Dockerfiles on a Docker engine and
// says, step by step, what the build did.
//
// The Dockerfile frontend runs in this process (the one that BuildKit's module
// holds), and the engine's BuildKit does the steps. So every engine, old or
// new, gets the same frontend and the same verdicts, and a Builder can look at
// what each step is about to be and change it (see Edit): that is how a
// rebuild is run with the network really gone.
//
// Rules kept here: the build context is only read; what a build prints is
// bounded; an error that is the Dockerfile's doing is a *Failure, and every
// other error is ours or the machine's.
//
//	b := imagebuild.NewEngineBuilder(e)
//	built, err := b.Build(ctx, imagebuild.Request{
//		Dir: dir, Tag: "app:1", Args: map[string]string{"VERSION": "v1.2.3"},
//	})
package imagebuild

import (
	"context"
	"errors"
	"time"
)

// Limits of one build.
const (
	// TimeLimit bounds one build. A cold build of a Go service takes half a
	// minute on two slow cores; a RUN that never ends is told apart by this.
	TimeLimit = 5 * time.Minute
	// OutputLimit bounds what one step may print, in bytes. BuildKit itself
	// clips what comes too fast (100 KiB a second) or is more than 2 MiB, and
	// lets the step go on; we end the build at either.
	OutputLimit = 1 << 20
	// DockerfileLimit bounds a Dockerfile's size in bytes. A long one has some
	// ten kilobytes.
	DockerfileLimit = 1 << 20
)

// Builder builds an image. Decorators wrap one to meter or to limit it; a
// BuildKit daemon of our own is another one.
type Builder interface {
	// Build builds req. The error is a *Failure when the Dockerfile, or what
	// it runs, is to blame. A *Built is returned beside a *Failure too: it
	// holds the steps that were done.
	Build(ctx context.Context, req Request) (*Built, error)
}

// Request is what to build.
type Request struct {
	Dir   string            // the build context, with the Dockerfile in it
	Tag   string            // the image's name on the engine; empty when no image is wanted
	Args  map[string]string // build arguments
	Hosts map[string]string // name to IP address, for RUN steps; the IP is not part of the cache key
	Edit  Edit              // changes RUN steps before they are run; may be nil
	// Enough, when not nil, is asked about all that a step has printed so far.
	// When it says so the build is ended, with ErrEnough.
	Enough func(output string) bool
	Limit  time.Duration // instead of TimeLimit, when not 0
}

// ErrEnough is a build that was ended because Request.Enough said so. What it
// did until then is returned beside it.
var ErrEnough = errors.New("the build was ended: enough was seen")

// Edit changes one RUN step of a build before it is run. Steps that it leaves
// as they are keep their place in the cache.
type Edit func(step string, run *RunStep)

// RunStep is what an Edit may change of a RUN step.
type RunStep struct {
	Env   []string // as NAME=value
	NoNet bool     // give it no network at all
	// FreshCaches, when not empty, gives the step cache mounts of its own: those
	// that go by this name.
	FreshCaches string
	// GoCache, when not empty, gives a step of root's the cache mount of that
	// name as the go command's own cache.
	GoCache string
}

// Built is what a build did.
type Built struct {
	Steps   []Step        // in the order in which they were begun
	Sent    []string      // files of the build context that the builder took
	Remote  []Remote      // what the build itself fetches, apart from base images
	Elapsed time.Duration // from the first step to the last
}

// Step is one step of a build.
type Step struct {
	Name     string // as BuildKit names it: "[builder 4/6] RUN go build …"
	Line     int    // of the Dockerfile, from 1; 0 for steps of the builder's own
	Run      bool   // it is a RUN
	Cached   bool   // its result came from the cache
	Done     bool   // it was completed
	Error    string // why it failed; empty otherwise
	Output   string // what it printed, at most OutputLimit bytes
	Duration time.Duration
}

// Remote is a source that the builder itself fetches over the network, such
// as ADD of a URL.
type Remote struct {
	Source string // "https://…" or "git://…"
	Line   int
}

// Executed gives the RUN steps that were run rather than found in the cache.
func (b *Built) Executed() []Step {
	var run []Step
	for _, s := range b.Steps {
		if s.Run && !s.Cached {
			run = append(run, s)
		}
	}
	return run
}
