package handout_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/daybook-dev/daybook/harness/internal/author"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/handout"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
)

// workbook is this repository, and the day that is handed out of it.
func workbook(t *testing.T) (root string, day *catalog.Day) {
	t.Helper()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	day, err = catalog.Load(root, "148", scenario.IsCommand)
	require.NoError(t, err)
	return root, day
}

// made is a handout of this repository.
func made(t *testing.T) (root, out string) {
	t.Helper()
	root, day := workbook(t)
	out = filepath.Join(t.TempDir(), "course", "day")
	require.NoError(t, handout.Write(t.Context(), handout.Plan{Root: root, Day: day, Out: out, Workflows: handout.Usual}))
	return root, out
}

// files reads all files below dir, by their paths with slashes.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		rel, relErr := filepath.Rel(dir, name)
		all[filepath.ToSlash(rel)] = text
		return errors.Join(err, relErr)
	}))
	return all
}

// No answer is in a handout: not by its name, not by its contents, and not by a
// line that is only in a solution.
func TestNoAnswerIsInIt(t *testing.T) {
	root, out := made(t)
	handed := files(t, out)
	given := files(t, filepath.Join(root, "exercises", "148"))
	pristine := map[string]bool{"": true}
	for _, text := range given {
		pristine[string(text)] = true
	}
	answers := map[string]string{}
	for name, text := range files(t, root) {
		if !strings.HasPrefix(name, "solutions/") && !strings.HasPrefix(name, "days/148/mistakes/") && !strings.HasPrefix(name, "days/148/variants/") {
			continue
		}
		answers[string(text)] = name
		for _, f := range txtar.Parse(text).Files {
			answers[string(f.Data)] = name + ": " + f.Name
		}
	}
	require.Greater(t, len(answers), 200)
	for name, text := range handed {
		for _, part := range strings.Split(name, "/") {
			assert.NotContains(t, []string{"solutions", "mistakes", "variants", "attacks", "testdata"}, part, name)
		}
		assert.False(t, strings.HasSuffix(name, "_test.go"), name)
		if from, ok := answers[string(text)]; ok && !pristine[string(text)] {
			t.Errorf("%s is %s", name, from)
		}
	}
	for name, text := range handed {
		if filepath.Ext(name) == ".md" || strings.HasPrefix(name, "exercises/") {
			assert.Empty(t, quotedAnswers(t, root, text, given), name)
		}
	}
}

// quotedAnswers gives the lines of text that are long enough to mean something
// and are in a solution, but not in what is handed out.
func quotedAnswers(t *testing.T, root string, text []byte, given map[string][]byte) (found []string) {
	const long = 40
	known := map[string]bool{}
	for _, f := range given {
		for line := range strings.Lines(string(f)) {
			known[strings.TrimSpace(line)] = true
		}
	}
	solution := map[string]bool{}
	for _, f := range files(t, filepath.Join(root, "solutions")) {
		for line := range strings.Lines(string(f)) {
			solution[strings.TrimSpace(line)] = true
		}
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if len(line) >= long && solution[line] && !known[line] {
			found = append(found, line)
		}
	}
	return found
}

// What is handed out can be built, and judges the untouched exercise as the
// workbook does.
func TestHandoutBuildsAndChecks(t *testing.T) {
	root, out := made(t)
	compile := func(dir string, args ...string) {
		cmd := exec.Command("go", append([]string{"build"}, args...)...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
		said, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", said)
	}
	compile(out, "./...")
	judge := func(dir string) check.Result {
		program := filepath.Join(t.TempDir(), "daybook")
		compile(dir, "-o", program, "./harness/cmd/daybook")
		cmd := exec.Command(program, "check", "148", "buildinfo", "--seed", "148", "--format", "json")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "DOCKER_HOST=unix://"+filepath.Join(t.TempDir(), "no-engine"))
		said, err := cmd.Output()
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		require.Equal(t, 1, exit.ExitCode(), "%s", exit.Stderr)
		var r check.Result
		require.NoError(t, json.Unmarshal(said, &r))
		return r
	}
	got, want := judge(out), judge(root)
	require.Len(t, got.Exercises, 1)
	assert.True(t, got.Exercises[0].Untouched)
	assert.Equal(t, check.Failed, got.Status)
	assert.Equal(t, 0, got.Points)
	assert.Equal(t, 20, got.MaxPoints)
	assert.Equal(t, withoutTimes(want), withoutTimes(got))
}

func withoutTimes(r check.Result) check.Result {
	for _, e := range r.Exercises {
		for i := range e.Checks {
			e.Checks[i].DurationMS = 0
		}
	}
	return r
}

