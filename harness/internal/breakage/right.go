package breakage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

// right is a way to do a day that passes: the solution, or a variant of it.
type right struct {
	path     string            // in the workbook
	solution string            // the solution's folder
	files    map[string][]byte // over the solution
}

// rights gives the day's own right ways, the solution first.
func rights(root string, d *catalog.Day) ([]right, error) {
	number := fmt.Sprint(d.Number)
	solution := filepath.Join(root, "solutions", number)
	variants, err := catalog.Variants(root, d)
	if err != nil {
		return nil, err
	}
	all := []right{{path: filepath.ToSlash(filepath.Join("solutions", number)), solution: solution}}
	var converted []right // last, as there may be one that had no need of it
	for _, v := range variants {
		path := filepath.ToSlash(filepath.Join("days", number, "variants", filepath.Base(v.Path)))
		r := right{path: path, solution: solution, files: v.Files}
		if r.unixLines() {
			converted = append(converted, r)
			continue
		}
		all = append(all, r)
	}
	return append(all, converted...), nil
}

// unixLines gives the files of r the line ends that mistakes have, which would
// otherwise differ in every line. It reports whether that changed any.
func (r right) unixLines() bool {
	changed := false
	for name, text := range r.files {
		if unix := bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")); len(unix) < len(text) {
			r.files[name], changed = unix, true
		}
	}
	return changed
}

// solution is the folder of the day's solution.
func (d *Drawn) solution() string { return d.rights[0].solution }

// comparable reports whether m differs from r by m's own files alone, so that
// m over the solution is also m over r.
func (r right) comparable(m catalog.Mistake) bool {
	for name := range r.files {
		if _, ok := m.Files[name]; !ok {
			return false
		}
	}
	return true
}

// file gives a file of the right way, or nil when it has none of that name.
func (r right) file(name string) ([]byte, error) {
	if text, ok := r.files[name]; ok {
		return text, nil
	}
	return fileOrNil(r.solution, name)
}

// fileOrNil reads a file, which is nil only when there is none.
func fileOrNil(dir, name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return append([]byte{}, text...), nil
}

// changes lists what m changes of r.
func (r right) changes(m catalog.Mistake) ([]Change, error) {
	var all []Change
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		old, err := r.file(name)
		if err != nil {
			return nil, err
		}
		if old == nil || !bytes.Equal(old, m.Files[name]) {
			all = append(all, Change{Name: name, Old: old, New: m.Files[name]})
		}
	}
	return all, nil
}

// nearest gives the right way that m changes least. A mistake may be written
// down as a whole file, and a diff against another way of writing it all would
// bury what is wrong.
func nearest(rights []right, m catalog.Mistake) (right, error) {
	best, least := rights[0], -1
	for _, r := range rights {
		if !r.comparable(m) {
			continue
		}
		changes, err := r.changes(m)
		if err != nil {
			return right{}, err
		}
		if size := sizeOf(changes); len(changes) > 0 && (least < 0 || size < least) {
			best, least = r, size
		}
	}
	return best, nil
}

// sizeOf is how many words the changes take away and bring in. Words that only
// move do not count, for whoever reads them has read them before.
func sizeOf(changes []Change) int {
	size := 0
	for _, c := range changes {
		count := map[string]int{}
		for w := range bytes.FieldsSeq(c.Old) {
			count[string(w)]--
		}
		for w := range bytes.FieldsSeq(c.New) {
			count[string(w)]++
		}
		for _, n := range count {
			size += max(n, -n)
		}
	}
	return size
}
