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
	if r.commit = strings.TrimSpace(out); !objectID.MatchString(r.commit) {
		return unusable("%s: %q is no revision", r.label, revision) // but an expression of several
	}
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
				return tooMany(r.label)
			}
			if err := r.add(lines.Text()); err != nil {
				return err
			}
		}
		if listed.N == 0 || errors.Is(lines.Err(), bufio.ErrTooLong) {
			return tooMany(r.label)
		}
		return lines.Err()
	})
	return r.entries, r.unreadable(err)
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