func TestLinksResolve(t *testing.T) {
	_, out := made(t)
	for name := range files(t, out) {
		if filepath.Ext(name) != ".md" {
			continue
		}
		problems, err := author.Pages{Root: out, Daybook: "/bin/true"}.Check(t.Context(), filepath.Join(out, filepath.FromSlash(name)))
		require.NoError(t, err)
		for _, p := range problems {
			if !strings.Contains(p.Text, "printed nothing") { // what commands print is looked at in the workbook
				t.Error(p)
			}
		}
	}
}

func TestMakefile(t *testing.T) {
	_, out := made(t)
	run := func(args ...string) (string, error) {
		cmd := exec.Command("make", args...)
		cmd.Dir = out
		said, err := cmd.CombinedOutput()
		return string(said), err
	}
	for _, target := range []string{"verify", "test", "break", "new", "handout"} {
		said, err := run(target)
		require.Error(t, err, target)
		assert.Contains(t, said, "make "+target+" needs the full workbook")
	}
	said, err := run("help")
	require.NoError(t, err)
	assert.Contains(t, said, "make check")
	assert.NotContains(t, said, "make verify")
	said, err = run("-n", "check", "DAY=148")
	require.NoError(t, err)
	assert.Contains(t, said, "bin/daybook check 148")
}

// repository makes a git repository of a txtar archive with one day in it.
func repository(t *testing.T) (root string, plan handout.Plan) {
	t.Helper()
	root = t.TempDir()
	text, err := os.ReadFile("testdata/workbook.txtar")
	require.NoError(t, err)
	for _, f := range txtar.Parse(text).Files {
		// A file within a file is quoted by "> ".
		put(t, root, f.Name, strings.TrimPrefix(strings.ReplaceAll("\n"+string(f.Data), "\n> ", "\n"), "\n"))
	}
	sums, err := exec.Command("sh", "-c", "cd "+root+"/exercises/7 && find . -type f | sed 's,^./,,' | xargs sha256sum").Output()
	require.NoError(t, err)
	put(t, root, "days/7/exercise.sum", string(sums))
	git(t, root, "init", "-q")
	git(t, root, "add", ".")
	day, err := catalog.Load(root, "7", func(string) bool { return true })
	require.NoError(t, err)
	return root, handout.Plan{Root: root, Day: day, Out: filepath.Join(t.TempDir(), "out"), Workflows: handout.Usual}
}

