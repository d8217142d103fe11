package builddaemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/log"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	digest "github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
)

// store copies an image from the engine into dir, as blobs that a session can
// offer to a daemon. Layers are kept uncompressed, as most engines have them:
// they are read once, on this machine.
func store(ctx context.Context, e *engine.Engine, ref, dir string) (imagebuild.StoredImage, error) {
	img, err := saved(ctx, e, ref, dir)
	if err != nil {
		return imagebuild.StoredImage{}, fmt.Errorf("copying %s from the engine: %w", ref, err)
	}
	manifest, err := writeBlobs(img, dir)
	if err != nil {
		return imagebuild.StoredImage{}, fmt.Errorf("unpacking %s: %w", ref, err)
	}
	if err := os.Remove(savedFile(dir)); err != nil {
		return imagebuild.StoredImage{}, err
	}
	quiet()
	s, err := local.NewStore(dir)
	if err != nil {
		return imagebuild.StoredImage{}, fmt.Errorf("opening the copy of %s: %w", ref, err)
	}
	return imagebuild.StoredImage{Store: s, Manifest: manifest.String()}, nil
}

// quiet keeps containerd's packages from logging to stderr, where ours goes. What
// matters comes back as an error.
var quiet = sync.OnceFunc(func() { log.L.Logger.SetOutput(io.Discard) })

func savedFile(dir string) string { return filepath.Join(dir, "saved.tar") }

// saved has the engine write the image to a file.
func saved(ctx context.Context, e *engine.Engine, ref, dir string) (v1.Image, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	r, err := e.Client.ImageSave(ctx, []string{ref})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if err := writeFile(savedFile(dir), r); err != nil {
		return nil, err
	}
	return tarball.ImageFromPath(savedFile(dir), nil)
}

// writeBlobs writes an image's parts into dir, as an OCI layout has them, and
// returns the digest of its manifest.
func writeBlobs(img v1.Image, dir string) (digest.Digest, error) {
	config, err := img.RawConfigFile()
	if err != nil {
		return "", err
	}
	layers, err := img.Layers()
	if err != nil {
		return "", err
	}
	m := ocispecs.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispecs.MediaTypeImageManifest,
		Config:    ocispecs.Descriptor{MediaType: ocispecs.MediaTypeImageConfig, Digest: digest.FromBytes(config), Size: int64(len(config))},
	}
	for _, l := range layers {
		d, err := writeLayer(l, dir)
		if err != nil {
			return "", err
		}
		m.Layers = append(m.Layers, d)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	sum := digest.FromBytes(text)
	return sum, errors.Join(os.WriteFile(blob(dir, m.Config.Digest), config, 0o600), os.WriteFile(blob(dir, sum), text, 0o600))
}

// writeLayer writes a layer uncompressed, so that its digest is the one that
// the image's config names.
func writeLayer(l v1.Layer, dir string) (ocispecs.Descriptor, error) {
	id, err := l.DiffID()
	if err != nil {
		return ocispecs.Descriptor{}, err
	}
	d := ocispecs.Descriptor{MediaType: ocispecs.MediaTypeImageLayer, Digest: digest.Digest(id.String())}
	r, err := l.Uncompressed()
	if err != nil {
		return d, err
	}
	defer r.Close()
	path := blob(dir, d.Digest)
	if err := writeFile(path, r); err != nil {
		return d, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return d, err
	}
	d.Size = info.Size()
	return d, nil
}

func blob(dir string, d digest.Digest) string {
	return filepath.Join(dir, "blobs", d.Algorithm().String(), d.Encoded())
}

func writeFile(path string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
