package catalog

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// manifest is the form of day.yaml.
type manifest struct {
	Day       int               `yaml:"day"`
	Title     text              `yaml:"title"`
	Page      text              `yaml:"page"`
	Images    []string          `yaml:"images"`
	BuildArgs map[string]string `yaml:"build_args"`
	Exercises []exerciseEntry   `yaml:"exercises"`
}

type exerciseEntry struct {
	ID     text         `yaml:"id"`
	Title  text         `yaml:"title"`
	Read   text         `yaml:"read"`
	Files  []text       `yaml:"files"`
	Stub   text         `yaml:"stub_fails"`
	Checks []checkEntry `yaml:"checks"`
}

type checkEntry struct {
	ID     text   `yaml:"id"`
	Title  text   `yaml:"title"`
	Points int    `yaml:"points"`
	Needs  []text `yaml:"needs"`
	Read   text   `yaml:"read"`
}

// text is a string that knows its line.
type text struct {
	string
	line int
}

// UnmarshalYAML keeps the line.
func (t *text) UnmarshalYAML(n *yaml.Node) error {
	t.line = n.Line
	return n.Decode(&t.string)
}

// lined is the line of an entry, for one that has no id to tell it by.
type lined struct {
	line   int
	Checks []lined
}

// UnmarshalYAML keeps the line.
func (e *lined) UnmarshalYAML(n *yaml.Node) error {
	var in struct {
		Checks []lined `yaml:"checks"`
	}
	_ = n.Decode(&in) // what is wrong with it has been said
	e.line, e.Checks = n.Line, in.Checks
	return nil
}

// fillLines gives an id that is missing the line of its entry.
func (m *manifest) fillLines(data []byte) {
	var in struct {
		Exercises []lined `yaml:"exercises"`
	}
	_ = yaml.Unmarshal(data, &in) // what is wrong with it has been said
	for i, e := range in.Exercises[:min(len(in.Exercises), len(m.Exercises))] {
		mine := &m.Exercises[i]
		if mine.ID.line == 0 {
			mine.ID.line = e.line
		}
		for j, c := range e.Checks[:min(len(e.Checks), len(mine.Checks))] {
			if mine.Checks[j].ID.line == 0 {
				mine.Checks[j].ID.line = c.line
			}
		}
	}
}

var unmarshalLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)

// day reads the manifest and everything that it names.
func (l *loader) day(number int) *Day {
	dir := filepath.Join(l.root, "days", strconv.Itoa(number))
	file := filepath.Join(dir, ManifestFile)
	m, ok := l.manifest(file)
	if !ok {
		return nil
	}
	d := &Day{Number: number, Title: m.Title.string, Dir: dir, Page: m.Page.string, Images: m.Images, BuildArgs: m.BuildArgs,
		Exercise: filepath.Join(l.root, "exercises", strconv.Itoa(number))}
	if m.Day != number {
		l.add(file, 1, "day is %d, and the folder is %d", m.Day, number)
	}
	l.wanted(file, m.Title, 1, "title")
	if l.wanted(file, m.Page, 1, "page") && !exists(filepath.Join(dir, m.Page.string)) {
		l.add(file, m.Page.line, "there is no page %s", m.Page.string)
	}
	if len(m.Exercises) == 0 {
		l.add(file, 1, "there is no exercise")
	}
	anchors := l.anchors(filepath.Join(dir, m.Page.string))
	for _, e := range m.Exercises {
		d.Exercises = append(d.Exercises, l.exercise(file, dir, e, anchors))
	}
	if len(m.Exercises) > 0 {
		l.strayFolders(filepath.Join(dir, "checks"), d)
	}
	l.needs(file, m)
	d.Sums = l.sums(filepath.Join(dir, SumsFile), d)
	return d
}

// manifest decodes day.yaml; ok is false when nothing can be made of it.
func (l *loader) manifest(file string) (m manifest, ok bool) {
	data, err := os.ReadFile(file)
	if err != nil {
		l.add(file, 0, "it cannot be read: %v", err)
		return m, false
	}
	defer func() { m.fillLines(data) }()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	err = dec.Decode(&m)
	if errors.Is(err, io.EOF) {
		l.add(file, 0, "it is empty")
		return m, false
	}
	if next := dec.Decode(new(any)); err == nil && !errors.Is(next, io.EOF) {
		l.add(file, 0, "it holds more than one document (a line ---)")
	}
	var several *yaml.TypeError
	switch {
	case errors.As(err, &several):
		for _, said := range several.Errors {
			l.yamlProblem(file, said)
		}
		// Of a mapping with a key twice nothing is decoded: what is then missing
		// is not.
		return m, !strings.Contains(err.Error(), "already defined at line")
	case err != nil:
		l.yamlProblem(file, err.Error())
		return m, false
	}
	return m, true
}

var unknownField = regexp.MustCompile(`^field (\S+) not found in type .*$`)

