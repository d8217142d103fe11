package intake

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
)

// batchOf makes a folder of submissions.
func batchOf(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if stem, isDir := strings.CutSuffix(name, "/"); isDir {
			laid(t, filepath.Join(dir, stem), work)
			continue
		}
		laid(t, dir, []thing{{name: name, text: string(zipBytes(t, work))}})
	}
	return dir
}

func TestBatch(t *testing.T) {
	dir := batchOf(t, "alice/", "bob.zip", "carol.tar.gz", "Dora Müller.zip", "李雷.zip", "upload-without-ending", ".hidden/", ".hidden.zip", "__MACOSX/", "CON.zip", "-x.zip")
	laid(t, dir, []thing{{name: "roster.csv", text: "id,file\n"}, {name: "README.md"}, {name: "broken-off.zip"}})
	require.NoError(t, os.Symlink("alice", filepath.Join(dir, "mallory")))
	entries, beside, err := Batch(dir, nil)
	require.NoError(t, err)
	want := map[string]string{"CON.zip": "submission-CON", "Dora Müller.zip": "Dora-Muller", "alice": "alice", "bob.zip": "bob", "broken-off.zip": "broken-off",
		"carol.tar.gz": "carol", "mallory": "mallory", "李雷.zip": "submission", "upload-without-ending": "upload-without-ending", "-x.zip": "x"}
	got := map[string]string{}
	for _, e := range entries {
		got[filepath.Base(e.Path)] = e.ID
		assert.Equal(t, Entry{ID: e.ID, Path: e.Path}, e)
		assert.Empty(t, unfit(e.ID))
	}
	assert.Equal(t, want, got)
	assert.Equal(t, []string{"README.md", "roster.csv"}, beside)
	assert.True(t, slices.IsSortedFunc(entries, func(a, b Entry) int { return strings.Compare(a.ID, b.ID) }))

	in, err := opened(t, filepath.Join(dir, "upload-without-ending"), Options{})
	require.NoError(t, err)
	assert.Equal(t, workNames, in.Taken)
	_, err = opened(t, filepath.Join(dir, "mallory"), Options{})
	refusedFor(t, err, "links are never followed")
}

func TestBatchWithout(t *testing.T) {
	_, _, err := Batch(filepath.Join(t.TempDir(), "nowhere"), nil)
	inputError(t, err, "there is no such folder")
	_, _, err = Batch(laid(t, t.TempDir(), []thing{{name: "notes.txt", text: "x"}}), nil)
	inputError(t, err, "holds no submissions: folders, zips, tars or git bundles are wanted, and not notes.txt")
}

// Ids are the same in any order, and whatever else is there.
func TestIDs(t *testing.T) {
	got := ids([]string{"alice.zip", "alice.tar", "Alice", "bob.zip"}, nil)
	assert.Equal(t, "bob", got["bob.zip"])
	seen := map[string]bool{}
	for name, id := range got {
		assert.False(t, seen[folded(id)], "%s is unique", id)
		seen[folded(id)] = true
		if name != "bob.zip" {
			assert.Regexp(t, `^[Aa]lice-[0-9a-f]{8}$`, id)
		}
	}
	again := ids([]string{"Alice", "alice.tar", "alice.zip"}, nil)
	for name, id := range again {
		assert.Equal(t, got[name], id)
	}
	assert.Equal(t, got["alice.zip"], ids([]string{"alice.zip"}, map[string]bool{"alice": true})["alice.zip"], "where the roster has the id")
	// One that is called as another comes to be called.
	clash := got["alice.zip"]
	all := ids([]string{"alice.zip", "alice.tar", clash + ".zip"}, nil)
	assert.Len(t, all, 3)
	assert.NotEqual(t, folded(all["alice.zip"]), folded(all[clash+".zip"]))
	long := strings.Repeat("a", 300)
	for _, id := range ids([]string{long + "1", long + "2", "..", "--", "aux.tar.gz", "a//b", "\xff"}, nil) {
		assert.Empty(t, unfit(id), id)
	}
}

