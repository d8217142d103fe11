package workbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/egress"
	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
)

// Rebuild is what happens when one source file is edited and the image is
// built again, measured twice: once with the way out cut by a proxy that says
// what was asked of it, and once with the RUN steps that were run again having
// no network at all, so that stepping around the proxy does not help.
type Rebuild struct {
	Cut        *Image // of the build by the cut proxy
	CutError   *check.Finding
	NoNet      *Image // of the build without a network; nil when Cut failed
	NoNetError *check.Finding
	Source     func(value string) []byte // the edited file with a value in it
	Values     [2]string                 // what the edits of the two builds say
	// Recompiled are the packages outside the learner's module that were
	// compiled again; Warm and Cold, instead, are how long the steps took with
	// the caches as they are and with empty ones, when what was compiled
	// cannot be seen.
	Recompiled []string
	Compiled   []string
	Warm, Cold time.Duration
}

// Edited is a file of the exercise and what it holds after an edit.
type Edited struct {
	File string
	Text func(value string) []byte
}

// Rebuild edits, builds again and measures; see the type.
func (b *Bench) Rebuild(ctx context.Context, edited Edited) (*Rebuild, error) {
	return b.rebuild.get(func() (*Rebuild, error) {
		if _, err := b.Image(ctx); err != nil {
			return nil, err
		}
		b.Notes("building again after an edit, with the network cut")
		r := &Rebuild{}
		random := b.Random("rebuild")
		for i := range r.Values {
			r.Values[i] = b.unheard(random)
		}
		var err error
		r.Cut, err = b.buildEdited(ctx, "cut", edited.File, edited.Text(r.Values[0]), egress.Cut, imagebuild.Request{})
		if !errors.As(err, &r.CutError) && err != nil {
			return nil, err
		}
		return r, b.measureAgain(ctx, r, edited)
	})
}

// unheard draws a word and adds something of this run's alone: an edit that an
// earlier run with the same seed has made too would be in the builder's cache,
// and nothing would be built again.
func (b *Bench) unheard(r *Random) string {
	return r.word(8) + "-" + b.Run.ID[len(b.Run.ID)-6:]
}

// buildEdited builds a copy of the tree in which file holds text.
func (b *Bench) buildEdited(ctx context.Context, name, file string, text []byte, mode egress.Mode, req imagebuild.Request) (*Image, error) {
	dir, err := b.Copy()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(file)), text, 0o644); err != nil {
		return nil, fmt.Errorf("editing the copy: %w", err)
	}
	req.Dir = dir
	return b.build(ctx, name, mode, req)
}

// ownGoCache names the cache mount in which rebuilds compile what the learner's
// own caches do not hold: that they do not is known by then.
const ownGoCache = "daybook-go-build"

// measureAgain builds a second edit, with the steps that the first one's build
// ran again changed: no network, if that build did without, and a go command
// that names what it compiles. The first name that it should not have to is
// enough; what is left to be seen is then whether the rest does without a network.
func (b *Bench) measureAgain(ctx context.Context, r *Rebuild, edited Edited) error {
	ran, err := b.ranAgain(ctx, r, edited)
	if err != nil {
		return err
	}
	known, err := b.packages(ctx)
	if err != nil {
		return err
	}
	observe := func(step string, run *imagebuild.RunStep) {
		if slices.Contains(ran, step) {
			run.NoNet = r.CutError == nil
			run.Env = addGoFlag(run.Env, "-v")
		}
	}
	enough := func(output string) bool { return len(b.unchanged(compiledIn(output, known))) > 0 }
	mode := egress.Cut
	if r.CutError != nil {
		mode = egress.Open
	}
	img, err := b.buildEdited(ctx, "again", edited.File, edited.Text(r.Values[1]), mode, imagebuild.Request{Edit: observe, Enough: enough})
	var failed *check.Finding
	ended := errors.Is(err, imagebuild.ErrEnough)
	if !errors.As(err, &failed) && !ended && err != nil {
		return err
	}
	r.Compiled = compiled(img.Built.Executed(), known)
	r.Recompiled = b.unchanged(r.Compiled)
	if ended && r.CutError == nil {
		img, err = b.buildEdited(ctx, "again", edited.File, edited.Text(r.Values[1]), mode, imagebuild.Request{Edit: func(step string, run *imagebuild.RunStep) {
			if slices.Contains(ran, step) {
				run.NoNet, run.GoCache = true, ownGoCache
			}
		}})
		if !errors.As(err, &failed) && err != nil {
			return err
		}
	}
	if r.CutError == nil {
		r.NoNet, r.NoNetError = img, failed
	}
	if failed == nil && len(r.Compiled) == 0 {
		return b.timeCold(ctx, r, edited, ran, img)
	}
	return nil
}

