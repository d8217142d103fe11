package baseimage

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/moby/moby/api/types/jsonstream"
)

// fileLayer is a layer that is an uncompressed tar file on disk. The library's
// own layers would be compressed, which takes longer than everything that an
// engine on the same machine does with them.
type fileLayer struct {
	path string
	size int64
	hash v1.Hash
}

func (l *fileLayer) Digest() (v1.Hash, error)             { return l.hash, nil }
func (l *fileLayer) DiffID() (v1.Hash, error)             { return l.hash, nil }
func (l *fileLayer) Compressed() (io.ReadCloser, error)   { return os.Open(l.path) }
func (l *fileLayer) Uncompressed() (io.ReadCloser, error) { return os.Open(l.path) }
func (l *fileLayer) Size() (int64, error)                 { return l.size, nil }
func (l *fileLayer) MediaType() (types.MediaType, error)  { return types.DockerUncompressedLayer, nil }

// newFileLayer has write make the tar file, and works out its digest on the way.
func newFileLayer(path string, write func(io.Writer) error) (*fileLayer, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	buffered := bufio.NewWriterSize(io.MultiWriter(file, hash), 1<<20)
	err = write(buffered)
	if flushErr := buffered.Flush(); flushErr != nil {
		err = flushErr // a full disk, of which write's error may only be a consequence
	}
	size, seekErr := file.Seek(0, io.SeekCurrent)
	if err := errors.Join(err, seekErr, file.Close()); err != nil {
		return nil, err
	}
	return &fileLayer{path: path, size: size, hash: v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(hash.Sum(nil))}}, nil
}

// addition is a layer, and what `docker history` says about it.
type addition struct {
	layer   v1.Layer
	history string
}

// newImage puts layers on top of each other, for Linux on the architecture.
func newImage(arch string, config v1.Config, layers ...addition) (v1.Image, error) {
	now := v1.Time{Time: time.Now().UTC().Truncate(time.Second)}
	img := v1.Image(empty.Image)
	for _, a := range layers {
		var err error
		img, err = mutate.Append(img, mutate.Addendum{Layer: a.layer, History: v1.History{Created: now, CreatedBy: a.history}})
		if err != nil {
			return nil, err
		}
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created, file.Config = "linux", arch, now, config
	return mutate.ConfigFile(img, file)
}

// load streams the image to the engine.
func (p *Provider) load(ctx context.Context, ref string, img v1.Image) error {
	tag, err := name.NewTag(ref)
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	defer r.Close()
	go func() { w.CloseWithError(tarball.Write(tag, img, w)) }()
	said, err := p.engine.Client.ImageLoad(ctx, r)
	if err != nil {
		return err
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
			return m.Error
		}
	}
}
