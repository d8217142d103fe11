package intake

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// editable is a day like those of the workbook.
var editable = []string{"Dockerfile", ".dockerignore", "buildinfo/*.go", "envconfig/*.go"}

// thing is something to hand in.
type thing struct {
	name, text string
	flag       byte   // tar's type flag; 0 is a regular file
	link       string // what a link points to
}

// work is a submission that has nothing wrong with it.
var work = []thing{
	{name: "Dockerfile", text: "FROM scratch\n"},
	{name: "envconfig/load.go", text: "package envconfig\n"},
	{name: "envconfig/doc.go", text: "\ufeffpackage envconfig // doc\r\n"},
}

var workNames = []string{"Dockerfile", "envconfig/doc.go", "envconfig/load.go"}

// under puts things into a folder.
func under(dir string, things []thing) []thing {
	things = slices.Clone(things)
	for i := range things {
		things[i].name = dir + "/" + things[i].name
	}
	return things
}

func with(things []thing, more ...thing) []thing { return slices.Concat(things, more) }

// tarBytes gives a tar of things.
func tarBytes(t testing.TB, things []thing) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, th := range things {
		h := &tar.Header{Name: th.name, Typeflag: th.flag, Linkname: th.link, Mode: 0o755, Size: int64(len(th.text)), Format: tar.FormatPAX}
		if th.flag == 0 {
			h.Typeflag = tar.TypeReg
		}
		require.NoError(t, w.WriteHeader(h))
		_, err := w.Write([]byte(th.text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

var zipModes = map[byte]fs.FileMode{
	0: 0, tar.TypeDir: fs.ModeDir, tar.TypeSymlink: fs.ModeSymlink, tar.TypeFifo: fs.ModeNamedPipe,
	tar.TypeBlock: fs.ModeDevice, tar.TypeChar: fs.ModeDevice | fs.ModeCharDevice,
}

// zipBytes gives a zip of things.
func zipBytes(t testing.TB, things []thing) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, th := range things {
		mode, ok := zipModes[th.flag]
		require.True(t, ok, "a zip has no %c", th.flag)
		h := &zip.FileHeader{Name: th.name, Method: zip.Deflate}
		h.SetMode(mode | 0o755)
		if mode.IsDir() {
			h.Name += "/"
		}
		f, err := w.CreateHeader(h)
		require.NoError(t, err)
		_, err = f.Write([]byte(th.text + th.link))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func zstandard(t testing.TB, b []byte, o ...zstd.EOption) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, o...)
	require.NoError(t, err)
	return w.EncodeAll(b, nil)
}

// forms are the ways in which things can be handed in as bytes.
var forms = map[string]func(testing.TB, []thing) []byte{
	"zip": zipBytes, "tar": tarBytes,
	"tar.gz":  func(t testing.TB, th []thing) []byte { return gzipped(t, tarBytes(t, th)) },
	"tar.zst": func(t testing.TB, th []thing) []byte { return zstandard(t, tarBytes(t, th)) },
}

// file writes bytes to a file that has a name of no meaning.
func file(t testing.TB, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alice")
	require.NoError(t, os.WriteFile(path, b, 0o600))
	return path
}

// laid writes things to a folder.
func laid(t testing.TB, dir string, things []thing) string {
	t.Helper()
	for _, th := range things {
		path := filepath.Join(dir, th.name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if th.flag == tar.TypeSymlink {
			require.NoError(t, os.Symlink(th.link, path))
			continue
		}
		require.NoError(t, os.WriteFile(path, []byte(th.text), 0o600))
	}
	return dir
}

// opened opens path into a new folder, and checks what always holds.
func opened(t testing.TB, path string, o Options) (*Intake, error) {
	t.Helper()
	around := t.TempDir()
	o.Dir = filepath.Join(around, "out")
	if o.Editable == nil {
		o.Editable = editable
	}
	in, err := Open(context.Background(), path, o)
	beside, readErr := os.ReadDir(around)
	require.NoError(t, readErr)
	for _, d := range beside {
		require.Equal(t, "out", d.Name(), "nothing is written beside the folder")
	}
	got := contents(t, o.Dir)
	if err != nil {
		require.Nil(t, in)
		require.Empty(t, got, "nothing is left of what was refused")
		return nil, err
	}
	require.Equal(t, o.Dir, in.Dir)
	require.LessOrEqual(t, len(got), submission.CountLimit)
	require.NotEmpty(t, got)
	for name, text := range got {
		require.Contains(t, in.Taken, name)
		require.LessOrEqual(t, len(text), submission.FileLimit)
		require.True(t, slices.ContainsFunc(o.Editable, func(p string) bool { return submission.Matches(p, name) }), "%s may be edited", name)
	}
	require.Len(t, in.Taken, len(got))
	require.True(t, slices.IsSorted(in.Taken))
	require.LessOrEqual(t, len(in.LeftOut), listLimit)
	return in, nil
}

// contents gives what is in a folder, which has to be regular files, by name.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) && path == dir {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o644), info.Mode(), "%s is a regular file", path)
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path) // path is below dir
		got[filepath.ToSlash(rel)] = string(text)
		return err
	})
	require.NoError(t, err)
	return got
}

// refusedFor checks that err is a *RefusedError whose sentence has want in it.
func refusedFor(t testing.TB, err error, want string) {
	t.Helper()
	var r *RefusedError
	require.ErrorAs(t, err, &r)
	assert.Contains(t, r.Message, want)
}

// inputError checks that err is an *InputError that has want in it.
func inputError(t testing.TB, err error, want string) {
	t.Helper()
	var i *InputError
	require.ErrorAs(t, err, &i)
	assert.Contains(t, i.Message, want)
}

// why gives the reasons of what was left out, by name.
func why(in *Intake) map[string]string {
	reasons := map[string]string{}
	for _, l := range in.LeftOut {
		reasons[l.Name] = l.Reason
	}
	return reasons
}

func textOf(things []thing, name string) string {
	for _, th := range things {
		if strings.HasSuffix(th.name, name) {
			return th.text
		}
	}
	return ""
}
