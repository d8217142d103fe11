// Package intake makes a folder of whatever was handed in: a folder, a zip, a
// tar (plain, gzip or zstd), a git bundle or a git repository. The folder holds
// only files that the day lets a learner edit, as regular files.
//
// Rules it keeps, since what is handed in may be hostile:
//   - Nothing is written outside of the folder that the caller named, and
//     nothing is read outside of what was handed in. Links are never followed.
//   - Time, memory and disk are bounded, whatever the source claims: see
//     limits.go.
//   - How a source is read is up to its contents, not its name. No archive in an
//     archive is opened.
//   - What is none of the day's files is left out and listed, however odd it
//     is. What would be one of them and cannot be taken as it is (a link, there
//     twice, too large, damaged) has the whole submission refused: to judge the
//     file that was handed out in its place would be a verdict on something
//     else.
//   - Folders around the day's files are seen through: see choose.
//   - Contents are taken byte for byte: a byte order mark and CRLF stay.
//   - Git reads a copy of the repository's objects and branches, made by us, and
//     nothing else of it: see repository.go.
//
// Three troubles never look alike: a *RefusedError is about the submission, an
// *InputError about what the caller said (a path, a revision, a roster), and
// any other error about us or the machine.
//
//	in, err := intake.Open(ctx, "alice.zip", intake.Options{
//		Editable: []string{"Dockerfile", "envconfig/*.go"}, Dir: dir,
//	})
//	in.Taken   // Dockerfile, envconfig/load.go
//	in.LeftOut // __MACOSX: left by macOS
package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// Options is what is taken, and where it goes.
type Options struct {
	Editable []string // path patterns (see submission.Matches) of the files that a learner may edit
	Dir      string   // where they go: a folder that is empty, or not there yet
	// Revision is the commit, branch or tag of a repository or bundle that is
	// read. Without one a bundle and a bare repository are read at their HEAD,
	// and a folder that has a .git is its working files, committed or not.
	Revision string
	// Usual is where the exercise lies in the repository as it was handed out,
	// such as "exercises/148", or "". A submission that carries the whole
	// repository is read there, even if it has such files elsewhere too.
	Usual string
}

// Intake is what came of a submission.
type Intake struct {
	Dir     string
	Taken   []string  // the files in Dir, sorted, with slashes
	LeftOut []LeftOut // what was not taken; the last line tells of more than a list should have
	// Hash is the SHA-256, in hex, over the files' sorted names, lengths and
	// contents: the same for the same files, in whatever form they came.
	Hash string
	// Submitted is when the commit was made, by the clock of the machine it was
	// made on, which its owner can set; zero outside of git.
	Submitted time.Time
	Commit    string // the commit's id, in hex; "" outside of git
}

// LeftOut is something that was not taken, and why.
type LeftOut struct {
	Name   string
	Reason string
}

// Open takes the files of the day from what lies at path into o.Dir. On an
// error o.Dir is left empty. The error is a *RefusedError when another
// submission is needed, an *InputError when another path or revision is, and
// otherwise ours or the machine's.
func Open(ctx context.Context, path string, o Options) (*Intake, error) {
	in, err := open(ctx, path, o)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return in, nil
}

func open(ctx context.Context, path string, o Options) (in *Intake, err error) {
	src, err := openSource(ctx, path, o.Revision)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, src.close()) }()
	entries, err := src.list(ctx)
	if err != nil {
		return nil, err
	}
	label := filepath.Base(path)
	p, err := decide(label, entries, o)
	if err != nil {
		return nil, err
	}
	in = &Intake{Dir: o.Dir, Taken: slices.Sorted(maps.Values(p.take)), LeftOut: p.left}
	in.Commit, in.Submitted = src.version()
	in.Hash, err = write(ctx, src, label, p, o.Dir)
	return in, err
}

// write writes what is planned into dir, and gives the hash of it.
func write(ctx context.Context, src source, label string, p *plan, dir string) (hash string, err error) {
	root, err := emptyFolder(dir)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, empty(root))
		}
		err = errors.Join(err, root.Close())
	}()
	wanted := map[int]bool{}
	for i := range p.take {
		wanted[i] = true
	}
	err = src.read(ctx, wanted, func(i int, r io.Reader) error {
		delete(wanted, i)
		return writeFile(root, label, p.take[i], r)
	})
	if err != nil {
		return "", err
	}
	if len(wanted) > 0 {
		return "", refused("%s is damaged (%d of its files cannot be read): make it again", label, len(wanted))
	}
	return hashOf(root, slices.Sorted(maps.Values(p.take)))
}

// Modes of what is written: readable by all, since a container's user may be
// another one.
const (
	fileMode   = 0o644
	folderMode = 0o755
)

func emptyFolder(dir string) (*os.Root, error) {
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return nil, fmt.Errorf("making a folder for the submission: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the folder for the submission: %w", err)
	}
	names, err := namesIn(root)
	if err == nil && len(names) > 0 {
		err = fmt.Errorf("the folder for the submission, %s, is not empty", dir)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

func namesIn(root *os.Root) ([]string, error) {
	f, err := root.Open(".")
	if err != nil {
		return nil, fmt.Errorf("reading the folder for the submission: %w", err)
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

func empty(root *os.Root) error {
	names, err := namesIn(root)
	for _, name := range names {
		err = errors.Join(err, root.RemoveAll(name))
	}
	return err
}

// writeFile writes one new file. That it was not there is checked by the
// system, whatever it takes for the same name.
func writeFile(root *os.Root, label, name string, r io.Reader) (err error) {
	if err := root.MkdirAll(filepath.FromSlash(path.Dir(name)), folderMode); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	f, err := root.OpenFile(filepath.FromSlash(name), os.O_CREATE|os.O_WRONLY|os.O_EXCL, fileMode)
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	n, err := io.Copy(f, io.LimitReader(r, submission.FileLimit+1))
	if err != nil {
		return err
	}
	if n > submission.FileLimit {
		return tooLarge(label, name)
	}
	return f.Chmod(fileMode) // whatever the umask is
}

// hashOf is the hash of the named files. Lengths come before what they are
// the lengths of, so that no two sets of files look alike.
func hashOf(root *os.Root, names []string) (string, error) {
	h := sha256.New()
	for _, name := range names {
		text, err := root.ReadFile(filepath.FromSlash(name))
		if err != nil {
			return "", fmt.Errorf("hashing %s: %w", name, err)
		}
		fmt.Fprintf(h, "%d %s %d ", len(name), name, len(text))
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