func roster(t testing.TB, text string) (*Roster, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "roster.csv")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return ReadRoster(path)
}

func TestRoster(t *testing.T) {
	ada := Line{ID: "s1", Name: "Lovelace, Ada", File: "ada.zip", Submitted: time.Date(2026, 3, 1, 17, 0, 0, 0, time.UTC), Extra: map[string]string{"Group": "A"}, Number: 2}
	bob := Line{ID: "bob@example.com", Name: "Bob", File: "section-b/bob", Extra: map[string]string{"Group": ""}, Number: 3}
	for name, text := range map[string]string{
		"commas":     "id,name,file,submitted,Group\ns1,\"Lovelace, Ada\",ada.zip,2026-03-01T17:00:00Z,A\nbob@example.com,Bob,section-b/bob/,,\n",
		"semicolons": "id;name;file;submitted;Group\ns1;Lovelace, Ada;ada.zip;2026-03-01T17:00:00Z;A\nbob@example.com;Bob;section-b/bob;;\n",
		"Excel":      "\ufeffID;Name;Path;Submitted;Group\r\ns1;\"Lovelace, Ada\";ada.zip;2026-03-01T17:00:00Z;A\r\nbob@example.com;Bob;section-b/bob;;\r\n",
		"spaces":     " id , name, file ,submitted,Group\ns1, \"Lovelace, Ada\", ada.zip ,2026-03-01T17:00:00Z,A\nbob@example.com,Bob,section-b/bob,,",
		"order":      "Group,submitted,file,name,id\nA,2026-03-01T17:00:00Z,ada.zip,\"Lovelace, Ada\",s1\n,,section-b/bob,Bob,bob@example.com\n",
	} {
		r, err := roster(t, text)
		require.NoError(t, err, name)
		assert.Equal(t, []Line{ada, bob}, r.Lines, name)
	}
	r, err := roster(t, "id,file\ns1,a.zip\n")
	require.NoError(t, err)
	assert.Equal(t, []Line{{ID: "s1", File: "a.zip", Extra: map[string]string{}, Number: 2}}, r.Lines)
}

func TestMalformedRoster(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":              {"", "roster.csv:1: it is empty"},
		"no id":              {"name,file\n", "roster.csv:1: there is no column id"},
		"no file":            {"id,name\n", "roster.csv:1: there is no column file"},
		"file and path":      {"id,file,path\n", "roster.csv:1: there are two columns file"},
		"a column twice":     {"id,file,x,x\n", "roster.csv:1: there are two columns x"},
		"no name":            {"id,file,\n", "roster.csv:1: a column has no name"},
		"misspelt":           {"id,file,submited\n", "roster.csv:1: the column submited is not known: submitted was perhaps meant"},
		"misspelt file":      {"id,files\n", "roster.csv:1: the column files is not known: file was perhaps meant"},
		"duplicate":          {"id,file\ns1,a\ns2,b\nS1,c\n", "roster.csv:4: the id S1 is on line 2 already"},
		"no id in a line":    {"id,file\n,a\n", "roster.csv:2: there is no id"},
		"unfit id":           {"id,file\na/b,a\n", "roster.csv:2: its id has a character other than"},
		"a dot id":           {"id,file\n..,a\n", "roster.csv:2: its id begins with a dot"},
		"a device":           {"id,file\nNUL,a\n", "roster.csv:2: its id is the name of a device"},
		"outside":            {"id,file\ns1,../a.zip\n", `roster.csv:2: the file "../a.zip" is not in the folder`},
		"absolute":           {"id,file\ns1,/etc/passwd\n", "is not in the folder"},
		"the folder itself":  {"id,file\ns1,./\n", "is not in the folder"},
		"no time":            {"id,file,submitted\ns1,a,yesterday\n", `roster.csv:2: "yesterday" is no time`},
		"too few fields":     {"id,file\ns1\n", "roster.csv:2: wrong number of fields"},
		"an open quote":      {"id,file\ns1,\"a\n", "roster.csv:2: extraneous or missing \" in quoted-field"},
		"Latin-1":            {"id,file,name\ns1,a,M\xfcller\n", "roster.csv:2: it is not UTF-8"},
		"UTF-16":             {"\xff\xfei\x00d\x00", "roster.csv:1: it is not UTF-8"},
		"after several rows": {"id,file\n\n\"s\n1\",a\ns2,b\n", "roster.csv:3: its id has a character"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := roster(t, c.text)
			inputError(t, err, c.want)
		})
	}
	_, err := roster(t, "id,file,submitted\n..,/a,x\ns1\n")
	var i *InputError
	require.ErrorAs(t, err, &i)
	assert.Len(t, strings.Split(i.Message, "\n"), 4, "every problem is named: %s", i.Message)
	_, err = ReadRoster(filepath.Join(t.TempDir(), "nowhere.csv"))
	inputError(t, err, "nowhere.csv: it cannot be read")
	_, err = roster(t, "id,file\n"+strings.Repeat("x", rosterLimit))
	inputError(t, err, "the limit of a roster")
}

