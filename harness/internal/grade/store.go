package grade

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/gofrs/flock"
)

const (
	planFile   = "plan.json"
	resultsDir = "results"
	lockFile   = ".lock"
	tempPrefix = ".part-" // of files and folders that are not whole
	suffix     = ".json"
)

// Store is the folder that a batch's results are in: plan.json, and a file for
// each submission in results. A file there is whole or not there: it gets its
// name once it is on the disk. One process at a time writes to it.
type Store struct {
	dir  string
	lock *flock.Flock
}

// OpenStore opens the folder, made if it is not there, for writing. What a
// killed process left half written is removed. The error is an *InputError when
// the folder cannot be one, holds something else, or another process writes to it.
func OpenStore(dir string) (*Store, error) {
	if err := ours(dir); err != nil {
		return nil, err
	}
	s := &Store{dir: dir, lock: flock.New(filepath.Join(dir, lockFile))}
	if err := os.MkdirAll(filepath.Join(dir, resultsDir), 0o755); err != nil {
		return nil, &InputError{Message: fmt.Sprintf("making the folder for results: %v", err)}
	}
	free, err := s.lock.TryLock()
	if err != nil {
		return nil, &InputError{Message: fmt.Sprintf("locking %s: %v", dir, err)}
	}
	if !free {
		return nil, &InputError{Message: fmt.Sprintf("%s is being written to by another daybook", dir)}
	}
	for _, folder := range []string{dir, filepath.Join(dir, resultsDir)} {
		left, err := filepath.Glob(filepath.Join(folder, tempPrefix+"*"))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("looking for half files: %w", err), s.Close())
		}
		for _, file := range left {
			if err := os.RemoveAll(file); err != nil {
				return nil, errors.Join(fmt.Errorf("removing a half file: %w", err), s.Close())
			}
		}
	}
	return s, nil
}

// ours wants a folder to be new, empty or a store's: reports are written over what
// is called like them, and what is in theirs is removed.
func ours(dir string) error {
	if _, err := os.Lstat(filepath.Join(dir, planFile)); err == nil {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &InputError{Message: fmt.Sprintf("reading the folder for results: %v", err)}
	}
	for _, e := range entries { // a killed process may have left the first three, and no plan
		if e.Name() != lockFile && e.Name() != resultsDir && !strings.HasPrefix(e.Name(), tempPrefix) {
			return &InputError{Message: fmt.Sprintf("%s holds something else, such as %s, which could be lost: choose a folder that is new or empty", dir, e.Name())}
		}
	}
	return nil
}

// Close lets another process write to the folder.
func (s *Store) Close() error { return s.lock.Unlock() }

// Plan reads the plan. It is nil when there is none yet. The error is an
// *InputError when it cannot be read.
func (s *Store) Plan() (*Plan, error) { return readPlan(s.dir) }

// PutPlan writes the plan.
func (s *Store) PutPlan(p *Plan) error { return writeJSON(filepath.Join(s.dir, planFile), p) }

// Put writes a submission's grade.
func (s *Store) Put(g *Grade) error { return writeJSON(ResultFile(s.dir, g.Submission.ID), g) }

// Fill writes a plan and its grades.
func (s *Store) Fill(c *Contents) error {
	if err := s.PutPlan(&c.Plan); err != nil {
		return err
	}
	for i := range c.Grades {
		if err := s.Put(&c.Grades[i]); err != nil {
			return err
		}
	}
	return nil
}

// Get reads a submission's grade. It is nil when there is none, and when there
// is one that is not whole or not that submission's: such a one never counts.
func (s *Store) Get(id string) *Grade {
	g, err := readGrade(s.dir, id)
	if err != nil {
		return nil
	}
	return g
}

// ResultFile is the file that the grade of the submission with that id has in the
// folder of a batch.
func ResultFile(dir, id string) string { return filepath.Join(dir, resultsDir, id+suffix) }

