package intake

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// The same files are the same submission, in whatever form and wrapper.
func TestForms(t *testing.T) {
	want := fmt.Sprintf("%x", sha256.Sum256([]byte(
		"10 Dockerfile 13 FROM scratch\n"+
			"16 envconfig/doc.go 29 \ufeffpackage envconfig // doc\r\n"+
			"17 envconfig/load.go 18 package envconfig\n")))
	paths := map[string]string{"folder": laid(t, t.TempDir(), work), "wrapped folder": laid(t, t.TempDir(), under("alice-hw", work))}
	for form, pack := range forms {
		paths[form] = file(t, pack(t, work))
		paths["wrapped "+form] = file(t, pack(t, under("./repo-main/exercises/148", work)))
	}
	for name, path := range paths {
		t.Run(name, func(t *testing.T) {
			in, err := opened(t, path, Options{})
			require.NoError(t, err)
			assert.Equal(t, workNames, in.Taken)
			assert.Empty(t, in.LeftOut)
			assert.Equal(t, want, in.Hash)
			assert.True(t, in.Submitted.IsZero())
			for name, text := range contents(t, in.Dir) {
				assert.Equal(t, textOf(work, name), text)
			}
		})
	}
}

func TestHashTellsApart(t *testing.T) {
	seen := map[string]string{}
	for name, things := range map[string][]thing{
		"work":         work,
		"renamed":      {work[0], {name: "envconfig/l.go", text: work[1].text}, work[2]},
		"less":         work[:2],
		"moved text":   {{name: "Dockerfile", text: "FROM scratch\nx"}, {name: "envconfig/load.go", text: work[1].text[1:]}, work[2]},
		"empty":        {{name: "Dockerfile"}},
		"CRLF":         {{name: "Dockerfile", text: "FROM scratch\r\n"}, work[1], work[2]},
		"look-alike":   {{name: "Dockerfile", text: "FROM scratch\n16 envconfig/doc.go 0 "}},
		"look-alike 2": {{name: "Dockerfile", text: "FROM scratch\n"}, {name: "envconfig/doc.go"}},
	} {
		in, err := opened(t, file(t, zipBytes(t, things)), Options{})
		require.NoError(t, err, name)
		assert.Empty(t, seen[in.Hash], "the hash of %s", name)
		seen[in.Hash] = name
	}
}