func put(t *testing.T, root, name, text string) {
	t.Helper()
	file := filepath.Join(root, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
}

func git(t *testing.T, root string, args ...string) {
	t.Helper()
	said, err := exec.Command("git", append([]string{"-C", root}, args...)...).CombinedOutput()
	require.NoError(t, err, "%s", said)
}

// Exactly what is named is handed out, and nothing that merely lies there.
func TestWhatIsHandedOut(t *testing.T) {
	root, plan := repository(t)
	put(t, root, "exercises/7/greet/notes.txt", "untracked")
	put(t, root, "days/7/checks/greet/draft.txtar", "untracked")
	put(t, root, "harness/untracked.go", "package untracked")
	require.NoError(t, os.Chmod(filepath.Join(root, "harness/run.sh"), 0o755))
	git(t, root, "add", "harness/run.sh")
	require.NoError(t, handout.Write(t.Context(), plan))
	var names []string
	for name := range files(t, plan.Out) {
		names = append(names, name)
	}
	assert.ElementsMatch(t, []string{
		".gitattributes", ".github/workflows/grade-pull-request.yml", ".github/workflows/publish-grade.yml", ".gitignore",
		"LICENSE", "Makefile", "README.md", "go.mod", "harness/README.md", "harness/main.go", "harness/run.sh",
		"days/7/README.md", "days/7/day.yaml", "days/7/exercise.sum", "days/7/checks/greet/greets.txtar", "days/7/examples/hello/main.go",
		"days/7/probes/greet/main.go", "exercises/7/greet/greet.go", "exercises/7/go.mod",
	}, names)
	info, err := os.Stat(filepath.Join(plan.Out, "harness/run.sh"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o755), info.Mode())
	got := files(t, plan.Out)
	assert.Equal(t, "* text=auto\ndays/7/probes/greet/main.go -text\n", string(got[".gitattributes"]))
	assert.Equal(t, `# Day 7

## Notes

See the solution, [the exercise](../../exercises/7/), the days, [a heading](#notes) and
[elsewhere](https://example.org/solutions/7/).

`+"```sh\ncat [x](../../solutions/7/greet/greet.go)\n```\n\nThe end.\n", string(got["days/7/README.md"]))
}

func TestHandoutIsRefused(t *testing.T) {
	for name, v := range map[string]struct {
		change func(t *testing.T, root string, p *handout.Plan)
		says   string
	}{
		"out is not empty": {func(t *testing.T, _ string, p *handout.Plan) { put(t, p.Out, "mine", "") }, "is not empty"},
		"out is a file":    {func(t *testing.T, _ string, p *handout.Plan) { put(t, filepath.Dir(p.Out), "out", "") }, "cannot be the folder"},
		"solved in place": {func(t *testing.T, root string, _ *handout.Plan) {
			put(t, root, "exercises/7/greet/greet.go", "package greet // solved")
		}, "exercises/7/greet/greet.go is not as it is handed out"},
		"a file more": {func(t *testing.T, root string, _ *handout.Plan) {
			put(t, root, "exercises/7/greet/more.go", "package greet")
			git(t, root, "add", ".")
		}, "exercises/7/greet/more.go is tracked, but is not one of the files"},
		"a file less": {func(t *testing.T, root string, _ *handout.Plan) {
			git(t, root, "rm", "-q", "--cached", "exercises/7/go.mod")
		}, "exercises/7/go.mod belongs to the exercise, but git does not track it"},
		"a file gone": {func(t *testing.T, root string, _ *handout.Plan) {
			require.NoError(t, os.Remove(filepath.Join(root, "LICENSE")))
		}, "LICENSE is tracked by git, but is no file"},
		"a link": {func(t *testing.T, root string, _ *handout.Plan) {
			require.NoError(t, os.Symlink("LICENSE", filepath.Join(root, "link")))
			git(t, root, "add", ".")
		}, "link is a link"},
		"an answer under another name": {func(t *testing.T, root string, _ *handout.Plan) {
			put(t, root, "days/7/examples/hello/main.go", string(files(t, root)["solutions/7/greet/greet.go"]))
		}, "days/7/examples/hello/main.go cannot be handed out: it is the same as solutions/7/greet/greet.go"},
		"an answer of a mistake": {func(t *testing.T, root string, _ *handout.Plan) {
			put(t, root, "harness/main.go", "package greet // wrong\n")
		}, "it is the same as days/7/mistakes/wrong.txtar (greet/greet.go)"},
		"a page that quotes one": {func(t *testing.T, root string, _ *handout.Plan) {
			put(t, root, "days/7/README.md", "# Day 7\n\n## Notes\n\n<!-- from: solutions/7/greet/greet.go -->\n```go\n```\n")
		}, "days/7/README.md, about line 5 of what is handed out: it quotes an answer"},
		"no repository": {func(t *testing.T, root string, _ *handout.Plan) {
			require.NoError(t, os.RemoveAll(filepath.Join(root, ".git")))
		}, "asking git which files are tracked"},
		"no such workflow":  {func(_ *testing.T, _ string, p *handout.Plan) { p.Workflows = []string{"jenkins"} }, `there is no workflow "jenkins"`},
		"another's":         {func(_ *testing.T, _ string, p *handout.Plan) { p.Workflows = []string{"gitlab-batch"} }, "gitlab-batch is no workflow of GitHub's"},
		"no Makefile":       {func(t *testing.T, root string, _ *handout.Plan) { git(t, root, "rm", "-q", "--cached", "Makefile") }, "Makefile is not tracked"},
		"a Makefile of old": {func(t *testing.T, root string, _ *handout.Plan) { put(t, root, "Makefile", "all:\n\ttrue\n") }, "no target check"},
	} {
		t.Run(name, func(t *testing.T) {
			root, plan := repository(t)
			v.change(t, root, &plan)
			before := files(t, filepath.Dir(plan.Out))
			err := handout.Write(t.Context(), plan)
			var input *handout.InputError
			require.ErrorAs(t, err, &input)
			assert.Contains(t, err.Error(), v.says)
			assert.Equal(t, before, files(t, filepath.Dir(plan.Out)), "nothing is left of it")
		})
	}
}

// An empty folder is as good as none.
func TestHandoutIntoAnEmptyFolder(t *testing.T) {
	_, plan := repository(t)
	require.NoError(t, os.Mkdir(plan.Out, 0o755))
	require.NoError(t, handout.Write(t.Context(), plan))
	first := files(t, plan.Out)
	assert.NotEmpty(t, first)
	entries, err := os.ReadDir(filepath.Dir(plan.Out))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "no half folder beside it")
	for name, text := range first {
		assert.False(t, bytes.Contains(text, []byte("[[")) && strings.HasSuffix(name, ".yml"), "%s: a template that is not filled in", name)
	}
}
