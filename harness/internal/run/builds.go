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
	"github.com/daybook-dev/daybook/harness/internal/builddaemon"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/egress"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/goprogram"
	"github.com/daybook-dev/daybook/harness/internal/submission"
	"github.com/daybook-dev/daybook/harness/internal/workbench"
)

// PrepareBuilds makes ready what the build daemons of many runs have in common:
// the images that the day names, unpacked, and caches that know the modules and
// what the exercise as handed out is compiled from. Nothing of the solution's
// code is in them: learners can read them. It belongs to r, which has to stay open
// as long as a run uses it. The error is a *check.Trouble, or ours.
//
//	seed, err := run.PrepareBuilds(ctx, e, r, root, day, notes)
//	defer seed.Close(ctx)
//	plan.Builds = func(r *engine.Run) workbench.Metered { return seed.NewBuilder(r.ID, r.Dir) }
func PrepareBuilds(ctx context.Context, e *engine.Engine, r *engine.Run, root string, day *catalog.Day, notes func(format string, args ...any)) (*builddaemon.Seed, error) {
	bases := baseimage.NewProvider(e, notes)
	bases.ModuleDir = root
	buildkit, err := bases.DaemonImage(ctx)
	if err != nil {
		return nil, err
	}
	images := usable(day)
	for _, ref := range append([]string{buildkit}, images...) {
		if _, err := bases.Ensure(ctx, ref); err != nil {
			return nil, err
		}
	}
	dir := filepath.Join(r.Dir, "builds")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	tc, err := goprogram.Find(ctx, dir)
	if err != nil {
		return nil, err
	}
	w := &warming{day: day, root: root, bases: bases, engine: e, run: r, dir: dir}
	return builddaemon.Prepare(ctx, builddaemon.Config{
		Engine: e, RunID: r.ID, Dir: dir, BuildKit: buildkit, Images: images,
		Reach: egress.ModuleServers(tc.Setting("GOPROXY"), tc.Setting("GOSUMDB")),
		Warm:  w.build, Notes: notes,
	})
}

// usable are the images of a day that Dockerfiles build from: not the frontends,
// which syntax lines name. There is one in our own process.
func usable(day *catalog.Day) []string {
	var images []string
	for _, ref := range day.Images {
		if !strings.HasPrefix(ref, "docker/dockerfile") {
			images = append(images, ref)
		}
	}
	return images
}

// warming are the builds that fill the caches.
type warming struct {
	day    *catalog.Day
	root   string
	bases  *baseimage.Provider
	engine *engine.Engine
	run    *engine.Run
	dir    string
}

// usualMounts builds all that there is with both caches of the go command in
// their usual places, where cache mounts have them. Paths in programs are trimmed
// by one build and not by the other, which are two things to the compiler's cache.
// The image is next to nothing, since it is exported too.
const usualMounts = `FROM %s AS build
WORKDIR /src
COPY . .
ENV CGO_ENABLED=0
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -o /dev/null ./... && go build -o /dev/null ./...
FROM scratch
COPY --from=build /src/go.mod /
`

// build builds the exercise as handed out: with the Dockerfile of the solution,
// where that is here, and with one of ours. Neither has to come to an image; what
// is in the caches by then is what counts.
func (w *warming) build(ctx context.Context, b *builddaemon.Builder) error {
	var dockerfiles []string
	if text, err := os.ReadFile(filepath.Join(w.root, "solutions", fmt.Sprint(w.day.Number), "Dockerfile")); err == nil {
		dockerfiles = append(dockerfiles, string(text))
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the solution's Dockerfile: %w", err)
	}
	for _, ref := range usable(w.day) {
		if strings.HasPrefix(ref, "golang:") {
			dockerfiles = append(dockerfiles, fmt.Sprintf(usualMounts, ref))
		}
	}
	for i, text := range dockerfiles {
		err := w.image(ctx, b, fmt.Sprintf("warm-%d", i), text)
		var finding *check.Finding
		if err != nil && !errors.As(err, &finding) {
			return err
		}
	}
	return nil
}

// image builds the exercise with a Dockerfile, by all the rules of a run.
func (w *warming) image(ctx context.Context, b *builddaemon.Builder, name, dockerfile string) error {
	tree, err := submission.LayOver(Source(w.day, w.day.Exercise), filepath.Join(w.dir, name))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tree.Dir, "Dockerfile"), []byte(dockerfile), 0o600); err != nil {
		return fmt.Errorf("writing a Dockerfile: %w", err)
	}
	bench := workbench.New(workbench.Config{
		Day: w.day, Run: w.run, Tree: tree, Engine: w.engine, Bases: w.bases, Metered: b,
	})
	defer bench.Close()
	img, err := bench.Image(ctx)
	if err == nil {
		bench.Forget(img)
	}
	return err
}

func closeBuilds(b workbench.Metered) {
	ctx, cancel := context.WithTimeout(context.Background(), cleanUpLimit)
	defer cancel()
	// What cannot be removed now goes with the run, or is swept by the next.
	_ = b.Close(ctx)
}
