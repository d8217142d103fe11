package author_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/author"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/scaffold"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
)

// scaffolded makes a workbook with day 7 as an author begins with it.
func scaffolded(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "days"), 0o755))
	_, err := scaffold.Day(root, scaffold.NewDay{Number: "7", Title: "Seven", Exercise: "first", Check: "one"})
	require.NoError(t, err)
	return root
}

// written makes one in which nothing is left to be written.
func written(t *testing.T) (root string) {
	t.Helper()
	root = scaffolded(t)
	require.NoError(t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "WRITE:", "Written:")), 0o644)
	}))
	return root
}

func planOf(t *testing.T, root string) author.Plan {
	t.Helper()
	day, err := catalog.Load(root, "7", scenario.IsCommand)
	require.NoError(t, err)
	return author.Plan{Root: root, Day: day, Jobs: 1, Notes: func(name string, _ time.Duration) { t.Errorf("%s was tried", name) }}
}

// lay writes files, by their paths below root.
func lay(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
}

func said(problems []catalog.Problem) []string {
	all := []string{}
	for _, p := range problems {
		all = append(all, p.String())
	}
	return all
}

// Every line of a scaffold is asked for where it stands, and nothing is tried
// before they are written.
func TestUnwritten(t *testing.T) {
	root := scaffolded(t)
	problems, err := author.Verify(t.Context(), planOf(t, root))
	require.NoError(t, err)
	require.NotEmpty(t, problems)
	for _, p := range problems {
		require.Contains(t, p.Text, "not written yet: ")
		text, err := os.ReadFile(filepath.Join(root, p.File))
		require.NoError(t, err)
		line := strings.Split(string(text), "\n")[p.Line-1]
		assert.Contains(t, line, "WRITE: "+strings.TrimPrefix(p.Text, "not written yet: "), p.String())
	}
	for _, file := range []string{"days/7/README.md", "days/7/day.yaml", "days/7/checks/first/one.txtar", "days/7/mistakes/name-forgotten.txtar",
		"days/7/probes/first/main.go", "exercises/7/README.md", "exercises/7/first/first.go", "solutions/7/first/first.go"} {
		assert.True(t, slices.ContainsFunc(problems, func(p catalog.Problem) bool { return p.File == file }), file)
	}
}

func TestUnwrittenLines(t *testing.T) {
	root := written(t)
	lay(t, root, map[string]string{
		"days/7/variants/new.txtar": "# Another way. WRITE: which?\r\n-- first/first.go --\npackage first // WRITE:the rest\n",
		"days/7/mistakes/old.txtar": "# OVERWRITE: no mark. UNDERWRITE: none either. Write: nor this.\nfails: one\n-- first/first.go --\npackage first\n",
		"solutions/7/first/more.go": "package first\n\nvar text = \"WRITE: a text\"\n// | WRITE: a cell | of a table |\n// WRITE: <b>\n",
		"solutions/7/first/bin.go":  "\x00 WRITE: in what is no text\n",
	})
	problems, err := author.Verify(t.Context(), planOf(t, root))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"days/7/variants/new.txtar:1: not written yet: which?",
		"days/7/variants/new.txtar:3: not written yet: the rest",
		"solutions/7/first/more.go:3: not written yet: a text",
		"solutions/7/first/more.go:4: not written yet: a cell",
		"solutions/7/first/more.go:5: not written yet: ",
	}, said(unsummed(problems)))
}

// unsummed leaves out that the exercise was changed.
func unsummed(problems []catalog.Problem) []catalog.Problem {
	return slices.DeleteFunc(problems, func(p catalog.Problem) bool { return strings.Contains(p.Text, "exercise.sum") })
}

// The exercise is to be what exercise.sum lists, or nothing can be laid out.
func TestChangedExercise(t *testing.T) {
	root := scaffolded(t)
	lay(t, root, map[string]string{"exercises/7/go.mod": "module example.com/other\n", "exercises/7/cmd/app/main.go": "package main\n"})
	require.NoError(t, os.Remove(filepath.Join(root, "exercises/7/README.md")))
	plan := planOf(t, root)
	plan.Only = "solution" // then what is unwritten does not keep it from being tried
	problems, err := author.Verify(t.Context(), plan)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"exercises/7/cmd/app/main.go: exercise.sum does not list it: `make sum DAY=7` does, if it is to be handed out",
		"exercises/7/go.mod: it is not the file that exercise.sum lists: `make sum DAY=7` makes it so, if it is to be handed out like this",
		"exercises/7/README.md: it is not there, and exercise.sum lists it: `make sum DAY=7` takes it out",
	}, said(problems))
}

