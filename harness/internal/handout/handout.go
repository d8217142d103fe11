// Package handout makes the repository that learners get: the workbook with one
// day, all that its checks need, and the workflows that grade, but nothing that
// gives answers away.
//
// Rules: git's list of tracked files decides what can be handed out at all, and
// of these only what is named here is: a folder that nobody thought of is left
// out. The exercise has to be as it was handed out, file by file. What a page
// says between <!-- answers --> and <!-- /answers --> is cut, and a link to what
// is not there becomes text. Before anything is written, no file may have a name
// or the contents of one that holds answers. The folder gets its name when it is
// whole.
//
// The package also holds the workflows that grade a batch, and says for the one
// that publishes what a pull request came to.
//
//	err := handout.Write(ctx, handout.Plan{Root: root, Day: day, Out: "course"})
package handout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

// Plan says what to hand out.
type Plan struct {
	Root      string       // the workbook, in a git repository
	Day       *catalog.Day // the day
	Out       string       // the folder to make; it may be there if it is empty
	Workflows []string     // names of workflows to put into .github/workflows
}

// Usual are the workflows that a handout has if nobody says otherwise: pull
// requests are graded, and their grades published.
var Usual = []string{"github-pull-request", "github-publish"}

// InputError is something that the person who called has to put right.
type InputError struct{ Message string }

// Error gives the message.
func (e *InputError) Error() string { return e.Message }

func refuse(format string, args ...any) error {
	return &InputError{Message: fmt.Sprintf(format, args...)}
}

// file is a file to hand out.
type file struct {
	data []byte
	mode fs.FileMode
}

// tree is what is handed out: a file by its path, with slashes.
type tree map[string]file

// Write makes the repository for learners in p.Out, or nothing. The error is an
// *InputError when the caller has to put something right first.
func Write(ctx context.Context, p Plan) error {
	if err := empty(p.Out); err != nil {
		return err
	}
	t, err := p.tree(ctx)
	if err != nil {
		return err
	}
	return t.write(p.Out)
}

// tree gives what Write writes. Its errors are those of Write.
func (p Plan) tree(ctx context.Context) (tree, error) {
	tracked, err := trackedFiles(ctx, p.Root)
	if err != nil {
		return nil, err
	}
	if err := pristine(p, tracked); err != nil {
		return nil, err
	}
	t := tree{}
	for _, f := range tracked {
		if !p.handsOut(f.path) {
			continue
		}
		data, err := readTracked(p.Root, f.path)
		if err != nil {
			return nil, err
		}
		t[f.path] = file{data, f.mode}
	}
	if err := p.adapt(t); err != nil {
		return nil, err
	}
	return t, p.leaks(t, tracked)
}

// adapt changes what is not handed out as it is.
func (p Plan) adapt(t tree) error {
	var err error
	change := func(name string, to func([]byte) ([]byte, error)) {
		f, ok := t[name]
		if !ok {
			err = errors.Join(err, refuse("%s is not tracked by git, and has to be handed out", name))
			return
		}
		changed, changeErr := to(f.data)
		err = errors.Join(err, changeErr)
		t[name] = file{changed, f.mode}
	}
	change("Makefile", makefile)
	change("README.md", func([]byte) ([]byte, error) { return p.readme() })
	for _, name := range p.Workflows {
		text, wfErr := Workflow(name, p.Day)
		err = errors.Join(err, wfErr)
		w, _ := find(name)
		if wfErr == nil && w.Forge != github {
			err = errors.Join(err, refuse("%s is no workflow of GitHub's", name))
		}
		t[".github/workflows/"+path.Base(w.File)] = file{text, readable}
	}
	if f, ok := t[".gitattributes"]; ok {
		t[".gitattributes"] = file{attributes(f.data, t), f.mode}
	}
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if strings.HasSuffix(name, ".md") {
			change(name, func(text []byte) ([]byte, error) { return page(name, text, t) })
		}
	}
	return err
}

// attributes leaves the lines out that are about files that are not handed out.
func attributes(text []byte, t tree) []byte {
	var kept strings.Builder
	for line := range strings.Lines(string(text)) {
		pattern, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.Contains(pattern, "/") || t.has(strings.TrimPrefix(pattern, "/")) {
			kept.WriteString(line)
		}
	}
	return []byte(kept.String())
}

// has reports whether there is a file or a folder of that name.
func (t tree) has(name string) bool {
	if _, ok := t[name]; ok || name == "." {
		return true
	}
	for other := range t {
		if strings.HasPrefix(other, name+"/") {
			return true
		}
	}
	return false
}

const (
	readable   = 0o644
	searchable = 0o755
)

// empty wants dir to be a folder with nothing in it, or not to be there.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return refuse("%s cannot be the folder to hand out: %v", dir, err)
	case len(entries) > 0:
		return refuse("%s is not empty, and nothing is written over", dir)
	}
	return nil
}

// write writes the tree beside out, and gives it that name when it is whole.
func (t tree) write(out string) (err error) {
	out = filepath.Clean(out)
	if err := os.MkdirAll(filepath.Dir(out), searchable); err != nil {
		return refuse("making the folder to hand out: %v", err)
	}
	part, err := os.MkdirTemp(filepath.Dir(out), "."+filepath.Base(out)+".*")
	if err != nil {
		return refuse("making the folder to hand out: %v", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(part))
		}
	}()
	if err := os.Chmod(part, searchable); err != nil {
		return fmt.Errorf("writing the handout: %w", err)
	}
	for name, f := range t {
		to := filepath.Join(part, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), searchable); err != nil {
			return fmt.Errorf("writing the handout: %w", err)
		}
		if err := os.WriteFile(to, f.data, f.mode); err != nil {
			return fmt.Errorf("writing the handout: %w", err)
		}
	}
	// An empty folder makes room; whatever came into it since we looked does not.
	if err := os.Remove(out); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return refuse("%s cannot be the folder to hand out: %v", out, err)
	}
	if err := os.Rename(part, out); err != nil {
		return fmt.Errorf("writing the handout: %w", err)
	}
	return nil
}