func (l *loader) yamlProblem(file, said string) {
	line := 0
	if m := unmarshalLine.FindStringSubmatch(said); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits, by the pattern
		said = m[2]
	}
	if m := unknownField.FindStringSubmatch(said); m != nil {
		said = "unknown key " + m[1]
	}
	l.add(file, line, "%s", said)
}

func (l *loader) wanted(file string, t text, line int, key string) bool {
	if t.line > 0 {
		line = t.line
	}
	if strings.TrimSpace(t.string) == "" {
		l.add(file, line, "%s is missing", key)
		return false
	}
	return true
}

func (l *loader) exercise(file, dir string, e exerciseEntry, anchors map[string]bool) Exercise {
	out := Exercise{ID: e.ID.string, Title: e.Title.string, Read: e.Read.string, Stub: e.Stub.string}
	l.id(file, e.ID, "exercise")
	l.wanted(file, e.Title, e.ID.line, "title of exercise "+e.ID.string)
	l.anchor(file, e.Read, e.ID, anchors)
	if len(e.Files) == 0 {
		l.add(file, e.ID.line, "exercise %s names no files to edit", e.ID.string)
	}
	for _, f := range e.Files {
		if _, err := path.Match(f.string, ""); err != nil || f.string == "" || path.IsAbs(f.string) || strings.Contains(f.string, "..") {
			l.add(file, f.line, "%q is not a pattern of files within the exercise", f.string)
		}
		out.Files = append(out.Files, f.string)
	}
	if len(e.Checks) == 0 {
		l.add(file, e.ID.line, "exercise %s has no checks", e.ID.string)
	}
	listed := map[string]bool{}
	for _, c := range e.Checks {
		out.Checks = append(out.Checks, l.check(file, dir, e, c, anchors))
		listed[c.ID.string] = true
	}
	if l.wanted(file, e.Stub, e.ID.line, "stub_fails of exercise "+e.ID.string) && !listed[e.Stub.string] {
		l.add(file, e.Stub.line, "stub_fails names %s, which is no check of exercise %s", e.Stub.string, e.ID.string)
	}
	if out.ID != "" {
		l.strays(filepath.Join(dir, "checks", e.ID.string), listed)
	}
	return out
}

func (l *loader) check(file, dir string, e exerciseEntry, c checkEntry, anchors map[string]bool) check.Check {
	l.id(file, c.ID, "check")
	l.wanted(file, c.Title, c.ID.line, "title of check "+c.ID.string)
	if c.Points < 1 {
		l.add(file, c.ID.line, "check %s is worth %d points, and at least 1 is wanted", c.ID.string, c.Points)
	}
	if c.Read.string != "" {
		l.anchor(file, c.Read, c.ID, anchors)
	} else {
		c.Read = e.Read
	}
	out := check.Check{ID: c.ID.string, Exercise: e.ID.string, Title: c.Title.string, Points: c.Points, Read: c.Read.string, Needs: []string{},
		Script: filepath.Join(dir, "checks", e.ID.string, c.ID.string+".txtar")}
	for _, n := range c.Needs {
		out.Needs = append(out.Needs, n.string)
	}
	if out.ID != "" {
		l.scenario(&out, file, c.ID.line)
	}
	return out
}

func (l *loader) id(file string, t text, what string) {
	if !l.wanted(file, t, t.line, "id of "+what) {
		return
	}
	if !IsID(t.string) {
		l.add(file, t.line, "id %q is not kebab-case beginning with a letter, or is %s", t.string, NoID)
	}
	if first, ok := l.ids[t.string]; ok {
		l.add(file, t.line, "id %s is used twice, first at line %d", t.string, first)
		return
	}
	l.ids[t.string] = t.line
}

func (l *loader) anchor(file string, read, of text, anchors map[string]bool) {
	if !l.wanted(file, read, of.line, "read of "+of.string) {
		return
	}
	if !strings.HasPrefix(read.string, "#") {
		l.add(file, read.line, "read is %s, and an anchor of the page is wanted, such as #notes", read.string)
		return
	}
	if anchors != nil && !anchors[strings.TrimPrefix(read.string, "#")] {
		l.add(file, read.line, "the page has no heading for %s", read.string)
	}
}

// strays reports scenarios that the manifest does not name.
func (l *loader) strays(dir string, listed map[string]bool) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // the checks' own problems say it
	}
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), ".txtar"); !ok || !listed[id] {
			l.add(filepath.Join(dir, e.Name()), 0, "no check in the manifest is named for this file")
		}
	}
}

// strayFolders reports folders of scenarios that belong to no exercise.
func (l *loader) strayFolders(dir string, d *Day) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // the checks' own problems say it
	}
	for _, e := range entries {
		if !slices.ContainsFunc(d.Exercises, func(x Exercise) bool { return x.ID == e.Name() }) {
			l.add(filepath.Join(dir, e.Name()), 0, "no exercise in the manifest is named for this")
		}
	}
}
