package baseimage

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	daemonPackage = buildkitModule + "/cmd/buildkitd"
	daemonProgram = "/usr/bin/buildkitd" // where the official image has it
)

// DaemonImage is the name of the image of BuildKit's daemon in the version that
// this Daybook is built with, so that client and daemon are of one age.
func (p *Provider) DaemonImage(ctx context.Context) (string, error) {
	dir, err := p.moduleDir()
	if err != nil {
		return "", err
	}
	version, err := buildkitVersion(ctx, dir)
	return "moby/buildkit:" + version, err
}

// daemonRecipe compiles BuildKit's daemon from the sources of the BuildKit that
// Daybook itself is built with, and puts it beside the distribution's runc, which
// the distribution mends when there is need.
func (p *Provider) daemonRecipe(ctx context.Context, tag string) (*recipe, error) {
	dir, err := p.moduleDir()
	if err != nil {
		return nil, err
	}
	version, err := buildkitVersion(ctx, dir)
	if err != nil {
		return nil, err
	}
	if tag != version {
		return nil, fmt.Errorf("the stand-in is for moby/buildkit:%s, not for :%s", version, tag)
	}
	h, err := thisHost(ctx, dir)
	if err != nil {
		return nil, err
	}
	if h.arch != p.engine.Arch {
		return nil, fmt.Errorf("the engine is for %s, this machine's packages for %s", p.engine.Arch, h.arch)
	}
	key := fmt.Sprintf("buildkit %s %s %s %s", version, h.distribution, h.codename, h.arch)
	return &recipe{
		kind:  "buildkit",
		key:   key,
		takes: "a few seconds, or some minutes where it was not compiled before",
		make: func(ctx context.Context, work string) (v1.Image, error) {
			config := v1.Config{
				Entrypoint: []string{daemonProgram},
				Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
				Labels: map[string]string{
					Label:       "buildkit",
					detailLabel: fmt.Sprintf("BuildKit %s, runc of %s %s", version, h.distribution, h.codename),
					recipeLabel: key,
				},
			}
			return p.makeDaemon(ctx, dir, work, h, config)
		},
	}, nil
}

func (p *Provider) makeDaemon(ctx context.Context, moduleDir, work string, h host, config v1.Config) (v1.Image, error) {
	if err := p.needMmdebstrap(ctx); err != nil {
		return nil, err
	}
	p.progress("fetching runc, which runs the steps of a build")
	options, env := aptSettings(ctx)
	runc, err := newFileLayer(filepath.Join(work, "runc.tar"), func(w io.Writer) error {
		_, err := p.mmdebstrap(ctx, w, env, runcArgs(h, os.Geteuid() == 0, options, sourcesOf(ctx, h)))
		return err
	})
	if err != nil {
		return nil, err
	}
	p.progress("compiling BuildKit's daemon")
	daemon, err := p.compiled(ctx, moduleDir, work, daemonPackage, daemonProgram)
	if err != nil {
		return nil, err
	}
	return newImage(h.arch, config, addition{runc, "mmdebstrap runc: " + h.distribution + " " + h.codename}, addition{daemon, "go build " + daemonPackage})
}

// runcArgs are mmdebstrap's arguments for unpacking runc and the libraries that
// it needs, and nothing else.
func runcArgs(h host, root bool, options, sources []string) []string {
	return slices.Concat([]string{
		mmdebstrapMode(root), "--variant=extract", "--include=runc", "--dpkgopt=force-unsafe-io",
		"--dpkgopt=path-exclude=/usr/share/*", "--dpkgopt=path-include=/usr/share/doc/*/copyright", "--dpkgopt=path-exclude=*/gconv/*",
	}, archiveArgs(h, options, sources))
}
