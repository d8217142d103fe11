package baseimage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// golangPath is the PATH of the official image.
const golangPath = "/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// golangRecipe makes a golang image from Debian's packages and this machine's Go.
func (p *Provider) golangRecipe(ctx context.Context, tag string) (*recipe, error) {
	dir, _ := p.moduleDir() // without one, Go is asked in the working folder
	h, err := thisHost(ctx, dir)
	if err != nil {
		return nil, err
	}
	if h.arch != p.engine.Arch {
		return nil, fmt.Errorf("the engine is for %s, this machine's Go for %s", p.engine.Arch, h.arch)
	}
	if err := checkGolangTag(tag, h); err != nil {
		return nil, err
	}
	return &recipe{
		kind:  "golang",
		key:   h.recipeKey(),
		takes: "about half a minute",
		make: func(ctx context.Context, dir string) (v1.Image, error) {
			return p.makeGolang(ctx, dir, h)
		},
	}, nil
}

// makeGolang makes the two layers, Debian and Go, at the same time.
func (p *Provider) makeGolang(ctx context.Context, dir string, h host) (v1.Image, error) {
	if err := p.needMmdebstrap(ctx); err != nil {
		return nil, err
	}
	var toolchain *fileLayer
	packed := make(chan error, 1)
	go func() {
		var err error
		toolchain, err = newFileLayer(filepath.Join(dir, "go.tar"), func(w io.Writer) error {
			return writeGo(w, h.goRoot, hostCAs())
		})
		packed <- err
	}()
	var gcc string
	system, err := newFileLayer(filepath.Join(dir, "system.tar"), func(w io.Writer) (err error) {
		gcc, err = p.bootstrap(ctx, w, h)
		return err
	})
	if packErr := <-packed; packErr != nil {
		err = errors.Join(err, fmt.Errorf("packing Go %s: %w", h.goVersion, packErr))
	}
	if err != nil {
		return nil, err
	}
	return newImage(h.arch, golangConfig(h, gcc),
		addition{system, fmt.Sprintf("mmdebstrap %s: %s %s", packages, h.distribution, h.codename)},
		addition{toolchain, "this machine's Go " + h.goVersion + " and certificates"})
}

// golangConfig is the official image's configuration, and our labels.
func golangConfig(h host, gcc string) v1.Config {
	return v1.Config{
		Env:        []string{"PATH=" + golangPath, "GOLANG_VERSION=" + h.goVersion, "GOTOOLCHAIN=local", "GOPATH=/go"},
		WorkingDir: "/go",
		Cmd:        []string{"bash"},
		Labels: map[string]string{
			Label:       "golang",
			detailLabel: fmt.Sprintf("%s %s, gcc %s, go%s", h.distribution, h.codename, majorMinor(gcc), h.goVersion),
			recipeLabel: h.recipeKey(),
		},
	}
}

func (h host) recipeKey() string {
	return fmt.Sprintf("golang %s %s %s %s", h.goVersion, h.distribution, h.codename, h.arch)
}
