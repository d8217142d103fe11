package scaffold

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

// workbook makes a workbook with day 7.
func workbook(t *testing.T) (root string, day *catalog.Day) {
	t.Helper()
	root = t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "days"), 0o755))
	written, err := Day(root, NewDay{Number: "7", Title: "Seven", Exercise: "first", Check: "one"})
	require.NoError(t, err)
	require.ElementsMatch(t, filesIn(t, root), written)
	return root, load(t, root)
}

func load(t *testing.T, root string) *catalog.Day {
	t.Helper()
	day, err := catalog.Load(root, "7", func(string) bool { return true })
	require.NoError(t, err)
	return day
}

func filesIn(t *testing.T, root string) []string {
	t.Helper()
	var all []string
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(root, path) // path is below root
			all = append(all, filepath.ToSlash(rel))
		}
		return err
	}))
	return all
}

// A check is entered as text: what is around it stays as it is, to the letter.
func TestEntered(t *testing.T) {
	const head = "day: 7 # the day\ntitle: Seven\npage: README.md\nexercises:\n"
	const first = "  - id: first\n    title: First\n    read: \"#notes\"\n    files: [\"first/*.go\"]\n    stub_fails: one\n"
	const entry = "      - id: two\n        title: Two\n        points: 1\n"
	for name, c := range map[string]struct{ before, after string }{ // around the entry
		"at the end": {
			head + first + "    checks:\n      - id: one\n        title: One\n        points: 1\n", "",
		},
		"blank lines and a comment behind": {
			head + first + "    checks:\n      - id: one\n        title: One\n        points: 1\n        # of one\n", "\n\n# The end.\n",
		},
		"keys of the exercise behind": {
			head + "  - id: first\n    checks:\n      - id: one # the first\n        points: 1\n        title: One\n",
			"    title: First\n    read: \"#notes\"\n    files: [\"first/*.go\"]\n    stub_fails: one\n",
		},
		"an entry in braces, over two lines": {
			head + first + "    checks:\n      - {id: one, title: One,\n       points: 1}\n", "# more\n",
		},
		"a title over several lines": {
			head + first + "    checks:\n      - id: one\n        points: 1\n        title: >-\n          One,\n\n          and no more\n", "\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			root, _ := workbook(t)
			manifest := filepath.Join(root, "days/7/day.yaml")
			require.NoError(t, os.WriteFile(manifest, []byte(c.before+c.after), 0o644))
			day := load(t, root)
			written, err := Check(root, day, NewCheck{Exercise: "first", ID: "two", Title: "Two"})
			require.NoError(t, err)
			assert.Equal(t, []string{"days/7/checks/first/two.txtar", "days/7/day.yaml"}, written)
			now, err := os.ReadFile(manifest)
			require.NoError(t, err)
			assert.Equal(t, c.before+entry+c.after, string(now))
			checks := load(t, root).Checks()
			assert.Equal(t, "Two", checks[len(checks)-1].Title)
		})
	}
}

func TestEnteredWhere(t *testing.T) {
	root, _ := workbook(t)
	manifest := filepath.Join(root, "days/7/day.yaml")
	text := "day: 7\ntitle: Seven\npage: README.md\nexercises:\n" +
		"- id: first\n  title: First\n  read: '#notes'\n  files: [first/*.go]\n  stub_fails: one\n  checks:\n  - id: one\n    title: One\n    points: 1\n" +
		"- id: last\n  title: Last\n  read: '#notes'\n  files: [last/*.go]\n  stub_fails: two\n  checks: [{id: two, title: Two, points: 1}]"
	require.NoError(t, os.MkdirAll(filepath.Join(root, "days/7/checks/last"), 0o755))
	one, err := os.ReadFile(filepath.Join(root, "days/7/checks/first/one.txtar"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(root, "days/7/checks/last/two.txtar"), one, 0o644))
	require.NoError(t, os.WriteFile(manifest, []byte(text), 0o644))
	day := load(t, root)

	_, err = Check(root, day, NewCheck{Exercise: "first", ID: "three"})
	require.NoError(t, err)
	now, err := os.ReadFile(manifest)
	require.NoError(t, err)
	assert.Equal(t, strings.Replace(text, "- id: last", "  - id: three\n    title: 'WRITE: the property, as a statement that is true when the check passes'\n    points: 1\n- id: last", 1), string(now))

	_, err = Check(root, day, NewCheck{Exercise: "last", ID: "four"})
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	assert.EqualError(t, err, "days/7/day.yaml:22: the checks of exercise last are written as [a, b]: give each a line that begins with a dash, and ask again")
	assert.NoFileExists(t, filepath.Join(root, "days/7/checks/last/four.txtar"))
}

