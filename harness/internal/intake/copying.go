package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
)

var (
	objectID = regexp.MustCompile(`^[0-9a-f]{40}$`)
	// refName is narrower than git's own rule, which is checked by git.
	refName = regexp.MustCompile(`^refs/(heads|tags|remotes)(/[\p{L}\p{N}_+=#@,.-]+)+$`)
	// gitFiles are the files of a repository that are copied, and gitFolders
	// those that they are in.
	gitFiles   = regexp.MustCompile(`^(HEAD|packed-refs|objects/[0-9a-f]{2}/[0-9a-f]{38}|objects/pack/pack-[0-9a-zA-Z]+\.(pack|idx))$`)
	gitFolders = regexp.MustCompile(`^(objects(/([0-9a-f]{2}|pack))?|refs|refs/(heads|tags|remotes)(/.*)?)$`)
)

// gitFolder tells where in a folder a repository lies: ".git", "." where the
// folder is a bare one, or "" where there is none.
func gitFolder(root *os.Root) string {
	if _, err := root.Lstat(".git"); err == nil {
		return ".git"
	}
	for name, isDir := range map[string]bool{"HEAD": false, "objects": true, "refs": true} {
		if info, err := root.Lstat(name); err != nil || info.IsDir() != isDir {
			return ""
		}
	}
	return "."
}

// openRepository copies the repository that lies at git below root, and finds
// the revision in the copy.
func openRepository(ctx context.Context, root *os.Root, git, label, revision string) (source, error) {
	info, err := root.Lstat(git)
	if err != nil {
		return nil, unreadable(label, err)
	}
	if !info.IsDir() {
		return nil, refused("%s: its .git is %s, which leads to another folder: hand in the repository itself, or a bundle of it", label, kindOf(info.Mode()))
	}
	from, err := root.OpenRoot(git)
	if err != nil {
		return nil, unreadable(label, err)
	}
	defer from.Close()
	r, to, err := newRepository(label)
	if err != nil {
		return nil, err
	}
	defer to.Close()
	c := &copier{from: from, to: to, label: label}
	if err := c.copy(ctx, "."); err != nil {
		return nil, errors.Join(err, r.close())
	}
	_, err = from.Lstat("objects/info/alternates")
	r.borrowed = err == nil
	if err := r.resolve(ctx, revision); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

// copier copies what of a repository its objects and branches consist of.
type copier struct {
	from, to *os.Root
	label    string
	files    int // seen, copied or not
	bytes    int64
}

func (c *copier) copy(ctx context.Context, dir string) error {
	f, err := c.from.Open(filepath.FromSlash(dir))
	if err != nil {
		return unreadable(c.label, err)
	}
	defer f.Close()
	for {
		some, err := f.ReadDir(many)
		for _, d := range some {
			if c.files++; c.files > repositoryFiles {
				return refused("%s: its repository has more than %d files: run `git gc` in it, or hand in a bundle", c.label, repositoryFiles)
			}
			if err := c.one(ctx, path.Join(dir, d.Name()), d); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return unreadable(c.label, err)
		}
	}
}

func (c *copier) one(ctx context.Context, name string, d fs.DirEntry) error {
	switch {
	case d.IsDir() && gitFolders.MatchString(name):
		if _, why := clean(name); why != "" {
			return nil // no branch that anybody asks for, or folders without end
		}
		if err := c.to.MkdirAll(filepath.FromSlash(name), folderMode); err != nil {
			return fmt.Errorf("copying the repository: %w", err)
		}
		return c.copy(ctx, name)
	case d.Type().IsRegular() && (gitFiles.MatchString(name) || refName.MatchString(name)):
		return c.file(ctx, name)
	}
	return nil
}

func (c *copier) file(ctx context.Context, name string) error {
	in, err := openRegular(c.from, name)
	if err != nil {
		return unreadable(c.label, err)
	}
	defer in.Close()
	out, err := c.to.Create(filepath.FromSlash(name))
	if err != nil {
		return fmt.Errorf("copying the repository: %w", err)
	}
	limit := int64(repositoryLimit)
	if path.Dir(name) == "." || refName.MatchString(name) {
		limit = refsLimit
	}
	limit = min(limit, repositoryLimit-c.bytes)
	n, err := io.Copy(out, io.LimitReader(watched{ctx, in}, limit+1))
	if err := errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("copying the repository: %w", err)
	}
	if c.bytes += n; n > limit {
		return refused("%s: its repository has more than %d MiB: hand in a bundle of the branch alone", c.label, repositoryLimit>>20)
	}
	return nil
}
