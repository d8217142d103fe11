package scaffold

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

// untitled stands for the title of a check until there is one.
const untitled = "WRITE: the property, as a statement that is true when the check passes"

// enter gives the manifest of day with a check entered behind the last one of
// its exercise. The text is inserted, not written anew, so that comments and
// order stay as they are.
func enter(root string, day *catalog.Day, c NewCheck) (file, error) {
	name := fmt.Sprintf("days/%d/%s", day.Number, catalog.ManifestFile)
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return file{}, fmt.Errorf("reading the manifest: %w", err)
	}
	list, err := checksOf(text, c.Exercise)
	if err != nil {
		return file{}, fmt.Errorf("reading %s: %w", name, err)
	}
	if list.Style&yaml.FlowStyle != 0 {
		return file{}, refuse("%s:%d: the checks of exercise %s are written as [a, b]: give each a line that begins with a dash, and ask again", name, list.Line, c.Exercise)
	}
	if c.Title == "" {
		c.Title = untitled
	}
	title, err := scalar(c.Title)
	if err != nil {
		return file{}, fmt.Errorf("writing the title: %w", err)
	}
	indent := strings.Repeat(" ", list.Column-1)
	entry := fmt.Sprintf("%s- id: %s\n%s  title: %s\n%s  points: 1\n", indent, c.ID, indent, title, indent)
	now := insert(string(text), list, entry)
	if !onlyAdded(text, []byte(now), c.Exercise) {
		return file{}, refuse("%s is written in a way in which a check cannot be entered safely: enter it by hand, below the last check of exercise %s:\n%s", name, c.Exercise, entry)
	}
	return file{path: name, data: []byte(now), edits: true}, nil
}

// checksOf finds the list of an exercise's checks in a manifest.
func checksOf(text []byte, exercise string) (*yaml.Node, error) {
	var m struct {
		Exercises []struct {
			ID     string    `yaml:"id"`
			Checks yaml.Node `yaml:"checks"`
		} `yaml:"exercises"`
	}
	if err := yaml.Unmarshal(text, &m); err != nil {
		return nil, err
	}
	for _, e := range m.Exercises {
		if e.ID == exercise && len(e.Checks.Content) > 0 {
			return &e.Checks, nil
		}
	}
	return nil, fmt.Errorf("exercise %s has no checks", exercise)
}

// insert puts entry behind the last one of a list: behind the last line that is
// indented more than the list's dashes.
func insert(text string, list *yaml.Node, entry string) string {
	lines := strings.SplitAfter(text, "\n")
	end := list.Content[len(list.Content)-1].Line // the line after the last entry's first
	for n := end; n < len(lines); n++ {
		bare := strings.TrimSpace(lines[n])
		if bare == "" {
			continue
		}
		if len(lines[n])-len(strings.TrimLeft(lines[n], " ")) < list.Column {
			break
		}
		end = n + 1
	}
	before := strings.Join(lines[:end], "")
	if !strings.HasSuffix(before, "\n") {
		before += "\n"
	}
	return before + entry + strings.Join(lines[end:], "")
}

// onlyAdded reports whether the manifest now is the one before with one more
// check at the end of an exercise.
func onlyAdded(before, now []byte, exercise string) bool {
	var a, b map[string]any
	if yaml.Unmarshal(before, &a) != nil || yaml.Unmarshal(now, &b) != nil {
		return false
	}
	list, _ := b["exercises"].([]any) // what is of another type compares unequal below
	for _, e := range list {
		e, _ := e.(map[string]any)
		if checks, ok := e["checks"].([]any); ok && e["id"] == exercise && len(checks) > 0 {
			e["checks"] = checks[:len(checks)-1]
		}
	}
	return !bytes.Equal(before, now) && reflect.DeepEqual(a, b)
}
