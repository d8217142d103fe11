package intake

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// classWith makes a folder called cls that holds things.
func classWith(t *testing.T, things ...thing) string {
	t.Helper()
	return laid(t, filepath.Join(t.TempDir(), "cls"), things)
}

// archive is a zip of work, under a name.
func archive(t *testing.T, name string) thing {
	t.Helper()
	return thing{name: name, text: string(zipBytes(t, work))}
}

// find finds the submissions in a folder, and gives their ids and the notes.
func find(t *testing.T, dir string, known ...string) (all, notes string) {
	t.Helper()
	entries, said, err := Find(dir, nil, Options{Editable: editable, Usual: "exercises/148"}, known...)
	require.NoError(t, err)
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return strings.Join(ids, " "), strings.Join(said, "\n")
}

// A file of the day that was left beside the learners' folders does not make one
// learner of a class.
func TestStrayFileInClass(t *testing.T) {
	stray := thing{name: "Dockerfile", text: "FROM scratch\n"}
	for name, others := range map[string][]thing{
		"beside one":     under("anna", work),
		"beside two":     with(under("anna", work), under("ben", work)...),
		"beside wrapped": under("anna/hand-in/work", work),
		"usual":          under("anna/exercises/148", work),
	} {
		t.Run(name, func(t *testing.T) {
			dir := classWith(t, with(others, archive(t, "dan.zip"), stray)...)
			all, notes := find(t, dir)
			assert.Regexp(t, `^anna (ben )?dan$`, all)
			assert.Contains(t, notes, "cls is taken as a folder of submissions, since more of the day's files lie in anna")
			assert.Contains(t, notes, "not looked at: Dockerfile: ")
		})
	}
}

func TestOneSubmission(t *testing.T) {
	usual := with(under("exercises/148", work), under("solutions/148", work)...)
	for name, things := range map[string][]thing{
		"at its top":            work,
		"with what systems add": with(work, thing{name: ".DS_Store"}, thing{name: "__MACOSX/._Dockerfile"}),
		"notes beside":          with(work, thing{name: "notes.txt"}, thing{name: "docs/a.md"}),
		"the workbook":          usual,
		"and a stray":           with(usual, thing{name: "Dockerfile"}, thing{name: "a.zip"}),
		"bare":                  {{name: "HEAD"}, {name: "objects/x"}, {name: "refs/x"}},
	} {
		t.Run(name, func(t *testing.T) {
			all, notes := find(t, classWith(t, things...))
			assert.Equal(t, "cls", all)
			assert.Empty(t, notes)
		})
	}
	all, notes := find(t, classWith(t, with(under("work", work), thing{name: ".DS_Store"}, thing{name: "__MACOSX/work/._Dockerfile"})...))
	assert.Equal(t, "work", all, "a wrapper is a folder of one")
	assert.Empty(t, notes)
}

// Where it is judged by the files at its top, what could be other learners'
// work is named.
func TestDoubtfulSubmission(t *testing.T) {
	things := with(work, archive(t, "dan.zip"), thing{name: "anna/Dockerfile"}, thing{name: "docs/a.md"})
	all, notes := find(t, classWith(t, things...))
	assert.Equal(t, "cls", all)
	assert.Contains(t, notes, "cls is taken as one submission")
	assert.Contains(t, notes, "not looked at: anna, dan.zip: ")
}

// What was handed in loose does not vanish.
func TestLooseFiles(t *testing.T) {
	dir := classWith(t, with(under("anna", work), thing{name: "zed.go"}, thing{name: "pia.pdf"}, thing{name: "Dockerfile.txt"}, thing{name: "old.rar"},
		thing{name: ".hidden"}, thing{name: "Thumbs.db"}, thing{name: "policy.yaml"}, thing{name: "roster.csv", text: "id,file\ns1,anna\ns2,zed.go\n"})...)
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "feed"), 0o600))
	policy := filepath.Join(dir, "..", "cls", "policy.yaml")
	all, notes := find(t, dir, policy, "")
	assert.Equal(t, "anna old", all)
	assert.Equal(t, "not looked at: Dockerfile.txt, feed, pia.pdf, roster.csv, zed.go: a submission in cls is a folder or an archive, so put what was handed in loose into a folder of its own", notes)

	file := filepath.Join(dir, "roster.csv")
	r, err := ReadRoster(file)
	require.NoError(t, err)
	_, said, err := Find(dir, r, Options{Editable: editable}, policy, file)
	require.NoError(t, err)
	require.Len(t, said, 1)
	assert.Contains(t, said[0], "not looked at: Dockerfile.txt, feed, pia.pdf: ", "a line of the roster has zed.go refused")
}

// A submission has the same id, whether it or the folder it lies in is named.
func TestSameIDAlone(t *testing.T) {
	names := []string{"ben müller.zip", "jon <script>alert(1)<", "dan.tar.zst", "ada.git", "CON.zip", "李雷.zip", "-x.tgz"}
	for name, id := range ids(names, nil) {
		assert.Equal(t, id, ID(filepath.Join("somewhere", name)), name)
	}
	assert.Equal(t, "ben-muller", ID("cls/ben müller.zip"))
	assert.Equal(t, "jon-script-alert-1", ID("jon <script>alert(1)<"))
	assert.Equal(t, "submission", ID("."))
	dir := laid(t, filepath.Join(t.TempDir(), "jon <script>alert(1)<"), work)
	all, _ := find(t, dir)
	assert.Equal(t, "jon-script-alert-1", all)
}

func TestFindNowhere(t *testing.T) {
	_, _, err := Find(filepath.Join(t.TempDir(), "nowhere"), nil, Options{Editable: editable})
	inputError(t, err, "nowhere: it cannot be read")
	dir := classWith(t, thing{name: "a.pdf"})
	_, _, err = Find(dir, nil, Options{Editable: editable})
	inputError(t, err, "holds no submissions")
}
