package workbench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/baseimage"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/containerrun"
	"github.com/daybook-dev/daybook/harness/internal/egress"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
	"github.com/daybook-dev/daybook/harness/internal/imageinspect"
)

// Image is an image that was built from the tree.
type Image struct {
	Tag      string
	Args     map[string]string // the build arguments, with the values drawn for this run
	Built    *imagebuild.Built
	Attempts []egress.Attempt // what its RUN steps tried to reach
	files    fact[*imageinspect.Image]
}

// Files reads an image that was built. It has to be on the engine still.
func (b *Bench) Files(ctx context.Context, img *Image) (*imageinspect.Image, error) {
	return img.files.get(func() (*imageinspect.Image, error) {
		e, err := b.Reached()
		if err != nil {
			return nil, err
		}
		return b.save(ctx, e, img.Tag)
	})
}

// Analysis is what the Dockerfile says. The error is a *check.Finding when it
// cannot be read as one.
func (b *Bench) Analysis(ctx context.Context) (*imagebuild.Analysis, error) {
	return b.analysis.get(func() (*imagebuild.Analysis, error) {
		a, err := imagebuild.Analyze(ctx, b.Tree.Dir, b.buildArgs())
		return a, finding(err)
	})
}

// buildArgs draws the values of the build arguments that the manifest names.
func (b *Bench) buildArgs() map[string]string {
	args := map[string]string{}
	for name, kind := range b.Day.BuildArgs {
		value, err := b.Random("build-arg/" + name).Draw(kind)
		if err != nil {
			value = kind // the manifest gives the value itself
		}
		args[name] = value
	}
	return args
}

// Reached gives the engine, or why there is none.
func (b *Bench) Reached() (*engine.Engine, error) {
	if b.Engine == nil {
		return nil, b.EngineError
	}
	return b.Engine, nil
}

// EnsureBases makes ready every image that the Dockerfile builds from.
func (b *Bench) EnsureBases(ctx context.Context) ([]baseimage.Image, error) {
	return b.bases.get(func() ([]baseimage.Image, error) {
		a, err := b.Analysis(ctx)
		if err != nil {
			return nil, err
		}
		if _, err := b.Reached(); err != nil {
			return nil, err
		}
		var all []baseimage.Image
		for _, ref := range a.Images {
			if err := b.refuse(ref); err != nil {
				return nil, err
			}
			img, err := b.Bases.Ensure(ctx, ref)
			var absent *baseimage.NotFoundError
			if errors.As(err, &absent) && b.misspeltStage(ref) == nil {
				return nil, &check.Finding{Want: "the images that the Dockerfile names to exist", Got: err.Error(),
					Because: "A FROM or COPY --from names an image that its registry does not have: look at the name and the tag.", Look: []check.Place{{File: "Dockerfile"}}}
			}
			if f := b.misspeltStage(ref); err != nil && ctx.Err() == nil && f != nil {
				return nil, f
			}
			if err != nil {
				return nil, err
			}
			all = append(all, img)
		}
		return all, nil
	})
}

// refuse returns a *check.Finding when a Dockerfile may not name the image.
// Nobody goes looking for it then.
func (b *Bench) refuse(ref string) error {
	if b.Metered == nil {
		return nil
	}
	refused := b.Metered.Refusal(ref)
	if refused == nil {
		return nil
	}
	if f := b.misspeltStage(ref); f != nil {
		return f
	}
	return refused.Finding()
}

// BaseLayers is how many layers of the image are those of the image that its
// last stage begins from: 0 for scratch, or where the engine does not say.
func (b *Bench) BaseLayers(ctx context.Context) int {
	a, err := b.Analysis(ctx)
	if err != nil || a.Base == "" || b.Engine == nil {
		return 0
	}
	found, err := b.Engine.Client.ImageInspect(ctx, a.Base)
	if err != nil {
		return 0
	}
	return len(found.RootFS.Layers)
}

// Image is the image that the tree's Dockerfile makes. The error is a
// *check.Finding when it makes none.
func (b *Bench) Image(ctx context.Context) (*Image, error) {
	return b.image.get(func() (*Image, error) {
		if _, err := b.EnsureBases(ctx); err != nil {
			return nil, err
		}
		b.Notes("building the image")
		return b.Build(ctx, "image", b.Tree.Dir, egress.Open, nil)
	})
}

