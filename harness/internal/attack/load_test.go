package attack_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/attack"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
)

// little is a day with two exercises, with a solution and a starter.
func little(t *testing.T) (string, *catalog.Day) {
	t.Helper()
	top := t.TempDir()
	for name, text := range map[string]string{
		"solutions/9/one/a.go": "package one // right\n", "solutions/9/Dockerfile": "FROM scratch\n",
		"exercises/9/one/a.go": "package one // stub\n",
	} {
		file := filepath.Join(top, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	day := &catalog.Day{Number: 9, Dir: filepath.Join(top, "days", "9"), Exercise: filepath.Join(top, "exercises", "9"), Exercises: []catalog.Exercise{
		{ID: "one", Files: []string{"one/*.go"}, Checks: []check.Check{{ID: "a", Exercise: "one", Points: 1}, {ID: "b", Exercise: "one", Points: 2}}},
		{ID: "two", Files: []string{"Dockerfile"}, Checks: []check.Check{{ID: "c", Exercise: "two", Points: 4}}},
	}}
	require.NoError(t, os.MkdirAll(filepath.Join(day.Dir, attack.Folder), 0o755))
	return top, day
}

// load loads one attack.
func load(t *testing.T, name, text string) (*attack.Attack, *catalog.Day, error) {
	t.Helper()
	top, day := little(t)
	require.NoError(t, os.WriteFile(filepath.Join(day.Dir, attack.Folder, name), []byte(text), 0o644))
	all, err := attack.Load(top, day)
	if err != nil {
		return nil, day, err
	}
	require.Len(t, all, 1)
	return all[0], day, nil
}

const begins = "# What he does,\n# and hopes for.\nline: 3\nstopped-by: A wall.\nexpect: graded\n"

func TestLoad(t *testing.T) {
	a, day, err := load(t, "bad-one.txtar", begins+"fails: a\nskips: b\nleft-out: x y\nleft-out: z\nlearner: M, <b>\nhanded-in-by: m n\n-- one/a.go.edit --\n<<<<<<<\n// right\n=======\n// wrong\n>>>>>>>\n-- x y --\n")
	require.NoError(t, err)
	assert.Equal(t, "What he does, and hopes for.", a.Said)
	assert.Equal(t, 3, a.Line)
	assert.Equal(t, attack.Graded, a.Expect)
	assert.Equal(t, map[string]bool{"c": true}, a.Passes)
	assert.Equal(t, []string{"x y", "z"}, a.LeftOut)
	assert.Equal(t, "M, <b>", a.Learner)
	assert.Equal(t, []string{"m", "n"}, a.HandedInBy)
	assert.Equal(t, "package one // wrong\n", string(a.Files["one/a.go"]))
	assert.Equal(t, "FROM scratch\n", string(a.Files["Dockerfile"]))
	assert.Equal(t, 4, a.Points(day))
}

func TestBases(t *testing.T) {
	for base, want := range map[string]string{"starter": "package one // stub\n", "one": "package one // right\n", "two": ""} {
		a, _, err := load(t, "x.txtar", begins+"base: "+base+"\npasses: one c\n-- other --\n")
		require.NoError(t, err)
		assert.Equal(t, want, string(a.Files["one/a.go"]), base)
		assert.Len(t, a.Passes, 3)
	}
}

func TestMalformed(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing said":        {"line: 3\nstopped-by: x\nexpect: graded\npasses: all\n", "x.txtar:1: the first line does not say"},
		"no kind":             {"# x\nstopped-by: x\nexpect: graded\npasses: all\n", "x.txtar:1: line: a number from 1 to 24 is wanted"},
		"a kind there is not": {strings.Replace(begins, "3", "25", 1) + "passes: all\n", "x.txtar:3: line: a number from 1 to 24"},
		"nothing stops it":    {"# x\nline: 3\nexpect: graded\npasses: all\n", "x.txtar:1: it does not say what it is stopped-by:"},
		"an unknown key":      {begins + "passes: all\nfail: a\n", "x.txtar:7: a line `# …` or one of these is wanted: line: expect:"},
		"a key twice":         {begins + "passes: all\npasses: a\n", "x.txtar:7: passes: is on line 6 already"},
		"no value":            {begins + "passes:\n", "x.txtar:6: passes: has no value"},
		"no such check":       {begins + "passes: all d\n", "x.txtar:6: there is no check and no exercise d"},
		"a check named twice": {begins + "passes: all a\n", ""},
		"no verdict":          {begins, "x.txtar:5: a graded one says what passes: or fails:"},
		"two verdicts":        {begins + "passes: a\nfails: b\n", "x.txtar:7: it has passes: already"},
		"skips alone":         {begins + "passes: a\nskips: b\n", "x.txtar:7: skips: is for beside fails:"},
		"a reason":            {begins + "passes: a\nreason: b\n", "x.txtar:7: reason: it is for refused ones"},
		"no reason":           {strings.Replace(begins, "graded", "refused", 1), "x.txtar:5: a refused one has a reason:"},
		"refused and judged":  {strings.Replace(begins, "graded", "refused", 1) + "reason: x\npasses: a\n", "x.txtar:7: passes: a refused one is not judged"},
		"neither":             {strings.Replace(begins, "graded", "passed", 1), "x.txtar:5: expect: refused or graded is wanted"},
		"an unknown base":     {begins + "passes: all\nbase: one three\n", "x.txtar:7: base: nothing, starter or ids of exercises are wanted, and there is no exercise three"},
		"no file":             {begins + "passes: all\nbase: nothing\n", "x.txtar: it hands in no file"},
		"out of its folder":   {begins + "passes: all\n-- ../x --\n", "x.txtar:7: ../x is not in the folder"},
		"an edit of nothing":  {begins + "passes: all\n-- one/b.go.edit --\n", "x.txtar:7: one/b.go.edit changes a file that its base does not have"},
		"an edit that misses": {begins + "passes: all\n-- one/a.go.edit --\n<<<<<<<\nz\n=======\n>>>>>>>\n", "x.txtar:7: one/a.go.edit: what replacement 1 replaces"},
		"an unknown archive":  {begins + "passes: all\n-- archive.yaml --\nkind: rar\n", `x.txtar:7: archive.yaml: kind "rar"`},
		"an unknown key of it": {begins + "passes: all\n-- archive.yaml --\nkind: zip\nentries:\n  - {nam: x}\n",
			"x.txtar:10: archive.yaml: field nam not found"},
		"a link to nothing":     {begins + "passes: all\n-- archive.yaml --\nkind: tar\nentries:\n  - {name: x, type: symlink}\n", "entry 0: to is for links"},
		"a zip's hard link":     {begins + "passes: all\n-- archive.yaml --\nkind: zip\nentries:\n  - {name: x, type: hardlink, to: y}\n", "entry 0: a zip has no hardlink"},
		"a lie that is no lie":  {begins + "passes: all\n-- archive.yaml --\nkind: zip\nlies:\n  - {field: size}\n", "lie 0: a field of a zip's list"},
		"a tar that lies":       {begins + "passes: all\n-- archive.yaml --\nkind: tar\nlies:\n  - {field: size, value: 1}\n", "only the list of a zip"},
		"work with a name":      {begins + "passes: all\n-- archive.yaml --\nkind: zip\nentries:\n  - {work: x/, name: x}\n", "entry 0: work stands for files"},
		"more than memory":      {begins + "passes: all\n-- archive.yaml --\nkind: zip\nentries:\n  - {name: x, text: x, times: 2000000000}\n", "its text has more than"},
		"a file with entries":   {begins + "passes: all\n-- archive.yaml --\nkind: file\nentries:\n  - {name: x}\n", "a file has no entries"},
		"two documents":         {begins + "passes: all\n-- archive.yaml --\nkind: zip\n---\nkind: tar\n", "more than one document"},
		"a symlink to nowhere":  {begins + "passes: all\n-- archive.yaml --\nkind: symlink\n", "to: it is for a symlink"},
		"a text of an archive":  {begins + "passes: all\n-- archive.yaml --\nkind: zip\ntext: x\n", "text: it is for a file"},
		"YAML that is none":     {begins + "passes: all\n-- archive.yaml --\nkind: [\n", "archive.yaml: "},
		"an entry with no name": {begins + "passes: all\n-- archive.yaml --\nkind: zip\nentries:\n  - {text: x}\n", "entry 0: it has no name"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := load(t, "x.txtar", c.text)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			var malformed *catalog.MalformedError
			require.ErrorAs(t, err, &malformed)
			assert.Contains(t, err.Error(), c.want)
		})
	}
	_, _, err := load(t, "X_1.txtar", begins+"passes: all\n")
	assert.ErrorContains(t, err, "days/9/attacks/X_1.txtar: its name is to be words in lower case")
}

