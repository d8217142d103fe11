package intake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Find gives the submissions at a path: the folder there is one, or a folder of
// such. Of o it looks at Editable and Usual. The files called known lie there
// for another reason, such as a roster. Notes are sentences for the person who
// grades, on what may have been meant to be graded and is not.
func Find(dir string, roster *Roster, o Options, known ...string) (entries []Entry, notes []string, err error) {
	if roster == nil {
		single, note, err := single(dir, o)
		if err != nil {
			return nil, nil, err
		}
		if note != "" {
			notes = append(notes, note)
		}
		if single {
			return []Entry{{ID: ID(dir), Path: dir}}, notes, nil
		}
	}
	entries, beside, err := Batch(dir, roster, known...)
	if err != nil {
		return nil, nil, err
	}
	if len(beside) > 0 {
		notes = append(notes, fmt.Sprintf("not looked at: %s: a submission in %s is a folder or an archive, so put what was handed in loose into a folder of its own",
			some(beside, listLimit), shown(filepath.Base(dir))))
	}
	return entries, notes, nil
}

// single reports whether a folder is one submission: a bare git repository, or
// one where the day's files that would be judged lie at its top, or where the
// exercise lies in the workbook. A file of the day that was left beside the
// learners' folders does not make their class one learner.
func single(dir string, o Options) (is bool, note string, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false, "", unreadable(dir, err)
	}
	src := &tree{root: root, path: dir}
	defer func() { err = errors.Join(err, src.close()) }()
	if gitFolder(root) == "." {
		return true, "", nil
	}
	// A class is not walked for nothing.
	if !holds(root, ".", o.Editable) && !holds(root, path.Clean(o.Usual), o.Editable) {
		return false, "", nil
	}
	entries, err := src.list(context.Background()) // it ends: the number of entries is bounded
	var tooMuch *RefusedError
	if errors.As(err, &tooMuch) {
		return true, "", nil // Open refuses it, and says why
	} else if err != nil {
		return false, "", err
	}
	p := &planner{opts: o, named: map[string]bool{}}
	p.usable(entries)
	return judgedAsOne(dir, homes(p.names(), o.Editable), o.Usual)
}

// judgedAsOne is single of a folder whose files of the day lie in all.
func judgedAsOne(dir string, all map[string]*home, usual string) (is bool, note string, err error) {
	picked, where := choose(all, usual)
	if picked != nil {
		where = []string{picked.dir}
	}
	switch {
	case len(where) == 0: // a folder has the name of a file, which Open refuses
		return true, "", nil
	case usual != "" && slices.Contains(where, path.Clean(usual)):
		return true, "", nil
	case slices.Contains(where, "."), slices.Contains(where, ""): // as tied, and as picked
		note, err := doubt(dir, all)
		return true, note, err
	}
	return false, fmt.Sprintf("%s is taken as a folder of submissions, since more of the day's files lie in %s than at its top: if it is one submission, keep its files in one folder",
		shown(filepath.Base(dir)), few(where)), nil
}

// holds reports whether something in a folder has the name of a file of the day.
func holds(root *os.Root, dir string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		found, err := fs.Glob(root.FS(), path.Join(dir, pattern))
		return err == nil && len(found) > 0
	})
}

// doubt is what is said of a folder that is taken as one submission, and holds
// what could be others.
func doubt(dir string, all map[string]*home) (string, error) {
	names, _, err := submissionsIn(dir, nil)
	if err != nil {
		return "", err
	}
	homely := map[string]bool{}
	for at := range all {
		top, _, _ := strings.Cut(at, "/")
		homely[top] = true
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		info, err := os.Lstat(filepath.Join(dir, name))
		return err != nil || !info.Mode().IsRegular() && !homely[name]
	})
	if len(names) == 0 {
		return "", nil
	}
	label := shown(filepath.Base(dir))
	return fmt.Sprintf("%s is taken as one submission, since files of the day lie at its top; not looked at: %s: if it is a folder of submissions, take the day's files at its top away",
		label, some(names, listLimit)), nil
}

// names gives the names of the items, each once.
func (p *planner) names() (names []string) {
	seen := map[string]bool{}
	for _, it := range p.items {
		if !seen[it.name] {
			seen[it.name] = true
			names = append(names, it.name)
		}
	}
	return names
}