// A file that nothing uses looks as if it counted.
func TestStrays(t *testing.T) {
	root := written(t)
	page := filepath.Join(root, "days/7/README.md")
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	lay(t, root, map[string]string{
		"days/7/README.md": string(text) + "\n[Above](../) [here](.) [it](../../days/7) [an example](examples/used/) ![a picture](pictures/a.png) [far](https://example.com/far.txt)\n" +
			"\n<!-- from: days/7/quoted.go -->\n```go\npackage quoted\n```\n",
		"days/7/quoted.go":            "package quoted\n",
		"days/7/examples/used/deep/x": "",
		"days/7/examples/usedless/x":  "",
		"days/7/pictures/a.png":       "", "days/7/pictures/b.png": "",
		"days/7/far.txt":             "",
		"days/7/probes/first/go.sum": "", "days/7/probes/go.sum": "",
		"days/7/probes/first/other.go": "package main\n",
		"days/7/probes/second/main.go": "package main\n",
		"days/7/mistakes/notes.md":     "",
		"days/7/mistakes/old/a.txtar":  "",
		"days/7/variants/any.txtar":    "# Says it otherwise.\n-- first/first.go --\npackage first\n",
		"solutions/7/first/more.go":    "package first\n",
		"solutions/7/first/more.txt":   "",
		"solutions/7/go.mod":           "",
		"solutions/7/first/deep/a.go":  "package deep\n",
	})
	problems, err := author.Static(t.Context(), planOf(t, root))
	require.NoError(t, err)
	const ofSolution = ": nothing uses it: a solution has the files that a learner may edit, and no others"
	assert.Equal(t, []string{
		"days/7/examples/usedless/x: nothing uses it",
		"days/7/far.txt: nothing uses it",
		"days/7/mistakes/notes.md: nothing uses it",
		"days/7/mistakes/old/a.txtar: nothing uses it",
		"days/7/pictures/b.png: nothing uses it",
		"days/7/probes/first/other.go: nothing uses it",
		"days/7/probes/second/main.go: nothing uses it",
		"solutions/7/first/deep/a.go" + ofSolution,
		"solutions/7/first/more.txt" + ofSolution,
		"solutions/7/go.mod" + ofSolution,
	}, said(unsummed(problems)))
}

// An author who works on one exercise tries that, and hears of that.
func TestWithinAnExercise(t *testing.T) {
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	days, err := catalog.List(root)
	require.NoError(t, err)
	day, err := catalog.Load(root, fmt.Sprint(days[0]), scenario.IsCommand)
	require.NoError(t, err)
	whole := author.Plan{Root: root, Day: day}
	all, err := author.Cases(whole)
	require.NoError(t, err)
	var names []string
	for _, e := range day.Exercises {
		plan := whole
		plan.Exercise = e.ID
		cases, err := author.Cases(plan)
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(cases), 3, "two solutions and the stubs")
		for i, c := range cases {
			if i < 3 || c.Exercise != "" {
				assert.Equal(t, e.ID, c.Exercise, c.Name)
			}
			names = append(names, c.Name)
		}
		assert.Len(t, plan.Day.Exercises, len(day.Exercises), "the day itself stays as it is")
	}
	for _, c := range all {
		assert.Contains(t, names, c.Name, "none is left out")
	}
}

func TestWithinOneOfTwo(t *testing.T) {
	root := written(t)
	manifest, err := os.ReadFile(filepath.Join(root, "days/7/day.yaml"))
	require.NoError(t, err)
	check, err := os.ReadFile(filepath.Join(root, "days/7/checks/first/one.txtar"))
	require.NoError(t, err)
	lay(t, root, map[string]string{
		"days/7/day.yaml": string(manifest) + "      - {id: two, title: Two, points: 1}\n" +
			"  - {id: last, title: Last, read: '#notes', files: [last/*.go], stub_fails: three, checks: [{id: three, title: Three, points: 1}]}\n",
		"days/7/checks/first/two.txtar":  string(check),
		"days/7/checks/last/three.txtar": string(check),
		"days/7/mistakes/both.txtar":     "# Left both out.\nfails: one\n-- first/first.go --\npackage first\n-- last/last.go --\npackage last\n",
	})
	for exercise, want := range map[string]struct{ uncovered, cases []string }{
		"":      {[]string{"two", "three"}, []string{"solution with seed 148", "solution with seed 841", "stubs", "mistake both", "mistake name-forgotten"}},
		"first": {[]string{"two"}, []string{"solution with seed 148", "solution with seed 841", "stubs", "mistake both", "mistake name-forgotten"}},
		"last":  {[]string{"three"}, []string{"solution with seed 148", "solution with seed 841", "stubs", "mistake both"}},
	} {
		plan := planOf(t, root)
		plan.Exercise = exercise
		problems, err := author.Static(t.Context(), plan)
		require.NoError(t, err)
		var uncovered []string
		for _, p := range unsummed(problems) {
			_, id, _ := strings.Cut(p.Text, "no mistake fails ")
			id, _, _ = strings.Cut(id, ",")
			uncovered = append(uncovered, id)
		}
		assert.Equal(t, want.uncovered, uncovered, "in %q", exercise)
		cases, err := author.Cases(plan)
		require.NoError(t, err)
		var names []string
		for _, c := range cases {
			names = append(names, c.Name)
		}
		assert.Equal(t, want.cases, names, "in %q", exercise)
	}
}

func TestNoSuchCase(t *testing.T) {
	plan := planOf(t, written(t))
	plan.Only = "no such case"
	problems, err := author.Verify(t.Context(), plan)
	require.NoError(t, err)
	assert.Equal(t, []string{`days/7: it has no case whose name contains "no such case"`}, said(unsummed(problems)))
}
