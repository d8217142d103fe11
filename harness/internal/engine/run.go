package engine

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// Run is one run of ours on this machine: an id, and a folder for its files.
// While it is open, its lock is held; the system lets go of the lock when the
// process ends, however it ends.
type Run struct {
	ID   string // names this user and host, then this run: "3f9a1c2e-0b7d…"
	Dir  string // everything the run writes is in here
	lock *flock.Flock
}

const lockFile = "lock"

// NewRun makes a run's folder below the user's cache folder and locks it.
func NewRun() (*Run, error) {
	root, err := runsDir()
	if err != nil {
		return nil, err
	}
	random := make([]byte, 6)
	rand.Read(random) // never fails, see crypto/rand
	id := owner(root) + "-" + hex.EncodeToString(random)
	dir, unlocked := filepath.Join(root, id), filepath.Join(root, "."+id)
	if err := os.MkdirAll(unlocked, 0o700); err != nil {
		return nil, fmt.Errorf("making the run's folder: %w", err)
	}
	lock := flock.New(filepath.Join(unlocked, lockFile))
	if ok, err := lock.TryLock(); err != nil || !ok {
		return nil, errors.Join(fmt.Errorf("locking %s", unlocked), err)
	}
	// Only a locked folder gets the name that another run's sweep looks at.
	if err := os.Rename(unlocked, dir); err != nil {
		return nil, fmt.Errorf("making the run's folder: %w", err)
	}
	return &Run{ID: id, Dir: dir, lock: lock}, nil
}

// Close removes the run's folder and lets go of its lock.
func (r *Run) Close() error {
	err := removeAll(r.Dir)
	return errors.Join(err, r.lock.Unlock())
}

// Alive reports whether the run with that id may still be going on. Runs of
// other users or hosts count as alive: they are not ours to judge.
func Alive(runID string) bool {
	root, err := runsDir()
	if err != nil || !strings.HasPrefix(runID, owner(root)+"-") {
		return true
	}
	path := filepath.Join(root, runID, lockFile)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return false
	}
	lock := flock.New(path)
	free, err := lock.TryLock()
	if err != nil || !free {
		return true
	}
	_ = lock.Unlock()
	return false
}

// SweepFolders removes the folders of runs that are no longer alive.
func SweepFolders() error {
	root, err := runsDir()
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(root)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("listing runs: %w", err)
	}
	var errs []error
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), ".") && !Alive(entry.Name()) {
			errs = append(errs, removeAll(filepath.Join(root, entry.Name())))
		}
	}
	return errors.Join(errs...)
}

func runsDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's cache folder: %w", err)
	}
	return filepath.Join(cache, "daybook", "runs"), nil
}

// owner names who the runs below root belong to: one user on one host.
func owner(root string) string {
	host, _ := os.Hostname() // an empty name only makes owners less distinct
	sum := sha256.Sum256([]byte(host + "\x00" + root))
	return hex.EncodeToString(sum[:4])
}

// removeAll is os.RemoveAll for trees that hold read-only folders, such as a
// Go module cache.
func removeAll(dir string) error {
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o700)
		}
		return err
	})
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, os.RemoveAll(dir))
}