// What is none of the day's files is left out, and the reason is given.
func TestLeftOut(t *testing.T) {
	for name, c := range map[string]struct {
		add          thing
		shown, wants string // what the list says; "" is nothing
	}{
		"another file":           {thing{name: "go.mod"}, "go.mod", "not one of the files to edit"},
		"too deep for a pattern": {thing{name: "envconfig/deeper/x.go"}, "envconfig/deeper/x.go", "not one of the files to edit"},
		"above":                  {thing{name: "../Dockerfile"}, "../Dockerfile", `".."`},
		"above, and back":        {thing{name: "envconfig/../Dockerfile"}, "envconfig/../Dockerfile", `".."`},
		"absolute":               {thing{name: "/Dockerfile"}, "/Dockerfile", "root of the file system"},
		"backslash":              {thing{name: `envconfig\x.go`}, `envconfig\x.go`, "backslash"},
		"backslashes upwards":    {thing{name: `..\..\Dockerfile`}, `..\..\Dockerfile`, "backslash"},
		"drive":                  {thing{name: "C:/Dockerfile"}, "C:/Dockerfile", "drive"},
		"stream":                 {thing{name: "envconfig/x.go:y.go"}, "envconfig/x.go:y.go", "colon"},
		"control character":      {thing{name: "envconfig/a\x1b[2Jb.go"}, `"envconfig/a\x1b[2Jb.go"`, "control character"},
		"newline":                {thing{name: "envconfig/a\n.go"}, `"envconfig/a\n.go"`, "control character"},
		"hidden turn":            {thing{name: "\u202eog.x"}, `"\u202eog.x"`, "not one of the files"},
		"long name":              {thing{name: "envconfig/" + strings.Repeat("a", nameLimit) + ".go"}, "envconfig/" + strings.Repeat("a", shownLimit-10) + "…", "too long"},
		"deep":                   {thing{name: strings.Repeat("d/", depthLimit) + "Dockerfile"}, strings.Repeat("d/", depthLimit) + "Dockerfile", "too many folders"},
		"a link elsewhere":       {thing{name: "passwd", flag: tar.TypeSymlink, link: "/etc/passwd"}, "passwd", "a symbolic link"},
		"a device":               {thing{name: "zero", flag: tar.TypeChar}, "zero", "a device"},
		"a pipe":                 {thing{name: "wait", flag: tar.TypeFifo}, "wait", "a named pipe"},
		"an archive in it":       {thing{name: "more.zip", text: "PK"}, "more.zip", "is not opened"},
		"macOS":                  {thing{name: "__MACOSX/alice/._Dockerfile"}, "__MACOSX", "macOS"},
		"macOS, that matches":    {thing{name: "envconfig/._load.go"}, "envconfig/._load.go", "macOS"},
		".DS_Store":              {thing{name: "envconfig/.DS_Store"}, "envconfig/.DS_Store", "macOS"},
		"Thumbs.db":              {thing{name: "Thumbs.db"}, "Thumbs.db", "Windows"},
		".git":                   {thing{name: ".git/config"}, ".git", "history"},
		"lower case":             {thing{name: "dockerfile"}, "dockerfile", "must be called Dockerfile"},
		"upper case":             {thing{name: "DOCKERFILE"}, "DOCKERFILE", "must be called Dockerfile"},
		"a folder's case":        {thing{name: "BuildInfo/Read.go"}, "BuildInfo/Read.go", "must be called buildinfo/Read.go"},
		"an ending's case":       {thing{name: "buildinfo/READ.GO"}, "buildinfo/READ.GO", "must be called buildinfo/read.go"},
		"an editor's ending":     {thing{name: "Dockerfile.txt"}, "Dockerfile.txt", "must be called Dockerfile"},
		"the same case deeper":   {thing{name: "docs/dockerfile"}, "docs/dockerfile", "not one of the files"},
		"a folder":               {thing{name: "docs", flag: tar.TypeDir}, "", ""},
		"a folder with a name":   {thing{name: "envconfig/x.go", flag: tar.TypeDir}, "", ""},
	} {
		for form, pack := range map[string]func(testing.TB, []thing) []byte{"zip": zipBytes, "tar": tarBytes} {
			t.Run(name+" in a "+form, func(t *testing.T) {
				in, err := opened(t, file(t, pack(t, with(work, c.add))), Options{})
				require.NoError(t, err)
				assert.Equal(t, workNames, in.Taken)
				if c.shown == "" {
					assert.Empty(t, in.LeftOut)
					return
				}
				require.Len(t, in.LeftOut, 1)
				assert.Equal(t, c.shown, in.LeftOut[0].Name)
				assert.Contains(t, in.LeftOut[0].Reason, c.wants)
			})
		}
	}
}

func TestHardLinksAndBadNamesInTar(t *testing.T) {
	in, err := opened(t, file(t, tarBytes(t, with(work, thing{name: "shadow", flag: tar.TypeLink, link: "/etc/shadow"}))), Options{})
	require.NoError(t, err)
	assert.Contains(t, why(in)["shadow"], "a hard link")

	// The writer refuses to write this name, so it is put in by hand.
	b := tarBytes(t, with(work, thing{name: "envconfig/QQ.go"}))
	in, err = opened(t, file(t, renamedInTar(t, b, "envconfig/QQ.go", "envconfig/\xff\xfe.go")), Options{})
	require.NoError(t, err)
	assert.Contains(t, why(in)[`"envconfig/\xff\xfe.go"`], "not UTF-8")
}