func TestBatchWithRoster(t *testing.T) {
	dir := batchOf(t, "ada.zip", "section-b/bob/", "stray.zip", "zoe.zip", "carol@work/")
	r, err := roster(t, "id,name,file,submitted,group\ns1,Ada,ada.zip,2026-03-01T17:00:00Z,A\ns2,Bob,section-b/bob,,B\ns3,Cy,cy.zip,,A\ns4,Di,,,A\nzoe,Eve,carol@work@v1,,A\n")
	require.NoError(t, err)
	entries, _, err := Batch(dir, r)
	require.NoError(t, err)
	at := func(name string) string { return filepath.Join(dir, name) }
	group := func(g string) map[string]string { return map[string]string{"group": g} }
	require.Len(t, entries, 7)
	zoes := entries[6]
	assert.Regexp(t, `^zoe-[0-9a-f]{8}$`, zoes.ID, "the roster has the id zoe")
	assert.Equal(t, []Entry{
		{ID: "s1", Name: "Ada", Path: at("ada.zip"), Submitted: time.Date(2026, 3, 1, 17, 0, 0, 0, time.UTC), Extra: group("A")},
		{ID: "s2", Name: "Bob", Path: at("section-b/bob"), Extra: group("B")},
		{ID: "s3", Name: "Cy", Path: at("cy.zip"), Extra: group("A"), Missing: true},
		{ID: "s4", Name: "Di", Extra: group("A"), Missing: true},
		{ID: "stray", Path: at("stray.zip"), Unlisted: true},
		{ID: "zoe", Name: "Eve", Path: at("carol@work"), Revision: "v1", Extra: group("A")},
		{ID: zoes.ID, Path: at("zoe.zip"), Unlisted: true},
	}, entries)
}

func TestSplitRevision(t *testing.T) {
	dir := batchOf(t, "plain/", "a@b/", "a/", "c@d@e/")
	for arg, want := range map[string][2]string{
		"plain": {"plain", ""}, "plain@main": {"plain", "main"}, "plain@feature/x": {"plain", "feature/x"}, "plain@v1@x": {"plain", "v1@x"},
		"a@b": {"a@b", ""}, "a@b@main": {"a@b", "main"}, "a@c": {"a", "c"}, "c@d@e": {"c@d@e", ""},
		"nowhere": {"nowhere", ""}, "nowhere@main": {"nowhere", "main"},
	} {
		path, revision := SplitRevision(filepath.Join(dir, arg))
		assert.Equal(t, fmt.Sprint(want), fmt.Sprint([2]string{strings.TrimPrefix(path, dir+"/"), revision}), arg)
	}
	path, revision := SplitRevision("@main")
	assert.Equal(t, "@main", path)
	assert.Empty(t, revision)
}
