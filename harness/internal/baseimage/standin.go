package baseimage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/distribution/reference"
	"github.com/gofrs/flock"
	"github.com/moby/moby/client"
)

// lockPoll is how often a process that waits for another one's stand-in looks
// whether it is done.
const lockPoll = 200 * time.Millisecond

// standIn builds the stand-in for named, or gives one that is already there
// another name. why tells, for people, why there has to be one.
func (p *Provider) standIn(ctx context.Context, named reference.Named, r *recipe, why string) (Image, error) {
	ref := reference.FamiliarString(named)
	dir, release, err := p.workspace(ctx, ref, r.kind)
	if err != nil {
		return Image{}, err
	}
	defer release()
	// Another process may have been faster.
	if img, ok, err := p.local(ctx, named); ok || err != nil {
		return img, err
	}
	renamed, err := p.rename(ctx, named, r)
	if err != nil {
		return Image{}, err
	}
	if !renamed {
		p.progress("%s, so a stand-in for %s is built on this machine; this takes %s, and is done once", why, ref, r.takes)
		if err := p.build(ctx, dir, ref, r); err != nil {
			return Image{}, err
		}
	}
	img, ok, err := p.local(ctx, named)
	if err == nil && !ok {
		err = fmt.Errorf("loading the stand-in for %s: the engine took it and does not have it", ref)
	}
	return img, err
}

func (p *Provider) build(ctx context.Context, dir, ref string, r *recipe) error {
	start := time.Now()
	img, err := r.make(ctx, dir)
	if err != nil {
		return err
	}
	p.progress("handing the stand-in for %s to the Docker engine", ref)
	if err := p.load(ctx, ref, img); err != nil {
		return fmt.Errorf("loading the stand-in for %s: %w", ref, err)
	}
	p.progress("the stand-in for %s is ready after %.0f seconds", ref, time.Since(start).Seconds())
	return nil
}

// rename names a stand-in that is on the engine under another tag, and would
// come out the same.
func (p *Provider) rename(ctx context.Context, named reference.Named, r *recipe) (bool, error) {
	ref := reference.FamiliarString(named)
	same, err := p.labelled(ctx, recipeLabel+"="+r.key, named.Name())
	if err != nil || len(same) == 0 {
		return false, err
	}
	if _, err := p.engine.Client.ImageTag(ctx, client.ImageTagOptions{Source: same[0], Target: ref}); err != nil {
		return false, fmt.Errorf("naming the stand-in %s: %w", ref, err)
	}
	return true, nil
}

// labelled lists the names of images with a label. Only names in repos count:
// an image that is built from a stand-in inherits its labels.
func (p *Provider) labelled(ctx context.Context, label string, repos ...string) ([]string, error) {
	found, err := p.engine.Client.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("label", label)})
	if err != nil {
		return nil, fmt.Errorf("listing stand-ins: %w", err)
	}
	var names []string
	for _, img := range found.Items {
		for _, tag := range img.RepoTags {
			named, err := reference.ParseNormalizedNamed(tag) // "<none>:<none>" is none
			if err == nil && slices.Contains(repos, named.Name()) {
				names = append(names, reference.FamiliarString(named))
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// workspace waits until no other process of this user builds a stand-in of
// that kind, and returns an empty folder to build one in. release removes it.
func (p *Provider) workspace(ctx context.Context, ref, kind string) (dir string, release func(), err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", nil, fmt.Errorf("finding the user's cache folder: %w", err)
	}
	root := filepath.Join(cache, "daybook", "stand-ins")
	if err := os.MkdirAll(root, 0o700); err != nil {
		return "", nil, fmt.Errorf("making a folder for stand-ins: %w", err)
	}
	lock := flock.New(filepath.Join(root, kind+".lock"))
	free, err := lock.TryLock()
	if err == nil && !free {
		p.progress("waiting for another run, which is building the stand-in for %s", ref)
		_, err = lock.TryLockContext(ctx, lockPoll)
	}
	if err != nil {
		return "", nil, fmt.Errorf("waiting for %s: %w", lock.Path(), err)
	}
	dir = filepath.Join(root, kind)
	release = func() {
		_ = os.RemoveAll(dir) // what cannot be removed now is removed by the next one
		_ = lock.Unlock()
	}
	// What is there is what a killed process left: the lock is ours.
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
		release()
		return "", nil, fmt.Errorf("making a folder for the stand-in: %w", err)
	}
	return dir, release, nil
}

// RemoveStandIns removes every stand-in from the engine, and returns the names
// of those that it removed. It goes on after an error and returns all of them.
func (p *Provider) RemoveStandIns(ctx context.Context) ([]string, error) {
	names, err := p.labelled(ctx, Label, golangRepo, frontendRepo, daemonRepo)
	if err != nil {
		return nil, err
	}
	var removed []string
	var errs []error
	for _, name := range names {
		if _, err := p.engine.Client.ImageRemove(ctx, name, client.ImageRemoveOptions{PruneChildren: true}); err != nil {
			errs = append(errs, fmt.Errorf("removing %s: %w", name, err))
			continue
		}
		removed = append(removed, name)
	}
	p.forget()
	return removed, errors.Join(errs...)
}

// forget makes the next Ensure look at the engine again.
func (p *Provider) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turns = map[string]*turn{}
}
