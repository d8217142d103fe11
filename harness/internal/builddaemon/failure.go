package builddaemon

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/docker/go-units"

	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
)

// noSpace is what whoever writes says when a disk is full.
var noSpace = regexp.MustCompile(`(?i)no space left on device|disk quota exceeded`)

// These match what programs say that come to another limit.
var (
	noMemory = regexp.MustCompile(`(?i)exit code: 137|signal: killed|out of memory|cannot allocate memory`)
	noTasks  = regexp.MustCompile(`(?i)resource temporarily unavailable|cannot fork|failed to create new OS thread|pthread_create`)
)

// hint says which limit it is that a step seems to have come to, or "".
func (l limits) hint(said string) string {
	switch {
	case noSpace.MatchString(said):
		return fmt.Sprintf("here all that a build writes may be %s", units.BytesSize(float64(l.state)))
	case noMemory.MatchString(said):
		return fmt.Sprintf("here RUN steps may use %s of memory together, with what they have written", units.BytesSize(float64(l.stepsMemory)))
	case noTasks.MatchString(said):
		return fmt.Sprintf("here RUN steps may be %d processes and threads together", stepsTasks)
	}
	return ""
}

// explain says what a build that ended with err came to. A limit that it went
// beyond is the Dockerfile's doing, and so is the end of the daemon while it
// worked for it.
func (b *Builder) explain(ctx context.Context, d *daemon, out *imageFile, built *imagebuild.Built, err error) error {
	var f *imagebuild.Failure
	switch {
	case errors.Is(err, imagebuild.ErrEnough):
		// The daemon kills the step. It goes on with the caches that it has: what
		// comes next is about them.
		return err
	case errors.As(err, &f):
		hinted := *f
		hint := b.spec.limits.hint(f.Reason + "\n" + f.Output)
		if hint != "" {
			hinted.Reason += " (" + hint + ")"
		}
		if hint != "" || stoppedShort(built) {
			b.spend(d) // what was full may be so still, and a step not have ended
		}
		return &hinted
	case ctx.Err() != nil:
		b.spend(d)
		return ctx.Err()
	case out.tooLarge:
		return &imagebuild.Failure{Reason: fmt.Sprintf("the image is larger than %s, which is as much as is looked at", units.BytesSize(float64(b.spec.limits.image)))}
	case noSpace.MatchString(err.Error()):
		b.spend(d)
		return &imagebuild.Failure{Reason: "the disk was full: " + b.spec.limits.hint(err.Error())}
	}
	return b.lost(ctx, d, built, err)
}

// stoppedShort reports whether a step was begun that has not come to an end.
func stoppedShort(built *imagebuild.Built) bool {
	for _, s := range built.Steps {
		if s.Run && !s.Cached && (!s.Done || s.Error == "context canceled") {
			return true
		}
	}
	return false
}

// lost is for an error that is no step's: the daemon is gone, or our way to it.
// Where a step was at work, that is what it did; otherwise it is ours.
func (b *Builder) lost(ctx context.Context, d *daemon, built *imagebuild.Built, err error) error {
	b.spend(d)
	state, stateErr := d.end(context.WithoutCancel(ctx))
	f := built.Unfinished("the builder did not survive this step")
	if stateErr != nil || f.Step == "" {
		return errors.Join(fmt.Errorf("building in the build daemon: %w", err), stateErr)
	}
	switch {
	case state.OOMKilled:
		f.Reason += fmt.Sprintf(": it used all of its memory, %s", units.BytesSize(float64(b.spec.limits.stepsMemory+daemonMemory)))
	case !state.Running:
		f.Reason += fmt.Sprintf(": it ended with status %d", state.ExitCode)
	default:
		f.Reason += ": it no longer answers"
	}
	return f
}
