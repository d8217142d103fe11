package scaffold

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

//go:embed templates
var templates embed.FS

// source is a template with the path, below the workbook, of the file that is
// made of it. The path is a template too.
type source struct{ template, path string }

var dayFiles = []source{
	{"day/page.md", "days/{{.Day}}/README.md"},
	{"day/day.yaml", "days/{{.Day}}/day.yaml"},
	{"day/check.txtar", "days/{{.Day}}/checks/{{.Exercise}}/{{.Check}}.txtar"},
	{"day/mistake.txtar", "days/{{.Day}}/mistakes/name-forgotten.txtar"},
	{"day/probe.go", "days/{{.Day}}/probes/{{.Exercise}}/main.go"},
	{"day/probes.go.mod", "days/{{.Day}}/probes/go.mod"},
	{"day/exercise.md", "exercises/{{.Day}}/README.md"},
	{"day/go.mod", "exercises/{{.Day}}/go.mod"},
	{"day/stub.go", "exercises/{{.Day}}/{{.Package}}/{{.Package}}.go"},
	{"day/solution.go", "solutions/{{.Day}}/{{.Package}}/{{.Package}}.go"},
}

var checkFiles = []source{
	{"check/check.txtar", "days/{{.Day}}/checks/{{.Exercise}}/{{.Check}}.txtar"},
}

var mistakeFiles = []source{
	{"mistake/mistake.txtar", "days/{{.Day}}/mistakes/{{.Name}}.txtar"},
}

// file is a file to write.
type file struct {
	path  string // below the workbook, with slashes
	data  []byte
	edits bool // it is there already, and this is its new text
}

// render makes files of templates.
func render(sources []source, data map[string]any) ([]file, error) {
	var files []file
	for _, s := range sources {
		text, err := templates.ReadFile("templates/" + s.template + ".tmpl")
		if err != nil {
			return nil, fmt.Errorf("reading a template: %w", err)
		}
		body, err := execute(s.template, string(text), data)
		if err != nil {
			return nil, err
		}
		to, err := execute(s.template, s.path, data)
		if err != nil {
			return nil, err
		}
		files = append(files, file{path: string(to), data: body})
	}
	return files, nil
}

func execute(name, text string, data map[string]any) ([]byte, error) {
	t, err := template.New(name).Option("missingkey=error").Funcs(template.FuncMap{"yaml": scalar}).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("reading a template: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return nil, fmt.Errorf("filling in a template: %w", err)
	}
	return out.Bytes(), nil
}

// scalar writes text as YAML does, in quotes where it needs them.
func scalar(text string) (string, error) {
	out, err := yaml.Marshal(text)
	return strings.TrimSpace(string(out)), err
}

// sumsOf gives the text of the day's SumsFile for those files that are below
// folder.
func sumsOf(files []file, folder string) ([]byte, error) {
	sums := map[string]string{}
	for _, f := range files {
		if name, ok := strings.CutPrefix(f.path, folder); ok {
			sum := sha256.Sum256(f.data)
			sums[name] = hex.EncodeToString(sum[:])
		}
	}
	if len(sums) == 0 {
		return nil, fmt.Errorf("no template makes a file below %s", folder)
	}
	return catalog.FormatSums(sums), nil
}

// there reports whether something, be it a broken link, has that path.
func there(root, path string) bool {
	_, err := os.Lstat(filepath.Join(root, filepath.FromSlash(path)))
	return err == nil
}

// write writes all files or, when it returns an error, none. It is a
// *RefusedError when one is there already.
func write(root string, files []file) (written []string, err error) {
	for _, f := range files {
		if !f.edits && there(root, f.path) {
			return nil, refuse("%s is there already", f.path)
		}
	}
	var undo []func() error
	defer func() {
		for i := len(undo) - 1; i >= 0 && err != nil; i-- {
			err = errors.Join(err, undo[i]())
		}
	}()
	for _, f := range files {
		steps, err := f.write(root)
		undo = append(undo, steps...)
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", f.path, err)
		}
		written = append(written, f.path)
	}
	return written, nil
}

// write writes one file. It returns how to undo what it has done, also when
// that is not all.
func (f file) write(root string) (undo []func() error, err error) {
	const readable = 0o644
	to := filepath.Join(root, filepath.FromSlash(f.path))
	if f.edits {
		before, err := os.ReadFile(to)
		if err != nil {
			return nil, err
		}
		restore := func() error { return os.WriteFile(to, before, readable) }
		return []func() error{restore}, os.WriteFile(to, f.data, readable)
	}
	undo, err = folders(root, path.Dir(f.path))
	if err != nil {
		return undo, err
	}
	// O_EXCL: what has come to be there since we looked is not written over.
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, readable)
	if err != nil {
		return undo, err
	}
	undo = append(undo, func() error { return os.Remove(to) })
	_, err = out.Write(f.data)
	return undo, errors.Join(err, out.Close())
}

// folders makes the folder called name below root, and those that lead to it.
func folders(root, name string) (undo []func() error, err error) {
	at := root
	for part := range strings.SplitSeq(name, "/") {
		at = filepath.Join(at, part)
		const searchable = 0o755
		err := os.Mkdir(at, searchable)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return undo, err
		}
		made := at
		undo = append(undo, func() error { return os.Remove(made) })
	}
	return undo, nil
}
