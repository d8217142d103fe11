// Package submission lays a learner's files over the exercise as it was handed
// out, and so makes the tree that is judged.
//
// Only the files that the day's manifest lets a learner edit are taken, and
// only as regular files: a link is never followed out of the submission, and
// whatever else lies there is never used. The learner's own folder is only
// read.
//
//	tree, err := submission.LayOver(submission.Source{
//		Exercise: "exercises/148", Dir: "solutions/148",
//		Editable: []string{"Dockerfile", "envconfig/*.go"}, Given: sums,
//	}, dst)
package submission

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Limits of a submission: an exercise has a handful of files of a few
// kilobytes each.
const (
	FileLimit  = 1 << 20 // bytes of one file
	CountLimit = 200     // files
)

// Source is where a tree to judge is made from.
type Source struct {
	Exercise string            // the folder of the exercise as handed out
	Dir      string            // the submission: a folder
	Editable []string          // path patterns (see path.Match) of the files that count
	Sums     map[string]string // every file of the exercise as handed out: path to SHA-256, in hex
}

// InputError is something about the submission that the person who called has
// to put right before anything can be judged.
type InputError struct{ Message string }

// Error gives the message.
func (e *InputError) Error() string { return e.Message }

// LayOver makes the tree of src in dst, an empty folder. Where the submission
// has files that match a pattern, those handed out for that pattern are left
// out, so that a learner may split a file or rename it. The error is an
// *InputError when the submission cannot be read as one.
func LayOver(src Source, dst string) (*Tree, error) {
	if err := usable(src.Dir); err != nil {
		return nil, err
	}
	// Through roots, so that no link, not even one put there while we read,
	// leads out of either folder.
	theirs, err := os.OpenRoot(src.Dir)
	if err != nil {
		return nil, unreadable(src.Dir, err)
	}
	defer theirs.Close()
	handedOut, err := os.OpenRoot(src.Exercise)
	if err != nil {
		return nil, fmt.Errorf("opening the exercise: %w", err)
	}
	defer handedOut.Close()
	mine, err := collect(src, theirs)
	if err != nil {
		return nil, err
	}
	t := &Tree{Dir: dst, Edited: map[string]bool{}}
	for name, sum := range src.Sums {
		if p := pattern(src.Editable, name); p != "" && slices.ContainsFunc(mine, func(m string) bool { return pattern(src.Editable, m) == p }) {
			continue
		}
		got, err := copyFile(handedOut, name, dst)
		if errors.Is(err, fs.ErrNotExist) || (err == nil && got != sum) {
			return nil, &InputError{Message: changed(src, name)}
		}
		if err != nil {
			return nil, err
		}
		if pattern(src.Editable, name) != "" {
			t.Edited[name] = false
		}
	}
	for _, name := range mine {
		got, err := copyFile(theirs, name, dst)
		if errors.Is(err, fs.ErrPermission) {
			return nil, unreadable(filepath.Join(src.Dir, name), err)
		}
		if err != nil {
			return nil, err
		}
		t.Edited[name] = got != src.Sums[name]
	}
	return t, nil
}

func changed(src Source, name string) string {
	file := filepath.ToSlash(filepath.Join(src.Exercise, name))
	if filepath.Clean(src.Dir) == filepath.Clean(src.Exercise) && pattern(src.Editable, name) != "" {
		return fmt.Sprintf("%s is not there: add it, or bring back what was handed out with `git checkout -- %s`", file, file)
	}
	if pattern(src.Editable, name) != "" {
		return fmt.Sprintf("%s has no %s, and the one in %s, which would stand in for it, is not as it was handed out: add the file, or check %s itself", src.Dir, name, src.Exercise, src.Exercise)
	}
	return fmt.Sprintf("%s is not as it was handed out, and is not one of the files to edit: bring it back with `git checkout -- %s`", file, file)
}

// Matches reports whether a file of a submission matches a pattern of the
// manifest.
func Matches(pattern, file string) bool {
	ok, _ := path.Match(pattern, file) // patterns are checked when the day is loaded
	return ok
}

