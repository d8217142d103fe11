package catalog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withMistakes gives a workbook with the good day and the mistakes of
// testdata/mistakes.txtar.
func withMistakes(t *testing.T) (root string, day *Day) {
	t.Helper()
	root = workbook(t)
	unpack(t, "testdata/mistakes.txtar", root)
	day, err := Load(root, "7", knows)
	require.NoError(t, err)
	return root, day
}

func TestMistakes(t *testing.T) {
	root, day := withMistakes(t)
	mistakes, err := Mistakes(root, day)
	require.NoError(t, err)
	require.Equal(t, []Mistake{{
		Name: "copies-last", Said: "COPY stands below RUN, as one writes it who thinks of the end first.",
		Fails: []string{"builds"}, Skips: []string{"starts"},
		Files: map[string][]byte{
			"Dockerfile":   []byte("FROM base:1\nRUN make\nCOPY . .\n"),
			"pack/more.go": []byte("package pack\n\n"),
		},
		Golden: "builds: want it, got not\n",
		Path:   filepath.Join(root, "days/7/mistakes/copies-last.txtar"),
	}}, mistakes)

	variants, err := Variants(root, day)
	require.NoError(t, err)
	require.Equal(t, []Mistake{{
		Name: "one-step", Said: "One RUN for all.", Files: map[string][]byte{"Dockerfile": []byte("FROM base:1\n")},
		Path: filepath.Join(root, "days/7/variants/one-step.txtar"),
	}}, variants)
}

func TestNoMistakesIsNoProblem(t *testing.T) {
	root := workbook(t)
	day, err := Load(root, "7", knows)
	require.NoError(t, err)
	mistakes, err := Mistakes(root, day)
	require.NoError(t, err)
	require.Empty(t, mistakes)
}

func TestMalformedMistakes(t *testing.T) {
	const it = "days/7/mistakes/it.txtar"
	for name, c := range map[string]struct {
		text string
		want []string // after the file's name
	}{
		"empty": {"", []string{
			":1: the first line does not say, after #, what someone did and why they would",
			": it changes no file",
			":2: no check is named after fails:, so nothing could catch it",
		}},
		"a check that is not there": {"# It.\nskips: starts\nfails: builds bulids\n-- Dockerfile --\n", []string{
			":3: there is no check bulids",
		}},
		"another line": {"# It.\nfails: builds\n\nfail: starts\n-- Dockerfile --\n", []string{
			":4: a line `# …`, `fails: …` or `skips: …` is wanted",
		}},
		"a file that nobody edits": {"# It.\nfails: builds\n-- go.mod --\n-- pack/deeper/x.go --\n-- Dockerfile --\n", []string{
			": go.mod is no file that a learner edits",
			": pack/deeper/x.go is no file that a learner edits",
		}},
		"an edit of nothing": {"# It.\nfails: builds\n-- pack/other.go.edit --\n-- Dockerfile --\n", []string{
			": pack/other.go.edit changes a file that the solution does not have",
		}},
		"an edit that finds nothing": {"# It.\nfails: builds\n-- Dockerfile.edit --\n<<<<<<<\nFROM base:2\n=======\n>>>>>>>\n-- pack/x.go --\n", []string{
			": Dockerfile.edit: what replacement 1 replaces is in the file 0 times, and once is wanted",
		}},
		"all at once": {"fails: bulids\nwhat: ever\n-- go.mod --\n", []string{
			":1: there is no check bulids",
			":2: a line `# …`, `fails: …` or `skips: …` is wanted",
			":1: the first line does not say, after #, what someone did and why they would",
			": go.mod is no file that a learner edits",
			": it changes no file",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			root, day := withMistakes(t)
			require.NoError(t, os.WriteFile(filepath.Join(root, it), []byte(c.text), 0o644))
			_, err := Mistakes(root, day)
			var malformed *MalformedError
			require.ErrorAs(t, err, &malformed)
			assert.ElementsMatch(t, c.want, strings.Split(strings.ReplaceAll(err.Error(), it, ""), "\n"))
		})
	}
}

