package egress

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/gofrs/flock"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/engine"
)

// imageRepo is the name of all of our images; the tag is the program's hash.
const imageRepo = "daybook-egress"

// nobody is the user of the proxy: it needs no rights to anything.
const nobody = "65534:65534"

// holdImage sees to it that the program's image, in repo, is on the engine, and
// that no other process of this user removes it before release is called, by
// when a container should hold it.
//
// Processes that start a proxy share a lock; one that finds itself alone with
// it removes the images of other programs. Another user of the same engine is
// not kept from that, but an image that is in use is not removed anyway.
func holdImage(ctx context.Context, e *engine.Engine, repo string, program []byte) (ref string, release func(), err error) {
	sum := sha256.Sum256(program)
	ref = repo + ":" + hex.EncodeToString(sum[:8])
	dir, err := cacheDir()
	if err != nil {
		return "", nil, err
	}
	path := filepath.Join(dir, repo+".lock")
	shared := flock.New(path)
	if _, err := shared.TryRLockContext(ctx, lockPoll); err != nil {
		return "", nil, fmt.Errorf("locking %s: %w", path, err)
	}
	loaded, err := ensureImage(ctx, e, ref, program)
	if err != nil {
		return "", nil, errors.Join(err, shared.Unlock())
	}
	return ref, func() {
		_ = shared.Unlock() // the lock ends with its file, at the latest with us
		if alone := flock.New(path); loaded {
			if ok, err := alone.TryLock(); ok && err == nil {
				removeOthers(ctx, e, repo, ref)
				_ = alone.Unlock()
			}
		}
	}, nil
}

// ensureImage loads the image unless it is there. Two processes that load it
// at once load the same thing.
func ensureImage(ctx context.Context, e *engine.Engine, ref string, program []byte) (loaded bool, err error) {
	_, err = e.Client.ImageInspect(ctx, ref)
	if err == nil {
		return false, nil
	}
	if !cerrdefs.IsNotFound(err) {
		return false, fmt.Errorf("looking for the image: %w", err)
	}
	img, err := makeImage(program, e.Arch)
	if err != nil {
		return false, fmt.Errorf("making the image: %w", err)
	}
	said, err := load(ctx, e, ref, img)
	if err != nil {
		return false, fmt.Errorf("loading the image: %w", err)
	}
	// An engine reports what went wrong in the body of a success.
	if _, err := e.Client.ImageInspect(ctx, ref); err != nil {
		return false, fmt.Errorf("loading the image: %w: %s", err, said)
	}
	return true, nil
}

// makeImage makes an image from scratch that holds the program and nothing else.
func makeImage(program []byte, arch string) (v1.Image, error) {
	var files bytes.Buffer
	w := tar.NewWriter(&files)
	if err := w.WriteHeader(&tar.Header{Name: programName, Mode: 0o555, Size: int64(len(program)), Format: tar.FormatPAX}); err != nil {
		return nil, err
	}
	if _, err := w.Write(program); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files.Bytes())), nil
	})
	if err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", arch
	config.Config.Entrypoint = []string{"/" + programName}
	config.Config.User = nobody
	return mutate.ConfigFile(img, config)
}

// load streams the image to the engine and returns what that said.
func load(ctx context.Context, e *engine.Engine, ref string, img v1.Image) (string, error) {
	tag, err := name.NewTag(ref)
	if err != nil {
		return "", err
	}
	r, w := io.Pipe()
	defer r.Close() // ends the writer when the engine has stopped reading
	go func() { w.CloseWithError(tarball.Write(tag, img, w)) }()
	answer, err := e.Client.ImageLoad(ctx, r, client.ImageLoadWithQuiet(true))
	if err != nil {
		return "", err
	}
	defer answer.Close()
	said, err := io.ReadAll(answer)
	return strings.TrimSpace(string(said)), err
}

// removeOthers removes the images of other programs. It is housekeeping: what
// is in use, or does not go for another reason, stays until the next time.
func removeOthers(ctx context.Context, e *engine.Engine, repo, keep string) {
	list, err := e.Client.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("reference", repo+":*")})
	if err != nil {
		return
	}
	for _, image := range list.Items {
		for _, tag := range image.RepoTags {
			if tag != keep && strings.HasPrefix(tag, repo+":") {
				_, _ = e.Client.ImageRemove(ctx, tag, client.ImageRemoveOptions{PruneChildren: true})
			}
		}
	}
}
