package intake

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// tree is a folder whose files were handed in.
type tree struct {
	unversioned
	root    *os.Root
	path    string
	entries []entry
}

func (t *tree) close() error { return t.root.Close() }

// list walks the folder. Links are listed and not followed; a repository's
// history is not walked.
func (t *tree) list(ctx context.Context) ([]entry, error) {
	if err := t.walk(ctx, ".", 0); err != nil {
		return nil, err
	}
	slices.SortFunc(t.entries, func(a, b entry) int { return strings.Compare(a.raw, b.raw) })
	return t.entries, nil
}

// many is how many names of a folder are read at a time, so that one with
// millions is not held in memory before they are counted.
const many = 256

func (t *tree) walk(ctx context.Context, dir string, depth int) error {
	f, err := t.root.Open(filepath.FromSlash(dir))
	if err != nil {
		return unreadable(filepath.Join(t.path, dir), err)
	}
	defer f.Close()
	var folders []string
	for {
		some, err := f.ReadDir(many)
		for _, d := range some {
			name := path.Join(dir, d.Name())
			if err := t.add(name, d); err != nil {
				return err
			}
			if d.IsDir() && d.Name() != ".git" {
				folders = append(folders, name)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return unreadable(filepath.Join(t.path, dir), err)
		}
	}
	if depth == depthLimit && len(folders) > 0 {
		return refused("%s has more than %d folders in each other", filepath.Base(t.path), depthLimit)
	}
	for _, name := range folders {
		if err := t.walk(ctx, name, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) add(name string, d fs.DirEntry) error {
	if len(t.entries) == entryLimit {
		return refused("%s has more than %d files and folders", filepath.Base(t.path), entryLimit)
	}
	e := entry{raw: name, kind: kindOf(d.Type()), size: -1}
	if d.Name() == ".git" {
		e.kind = special // not a folder, so that it is listed as left out
	}
	t.entries = append(t.entries, e)
	return nil
}

func (t *tree) read(ctx context.Context, wanted map[int]bool, visit func(int, io.Reader) error) error {
	for i, e := range t.entries {
		if !wanted[i] {
			continue
		}
		if err := t.one(ctx, i, e.raw, visit); err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) one(ctx context.Context, i int, name string, visit func(int, io.Reader) error) error {
	f, err := openRegular(t.root, name)
	if err != nil {
		return unreadable(filepath.Join(t.path, name), err)
	}
	defer f.Close()
	return visit(i, watched{ctx, f})
}

// errChanged says that a file is no longer what it was when it was listed.
var errChanged = errors.New("it changed while it was read")

// openRegular opens a regular file below root, and nothing else: what took its
// place since it was listed is neither followed nor waited for.
func openRegular(root *os.Root, name string) (*os.File, error) {
	name = filepath.FromSlash(name)
	before, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, errChanged
	}
	f, err := root.OpenFile(name, readOnly, 0)
	if err != nil {
		return nil, err
	}
	if now, err := f.Stat(); err != nil || !os.SameFile(before, now) {
		return nil, errors.Join(errChanged, err, f.Close())
	}
	return f, nil
}

// watched stops reading when the context ends.
type watched struct {
	ctx context.Context
	r   io.Reader
}

func (w watched) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.Read(p)
}
