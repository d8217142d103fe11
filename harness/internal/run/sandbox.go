package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/baseimage"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/goprogram"
	"github.com/daybook-dev/daybook/harness/internal/sandbox"
	"github.com/daybook-dev/daybook/harness/internal/submission"
	"github.com/daybook-dev/daybook/harness/internal/workbench"
)

// PrepareSandbox makes ready what the sandboxes of many runs have in common: the
// golang image that the day names, the modules, and a compiler's cache that
// knows what the solution and the probes are made of. It belongs to r, which has
// to stay open as long as a run uses it. The error is a *check.Trouble, or ours.
//
//	seed, err := run.PrepareSandbox(ctx, e, r, root, day, notes)
//	plan.Programs = func(r *engine.Run) workbench.Programs { return seed.Programs(r) }
func PrepareSandbox(ctx context.Context, e *engine.Engine, r *engine.Run, root string, day *catalog.Day, notes func(format string, args ...any)) (*sandbox.Seed, error) {
	image, err := golangImage(day)
	if err != nil {
		return nil, err
	}
	bases := baseimage.NewProvider(e, notes)
	bases.ModuleDir = root
	if _, err := bases.Ensure(ctx, image); err != nil {
		return nil, err
	}
	tree, err := solved(r, root, day)
	if err != nil {
		return nil, err
	}
	home := filepath.Join(r.Dir, "sandbox-home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	host, err := goprogram.Find(ctx, home)
	if err != nil {
		return nil, err
	}
	return sandbox.Prepare(ctx, e, sandbox.Source{Run: r, Image: image, Host: host, Trees: []string{tree}})
}

// golangImage is the image among those that the day names that has Go in it.
func golangImage(day *catalog.Day) (string, error) {
	for _, ref := range day.Images {
		if strings.HasPrefix(ref, "golang:") {
			return ref, nil
		}
	}
	return "", &check.Trouble{Message: fmt.Sprintf("day %d names no golang image, in which its programs could be compiled", day.Number), Mend: "add one to images in its day.yaml"}
}

// solved lays out the day's solution, or the exercise if there is none here,
// with all of the day's probes.
func solved(r *engine.Run, root string, day *catalog.Day) (string, error) {
	dir := filepath.Join(root, "solutions", fmt.Sprint(day.Number))
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		dir = day.Exercise
	}
	tree, err := submission.LayOver(Source(day, dir), filepath.Join(r.Dir, "solved"))
	if err != nil {
		return "", err
	}
	probes, err := os.ReadDir(filepath.Join(day.Dir, "probes"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("listing the probes: %w", err)
	}
	for _, probe := range probes {
		if probe.IsDir() {
			if _, err := workbench.PutProbe(day, probe.Name(), tree.Dir); err != nil {
				return "", err
			}
		}
	}
	return tree.Dir, nil
}