// pattern gives the pattern that name matches, or "".
func pattern(patterns []string, name string) string {
	for _, p := range patterns {
		if Matches(p, name) {
			return p
		}
	}
	return ""
}

func usable(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &InputError{Message: fmt.Sprintf("%s: there is no such folder", dir)}
	case err != nil:
		return unreadable(dir, err)
	case !info.IsDir():
		return &InputError{Message: fmt.Sprintf("%s: it is a file, and a folder is wanted", dir)}
	}
	if _, err := os.ReadDir(dir); err != nil {
		return unreadable(dir, err)
	}
	return nil
}

func unreadable(file string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return &InputError{Message: fmt.Sprintf("%s: it cannot be read: %v", file, err)}
}

// collect lists the files of the submission that count. A pattern names the
// folder to look in, so the rest of the submission is not even listed.
func collect(src Source, root *os.Root) ([]string, error) {
	var mine []string
	for _, p := range src.Editable {
		names, err := matching(src.Dir, root, p)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if !slices.Contains(mine, name) { // patterns may overlap
				mine = append(mine, name)
			}
		}
	}
	if len(mine) == 0 {
		return nil, &InputError{Message: fmt.Sprintf("%s holds none of the files to check: %s", src.Dir, strings.Join(src.Editable, ", "))}
	}
	if len(mine) > CountLimit {
		return nil, &InputError{Message: fmt.Sprintf("%s holds %d files to check, and the limit is %d", src.Dir, len(mine), CountLimit)}
	}
	return mine, nil
}

// matching lists the files that match one pattern. A match, or a folder on the
// way to one, that is a link is an error: quietly passing it over would leave
// the learner wondering which file was judged.
func matching(dir string, root *os.Root, pattern string) ([]string, error) {
	folder := path.Dir(pattern)
	for at := folder; at != "."; at = path.Dir(at) {
		info, err := root.Lstat(filepath.FromSlash(at))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		} else if err != nil {
			return nil, unreadable(filepath.Join(dir, at), err)
		}
		if !info.IsDir() {
			return nil, &InputError{Message: fmt.Sprintf("%s is no folder, and one is wanted", filepath.Join(dir, at))}
		}
	}
	entries, err := fs.ReadDir(root.FS(), folder)
	if err != nil {
		return nil, unreadable(filepath.Join(dir, folder), err)
	}
	var names []string
	for _, e := range entries {
		name := path.Join(folder, e.Name())
		if !Matches(pattern, name) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, unreadable(filepath.Join(dir, name), err)
		}
		if err := acceptable(filepath.Join(dir, name), info); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

func acceptable(file string, info fs.FileInfo) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return &InputError{Message: fmt.Sprintf("%s is a symbolic link, and a regular file is wanted", file)}
	case info.IsDir():
		return &InputError{Message: fmt.Sprintf("%s is a folder, and a regular file is wanted", file)}
	case !info.Mode().IsRegular():
		return &InputError{Message: fmt.Sprintf("%s is not a regular file", file)}
	case info.Size() > FileLimit:
		return &InputError{Message: fmt.Sprintf("%s has %d bytes, and the limit is %d", file, info.Size(), FileLimit)}
	}
	return nil
}

// copyFile copies the file called name from root to the same name below dst,
// and gives its SHA-256 in hex.
func copyFile(root *os.Root, name, dst string) (sum string, err error) {
	in, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return "", fmt.Errorf("copying %s: %w", name, err)
	}
	defer in.Close()
	to := filepath.Join(dst, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return "", fmt.Errorf("copying %s: %w", name, err)
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644)
	if err != nil {
		return "", fmt.Errorf("copying %s: %w", name, err)
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, h), io.LimitReader(in, FileLimit+1))
	if err := errors.Join(err, out.Close()); err != nil {
		return "", fmt.Errorf("copying %s: %w", name, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Sums gives the SHA-256 of every regular file below dir, by its path.
func Sums(dir string) (map[string]string, error) {
	sums := map[string]string{}
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		sums[filepath.ToSlash(rel)] = hex.EncodeToString(sum[:])
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("summing %s: %w", dir, err)
	}
	return sums, nil
}