func TestLearnersAreUnique(t *testing.T) {
	top, day := little(t)
	for _, name := range []string{"x", "y"} {
		require.NoError(t, os.WriteFile(filepath.Join(day.Dir, attack.Folder, name+".txtar"), []byte(begins+"passes: all\nhanded-in-by: x\n"), 0o644))
	}
	_, err := attack.Load(top, day)
	assert.ErrorContains(t, err, "y.txtar: the learner x is in x.txtar already")
}

// A verdict that is better than expected is as wrong as one that is worse.
func TestJudge(t *testing.T) {
	a, _, err := load(t, "x.txtar", begins+"fails: a\nskips: b\n")
	require.NoError(t, err)
	result := func(statuses ...check.Status) *check.Result {
		r := &check.Result{Exercises: []check.ExerciseResult{{}}}
		for i, s := range statuses {
			r.Exercises[0].Checks = append(r.Exercises[0].Checks, check.CheckResult{ID: string(rune('a' + i)), Status: s})
		}
		return r
	}
	assert.Empty(t, a.Judge(result(check.Failed, check.Skipped, check.Passed)))
	assert.Equal(t, []string{"a: passed, not failed", "b: failed, not skipped", "c: errored, not passed"}, a.Judge(result(check.Passed, check.Failed, check.Errored)))
	a, _, err = load(t, "x.txtar", begins+"passes: c\n")
	require.NoError(t, err)
	assert.Empty(t, a.Judge(result(check.Skipped, check.Failed, check.Passed)))
	broken := result(check.Failed, check.Failed, check.Passed)
	broken.Exercises[0].Checks[0].Finding = &check.Finding{Want: "the code to compile", Got: "no"}
	assert.Equal(t, []string{"whether its code fails to compile: true, not false"}, a.Judge(broken))
	a.Broken, a.Says = true, []string{"no", "yes"}
	assert.Equal(t, []string{`no finding says "yes"`}, a.Judge(broken))
	a.Broken, a.Says = false, nil
	assert.Equal(t, []string{"a: errored, not failed"}, a.Judge(result(check.Errored, check.Failed, check.Passed)))
}