// Build builds the Dockerfile in dir with the run's build arguments, its RUN
// steps' way out metered by a proxy in that mode. The error is a *check.Finding
// when the Dockerfile is to blame; what is known of the build is returned beside
// it then.
func (b *Bench) Build(ctx context.Context, name, dir string, mode egress.Mode, edit imagebuild.Edit) (*Image, error) {
	return b.build(ctx, name, mode, imagebuild.Request{Dir: dir, Edit: edit})
}

// build is Build, with all that a request can say of how.
//
// A network that is not there is no fault of the Dockerfile's, but the words that
// say so are the learner's to print. So this machine looks for itself, and where
// it reaches the modules, the build has one more try.
func (b *Bench) build(ctx context.Context, name string, mode egress.Mode, req imagebuild.Request) (*Image, error) {
	img, err := b.buildOnce(ctx, name, mode, req)
	if img == nil {
		return nil, err
	}
	said := b.notDownloaded(ctx, mode, img.Attempts, err)
	switch {
	case said == "":
		return img, err
	case !b.reachesModules(ctx):
		return img, &check.Trouble{Message: "the build could not download modules: " + said, Mend: "`make doctor` looks at the network"}
	}
	return b.buildOnce(ctx, name, mode, req)
}

func (b *Bench) buildOnce(ctx context.Context, name string, mode egress.Mode, req imagebuild.Request) (*Image, error) {
	args := b.buildArgs()
	img := &Image{Tag: engine.ImageName(b.Run.ID, name), Args: args}
	meter, err := b.meter(ctx, mode)
	if err != nil {
		return nil, err
	}
	begin := meter.begin()
	req.Tag, req.Args, req.Hosts, req.Edit = img.Tag, meter.proxy.BuildArgs(args), meter.proxy.Hosts(), b.withProxySettings(ctx, req.Edit)
	built, buildErr := b.Builder.Build(ctx, req)
	img.Built = built
	if img.Attempts, err = meter.since(ctx, begin); err != nil && ctx.Err() == nil {
		return nil, err
	}
	if buildErr != nil {
		return img, finding(buildErr)
	}
	return img, nil
}

// save writes the image to the run's folder and reads it.
func (b *Bench) save(ctx context.Context, e *engine.Engine, tag string) (*imageinspect.Image, error) {
	dir, err := b.NewFolder("saved")
	if err != nil {
		return nil, err
	}
	rc, err := e.Client.ImageSave(ctx, []string{tag})
	if err != nil {
		return nil, fmt.Errorf("saving the image: %w", err)
	}
	defer rc.Close()
	path := filepath.Join(dir, "image.tar")
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("saving the image: %w", err)
	}
	_, err = io.Copy(f, rc)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("saving the image: %w", err)
	}
	return imageinspect.Open(path)
}

// Service is the image, started with a port and nothing else.
type Service struct {
	Container *containerrun.Container
	Port      string
}

// Service is a container of the image that several checks look at. The error
// is a *containerrun.StartFailure when it does not come to answer.
func (b *Bench) Service(ctx context.Context, ready string) (*Service, error) {
	return b.service.get(func() (*Service, error) {
		port, err := b.Random("service").Draw("port")
		if err != nil {
			return nil, err
		}
		c, err := b.StartContainer(ctx, "", port, ready, nil, false)
		if err != nil {
			return nil, err
		}
		return &Service{Container: c, Port: port}, nil
	})
}

// finding turns a failed build into what a check says.
func finding(err error) error {
	var f *imagebuild.Failure
	if errors.As(err, &f) {
		return f.Finding()
	}
	return err
}

// ImageTimeout bounds the removal of an image that no check wants any more.
const ImageTimeout = 30 * time.Second

// Forget removes an image that no check wants any more. What stays is removed
// with the run.
func (b *Bench) Forget(img *Image) {
	ctx, cancel := context.WithTimeout(context.Background(), ImageTimeout)
	defer cancel()
	_, _ = b.Engine.Client.ImageRemove(ctx, img.Tag, client.ImageRemoveOptions{Force: true, PruneChildren: true})
}