// A list that is used twice would have the entry twice.
func TestNotEnteredUnsafely(t *testing.T) {
	text := "exercises:\n  - id: first\n    checks: &all\n      - id: one\n  - id: last\n    checks: *all\n"
	list, err := checksOf([]byte(text), "first")
	require.NoError(t, err)
	now := insert(text, list, "      - id: two\n")
	require.Contains(t, now, "two")
	assert.False(t, onlyAdded([]byte(text), []byte(now), "first"))
	assert.False(t, onlyAdded([]byte(text), []byte(text), "first"), "nothing was added")
	assert.False(t, onlyAdded([]byte(text), []byte("\t"), "first"), "it is YAML no more")
}

// Where one file cannot be written, none is, and no folder is left.
func TestAllOrNothing(t *testing.T) {
	root, _ := workbook(t)
	before := filesIn(t, root)
	manifest, err := os.ReadFile(filepath.Join(root, "days/7/day.yaml"))
	require.NoError(t, err)
	_, err = write(root, []file{
		{path: "days/7/day.yaml", data: []byte("edited"), edits: true},
		{path: "days/8/new/folder/a", data: []byte("a")},
		{path: "days/8/new/folder/a/b", data: []byte("below a file")},
	})
	require.ErrorContains(t, err, "writing days/8/new/folder/a/b")
	assert.Equal(t, before, filesIn(t, root))
	assert.NoDirExists(t, filepath.Join(root, "days/8"))
	now, err := os.ReadFile(filepath.Join(root, "days/7/day.yaml"))
	require.NoError(t, err)
	assert.Equal(t, string(manifest), string(now))

	// Not even a link that leads nowhere is written over.
	require.NoError(t, os.Symlink("nowhere", filepath.Join(root, "days/7/mistakes/link.txtar")))
	_, err = Mistake(root, load(t, root), NewMistake{Name: "link"})
	require.EqualError(t, err, "days/7/mistakes/link.txtar is there already")
}

func TestTitles(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "days"), 0o755))
	for title, want := range map[string]string{
		"":          "the title is empty",
		" \t":       "the title is empty",
		"two\nones": `the title "two\nones" is more than one line of text`,
	} {
		_, err := Day(root, NewDay{Number: "7", Title: title, Exercise: "first", Check: "one"})
		require.EqualError(t, err, want)
	}
	for _, title := range []string{"yes", "1.10", "- a", "a: b # c", `it's "so"`, "Größe", "{{.Day}}"} {
		root := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(root, "days"), 0o755))
		_, err := Day(root, NewDay{Number: "7", Title: title, Exercise: "first", Check: "one"})
		require.NoError(t, err)
		assert.Equal(t, title, load(t, root).Title)
	}
}

// The line that a mistake begins with can be replaced: it is in the solution
// once, and the archive can hold it.
func TestMistakeEditsALine(t *testing.T) {
	for name, c := range map[string]struct{ solution, line string }{
		"the package":      {"// Package first is.\npackage first\n", "package first\n"},
		"what stands once": {"# syntax\nRUN a\n\nRUN a\n-- x --\nRUN b\n", "RUN b\n"},
		"no line":          {"a\na\n", ""},
		"no newline":       {"a", ""},
	} {
		t.Run(name, func(t *testing.T) {
			root, day := workbook(t)
			require.NoError(t, os.WriteFile(filepath.Join(root, "solutions/7/first/first.go"), []byte(c.solution), 0o644))
			_, err := Mistake(root, day, NewMistake{Name: "wrong", Fails: "one"})
			if c.line == "" {
				require.EqualError(t, err, "no line of solutions/7/first/first.go stands in it only once, so there is none to edit: write days/7/mistakes/wrong.txtar by hand")
				return
			}
			require.NoError(t, err)
			require.NoError(t, os.Remove(filepath.Join(root, "days/7/mistakes/name-forgotten.txtar"))) // it edits another line
			mistakes, err := catalog.Mistakes(root, day)
			require.NoError(t, err)
			require.Len(t, mistakes, 1)
			assert.Equal(t, strings.Replace(c.solution, c.line, c.line+"// WRITE: the edit: lines that solutions/7/first/first.go has once, and below ======= what they become.\n", 1),
				string(mistakes[0].Files["first/first.go"]))
		})
	}
	t.Run("no solution", func(t *testing.T) {
		root, day := workbook(t)
		require.NoError(t, os.RemoveAll(filepath.Join(root, "solutions")))
		_, err := Mistake(root, day, NewMistake{Name: "wrong", Fails: "one"})
		require.EqualError(t, err, "solutions/7 has none of the files of exercise first (first/*.go): write the solution first")
	})
}
