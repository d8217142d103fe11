package intake

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// repository is one commit of a git repository that was handed in, as a folder
// or as a bundle.
//
// Git never sees the repository itself. Its configuration can name programs
// (core.sshCommand, core.fsmonitor, filters, hooks) and other files (include),
// its objects/info/alternates and the links in it lead into other people's
// folders, and a .git file is a way elsewhere altogether. So we make an empty
// repository with a configuration of ours in a temporary folder, and copy into
// it what objects and branches consist of, regular files only. Objects are read
// as they are stored: attributes, filters, submodules and checkouts play no
// part in that.
type repository struct {
	tmp      string // holds the rest; removed at the end
	label    string
	until    time.Time // when git's time is up
	commit   string
	at       time.Time
	borrowed bool     // it says that some of its objects are in another folder
	entries  []entry  // of the commit
	ids      []string // of their objects
}

// settings are the configuration of our copy. The sizes keep git within
// gitMemory.
const settings = `[core]
	repositoryformatversion = 0
	bare = true
	hooksPath = /dev/null
	attributesFile = /dev/null
	fsmonitor = false
	packedGitWindowSize = 16m
	packedGitLimit = 128m
	deltaBaseCacheLimit = 32m
	bigFileThreshold = 16m
[pack]
	threads = 1
[gc]
	auto = 0
[maintenance]
	auto = false
`

// newRepository makes an empty one.
func newRepository(label string) (*repository, *os.Root, error) {
	tmp, err := os.MkdirTemp("", "daybook-intake-")
	if err != nil {
		return nil, nil, fmt.Errorf("making a folder for the repository: %w", err)
	}
	r := &repository{tmp: tmp, label: label, until: time.Now().Add(gitTime)}
	root, err := r.init()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("making a repository to copy into: %w", err), r.close())
	}
	return r, root, nil
}

