package catalog

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	unquoting "github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// knows is the commands of the scenarios in testdata.
func knows(command string) bool { return command == "image" || command == "start" }

// unpack writes the archive at path below root and gives its entries by name.
// The entry "remove" lists files to take away, and "problems" is not a file.
func unpack(t *testing.T, path, root string) map[string]string {
	t.Helper()
	a, err := txtar.ParseFile(path)
	require.NoError(t, err)
	entries := map[string]string{}
	for _, f := range a.Files {
		entries[f.Name] = string(f.Data)
		switch f.Name {
		case "problems":
			continue
		case "remove":
			for file := range strings.FieldsSeq(string(f.Data)) {
				require.NoError(t, os.Remove(filepath.Join(root, file)))
			}
			continue
		}
		text := f.Data
		if strings.HasSuffix(f.Name, ".txtar") {
			text, err = unquoting.Unquote(text)
			require.NoError(t, err, "%s in %s", f.Name, path)
		}
		to := filepath.Join(root, f.Name)
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
		require.NoError(t, os.WriteFile(to, text, 0o644))
	}
	return entries
}

// workbook makes a workbook that holds day 7 of testdata/day.txtar.
func workbook(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	unpack(t, "testdata/day.txtar", root)
	return root
}

func TestLoad(t *testing.T) {
	root := workbook(t)
	dir := filepath.Join(root, "days", "7")
	day, err := Load(root, "7", knows)
	require.NoError(t, err)
	require.Equal(t, &Day{
		Number: 7, Title: "A small day", Dir: dir, Exercise: filepath.Join(root, "exercises", "7"), Page: "README.md",
		Images: []string{"base:1"}, BuildArgs: map[string]string{"VERSION": "version"},
		Exercises: []Exercise{{
			ID: "pack", Title: "Pack it", Read: "#packing", Files: []string{"Dockerfile", "pack/*.go"}, Stub: "builds",
			Checks: []check.Check{
				{ID: "builds", Exercise: "pack", Title: "It builds", Points: 2, Needs: []string{}, Why: "What does not build cannot be run.",
					Hints: []string{"Read the error.", "Look at line 1,\n   and at line 2.", "FROM is spelled with an O."},
					Read:  "#packing", Script: filepath.Join(dir, "checks", "pack", "builds.txtar")},
				{ID: "starts", Exercise: "pack", Title: "It starts", Points: 1, Needs: []string{"builds"}, Why: "What does not start cannot serve.",
					Hints: []string{"a", "b", "c"}, Read: "#first-start", Script: filepath.Join(dir, "checks", "pack", "starts.txtar")},
			},
		}},
		Sums: map[string]string{
			"Dockerfile": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
			"go.mod":     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		},
	}, day)
	assert.Equal(t, []string{"Dockerfile", "pack/*.go"}, day.Editable())
	assert.Equal(t, day.Exercises[0].Checks, day.Checks())
}

// Each file in testdata/malformed changes the good day and holds the problems
// that its author is to be told, and no others.
func TestMalformed(t *testing.T) {
	files, err := filepath.Glob("testdata/malformed/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			root := workbook(t)
			want := strings.Split(strings.TrimSpace(unpack(t, file, root)["problems"]), "\n")
			day, err := Load(root, "7", knows)
			require.Nil(t, day, "a malformed day is not loaded")
			var malformed *MalformedError
			require.ErrorAs(t, err, &malformed)
			got := strings.Split(err.Error(), "\n")
			assert.ElementsMatch(t, want, got)
			assert.True(t, slices.IsSortedFunc(malformed.Problems, func(a, b Problem) int { return strings.Compare(a.File, b.File) }),
				"problems of one file stand together:\n%s", err)
		})
	}
}

func TestNoSuchDay(t *testing.T) {
	root := workbook(t)
	for _, folder := range []string{"12", "drafts", "9"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, "days", folder), 0o755))
	}
	for _, folder := range []string{"12", "drafts"} {
		require.NoError(t, os.WriteFile(filepath.Join(root, "days", folder, ManifestFile), []byte("day: 12\n"), 0o644))
	}
	days, err := List(root)
	require.NoError(t, err)
	require.Equal(t, []int{7, 12}, days, "a folder without a manifest, or without a number, is no day")

	for _, number := range []string{"8", "9", "drafts", "", "07", "../days/7", "7x", "-7"} {
		t.Run("day "+number, func(t *testing.T) {
			_, err := Load(root, number, knows)
			var none *NoSuchDayError
			require.ErrorAs(t, err, &none)
			require.EqualError(t, err, "there is no day "+number+"; there is: 7, 12")
		})
	}
}

func TestCommandsIn(t *testing.T) {
	script := "# image\n\nimage\n! start -env A=b\n? stop\n\t[linux] ! [amd64] probe # not this\n  \n"
	require.Equal(t, []Used{{"image", 3}, {"start", 4}, {"stop", 5}, {"probe", 6}}, CommandsIn(script))
	require.Empty(t, CommandsIn("# nothing\n\n"))
}

// Lower case, punctuation away, a dash for each blank: as GitHub makes them.
func TestAnchors(t *testing.T) {
	got := Anchors("# Day 7: Small *things*\n\n## What's `go.sum` for?\n### A static binary   \n###### UID & GID\n" +
		"####### seven are none\n#neither\nText # nor this\n## snake_case-and Überlänge\n<a id=\"By-Hand\"></a> <a name=\"old\">x</a>\n")
	want := map[string]bool{
		"day-7-small-things": true, "whats-gosum-for": true, "a-static-binary": true, "uid--gid": true,
		"snake_case-and-überlänge": true, "By-Hand": true, "old": true,
	}
	require.Equal(t, want, got)
}