func readGrade(dir, id string) (*Grade, error) {
	data, err := os.ReadFile(ResultFile(dir, id))
	if err != nil {
		return nil, err
	}
	var g Grade
	if err := json.Unmarshal(data, &g); err != nil {
		return nil, err
	}
	switch {
	case g.Schema != Schema:
		return nil, fmt.Errorf("it is a %q, and a %s is wanted", g.Schema, Schema)
	case g.Submission.ID != id:
		return nil, fmt.Errorf("it is the grade of %s", g.Submission.ID)
	case !g.Sound():
		return nil, errors.New("its key is not that of what it holds")
	}
	return &g, nil
}

// Contents is what a store holds: a plan, and the grades that there are, in the
// order of their submissions' ids.
type Contents struct {
	Plan   Plan
	Grades []Grade
}

// Batch is the contents without the plan.
func (c *Contents) Batch() *Batch {
	return &Batch{Schema: BatchSchema, Day: c.Plan.Day, Title: c.Plan.Title, Grades: c.Grades}
}

// Read reads what the folder of a batch holds. The error is an *InputError when
// it is none, or has a result that is not whole.
func Read(dir string) (*Contents, error) {
	plan, err := readPlan(dir)
	if err != nil {
		return nil, err
	}
	if plan == nil {
		return nil, &InputError{Message: fmt.Sprintf("%s holds no grades: there is no %s", dir, planFile)}
	}
	entries, err := os.ReadDir(filepath.Join(dir, resultsDir))
	if err != nil {
		return nil, &InputError{Message: fmt.Sprintf("reading the results: %v", err)}
	}
	c := &Contents{Plan: *plan}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), suffix)
		planned := slices.ContainsFunc(plan.Submissions, func(s Planned) bool { return s.ID == id })
		if !ok || !planned || strings.HasPrefix(id, tempPrefix) {
			continue
		}
		g, err := readGrade(dir, id)
		if err != nil {
			return nil, &InputError{Message: fmt.Sprintf("reading %s: %v; grade it again with --resume", ResultFile(dir, id), err)}
		}
		c.Grades = append(c.Grades, *g)
	}
	sortGrades(c.Grades)
	return c, nil
}

func sortGrades(all []Grade) {
	slices.SortFunc(all, func(a, b Grade) int { return strings.Compare(a.Submission.ID, b.Submission.ID) })
}

// writeJSON writes v to file, whole or not at all. Learners' texts are in it as
// they are, but with what a terminal would obey escaped, for whoever looks.
func writeJSON(file string, v any) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	var seen bytes.Buffer
	for _, r := range text.String() { // JSON itself escapes those in ASCII
		if r > unicode.MaxASCII && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			fmt.Fprintf(&seen, `\u%04x`, r)
		} else {
			seen.WriteRune(r)
		}
	}
	return WriteWhole(file, func(w io.Writer) error {
		_, err := seen.WriteTo(w)
		return err
	})
}

// WriteWhole has write write the contents of file, which is replaced as a whole
// or not at all, even when the machine stops. In the folder of a store, what
// is left of a process that was killed goes when it is opened again.
func WriteWhole(file string, write func(io.Writer) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %s: %w", file, err)
		}
	}()
	f, err := os.CreateTemp(filepath.Dir(file), tempPrefix+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	const readable = 0o644
	out := bufio.NewWriter(f)
	err = write(out)
	if err := errors.Join(err, out.Flush(), f.Chmod(readable), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return err
	}
	return syncDir(filepath.Dir(file))
}

// WholeDir makes an empty folder in the folder of a store, for something that
// is to be moved to its place when it is whole. It goes like a half file does.
func WholeDir(store string) (string, error) {
	dir, err := os.MkdirTemp(store, tempPrefix+"*")
	if err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	const searchable = 0o755 // a temporary folder is its owner's only
	if err := os.Chmod(dir, searchable); err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	return dir, nil
}

// syncDir has the names in dir on the disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
