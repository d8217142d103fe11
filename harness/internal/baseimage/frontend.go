package baseimage

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

const (
	ownModule       = "github.com/daybook-dev/daybook"
	buildkitModule  = "github.com/moby/buildkit"
	frontendPackage = buildkitModule + "/frontend/dockerfile/cmd/dockerfile-frontend"
	frontendProgram = "/bin/dockerfile-frontend"
)

// frontendCaps is what the official image says that its frontend can do, in
// the release that our go.mod names.
const frontendCaps = "moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts," +
	"moby.buildkit.frontend.gitquerystring,moby.buildkit.frontend.contexts.zstd"

// frontendRecipe compiles the program of docker/dockerfile from the sources of
// the BuildKit that Daybook itself is built with.
func (p *Provider) frontendRecipe(ctx context.Context) (*recipe, error) {
	dir, err := p.moduleDir()
	if err != nil {
		return nil, err
	}
	version, err := buildkitVersion(ctx, dir)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("dockerfile %s %s", version, p.engine.Arch)
	return &recipe{
		kind:  "dockerfile",
		key:   key,
		takes: "a few seconds, or a minute where Daybook was not compiled here",
		make: func(ctx context.Context, work string) (v1.Image, error) {
			config := v1.Config{
				Entrypoint: []string{frontendProgram},
				Labels: map[string]string{
					"moby.buildkit.frontend.network.none": "true",
					"moby.buildkit.frontend.caps":         frontendCaps,
					Label:                                 "dockerfile",
					detailLabel:                           "BuildKit " + version,
					recipeLabel:                           key,
				},
			}
			return p.makeFrontend(ctx, dir, work, config)
		},
	}, nil
}

// buildkitVersion is the version of BuildKit in the go.mod in dir.
func buildkitVersion(ctx context.Context, dir string) (string, error) {
	return goCommand(ctx, dir, nil, "list", "-m", "-f", "{{.Version}}", buildkitModule)
}

func (p *Provider) makeFrontend(ctx context.Context, moduleDir, work string, config v1.Config) (v1.Image, error) {
	p.progress("compiling BuildKit's Dockerfile frontend")
	layer, err := p.compiled(ctx, moduleDir, work, frontendPackage, frontendProgram)
	if err != nil {
		return nil, err
	}
	return newImage(p.engine.Arch, config, addition{layer, "go build " + frontendPackage})
}

// compiled makes a layer of a program that is compiled from a package of
// BuildKit's, at a path in the image.
func (p *Provider) compiled(ctx context.Context, moduleDir, work, pkg, at string) (*fileLayer, error) {
	program := filepath.Join(work, path.Base(at))
	// These are the settings with which the Makefile builds Daybook, which
	// uses nearly all of the frontend's packages: compiled once, they are
	// there, and linking takes seconds. Another flag, such as -trimpath, would
	// have them all compiled again.
	env := []string{"CGO_ENABLED=0", "GOFLAGS=", "GOOS=linux", "GOARCH=" + p.engine.Arch, "GOWORK=off"}
	if _, err := goCommand(ctx, moduleDir, env, "build", "-ldflags=-s -w", "-o", program, pkg); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &check.Trouble{
			Message: fmt.Sprintf("the stand-in's program %s does not compile: %v", at, err),
			Mend:    fmt.Sprintf("run `go mod download` in %s, where there is a network", moduleDir),
		}
	}
	content, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	layer, err := newFileLayer(program+".tar", func(w io.Writer) error {
		t := &treeWriter{tar: tar.NewWriter(w), time: time.Unix(0, 0)}
		name := strings.TrimPrefix(at, "/")
		errs := []error{}
		for i := range name {
			if name[i] == '/' {
				errs = append(errs, t.header(name[:i+1], tar.TypeDir, 0o755, 0))
			}
		}
		return errors.Join(append(errs, t.file(name, 0o755, content), t.tar.Close())...)
	})
	if err != nil {
		return nil, fmt.Errorf("packing %s: %w", at, err)
	}
	return layer, nil
}

// goCommand runs the go command in dir, and returns what it prints.
func goCommand(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = time.Second
	var errText strings.Builder
	cmd.Stderr = &errText
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running go %s: %w: %s", args[0], err, lastError(errText.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

var ownModuleLine = regexp.MustCompile(`(?m)^module ` + regexp.QuoteMeta(ownModule) + `\s*$`)

// moduleDir finds the folder of Daybook's own go.mod.
func (p *Provider) moduleDir() (string, error) {
	if p.ModuleDir != "" {
		return p.ModuleDir, nil
	}
	var starts []string
	if dir, err := os.Getwd(); err == nil {
		starts = append(starts, dir)
	}
	if program, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(program))
	}
	for _, dir := range starts {
		for up := filepath.Dir(dir); ; dir, up = up, filepath.Dir(up) {
			text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
			if err == nil && ownModuleLine.Match(text) {
				return dir, nil
			}
			if up == dir {
				break
			}
		}
	}
	return "", errors.New("the sources of Daybook, which the stand-in is built from, are not above the working folder")
}