func (r *repository) init() (*os.Root, error) {
	for _, dir := range []string{"objects/pack", "refs"} {
		if err := os.MkdirAll(filepath.Join(r.dir(), dir), folderMode); err != nil {
			return nil, err
		}
	}
	root, err := os.OpenRoot(r.dir())
	if err != nil {
		return nil, err
	}
	// Git takes a folder for a repository only when it has a HEAD.
	err = errors.Join(root.WriteFile("config", []byte(settings), fileMode), root.WriteFile("HEAD", []byte("ref: refs/heads/none\n"), fileMode))
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

func (r *repository) dir() string  { return filepath.Join(r.tmp, "repository") }
func (r *repository) close() error { return os.RemoveAll(r.tmp) }

func (r *repository) version() (string, time.Time) { return r.commit, r.at }

// resolve finds the commit that revision names, or HEAD.
func (r *repository) resolve(ctx context.Context, revision string) error {
	if strings.HasPrefix(revision, "-") || strings.ContainsFunc(revision, func(c rune) bool { return c < ' ' }) {
		return unusable("%s: %q is no revision", r.label, revision)
	}
	wanted := revision
	if wanted == "" {
		wanted = "HEAD"
	}
	out, err := r.output(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", wanted+"^{commit}")
	var failed *gitError
	switch {
	case errors.As(err, &failed) && r.borrowed:
		return r.incomplete()
	case errors.As(err, &failed) && revision != "":
		return unusable("%s has no revision %s", r.label, revision)
	case errors.As(err, &failed):
		return refused("%s has no commit at HEAD: hand in a repository with the work committed, or say which branch counts", r.label)
	case err != nil:
		return err
	}
	r.commit = strings.TrimSpace(out)
	out, err = r.output(ctx, "log", "-1", "--format=%ct", r.commit, "--")
	if err != nil {
		return r.unreadable(err)
	}
	r.at = commitTime(strings.TrimSpace(out))
	return nil
}

// commitTime reads seconds since 1970. What is no time that can be written down
// (years have four digits there) is none.
func commitTime(seconds string) time.Time {
	s, err := strconv.ParseInt(seconds, 10, 64)
	if t := time.Unix(s, 0).UTC(); err == nil && s > 0 && t.Year() > 0 && t.Year() <= 9999 {
		return t
	}
	return time.Time{}
}

func (r *repository) incomplete() error {
	return refused("%s is not complete: some of it is in another repository, which is not looked at; hand in a clone made without --shared, --reference, --filter and --depth", r.label)
}

// unreadable is what it means that git failed.
func (r *repository) unreadable(err error) error {
	var failed *gitError
	if errors.As(err, &failed) && r.borrowed {
		return r.incomplete()
	}
	if errors.As(err, &failed) {
		return refused("%s is damaged, or not complete (git says: %s): make it again", r.label, failed.said)
	}
	return err
}

// modes are what git stores of a file, by how that begins.
var modes = map[string]kind{"100": regular, "120": symlink, "160": submodule}

// list reads the whole tree of the commit.
func (r *repository) list(ctx context.Context) ([]entry, error) {
	err := r.git(ctx, nil, []string{"ls-tree", "-r", "-z", "-l", "--full-tree", r.commit}, func(out io.Reader) error {
		listed := &io.LimitedReader{R: out, N: gitOutputLimit}
		lines := bufio.NewScanner(listed)
		lines.Buffer(nil, gitOutputLimit)
		lines.Split(atNUL)
		for lines.Scan() {
			if len(r.entries) == entryLimit {
				return r.tooMany()
			}
			if err := r.add(lines.Text()); err != nil {
				return err
			}
		}
		if listed.N == 0 || errors.Is(lines.Err(), bufio.ErrTooLong) {
			return r.tooMany()
		}
		return lines.Err()
	})
	return r.entries, r.unreadable(err)
}

func (r *repository) tooMany() error {
	return refused("%s has more files than the %d that may be handed in, or endless names", r.label, entryLimit)
}

func atNUL(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return i + 1, data[:i], nil
	}
	return 0, nil, nil // git ends each line, so what is left at the end is a part of one
}

// add takes in a line of git ls-tree: "100644 blob <id>    1234\tname".
func (r *repository) add(line string) error {
	about, name, ok := strings.Cut(line, "\t")
	fields := strings.Fields(about)
	if !ok || len(fields) != 4 {
		return fmt.Errorf("reading git's list of files: %q is no line of one", line)
	}
	k, ok := modes[fields[0][:min(3, len(fields[0]))]]
	if !ok {
		k = special
	}
	size, err := strconv.ParseInt(fields[3], 10, 64)
	if err != nil {
		size = -1 // a submodule has none, nor has an object that is not there
	}
	r.entries = append(r.entries, entry{raw: cut(name), kind: k, size: size})
	r.ids = append(r.ids, fields[2])
	return nil
}

func (r *repository) read(ctx context.Context, wanted map[int]bool, visit func(int, io.Reader) error) error {
	var order []int
	for i := range r.entries {
		if wanted[i] {
			order = append(order, i)
		}
	}
	var ask bytes.Buffer
	for _, i := range order {
		fmt.Fprintln(&ask, r.ids[i])
	}
	err := r.git(ctx, &ask, []string{"cat-file", "--batch"}, func(out io.Reader) error {
		answers := bufio.NewReader(out)
		for _, i := range order {
			if err := r.one(answers, i, visit); err != nil {
				return err
			}
		}
		return nil
	})
	return r.unreadable(err)
}

// one reads an answer of git cat-file: "<id> blob <size>", and that many bytes
// and a newline.
func (r *repository) one(answers *bufio.Reader, i int, visit func(int, io.Reader) error) error {
	head, err := answers.ReadString('\n')
	if errors.Is(err, io.EOF) {
		return nil // git failed, and says why
	} else if err != nil {
		return fmt.Errorf("reading from git: %w", err)
	}
	fields := strings.Fields(head)
	if len(fields) != 3 || fields[1] != "blob" {
		return r.incomplete()
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return fmt.Errorf("reading from git: %q is no answer", head)
	}
	if size > submission.FileLimit {
		return tooLarge(r.label, r.entries[i].raw)
	}
	text := io.LimitReader(answers, size)
	if err := visit(i, text); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(answers, 1)) // the newline
	return err
}

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
