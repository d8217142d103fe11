package builddaemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/engine"
)

// imageFile is an image on its way from a daemon to the engine. It is whole
// before the engine sees any of it.
type imageFile struct {
	dir      string
	limit    int64
	file     *os.File
	written  int64
	tooLarge bool
}

func (f *imageFile) create() (io.WriteCloser, error) {
	file, err := os.CreateTemp(f.dir, "image-*.tar")
	if err != nil {
		return nil, fmt.Errorf("making a file for the image: %w", err)
	}
	f.file = file
	return f, nil
}

// Write writes what the limit leaves room for.
func (f *imageFile) Write(p []byte) (int, error) {
	if f.written += int64(len(p)); f.written > f.limit {
		f.tooLarge = true
		return 0, errors.New("writing the image: it is larger than its limit")
	}
	return f.file.Write(p)
}

// Close ends the writing.
func (f *imageFile) Close() error { return f.file.Close() }

func (f *imageFile) remove() {
	if f.file != nil {
		_ = os.Remove(f.file.Name()) // or with the run's folder
	}
}

// load hands the image to the engine. Nothing of it is run by that.
func (f *imageFile) load(ctx context.Context, e *engine.Engine, tag string) error {
	if f.file == nil {
		return errors.New("loading the image: the build daemon gave none")
	}
	if err := f.onlyNames(tag); err != nil {
		return fmt.Errorf("loading the image: %w", err)
	}
	file, err := os.Open(f.file.Name())
	if err != nil {
		return fmt.Errorf("loading the image: %w", err)
	}
	defer file.Close()
	said, err := e.Client.ImageLoad(ctx, file, client.ImageLoadWithQuiet(true))
	if err != nil {
		return fmt.Errorf("loading the image: %w", err)
	}
	defer said.Close()
	// An engine reports what went wrong in the body of a success.
	for messages := json.NewDecoder(said); ; {
		var m jsonstream.Message
		switch err := messages.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading the engine's answer: %w", err)
		case m.Error != nil:
			return fmt.Errorf("loading the image: %w", m.Error)
		}
	}
}

// onlyNames makes sure that the file names one image, and that with our tag: the
// engine would give whatever name is in it, also one that others use.
func (f *imageFile) onlyNames(tag string) error {
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(f.file.Name()) })
	if err != nil {
		return fmt.Errorf("reading which images there are: %w", err)
	}
	var names []string
	for _, image := range manifest {
		names = append(names, image.RepoTags...)
	}
	if len(manifest) != 1 || len(names) != 1 || (names[0] != tag && names[0] != "docker.io/library/"+tag) {
		return fmt.Errorf("the build daemon calls it %q, not %s", names, tag)
	}
	return nil
}
