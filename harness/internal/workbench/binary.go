package workbench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/imageinspect"
)

// Binary is the program that the image starts, taken out of it.
type Binary struct {
	File    imageinspect.File
	Path    string // on this host
	Program *imageinspect.Program
}

// Binary is the program that the image's ENTRYPOINT or CMD names.
func (b *Bench) Binary(ctx context.Context) (*Binary, error) {
	return b.binary.get(func() (*Binary, error) {
		img, err := b.Image(ctx)
		if err != nil {
			return nil, err
		}
		binary, err := b.ExtractBinary(ctx, img)
		if err != nil {
			return nil, err
		}
		if a, err := b.Analysis(ctx); err == nil && binary.File.Layer < b.BaseLayers(ctx) {
			return nil, &check.Finding{Want: "ENTRYPOINT or CMD to start the program that was built",
				Got:     fmt.Sprintf("it starts /%s, which came with %s", binary.File.Path, strings.TrimPrefix(a.Base, "docker.io/library/")),
				Because: "The shell form (without brackets) starts a shell, which then starts the rest of the line. In the exec form, a JSON list, the first word is the program itself.",
				Look:    []check.Place{b.LineOf("ENTRYPOINT", "CMD")}}
		}
		return binary, nil
	})
}

// ExtractBinary takes the program that img starts out of it.
func (b *Bench) ExtractBinary(ctx context.Context, img *Image) (*Binary, error) {
	files, err := b.Files(ctx, img)
	if err != nil {
		return nil, err
	}
	f, err := files.Entry()
	if err != nil {
		return nil, &check.Finding{Want: "ENTRYPOINT or CMD to name a program that is in the image", Got: err.Error(),
			Because: "The first word of ENTRYPOINT and CMD together is the program that the engine starts. In the shell form that is /bin/sh, which an image from scratch does not have.",
			Look:    []check.Place{b.LineOf("ENTRYPOINT", "CMD")}}
	}
	dir, err := b.NewFolder("binary")
	if err != nil {
		return nil, err
	}
	out := &Binary{File: f, Path: filepath.Join(dir, "binary")}
	if err := files.Extract(f.Path, out.Path); err != nil {
		return nil, err
	}
	var foreign *imageinspect.NotELFError
	out.Program, err = imageinspect.ReadProgram(out.Path)
	if errors.As(err, &foreign) {
		return nil, &check.Finding{Want: "/" + f.Path + " to be a Linux executable", Got: err.Error(),
			Because: "What ENTRYPOINT starts has to be the compiled program itself.", Look: []check.Place{b.LineOf("ENTRYPOINT", "CMD")}}
	}
	return out, err
}

// programsLimit is how many programs of an image Modules looks into: an image
// that packs one service has one, or two where a wrapper starts it.
const programsLimit = 8

// Modules lists the modules, as path@version, that the programs in img were
// built with, as their build info says: the program that the image starts may
// be one that starts another. Programs of the image that the last stage begins
// from are left out.
func (b *Bench) Modules(ctx context.Context, img *Image) ([]string, error) {
	dir, err := b.NewFolder("programs")
	if err != nil {
		return nil, err
	}
	files, err := b.Files(ctx, img)
	if err != nil {
		return nil, err
	}
	var candidates []imageinspect.File
	if entry, err := files.Entry(); err == nil {
		candidates = append(candidates, entry)
	}
	base := b.BaseLayers(ctx)
	for _, f := range files.Top() {
		const executable = 0o111
		if f.Sum != "" && f.Mode&executable != 0 && f.Layer >= base {
			candidates = append(candidates, f)
		}
	}
	var all []string
	for _, f := range candidates[:min(programsLimit, len(candidates))] {
		at := filepath.Join(dir, f.Sum)
		if err := files.Extract(f.Path, at); err != nil {
			return nil, err
		}
		program, err := imageinspect.ReadProgram(at)
		if foreign := (*imageinspect.NotELFError)(nil); errors.As(err, &foreign) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, program.Modules...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
