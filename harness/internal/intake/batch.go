package intake

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Entry is one submission of a batch.
type Entry struct {
	ID        string // unique in the batch whatever the case, and fit for a file's name
	Name      string // the learner's, from the roster; "" without one
	Path      string // for Open
	Revision  string // for Open; from the roster, where a file is written FILE@REV
	Submitted time.Time
	Extra     map[string]string // the roster's other columns, by their names
	Missing   bool              // the roster names it, and it is not there
	Unlisted  bool              // it is there, and the roster does not name it
}

// Batch gives the submissions in the folder dir, sorted by id: every folder and
// every archive directly in it, except those whose names begin with a dot. Beside
// are the names of what else lies there, which nobody looks at: a file that is
// no archive may have been meant as one. The files called known, such as a
// roster, are not among them.
//
// Without a roster, ids are made of the names of the files. With one, the ids
// are its own; what only one of the two has is there too, as Missing or
// Unlisted. The error is an *InputError, or the machine's.
func Batch(dir string, roster *Roster, known ...string) (entries []Entry, beside []string, err error) {
	found, beside, err := submissionsIn(dir, known)
	if err != nil {
		return nil, nil, err
	}
	taken := map[string]bool{} // the ids of the roster, folded
	listed := map[string]bool{}
	if roster != nil {
		for _, l := range roster.Lines {
			e, top := l.entry(dir)
			taken[folded(e.ID)], listed[top] = true, true
			entries = append(entries, e)
		}
	}
	inRoster := func(name string) bool { return listed[name] }
	found, beside = slices.DeleteFunc(found, inRoster), slices.DeleteFunc(beside, inRoster)
	for name, id := range ids(found, taken) {
		entries = append(entries, Entry{ID: id, Path: filepath.Join(dir, name), Unlisted: roster != nil})
	}
	if len(entries) == 0 {
		return nil, nil, holdsNone(dir, beside)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.ID, b.ID) })
	return entries, beside, nil
}

func holdsNone(dir string, beside []string) error {
	message := dir + " holds no submissions: folders, zips, tars or git bundles are wanted"
	if len(beside) > 0 {
		message += ", and not " + few(beside)
	}
	return unusable("%s", message)
}

// submissionsIn gives the names in dir that stand for a submission, and those
// beside them that do not. A link is a submission, which Open then refuses: it
// must not go unseen.
func submissionsIn(dir string, known []string) (names, beside []string, err error) {
	all, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, unusable("%s: there is no such folder", dir)
	} else if err != nil {
		return nil, nil, unreadable(dir, err)
	}
	for _, d := range all {
		is := d.IsDir() || d.Type()&fs.ModeSymlink != 0
		switch {
		case strings.HasPrefix(d.Name(), ".") || litter[d.Name()] != "":
			continue
		case d.Type().IsRegular():
			if is, err = packed(filepath.Join(dir, d.Name())); err != nil {
				return nil, nil, err
			}
		}
		if is {
			names = append(names, d.Name())
		} else if !isOneOf(d, known) {
			beside = append(beside, d.Name())
		}
	}
	return names, beside, nil
}

// isOneOf reports whether a file is one of those that are known, however their
// paths are written.
func isOneOf(d fs.DirEntry, known []string) bool {
	info, err := d.Info()
	return err == nil && slices.ContainsFunc(known, func(path string) bool {
		other, err := os.Stat(path)
		return err == nil && os.SameFile(info, other)
	})
}

// packed reports whether a file is an archive, or is called one: an upload that
// broke off is a submission too.
func packed(path string) (bool, error) {
	if archived(path) {
		return true, nil
	}
	f, err := os.OpenFile(path, readOnly, 0)
	if err != nil {
		return false, unreadable(path, err)
	}
	defer f.Close()
	var head bytes.Buffer
	if _, err := io.Copy(&head, io.LimitReader(f, tarBlock)); err != nil {
		return false, unreadable(path, err)
	}
	return sniff(head.Bytes()) != asNone, nil
}

// entry is what a line of a roster stands for. Its file, or the folder that its
// file lies in, is called top in dir.
func (l Line) entry(dir string) (e Entry, top string) {
	e = Entry{ID: l.ID, Name: l.Name, Submitted: l.Submitted, Extra: l.Extra, Missing: true}
	if l.File == "" {
		return e, ""
	}
	file, revision := splitRevision(dir, filepath.Clean(filepath.FromSlash(l.File)))
	e.Path, e.Revision = filepath.Join(dir, file), revision
	if _, err := os.Lstat(e.Path); err == nil {
		e.Missing = false
	}
	top, _, _ = strings.Cut(filepath.ToSlash(file), "/")
	return e, top
}