func TestVariantNamesNoChecks(t *testing.T) {
	root, day := withMistakes(t)
	require.NoError(t, os.WriteFile(filepath.Join(root, "days/7/variants/wrong.txtar"), []byte("# It.\nskips: starts\n-- Dockerfile --\n"), 0o644))
	_, err := Variants(root, day)
	require.EqualError(t, err, "days/7/variants/wrong.txtar:2: a variant is right: it names no checks")
}

func TestEdit(t *testing.T) {
	const text = "one\ntwo\nthree\ntwo\nfour\n"
	const badForm = " is not of the form <<<<<<< … ======= … >>>>>>>, each mark on a line of its own"
	for name, c := range map[string]struct{ script, want, problem string }{
		"one":                    {"<<<<<<<\none\n=======\nuno\n>>>>>>>\n", "uno\ntwo\nthree\ntwo\nfour\n", ""},
		"removal":                {"<<<<<<<\none\n=======\n>>>>>>>\n", "two\nthree\ntwo\nfour\n", ""},
		"the second sees first":  {"<<<<<<<\none\n=======\nuno\n>>>>>>>\n\n<<<<<<<\nuno\n=======\nun\n>>>>>>>\n", "un\ntwo\nthree\ntwo\nfour\n", ""},
		"several lines":          {"<<<<<<<\nthree\ntwo\n=======\n3\n2\n>>>>>>>", "one\ntwo\n3\n2\nfour\n", ""},
		"twice there":            {"<<<<<<<\ntwo\n=======\n2\n>>>>>>>\n", "", "what replacement 1 replaces is in the file 2 times, and once is wanted"},
		"not there, the second":  {"<<<<<<<\none\n=======\n1\n>>>>>>>\n<<<<<<<\nsix\n=======\n6\n>>>>>>>\n", "", "what replacement 2 replaces is in the file 0 times, and once is wanted"},
		"empty":                  {" \n\n", "", "it holds no replacement"},
		"no end":                 {"<<<<<<<\none\n=======\nuno\n", "", "replacement 1" + badForm},
		"no middle":              {"<<<<<<<\none\n>>>>>>>\n", "", "replacement 1" + badForm},
		"something before it":    {"one\n<<<<<<<\none\n=======\nuno\n>>>>>>>\n", "", "replacement 1" + badForm},
		"something in between":   {"<<<<<<<\none\n=======\nuno\n>>>>>>>\nand\n<<<<<<<\nuno\n=======\n1\n>>>>>>>\n", "", "replacement 2" + badForm},
		"a mark with more on it": {"<<<<<<< old\none\n=======\nuno\n>>>>>>>\n", "", "replacement 1" + badForm},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Edit(text, c.script)
			if c.problem != "" {
				require.EqualError(t, err, c.problem)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

// The empty text is everywhere, so replacing it would change an accidental place.
func TestEditOfNothing(t *testing.T) {
	_, err := Edit("one\n", "<<<<<<<\n=======\nuno\n>>>>>>>\n")
	require.ErrorContains(t, err, "what replacement 1 replaces")
}

func TestChanged(t *testing.T) {
	d := &Day{Exercises: []Exercise{{ID: "pack", Files: []string{"Dockerfile", ".dockerignore"}}, {ID: "parse", Files: []string{"parse/*.go"}}}}
	changed := func(names ...string) []string {
		m := Mistake{Files: map[string][]byte{}}
		for _, name := range names {
			m.Files[name] = nil
		}
		return d.Changed(m)
	}
	assert.Equal(t, []string{"pack"}, changed("Dockerfile", ".dockerignore"))
	assert.Equal(t, []string{"pack", "parse"}, changed("parse/a.go", "Dockerfile", "parse/b.go"))
	assert.Empty(t, changed("parse/deeper/a.go"))

	assert.Equal(t, []string{"parse/*.go"}, d.Files("parse"))
	assert.Equal(t, []string{"Dockerfile", ".dockerignore", "parse/*.go"}, d.Editable())
}