// unchanged gives those of the packages that are outside the learner's module.
func (b *Bench) unchanged(packages []string) []string {
	module := b.module() + "/"
	return slices.DeleteFunc(slices.Clone(packages), func(pkg string) bool { return strings.HasPrefix(pkg+"/", module) })
}

// ranAgain names the RUN steps that an edit makes run again. A build that failed
// with the way out cut did not come to all of them, so another one tells.
func (b *Bench) ranAgain(ctx context.Context, r *Rebuild, edited Edited) ([]string, error) {
	if r.CutError == nil {
		return names(r.Cut.Built.Executed()), nil
	}
	img, err := b.buildEdited(ctx, "whole", edited.File, edited.Text(b.unheard(b.Random("whole"))), egress.Open, imagebuild.Request{})
	var failed *check.Finding
	if !errors.As(err, &failed) && err != nil {
		return nil, err
	}
	defer b.Forget(img)
	return names(img.Built.Executed()), nil
}

// timeCold is the measure for a RUN that hides what its go command compiles:
// the time of its steps with the caches as they are against that with empty
// ones, both in this run.
func (b *Bench) timeCold(ctx context.Context, r *Rebuild, edited Edited, ran []string, warm *Image) error {
	value := b.unheard(b.Random("cold"))
	fresh := func(step string, run *imagebuild.RunStep) {
		if slices.Contains(ran, step) {
			run.FreshCaches = b.Run.ID
		}
	}
	cold, err := b.buildEdited(ctx, "cold", edited.File, edited.Text(value), egress.Open, imagebuild.Request{Edit: fresh})
	if err != nil {
		return err
	}
	r.Warm, r.Cold = took(warm.Built.Executed()), took(cold.Built.Executed())
	b.Forget(cold)
	return nil
}

func took(steps []imagebuild.Step) time.Duration {
	var sum time.Duration
	for _, s := range steps {
		sum += s.Duration
	}
	return sum
}

func names(steps []imagebuild.Step) []string {
	var all []string
	for _, s := range steps {
		all = append(all, s.Name)
	}
	return all
}

// addGoFlag adds a flag to GOFLAGS in a step's environment.
func addGoFlag(env []string, flag string) []string {
	out := slices.Clone(env)
	for i, kv := range out {
		if value, ok := strings.CutPrefix(kv, "GOFLAGS="); ok {
			out[i] = "GOFLAGS=" + strings.TrimSpace(value+" "+flag)
			return out
		}
	}
	return append(out, "GOFLAGS="+flag)
}

// packageLine matches a line of `go build -v`: an import path and nothing else.
var packageLine = regexp.MustCompile(`(?m)^[a-z0-9][A-Za-z0-9._~-]*(?:/[A-Za-z0-9._~-]+)*$`)

// compiled gives the packages among known that the steps' go commands say they
// compiled.
func compiled(steps []imagebuild.Step, known map[string]bool) []string {
	var all []string
	for _, s := range steps {
		all = append(all, compiledIn(s.Output, known)...)
	}
	slices.Sort(all) // they are compiled in any order
	return all
}

// compiledIn is compiled, for what one step has printed.
func compiledIn(output string, known map[string]bool) []string {
	return slices.DeleteFunc(packageLine.FindAllString(output, -1), func(name string) bool { return !known[name] })
}

// packages lists what the exercise is compiled from, the standard library's
// packages included: other words that a step prints are none.
func (b *Bench) packages(ctx context.Context) (map[string]bool, error) {
	tc, err := b.Toolchain(ctx)
	if err != nil {
		return nil, err
	}
	exit, err := tc.Go(ctx, b.Tree.Dir, "list", "-e", "-deps", "./...")
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for line := range strings.Lines(string(exit.Stdout)) {
		known[strings.TrimSpace(line)] = true
	}
	return known, nil
}

var moduleLine = regexp.MustCompile(`(?m)^module\s+(\S+)`)

// module gives the path of the exercise's module.
func (b *Bench) module() string {
	text, err := os.ReadFile(filepath.Join(b.Tree.Dir, "go.mod"))
	if err != nil {
		return ""
	}
	if m := moduleLine.FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return ""
}
