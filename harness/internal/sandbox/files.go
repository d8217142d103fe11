package sandbox

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/goprogram"
)

// stamp tells whether a file is still the one that was sent.
type stamp struct {
	size int64
	time time.Time
}

// tree is a folder's copy in the compiler's container.
type tree struct {
	files      map[string]stamp // by their paths in it
	repository bool             // it was made one there
}

// inside gives the path in the containers of a path in the run's folder.
func (p *Programs) inside(onHost string) (string, error) {
	rel, err := filepath.Rel(p.run.Dir, onHost)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("the sandbox has the run's folder only, and not %s", onHost)
	}
	return path.Join(treesDir, filepath.ToSlash(rel)), nil
}

// insideEnv gives a variable as it is in a container: the run's folder stands
// for a place that a program may write to.
func (p *Programs) insideEnv(kv string) string {
	if name, value, _ := strings.Cut(kv, "="); value == p.run.Dir {
		return name + "=" + scratchDir
	}
	return kv
}

// outside gives text from a container with the paths that they have here.
func (p *Programs) outside(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte(treesDir+"/"), []byte(p.run.Dir+string(filepath.Separator)))
}

// send brings the copy of dir in the compiler's container up to date, and gives
// its path there.
func (p *Programs) send(ctx context.Context, dir string, repository bool) (string, error) {
	to, err := p.inside(dir)
	if err != nil {
		return "", err
	}
	if err := p.compiler.ensure(ctx); err != nil {
		return "", err
	}
	have := p.sent[dir]
	if have == nil {
		have = &tree{}
	}
	if repository && !have.repository {
		return "", errors.New("the repository is gone with the sandbox's container")
	}
	files, err := stamps(dir)
	if err != nil {
		return "", err
	}
	for name := range have.files {
		if _, still := files[name]; !still {
			return "", fmt.Errorf("%s was removed from a tree that the sandbox has", name)
		}
	}
	var changed []string
	for name, s := range files {
		if have.files[name] != s {
			changed = append(changed, name)
		}
	}
	if len(changed) > 0 || have.files == nil {
		if err := p.compiler.unpack(ctx, to, nobody, func(w *tar.Writer) error { return pack(w, dir, changed, "") }); err != nil {
			return "", err
		}
	}
	p.sent[dir] = &tree{files: files, repository: have.repository}
	return to, nil
}

// stamps lists the files in dir.
func stamps(dir string) (map[string]stamp, error) {
	files := map[string]stamp{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", name)
		}
		rel, err := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = stamp{info.Size(), info.ModTime()}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the tree: %w", err)
	}
	return files, nil
}

// pack writes files of dir, each by its path below prefix.
func pack(w *tar.Writer, dir string, names []string, prefix string) error {
	for _, name := range names {
		if err := packFile(w, filepath.Join(dir, filepath.FromSlash(name)), path.Join(prefix, name), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// packFile writes one file.
func packFile(w *tar.Writer, file, name string, mode int64) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: info.Size(), ModTime: info.ModTime(), Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}

// unpack puts what write writes below to, which is made if need be.
func (b *box) unpack(ctx context.Context, to, user string, write func(*tar.Writer) error) error {
	r, w := io.Pipe()
	defer r.Close() // ends the writer when nobody reads any more
	wrote := make(chan error, 1)
	go func() {
		t := tar.NewWriter(w)
		err := errors.Join(write(t), t.Close())
		wrote <- err
		w.CloseWithError(err)
	}()
	const script = `mkdir -p "$1" && tar -x --no-same-owner -C "$1" -f -`
	exit, err := b.exec(ctx, command{args: []string{shell, "-c", script, "sh", to}, env: compileEnv(), user: user, stdin: r, limit: goprogram.CompileTime})
	if err != nil {
		return err
	}
	r.Close()
	if err := <-wrote; err != nil && !errors.Is(err, io.ErrClosedPipe) {
		return fmt.Errorf("reading files for the sandbox: %w", err)
	}
	if exit.Code != 0 || exit.TimedOut {
		return fmt.Errorf("%w: %s", errNotPut, bytes.TrimSpace(exit.Stderr))
	}
	return nil
}

// errNotPut is files that could not be put into a container.
var errNotPut = errors.New("putting files into the sandbox")

// place sees to it that the program's file on the host is in the container. It
// belongs to root there, so that no other program changes it.
func (b *box) place(ctx context.Context, file, to string) error {
	if err := b.ensure(ctx); err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("finding the program: %w", err)
	}
	is := stamp{info.Size(), info.ModTime()}
	if b.placed[to] == is {
		return nil
	}
	err = b.unpack(ctx, path.Dir(to), root, func(w *tar.Writer) error { return packFile(w, file, path.Base(to), 0o755) })
	if err == nil {
		b.placed[to] = is
	}
	return err
}

// compileEnv is the environment of our own commands: no setting and no flag
// comes from elsewhere, and no module does.
func compileEnv() []string {
	return []string{
		"PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + scratchDir + "/home", "TMPDIR=" + scratchDir,
		"GOENV=off", "GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN=local", "CGO_ENABLED=0", "GOPROXY=off", "GOSUMDB=off",
		"GOPATH=" + scratchDir + "/go", "GOMODCACHE=" + seedMod, "GOCACHE=" + scratchDir + "/cache", "GOTMPDIR=" + scratchDir,
	}
}
