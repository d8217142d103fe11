package builddaemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/moby/moby/api/types/mount"
	docker "github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/egress/forward"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
)

// Config says what the daemons of one grading run are to be.
type Config struct {
	Engine *engine.Engine
	RunID  string // of the grading run: Seed.Close, or the engine's clean-up of this run, removes what Prepare makes
	Dir    string // an empty folder of the run's, for copies of the images
	// BuildKit is the image of BuildKit's daemon, see baseimage's DaemonImage. It
	// and Images are on the engine.
	BuildKit string
	// Images are those that a Dockerfile may name, by their familiar names.
	Images []string
	// Reach are the servers that RUN steps may reach, see egress.ModuleServers.
	Reach []forward.Host
	// Warm makes builds that fill the seed's cache mounts, with a Builder that is
	// there for it alone. Submissions can read what is in those mounts, so nothing
	// that a learner is to find out may be built. It may be nil.
	Warm func(context.Context, *Builder) error
	// Notes is told, in a sentence, what is being waited for. It may be nil.
	Notes func(format string, args ...any)
}

// Seed is what the daemons of one grading run begin with.
type Seed struct {
	config Config
	image  string // the daemon's
	images map[string]imagebuild.StoredImage
	volume string // with the state of the daemon that was warmed
	cpus   int
}

// Prepare makes the seed: it copies the images from the engine, has a daemon
// unpack them, calls c.Warm, and stops the daemon.
func Prepare(ctx context.Context, c Config) (*Seed, error) {
	if c.Notes == nil {
		c.Notes = func(string, ...any) {}
	}
	s := &Seed{config: c, images: map[string]imagebuild.StoredImage{}}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

func (s *Seed) prepare(ctx context.Context) error {
	c := s.config
	info, err := c.Engine.Client.Info(ctx, docker.InfoOptions{})
	if err != nil {
		return fmt.Errorf("asking the engine about itself: %w", err)
	}
	s.cpus = min(mostCPUs, info.Info.NCPU)
	if s.image, err = ensureImage(ctx, c.Engine, c.BuildKit); err != nil {
		return err
	}
	c.Notes("handing the base images to the build daemon")
	for i, ref := range c.Images {
		if s.images[ref], err = store(ctx, c.Engine, ref, filepath.Join(c.Dir, "image-"+strconv.Itoa(i))); err != nil {
			return err
		}
	}
	made, err := c.Engine.Client.VolumeCreate(ctx, docker.VolumeCreateOptions{Labels: map[string]string{engine.RunLabel: c.RunID}})
	if err != nil {
		return fmt.Errorf("making a volume for the build daemon's seed: %w", err)
	}
	s.volume = made.Volume.Name
	return s.warm(ctx)
}

// warm fills the volume.
func (s *Seed) warm(ctx context.Context) (err error) {
	b := s.builder(s.config.RunID, s.config.Dir)
	b.spec.seed = ""
	b.spec.state = []mount.Mount{{Type: mount.TypeVolume, Source: s.volume, Target: stateDir}}
	defer func() { err = errors.Join(err, b.Close(context.WithoutCancel(ctx))) }()
	if err := s.unpack(ctx, b); err != nil {
		return err
	}
	if s.config.Warm != nil {
		s.config.Notes("building once, for the build daemons' caches")
		if err := s.config.Warm(ctx, b); err != nil {
			return fmt.Errorf("filling the build daemon's caches: %w", err)
		}
	}
	d, err := b.acquire(ctx)
	if err != nil {
		return err
	}
	defer b.release(d)
	return d.stop(ctx)
}

// unpack has each image laid out by a build that adds a file to it.
func (s *Seed) unpack(ctx context.Context, b *Builder) (err error) {
	dir, err := os.MkdirTemp(s.config.Dir, "unpack-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for _, ref := range s.config.Images {
		if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM "+ref+"\nCOPY Dockerfile /\n"), 0o600); err != nil {
			return fmt.Errorf("writing a Dockerfile: %w", err)
		}
		if _, err := b.Build(ctx, imagebuild.Request{Dir: dir}); err != nil {
			return fmt.Errorf("unpacking %s in the build daemon: %w", ref, err)
		}
	}
	return nil
}

// Close removes what the seed has on the engine.
func (s *Seed) Close(ctx context.Context) error {
	if s.volume == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeLimit)
	defer cancel()
	if _, err := s.config.Engine.Client.VolumeRemove(ctx, s.volume, docker.VolumeRemoveOptions{Force: true}); err != nil {
		return fmt.Errorf("removing the build daemon's seed: %w", err)
	}
	s.volume = ""
	return nil
}
