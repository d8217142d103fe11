package sandbox

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/goprogram"
)

// prepareLimit bounds the compiling of one tree, which is ours, from nothing. It
// takes 20 s on two cores; others may be using them.
const prepareLimit = 15 * time.Minute

// Source is what a Seed is made from. All of it is ours.
type Source struct {
	Run   *engine.Run // by which the seed is removed, and in whose folder files go
	Image string      // with Go, git, sh and tar, such as golang:1.26; on the engine
	// Host downloads modules.
	Host *goprogram.Toolchain
	// Trees are modules on this host. Each is compiled whole, so that what
	// submissions have in common is compiled once.
	Trees []string
}

// Seed is the modules and the compiler's cache that the submissions of a
// grading run have in common. They can read it, and nobody can write to it.
type Seed struct {
	engine *engine.Engine
	image  string
	volume string
	host   *goprogram.Toolchain
	run    *engine.Run
}

// Prepare makes a seed. Compiling a service with all of net/http from nothing
// takes some 20 s on two cores. The error is ours, or the machine's.
func Prepare(ctx context.Context, e *engine.Engine, src Source) (*Seed, error) {
	s := &Seed{engine: e, image: src.Image, host: src.Host, run: src.Run}
	modules, err := s.download(ctx, src.Trees, "mod", "download")
	if err != nil {
		return nil, err
	}
	made, err := e.Client.VolumeCreate(ctx, client.VolumeCreateOptions{Labels: map[string]string{engine.RunLabel: src.Run.ID}})
	if err != nil {
		return nil, fmt.Errorf("making the sandbox's volume: %w", err)
	}
	s.volume = made.Volume.Name
	b := newBox(e, spec{runID: src.Run.ID, image: src.Image, seed: s.volume, compiles: true, user: root})
	defer b.drop()
	if err := s.fill(ctx, b, modules, src.Trees); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing the sandbox: %w", err), s.Remove(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// Remove removes the seed. No submission's container may have it any more.
func (s *Seed) Remove(ctx context.Context) error {
	if _, err := s.engine.Client.VolumeRemove(ctx, s.volume, client.VolumeRemoveOptions{Force: true}); err != nil {
		return fmt.Errorf("removing the sandbox's volume: %w", err)
	}
	return nil
}

// download has the host's go command, in each of the folders, run args with a
// module cache of its own in the run's folder, and gives that. What the host's
// usual cache has is not downloaded again.
func (s *Seed) download(ctx context.Context, dirs []string, args ...string) (cache string, err error) {
	if cache, err = os.MkdirTemp(s.run.Dir, "modules"); err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	usual := "file://" + filepath.ToSlash(filepath.Join(s.host.Setting("GOMODCACHE"), "cache", "download"))
	tc := s.host.With("GOMODCACHE="+cache, "GOFLAGS=", "GOPROXY="+usual+","+s.host.Setting("GOPROXY"))
	for _, dir := range dirs {
		exit, err := tc.Go(ctx, dir, args...)
		if err != nil {
			return "", err
		}
		if exit.Code != 0 || exit.TimedOut {
			return "", goprogram.NotDownloaded(exit.Stderr)
		}
	}
	return filepath.Join(cache, "cache", "download"), nil
}

// fill compiles the trees with nothing but the modules given, into the volume.
func (s *Seed) fill(ctx context.Context, b *box, modules string, trees []string) error {
	if err := b.ensure(ctx); err != nil {
		return err
	}
	if err := b.unpackFolder(ctx, modules, seedMod+"/cache/download"); err != nil {
		return err
	}
	env := append(compileEnv(), "GOCACHE="+seedCache)
	for i, dir := range trees {
		to := fmt.Sprintf("%s/%d", treesDir, i)
		if err := b.unpackFolder(ctx, dir, to); err != nil {
			return err
		}
		const script = `mkdir -p "$HOME/.config/go/telemetry" && echo off >"$HOME/.config/go/telemetry/mode" && go mod download && go build -o /dev/null ./...`
		exit, err := b.exec(ctx, command{args: []string{shell, "-c", script}, dir: to, env: env, limit: prepareLimit})
		if err != nil {
			return err
		}
		if exit.Code != 0 || exit.TimedOut {
			return fmt.Errorf("compiling: %s", exit.Stderr)
		}
	}
	return nil
}

// unpackFolder copies the regular files of a folder of ours.
func (b *box) unpackFolder(ctx context.Context, dir, to string) error {
	files, err := stamps(dir)
	if errors.Is(err, fs.ErrNotExist) {
		files, err = nil, nil // a module that needs no other has no cache
	}
	if err != nil {
		return err
	}
	return b.unpack(ctx, to, b.spec.user, func(w *tar.Writer) error { return pack(w, dir, slices.Sorted(maps.Keys(files)), "") })
}
