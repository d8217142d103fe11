package attack

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Source is what one learner hands in.
type Source struct {
	ID   string // the learner's
	Name string // in the roster; "" where there is none
	File string // in the folder of the batch
}

// Lay writes what the attack's learners hand in into dir, the folder of a batch.
func (a *Attack) Lay(dir string) ([]Source, error) {
	var all []Source
	for _, id := range a.HandedInBy {
		s := Source{ID: id, Name: a.Learner, File: id}
		if err := a.hand(dir, &s); err != nil {
			return nil, fmt.Errorf("laying out %s: %w", a.Name, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// hand writes one.
func (a *Attack) hand(dir string, s *Source) error {
	d := a.Archive
	if d == nil {
		d = &Archive{Kind: "folder", Entries: []Part{{Work: new(string)}}}
	}
	switch {
	case d.Name != "":
		s.File = d.Name
	case slices.Contains(Forms[:4], d.Kind):
		s.File += "." + d.Kind
	}
	path := filepath.Join(dir, s.File)
	switch _, err := os.Lstat(path); {
	case err == nil:
		return fmt.Errorf("%s is there already", path)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	switch d.Kind {
	case "symlink":
		return os.Symlink(d.To, path)
	case "folder":
		things, err := a.things(d.Entries)
		if err != nil {
			return err
		}
		return lay(path, things)
	}
	text, err := a.bytes()
	if err != nil {
		return err
	}
	const readable = 0o644
	return os.WriteFile(path, text, readable)
}

// lay writes a folder.
func lay(dir string, things []thing) error {
	const folder, file = 0o755, 0o644
	if err := os.MkdirAll(dir, folder); err != nil {
		return err
	}
	for _, t := range things {
		path := filepath.Join(dir, filepath.FromSlash(t.name))
		err := os.MkdirAll(filepath.Dir(path), folder)
		if err != nil {
			return err
		}
		switch t.kind {
		case "dir":
			err = os.MkdirAll(path, folder)
		case "symlink":
			err = os.Symlink(t.to, path)
		case "fifo":
			err = mkfifo(path)
		default:
			err = os.WriteFile(path, t.text, file)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// IDs gives the ids of all who hand in one of the attacks, in order.
func IDs(attacks []*Attack) []string {
	byID := map[string]bool{}
	for _, a := range attacks {
		for _, id := range a.HandedInBy {
			byID[id] = true
		}
	}
	return slices.Sorted(maps.Keys(byID))
}
