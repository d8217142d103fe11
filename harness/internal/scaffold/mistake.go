package scaffold

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
)

// NewMistake says what a new mistake begins with.
type NewMistake struct {
	Name  string
	Fails string // the check that must catch it; empty for the day's first, until it is written
}

// Mistake writes a mistake of day that edits the solution of the exercise that
// the failing check belongs to. It returns the file's path below root. The error
// is a *RefusedError when the mistake cannot be made as it was asked for.
func Mistake(root string, day *catalog.Day, m NewMistake) ([]string, error) {
	if err := kebab("name", m.Name); err != nil {
		return nil, err
	}
	data := map[string]any{"Day": day.Number, "Name": m.Name, "Fails": m.Fails, "Named": m.Fails != ""}
	if m.Fails == "" {
		data["Fails"] = day.Exercises[0].Checks[0].ID
	}
	at := slices.IndexFunc(day.Exercises, func(e catalog.Exercise) bool {
		return slices.ContainsFunc(e.Checks, func(c check.Check) bool { return c.ID == data["Fails"] })
	})
	if at < 0 {
		return nil, refuse("day %d has no check %q that could catch it: see days/%d/%s", day.Number, m.Fails, day.Number, catalog.ManifestFile)
	}
	name, text, err := firstOf(root, fmt.Sprintf("solutions/%d", day.Number), day.Exercises[at])
	if err != nil {
		return nil, err
	}
	once, ok := lineOnce(text)
	if !ok {
		return nil, refuse("no line of solutions/%d/%s stands in it only once, so there is none to edit: write days/%d/mistakes/%s.txtar by hand", day.Number, name, day.Number, m.Name)
	}
	data["File"], data["Line"], data["Comment"] = name, once, commentOf(name)
	files, err := render(mistakeFiles, data)
	if err != nil {
		return nil, err
	}
	return write(root, files)
}

// firstOf gives the first file of an exercise's solution, which is in folder, and
// its text.
func firstOf(root, folder string, e catalog.Exercise) (name, text string, err error) {
	solution := filepath.Join(root, filepath.FromSlash(folder))
	for _, pattern := range e.Files {
		found, err := fs.Glob(os.DirFS(solution), pattern)
		if err != nil {
			return "", "", fmt.Errorf("looking for the solution: %w", err)
		}
		if len(found) > 0 {
			data, err := os.ReadFile(filepath.Join(solution, filepath.FromSlash(found[0])))
			return found[0], string(data), err
		}
	}
	return "", "", refuse("%s has none of the files of exercise %s (%s): write the solution first", folder, e.ID, strings.Join(e.Files, ", "))
}

// lineOnce gives the first line of a text that an edit can replace: one that
// stands there once, and that an archive can hold.
func lineOnce(text string) (string, bool) {
	for l := range strings.Lines(text) {
		if strings.HasSuffix(l, "\n") && strings.TrimSpace(l) != "" && !strings.HasPrefix(l, "-- ") && !isComment(l) && strings.Count(text, l) == 1 {
			return l, true
		}
	}
	return "", false
}

func isComment(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, "//") || strings.HasPrefix(line, "#")
}

// commentOf is what begins a comment in a file of that name.
func commentOf(name string) string {
	if path.Ext(name) == ".go" {
		return "//"
	}
	return "#" // Dockerfiles, .dockerignore, YAML, shell
}
