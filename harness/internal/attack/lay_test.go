package attack_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// laid lays out an attack with that archive.yaml, and gives the path of it.
func laid(t *testing.T, archive string) string {
	t.Helper()
	a, _, err := load(t, "x.txtar", begins+"base: one\npasses: all\n-- archive.yaml --\n"+archive)
	require.NoError(t, err)
	dir := t.TempDir()
	sources, err := a.Lay(dir)
	require.NoError(t, err)
	require.Len(t, sources, 1)
	return filepath.Join(dir, sources[0].File)
}

func TestLayZip(t *testing.T) {
	file := laid(t, "kind: zip\nname: Y.zip\nentries:\n  - {work: w/, crlf: true, bom: true}\n  - {name: ../x, text: ab, times: 3}\n  - {name: l, type: symlink, to: /etc}\n  - {name: in.zip, pack: zip}\n")
	assert.Equal(t, "Y.zip", filepath.Base(file))
	z, err := zip.OpenReader(file)
	if err != nil {
		require.ErrorIs(t, err, zip.ErrInsecurePath)
	}
	defer z.Close()
	text := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		b, err := io.ReadAll(r)
		require.NoError(t, err)
		text[f.Name] = string(b)
	}
	assert.Equal(t, "\ufeffpackage one // right\r\n", text["w/one/a.go"])
	assert.Equal(t, "ababab", text["../x"])
	assert.Equal(t, "/etc", text["l"])
	assert.Equal(t, fs.ModeSymlink, z.File[2].Mode().Type())
	inner, err := zip.NewReader(bytes.NewReader([]byte(text["in.zip"])), int64(len(text["in.zip"])))
	require.NoError(t, err)
	require.Len(t, inner.File, 1)
	assert.Equal(t, "one/a.go", inner.File[0].Name)
}

func TestLayTars(t *testing.T) {
	for kind, open := range map[string]func(io.Reader) (io.Reader, error){
		"tar":     func(r io.Reader) (io.Reader, error) { return r, nil },
		"tar.gz":  func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"tar.zst": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
	} {
		f, err := os.Open(laid(t, "kind: "+kind+"\nentries:\n  - {name: x, text: ab}\n  - {name: h, type: hardlink, to: /etc/passwd}\n  - {name: d, type: device}\n  - {name: p, type: fifo}\n"))
		require.NoError(t, err)
		defer f.Close()
		r, err := open(f)
		require.NoError(t, err)
		var types []byte
		for tr := tar.NewReader(r); ; {
			h, err := tr.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			types = append(types, h.Typeflag)
		}
		assert.Equal(t, []byte{tar.TypeReg, tar.TypeLink, tar.TypeBlock, tar.TypeFifo}, types, kind)
	}
}

func TestLies(t *testing.T) {
	file := laid(t, "kind: zip\nentries:\n  - {name: a, text: aaaa}\n  - {name: b, text: b}\nlies:\n  - {entry: 1, field: size, value: 4000000000}\n  - {entry: 1, field: offset, as: 0}\n")
	z, err := zip.OpenReader(file)
	require.NoError(t, err)
	defer z.Close()
	assert.Equal(t, uint64(4), z.File[0].UncompressedSize64)
	assert.Equal(t, uint64(4_000_000_000), z.File[1].UncompressedSize64)
	first, err := z.File[0].DataOffset()
	require.NoError(t, err)
	second, err := z.File[1].DataOffset()
	require.NoError(t, err)
	assert.Equal(t, first, second)

	cut, err := os.ReadFile(laid(t, "kind: zip\ncut: 10\nentries:\n  - {name: a}\n"))
	require.NoError(t, err)
	whole, err := os.ReadFile(laid(t, "kind: zip\nentries:\n  - {name: a}\n"))
	require.NoError(t, err)
	assert.Equal(t, whole[:len(whole)-10], cut)
}

func TestLayFolders(t *testing.T) {
	dir := laid(t, "kind: folder\nentries:\n  - work: w/\n  - {name: l, type: symlink, to: /etc}\n  - {name: p, type: fifo}\n  - {name: d, type: dir}\n")
	for name, want := range map[string]fs.FileMode{"w/one/a.go": 0, "l": fs.ModeSymlink, "p": fs.ModeNamedPipe, "d": fs.ModeDir} {
		info, err := os.Lstat(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode().Type(), name)
	}
	to, err := os.Readlink(laid(t, "kind: symlink\nto: ..\n"))
	require.NoError(t, err)
	assert.Equal(t, "..", to)
	text, err := os.ReadFile(laid(t, "kind: file\nname: x.zip\ntext: ab\ntimes: 2\n"))
	require.NoError(t, err)
	assert.Equal(t, "abab", string(text))
}