// What would be one of the day's files, and cannot be taken as it is.
func TestRefused(t *testing.T) {
	large := strings.Repeat("#", submission.FileLimit+1)
	var many []thing
	for i := range submission.CountLimit + 1 {
		many = append(many, thing{name: fmt.Sprintf("envconfig/f%d.go", i)})
	}
	for name, c := range map[string]struct {
		things []thing
		want   string
	}{
		"twice":              {with(work, thing{name: "Dockerfile", text: "FROM other\n"}), "has Dockerfile twice"},
		"twice, spelt apart": {with(work, thing{name: "./envconfig//load.go"}), "has envconfig/load.go twice"},
		"twice, as a link":   {with(work, thing{name: "Dockerfile", flag: tar.TypeSymlink, link: "/etc/passwd"}), "Dockerfile twice"},
		"case":               {with(work, thing{name: "envconfig/Load.go"}), "envconfig/Load.go and envconfig/load.go, which are one file on some systems"},
		"accents":            {with(work, thing{name: "envconfig/é.go"}, thing{name: "envconfig/e\u0301.go"}), "which are one file on some systems"},
		"a link":             {with(work[1:], thing{name: "Dockerfile", flag: tar.TypeSymlink, link: "/etc/passwd"}), "Dockerfile is a symbolic link"},
		"a device":           {with(work[1:], thing{name: "Dockerfile", flag: tar.TypeChar}), "Dockerfile is a device"},
		"a pipe":             {with(work[1:], thing{name: "Dockerfile", flag: tar.TypeFifo}), "Dockerfile is a named pipe"},
		"a folder as a link": {with(work, thing{name: "buildinfo", flag: tar.TypeSymlink, link: "/etc"}), "buildinfo is a symbolic link, and a folder is wanted"},
		"unseen characters":  {with(work, thing{name: "envconfig/a\u202eog.go"}), "cannot be seen"},
		"too large":          {with(work, thing{name: ".dockerignore", text: large}), ".dockerignore has more than 1048576 bytes"},
		"too many":           {many, "has 201 files to check, and the limit is 200"},
		"nothing":            {nil, "is empty"},
		"folders only":       {[]thing{{name: "alice", flag: tar.TypeDir}}, "is empty"},
		"others only":        {[]thing{{name: "main.go"}}, "has none of the files to edit (Dockerfile, .dockerignore, buildinfo/*.go, envconfig/*.go)"},
		"misspelt only":      {[]thing{{name: "hw/dockerfile"}, {name: "README"}}, "; hw/dockerfile: its name is wrong: it must be called Dockerfile"},
		"an archive only":    {[]thing{{name: "alice.zip"}}, "; alice.zip: an archive in what was handed in is not opened"},
		"backslashes only":   {[]thing{{name: `alice\Dockerfile`}}, "has a backslash"},
		"litter only":        {[]thing{{name: "__MACOSX/envconfig/a.go"}}, "has none of the files to edit"},
		"several folders":    {with(under("a", work), under("b", work)...), "several folders, and it is not clear which ones count: a, b"},
		"deeper has more":    {with(under("a", work[:2]), under("a/new", work)...), "several folders, and it is not clear which ones count: a, a/new"},
	} {
		for form, pack := range map[string]func(testing.TB, []thing) []byte{"zip": zipBytes, "tar": tarBytes} {
			t.Run(name+" in a "+form, func(t *testing.T) {
				_, err := opened(t, file(t, pack(t, c.things)), Options{})
				refusedFor(t, err, c.want)
			})
		}
	}
	_, err := opened(t, file(t, tarBytes(t, with(work, thing{name: ".dockerignore", flag: tar.TypeLink, link: "Dockerfile"}))), Options{})
	refusedFor(t, err, ".dockerignore is a hard link")
}

// A file may be refused for being a folder as well, where patterns allow that.
func TestFileAndFolder(t *testing.T) {
	things := []thing{{name: "a/x"}, {name: "a/X/y"}}
	_, err := opened(t, file(t, tarBytes(t, things)), Options{Editable: []string{"a/*", "a/*/y"}})
	refusedFor(t, err, "both a file and a folder")
}

func TestAtTheLimits(t *testing.T) {
	things := []thing{{name: "Dockerfile", text: strings.Repeat("#", submission.FileLimit)}}
	for i := range submission.CountLimit - 1 {
		things = append(things, thing{name: fmt.Sprintf("envconfig/f%d.go", i)})
	}
	for form, pack := range forms {
		in, err := opened(t, file(t, pack(t, things)), Options{})
		require.NoError(t, err, form)
		assert.Len(t, in.Taken, submission.CountLimit)
	}
}

