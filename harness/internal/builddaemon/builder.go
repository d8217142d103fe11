package builddaemon

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/moby/buildkit/client"

	"github.com/daybook-dev/daybook/harness/internal/egress"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
)

// Builder is an imagebuild.Builder with a daemon of its own, which is started by
// the first build. It may be used by many goroutines.
type Builder struct {
	engine *engine.Engine
	images map[string]imagebuild.StoredImage
	reach  func(context.Context) (*egress.Gate, error)
	dir    string
	spec   spec

	mu      sync.Mutex
	gate    *egress.Gate
	proxies map[egress.Mode]*egress.Proxy
	daemon  *daemon
	builds  int       // that use the daemon now
	spent   bool      // no build is to use the daemon any more
	old     []*daemon // those that were
}

// NewBuilder makes a Builder for one submission. What it makes on the engine has
// the label of runID; dir is a folder of that run's, for files on their way.
func (s *Seed) NewBuilder(runID, dir string) *Builder { return s.builder(runID, dir) }

func (s *Seed) builder(runID, dir string) *Builder {
	e := s.config.Engine
	return &Builder{
		engine: e, images: s.images, dir: dir,
		reach: func(ctx context.Context) (*egress.Gate, error) { return egress.NewGate(ctx, e, runID, s.config.Reach) },
		spec:  spec{image: s.image, runID: runID, seed: s.volume, cpus: s.cpus, limits: usualLimits},
	}
}

// Build builds req; see imagebuild.Builder. The image is on the engine when it
// returns.
func (b *Builder) Build(ctx context.Context, req imagebuild.Request) (*imagebuild.Built, error) {
	d, err := b.acquire(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	defer b.release(d)
	out := &imageFile{dir: b.dir, limit: b.spec.limits.image}
	defer out.remove()
	kit := imagebuild.BuildKit{
		Dial:   d.dial,
		Images: b.images,
		Export: func(tag string) client.ExportEntry {
			return client.ExportEntry{
				Type:   client.ExporterDocker,
				Attrs:  map[string]string{"name": tag, "compression": "uncompressed"}, // so that its size is its size
				Output: func(map[string]string) (io.WriteCloser, error) { return out.create() },
			}
		},
	}
	built, err := kit.Build(ctx, req)
	if err != nil {
		return built, b.explain(ctx, d, out, built, err)
	}
	if req.Tag == "" {
		return built, nil
	}
	return built, out.load(ctx, b.engine, req.Tag)
}

// Refusal says why a Dockerfile may not name an image, or nil when it may.
func (b *Builder) Refusal(ref string) *imagebuild.Failure { return imagebuild.Refusal(ref, b.images) }

// Proxy gives the proxy of that mode, which this Builder's RUN steps can be
// given, and nothing else can reach. It is started when it is first asked for;
// Close stops it.
func (b *Builder) Proxy(ctx context.Context, mode egress.Mode) (*egress.Proxy, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.openGate(ctx); err != nil {
		return nil, err
	}
	if p := b.proxies[mode]; p != nil {
		return p, nil
	}
	p, err := b.gate.Start(ctx, mode)
	if err != nil {
		return nil, err
	}
	if b.proxies == nil {
		b.proxies = map[egress.Mode]*egress.Proxy{}
	}
	b.proxies[mode] = p
	return p, nil
}

func (b *Builder) openGate(ctx context.Context) (err error) {
	if b.gate == nil {
		b.gate, err = b.reach(ctx)
	}
	return err
}

// acquire gives the daemon for a build, a new one if need be.
func (b *Builder) acquire(ctx context.Context) (*daemon, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spent {
		b.old = append(b.old, b.daemon)
		b.daemon, b.builds, b.spent = nil, 0, false
	}
	if b.daemon == nil {
		if err := b.openGate(ctx); err != nil {
			return nil, err
		}
		s := b.spec
		s.mounts, s.forwards = append(s.mounts, b.gate.Mount()), b.gate.Forwards()
		d, err := startDaemon(ctx, b.engine, s)
		if err != nil {
			return nil, err
		}
		b.daemon = d
	}
	b.builds++
	return b.daemon, nil
}

// release says that a build is done with d. The last one removes a daemon that
// is spent, with whatever still runs in it.
func (b *Builder) release(d *daemon) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d != b.daemon {
		return
	}
	if b.builds--; b.builds == 0 && b.spent {
		b.daemon, b.spent = nil, false
		_ = d.remove(context.Background()) // or with the run's clean-up
	}
}

// spend has the next build use another daemon.
func (b *Builder) spend(d *daemon) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d == b.daemon {
		b.spent = true
	}
}

// Close ends the daemons and the proxies.
func (b *Builder) Close(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, d := range append(b.old, b.daemon) {
		if d != nil {
			errs = append(errs, d.remove(ctx))
		}
	}
	for _, p := range b.proxies {
		errs = append(errs, p.Stop(ctx))
	}
	b.old, b.daemon, b.builds, b.spent, b.proxies = nil, nil, 0, false, nil
	if b.gate != nil {
		errs = append(errs, b.gate.Close(ctx))
		b.gate = nil
	}
	return errors.Join(errs...)
}
