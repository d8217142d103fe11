//go:build linux

package inside

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/core/snapshots/storage"
	"github.com/containerd/continuity/fs"
	"golang.org/x/sys/unix"
)

// Where BuildKit keeps things in its state, with the worker and the snapshotter
// that we tell it to use.
const (
	worker       = "runc-overlayfs"
	snapshotsDir = worker + "/snapshots/snapshots"
	snapshotsDB  = worker + "/snapshots/metadata.db"
	blobsDir     = worker + "/content/blobs/sha256"
	lockFile     = "buildkitd.lock"
)

// overDir is where in the state the upper parts of what is laid over the seed are.
const overDir = "daybook-over"

// LayOut makes dir, which is empty, the state of a BuildKit that was stopped in
// seed, without copying what is large. dir must be able to hold the upper part
// of an overlay; seed may be read-only.
//
// Layers and blobs do not change, and are linked to. Snapshots that can be
// written to, which are cache mounts above all, have an overlay of their own.
// The rest is databases and small files, and is copied.
func LayOut(seed, dir string) error {
	if err := copyRest(seed, dir); err != nil {
		return fmt.Errorf("copying the seed's databases: %w", err)
	}
	if err := linkAll(filepath.Join(seed, blobsDir), filepath.Join(dir, blobsDir)); err != nil {
		return fmt.Errorf("linking the seed's blobs: %w", err)
	}
	active, err := activeSnapshots(filepath.Join(dir, snapshotsDB))
	if err != nil {
		return fmt.Errorf("reading which of the seed's snapshots can be written to: %w", err)
	}
	ids, err := os.ReadDir(filepath.Join(seed, snapshotsDir))
	if err != nil {
		return fmt.Errorf("listing the seed's snapshots: %w", err)
	}
	for _, id := range ids {
		from, to := filepath.Join(seed, snapshotsDir, id.Name()), filepath.Join(dir, snapshotsDir, id.Name())
		info, ok := active[id.Name()]
		switch {
		case !ok:
			err = os.Symlink(from, to)
		case info.Parent == "":
			err = layOver(from, to, filepath.Join(dir, overDir, id.Name()))
		default: // it will be the upper part of an overlay, which cannot be an overlay itself
			err = fs.CopyDir(to, from)
		}
		if err != nil {
			return fmt.Errorf("laying out snapshot %s of the seed: %w", id.Name(), err)
		}
	}
	return nil
}

// copyRest copies what is neither a snapshot nor a blob.
func copyRest(seed, dir string) error {
	return filepath.WalkDir(seed, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(path, seed), "/")
		switch to := filepath.Join(dir, rel); {
		case rel == lockFile || d.Type()&os.ModeSocket != 0:
			return nil
		case rel == snapshotsDir || rel == blobsDir:
			if err := os.MkdirAll(to, 0o700); err != nil {
				return err
			}
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(to, 0o700)
		case d.Type().IsRegular():
			return copyFile(path, to)
		}
		return nil
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func linkAll(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Symlink(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// activeSnapshots tells which snapshots can be written to, by the names of
// their folders.
func activeSnapshots(db string) (map[string]snapshots.Info, error) {
	store, err := storage.NewMetaStore(db)
	if err != nil {
		return nil, err
	}
	active := map[string]snapshots.Info{}
	err = store.WithTransaction(context.Background(), false, func(ctx context.Context) error {
		return storage.WalkInfo(ctx, func(ctx context.Context, info snapshots.Info) error {
			if info.Kind != snapshots.KindActive {
				return nil
			}
			id, _, _, err := storage.GetInfo(ctx, info.Name)
			active[id] = info
			return err
		})
	})
	return active, errors.Join(err, store.Close())
}

// layOver makes to a folder like from, a snapshot's, of which each file can be
// changed, while from is not.
func layOver(from, to, over string) error {
	info, err := os.Stat(filepath.Join(from, "fs"))
	if err != nil {
		return err
	}
	upper, work, files := filepath.Join(over, "upper"), filepath.Join(over, "work"), filepath.Join(to, "fs")
	for _, dir := range []string{upper, work, files, filepath.Join(to, "work")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	// The merged folder has the owner and permissions of the upper one.
	owner := info.Sys().(*syscall.Stat_t)
	if err := errors.Join(os.Chown(upper, int(owner.Uid), int(owner.Gid)), os.Chmod(upper, info.Mode())); err != nil {
		return err
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", filepath.Join(from, "fs"), upper, work)
	if err := unix.Mount("overlay", files, "overlay", 0, options); err != nil {
		return fmt.Errorf("mounting an overlay: %w", err)
	}
	return nil
}