func TestHome(t *testing.T) {
	deep := "a/b/c"
	for name, c := range map[string]struct {
		things []thing
		usual  string
		taken  []string
	}{
		"a copy deeper down":          {with(under("a", work), under("a/old", work)...), "", workNames},
		"fewer files elsewhere":       {with(under("a", work), under("b", work[:2])...), "", workNames},
		"a stray file above":          {with(under(deep, work), work[0]), "", workNames},
		"more patterns deeper":        {with(under(deep, work[:2]), under("z", work[1:])...), "", workNames[:1:1]},
		"the whole repository":        {with(under("r/exercises/148", work), under("r/solutions/148", work)...), "exercises/148", workNames},
		"the repository at the top":   {with(under("exercises/148", work), under("solutions/148", work)...), "exercises/148", workNames},
		"the usual place has less":    {with(under("exercises/148", work[:1]), under("mine", work)...), "exercises/148", []string{"Dockerfile"}},
		"nothing in the usual place":  {with(under("mine", work), thing{name: "exercises/148/README.md"}), "exercises/148", workNames},
		"a name that only looks like": {with(under("myexercises/148", work[:1]), under("mine", work)...), "exercises/148", workNames},
	} {
		t.Run(name, func(t *testing.T) {
			in, err := opened(t, file(t, zipBytes(t, c.things)), Options{Usual: c.usual})
			require.NoError(t, err)
			if name == "more patterns deeper" {
				assert.Equal(t, []string{"Dockerfile", "envconfig/load.go"}, in.Taken)
				return
			}
			assert.Equal(t, c.taken, in.Taken)
		})
	}
}

func TestListIsBounded(t *testing.T) {
	things := with(work, thing{name: "dockerfile"})
	for i := range 2 * listLimit {
		things = append(things, thing{name: fmt.Sprintf("x/%03d", i)})
	}
	in, err := opened(t, file(t, tarBytes(t, things)), Options{})
	require.NoError(t, err)
	require.Len(t, in.LeftOut, listLimit)
	assert.Equal(t, "dockerfile", in.LeftOut[0].Name, "what a person should see comes first")
	assert.Equal(t, "x/000", in.LeftOut[1].Name)
	// 201 were left out, and 99 of them are listed.
	assert.Equal(t, LeftOut{Name: "…", Reason: "102 more were left out"}, in.LeftOut[listLimit-1])
}

func TestPaths(t *testing.T) {
	dir := t.TempDir()
	_, err := opened(t, filepath.Join(dir, "nowhere"), Options{})
	inputError(t, err, "there is no such file or folder")
	require.NoError(t, os.Symlink(laid(t, t.TempDir(), work), filepath.Join(dir, "link")))
	_, err = opened(t, filepath.Join(dir, "link"), Options{})
	refusedFor(t, err, "link is a symbolic link, and links are never followed")
	for name, c := range map[string]struct{ text, want string }{
		"no bytes":     {"", "is empty"},
		"a Dockerfile": {"FROM scratch\n", "is no archive"},
		"long text":    {strings.Repeat("FROM scratch\n", 100), "is no archive"},
		"7z":           {"7z\xbc\xaf\x27\x1c\x00\x04", "of a kind that is not supported"},
		"rar":          {"Rar!\x1a\x07\x00", "of a kind that is not supported"},
		"zeros":        {strings.Repeat("\x00", 1024), "is empty"},
	} {
		_, err = opened(t, file(t, []byte(c.text)), Options{})
		refusedFor(t, err, c.want)
		assert.NotContains(t, err.Error(), dir, name)
	}
	big := file(t, zipBytes(t, work))
	require.NoError(t, os.Truncate(big, archiveLimit+1))
	_, err = opened(t, big, Options{})
	refusedFor(t, err, "and the limit is 134217728")
	_, err = opened(t, laid(t, t.TempDir(), work), Options{Revision: "main"})
	inputError(t, err, "it is no git repository, so it has no revision main")
	_, err = opened(t, file(t, zipBytes(t, work)), Options{Revision: "main"})
	inputError(t, err, "it is no git repository or bundle, so it has no revision main")
}

// Where files go is the caller's business, and so is an end of the context.
func TestNotTheSubmissionsFault(t *testing.T) {
	full := laid(t, t.TempDir(), work)
	for name, open := range map[string]func() error{
		"a folder that is not empty": func() error {
			_, err := Open(context.Background(), file(t, zipBytes(t, work)), Options{Editable: editable, Dir: full})
			return err
		},
		"an end": func() error {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_, err := Open(ctx, file(t, forms["tar.zst"](t, work)), Options{Editable: editable, Dir: t.TempDir()})
			require.ErrorIs(t, err, context.Canceled)
			return err
		},
	} {
		var (
			r *RefusedError
			i *InputError
		)
		err := open()
		require.Error(t, err, name)
		assert.NotErrorAs(t, err, &r, name)
		assert.NotErrorAs(t, err, &i, name)
	}
	assert.Equal(t, "FROM scratch\n", textAt(t, full, "Dockerfile"), "what was there stays")
}

func textAt(t testing.TB, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(text)
}
