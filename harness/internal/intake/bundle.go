package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// openBundle unpacks a git bundle, and closes f.
func openBundle(ctx context.Context, f *os.File, label, revision string) (source, error) {
	r, root, err := newRepository(label)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := errors.Join(r.unbundle(ctx, f, root), root.Close()); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if err := r.resolve(ctx, revision); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, f.Close()
}

// unbundle has git unpack the objects of a bundle, and writes down its branches
// and tags. No protocol takes part, so none can be abused.
func (r *repository) unbundle(ctx context.Context, f *os.File, root *os.Root) error {
	const name = "in.bundle" // a copy, so that git's way of reading a name plays no part
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return unreadable(r.label, err)
	}
	to, err := root.Create(name)
	if err != nil {
		return fmt.Errorf("copying the bundle: %w", err)
	}
	_, err = io.Copy(to, io.LimitReader(watched{ctx, f}, archiveLimit))
	if err := errors.Join(err, to.Close()); err != nil {
		return fmt.Errorf("copying the bundle: %w", err)
	}
	refs, err := r.output(ctx, "bundle", "unbundle", filepath.Join(r.dir(), name))
	if err != nil {
		return r.unreadable(err)
	}
	if err := root.Remove(name); err != nil {
		return fmt.Errorf("removing the copy of the bundle: %w", err)
	}
	return writeRefs(root, refs)
}

// writeRefs writes down the branches and tags of a bundle, given as "<id> <name>"
// a line. Its HEAD is the one that it says; else its only branch.
func writeRefs(root *os.Root, refs string) error {
	var packed, branches []string
	var head string
	for line := range strings.Lines(refs) {
		id, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case !objectID.MatchString(id):
		case name == "HEAD":
			head = id
		case refName.MatchString(name):
			packed = append(packed, id+" "+name+"\n")
			if strings.HasPrefix(name, "refs/heads/") {
				branches = append(branches, id)
			}
		}
	}
	if slices.Sort(branches); head == "" && len(slices.Compact(branches)) == 1 {
		head = branches[0]
	}
	err := root.WriteFile("packed-refs", []byte(strings.Join(packed, "")), fileMode)
	if head != "" {
		err = errors.Join(err, root.WriteFile("HEAD", []byte(head+"\n"), fileMode))
	}
	if err != nil {
		return fmt.Errorf("writing the branches of the bundle: %w", err)
	}
	return nil
}
