package sidecar

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

// Nobody is the user of our programs in their containers, who has no rights to
// anything.
const Nobody = "65534:65534"

// Image is an image from scratch that holds files of ours and nothing else.
type Image struct {
	Repo  string // its name; its tag is the hash of all that is said here
	Files []File // the first one is what a container of it runs
	User  string // Nobody when empty
}

// File is a file in an Image.
type File struct {
	Name    string // its path without the leading slash; a folder's ends in one
	Mode    int64  // its permissions; 0 is 0o555
	Content []byte
}

// Image gives the image that holds the program and nothing else, to be kept
// under the name of repo.
func (p Program) Image(ctx context.Context, e *engine.Engine, repo string) (Image, error) {
	program, err := p.Binary(ctx, e.Arch)
	if err != nil {
		return Image{}, err
	}
	return Image{Repo: repo, Files: []File{{Name: string(p), Content: program}}}, nil
}

// Hold sees to it that the image is on the engine, and that no other process
// of this user removes it before release is called, by when a container should
// hold it.
//
// Processes that hold an image share a lock; one that finds itself alone with
// it removes the other images of the same Repo. Another user of the same engine
// is not kept from that, but an image that is in use is not removed anyway.
func (i Image) Hold(ctx context.Context, e *engine.Engine) (ref string, release func(), err error) {
	ref = i.Repo + ":" + i.hash()
	dir, err := cacheDir()
	if err != nil {
		return "", nil, err
	}
	path := filepath.Join(dir, i.Repo+".lock")
	shared := flock.New(path)
	if _, err := shared.TryRLockContext(ctx, lockPoll); err != nil {
		return "", nil, fmt.Errorf("locking %s: %w", path, err)
	}
	loaded, err := i.ensure(ctx, e, ref)
	if err != nil {
		return "", nil, errors.Join(err, shared.Unlock())
	}
	return ref, func() {
		_ = shared.Unlock() // the lock ends with its file, at the latest with us
		if alone := flock.New(path); loaded {
			if ok, err := alone.TryLock(); ok && err == nil {
				removeOthers(ctx, e, i.Repo, ref)
				_ = alone.Unlock()
			}
		}
	}, nil
}

func (i Image) user() string {
	if i.User == "" {
		return Nobody
	}
	return i.User
}

// hash names what is in the image, in 16 hexadecimal digits.
func (i Image) hash() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q\n", i.user())
	for _, f := range i.Files {
		fmt.Fprintf(sum, "%q %o %d\n", f.Name, f.Mode, len(f.Content))
		sum.Write(f.Content)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// ensure loads the image unless it is there. Two processes that load it at
// once load the same thing.
func (i Image) ensure(ctx context.Context, e *engine.Engine, ref string) (loaded bool, err error) {
	_, err = e.Client.ImageInspect(ctx, ref)
	if err == nil {
		return false, nil
	}
	if !cerrdefs.IsNotFound(err) {
		return false, fmt.Errorf("looking for the image: %w", err)
	}
	img, err := i.make(e.Arch)
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

// make makes the image, of one layer.
func (i Image) make(arch string) (v1.Image, error) {
	if len(i.Files) == 0 {
		return nil, errors.New("it has no files")
	}
	files, err := i.tar()
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files)), nil
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
	config.Config.Entrypoint = []string{"/" + i.Files[0].Name}
	config.Config.User = i.user()
	return mutate.ConfigFile(img, config)
}

func (i Image) tar() ([]byte, error) {
	var files bytes.Buffer
	w := tar.NewWriter(&files)
	for _, f := range i.Files {
		h := &tar.Header{Name: f.Name, Mode: f.Mode, Size: int64(len(f.Content)), Format: tar.FormatPAX}
		if h.Mode == 0 {
			h.Mode = 0o555
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.Content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return files.Bytes(), err
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

// removeOthers removes the other images of repo. It is housekeeping: what is in
// use, or does not go for another reason, stays until the next time.
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
