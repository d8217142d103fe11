package catalog

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// Mistake is a deliberately wrong solution that names the checks that must
// catch it; with no such check it is a variant: a right solution of another
// kind, which must pass.
type Mistake struct {
	Name   string
	Said   string   // what someone did, and why they would
	Fails  []string // the checks that must fail
	Skips  []string // the checks that are skipped because of those
	Files  map[string][]byte
	Golden string // the findings that the learner then sees
	Path   string // of the file that it is in
}

// Changed gives the ids of the exercises whose files m changes, in the day's
// order.
func (d *Day) Changed(m Mistake) []string {
	var changed []string
	for _, e := range d.Exercises {
		for name := range m.Files {
			matches := func(p string) bool { ok, _ := path.Match(p, name); return ok }
			if slices.ContainsFunc(e.Files, matches) && !slices.Contains(changed, e.ID) {
				changed = append(changed, e.ID)
			}
		}
	}
	return changed
}

// GoldenFile is the name, in a mistake's archive, of the findings to expect.
const GoldenFile = "findings"

// editSuffix ends the name of an entry that changes a file of the solution
// instead of being one.
const editSuffix = ".edit"

// Mistakes loads a day's mistakes, and Variants its variants, laid over the
// files in solution. The error is a *MalformedError.
func Mistakes(root string, d *Day) ([]Mistake, error) { return changes(root, d, "mistakes") }

// Variants loads a day's variants; see Mistakes.
func Variants(root string, d *Day) ([]Mistake, error) { return changes(root, d, "variants") }

func changes(root string, d *Day, kind string) ([]Mistake, error) {
	files, err := filepath.Glob(filepath.Join(d.Dir, kind, "*.txtar"))
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", kind, err)
	}
	l := &loader{root: root}
	var all []Mistake
	for _, f := range files {
		m := l.mistake(d, f)
		if kind == "mistakes" && len(m.Fails) == 0 {
			l.add(f, 2, "no check is named after fails:, so nothing could catch it")
		}
		if kind == "variants" && len(m.Fails)+len(m.Skips) > 0 {
			l.add(f, 2, "a variant is right: it names no checks")
		}
		all = append(all, m)
	}
	if len(l.problems) > 0 {
		return nil, &MalformedError{Problems: l.problems}
	}
	return all, nil
}

// mistake reads one file.
func (l *loader) mistake(d *Day, file string) Mistake {
	m := Mistake{Name: strings.TrimSuffix(filepath.Base(file), ".txtar"), Path: file, Files: map[string][]byte{}}
	a, err := txtar.ParseFile(file)
	if err != nil {
		l.add(file, 0, "it cannot be read: %v", err)
		return m
	}
	n := 0
	for line := range strings.Lines(string(a.Comment)) {
		n++
		l.mistakeLine(d, file, n, strings.TrimSpace(line), &m)
	}
	if m.Said == "" {
		l.add(file, 1, "the first line does not say, after #, what someone did and why they would")
	}
	solution := filepath.Join(l.root, "solutions", fmt.Sprint(d.Number))
	for _, f := range a.Files {
		l.mistakeFile(d, file, solution, f, &m)
	}
	if len(m.Files) == 0 {
		l.add(file, 0, "it changes no file")
	}
	return m
}

func (l *loader) mistakeLine(d *Day, file string, n int, line string, m *Mistake) {
	key, value, _ := strings.Cut(line, ":")
	switch {
	case line == "":
	case strings.HasPrefix(line, "#"):
		m.Said = strings.TrimSpace(m.Said + " " + strings.TrimSpace(strings.TrimPrefix(line, "#")))
	case key == "fails" || key == "skips":
		for id := range strings.FieldsSeq(value) {
			if !slices.ContainsFunc(d.Checks(), func(c check.Check) bool { return c.ID == id }) {
				l.add(file, n, "there is no check %s", id)
			}
			if key == "fails" {
				m.Fails = append(m.Fails, id)
			} else {
				m.Skips = append(m.Skips, id)
			}
		}
	default:
		l.add(file, n, "a line `# …`, `fails: …` or `skips: …` is wanted")
	}
}

func (l *loader) mistakeFile(d *Day, file, solution string, f txtar.File, m *Mistake) {
	if f.Name == GoldenFile {
		m.Golden = string(f.Data)
		return
	}
	name, isEdit := strings.CutSuffix(f.Name, editSuffix)
	if !slices.ContainsFunc(d.Editable(), func(p string) bool { ok, _ := filepath.Match(p, name); return ok }) {
		l.add(file, 0, "%s is no file that a learner edits", name)
		return
	}
	if !isEdit {
		m.Files[name] = f.Data
		return
	}
	old, err := os.ReadFile(filepath.Join(solution, filepath.FromSlash(name)))
	if err != nil {
		l.add(file, 0, "%s changes a file that the solution does not have", f.Name)
		return
	}
	changed, err := Edit(string(old), string(f.Data))
	if err != nil {
		l.add(file, 0, "%s: %v", f.Name, err)
		return
	}
	m.Files[name] = []byte(changed)
}

// Marks of an edit: what stands between the first two is replaced by what
// stands between the last two.
const (
	editFrom = "<<<<<<<\n"
	editTo   = "=======\n"
	editEnd  = ">>>>>>>\n"
)

// Edit makes the replacements in script to text, as entries of mistakes do whose
// names end in .edit:
//
//	<<<<<<<
//	what there is
//	=======
//	what is to be there
//	>>>>>>>
//
// Each has to find what it replaces exactly once.
func Edit(text, script string) (string, error) {
	n := 0
	for script = strings.TrimSpace(script) + "\n"; script != "\n"; script = strings.TrimSpace(script) + "\n" {
		n++
		body, ok := strings.CutPrefix(script, editFrom)
		from, rest, ok2 := strings.Cut(body, editTo)
		to, rest, ok3 := strings.Cut(rest, editEnd)
		if !ok || !ok2 || !ok3 {
			return "", fmt.Errorf("replacement %d is not of the form <<<<<<< … ======= … >>>>>>>, each mark on a line of its own", n)
		}
		if count := strings.Count(text, from); count != 1 || from == "" {
			return "", fmt.Errorf("what replacement %d replaces is in the file %d times, and once is wanted", n, count)
		}
		text = strings.Replace(text, from, to, 1)
		script = rest
	}
	if n == 0 {
		return "", fmt.Errorf("it holds no replacement")
	}
	return text, nil
}
