package imageinspect

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Entries of a layer.
func file(name, text string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(text)), Mode: 0o755, PAXRecords: map[string]string{"TEST.text": text}}
}
func folder(name string) tar.Header {
	return tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755}
}
func link(name, to string) tar.Header {
	return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: to, Mode: 0o777}
}
func hard(name, to string) tar.Header {
	return tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: to, Mode: 0o755}
}

// layer is a layer's tar, uncompressed.
func layer(t *testing.T, entries ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range entries {
		text := h.PAXRecords["TEST.text"]
		h.PAXRecords = nil
		require.NoError(t, w.WriteHeader(&h))
		_, err := w.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func zipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func sum(text []byte) string {
	s := sha256.Sum256(text)
	return hex.EncodeToString(s[:])
}

// The forms in which engines save images.
const (
	folders = "a folder a layer, as docker 24 and older"
	oci     = "an OCI layout, as docker 25 and newer"
	ociGzip = "an OCI layout of compressed layers, as the containerd store"
)

var forms = []string{folders, oci, ociGzip}

// save writes an image as an engine would, and gives the file's path.
func save(t *testing.T, form string, config v1.ConfigFile, layers ...[]byte) string {
	t.Helper()
	entries := []tar.Header{}
	var paths []string
	for i, l := range layers {
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, v1.Hash{Algorithm: "sha256", Hex: sum(l)})
		if form == ociGzip {
			l = zipped(t, l)
		}
		at := "blobs/sha256/" + sum(l)
		if form == folders {
			at = fmt.Sprintf("%064d/layer.tar", i)
		}
		paths = append(paths, at)
		entries = append(entries, file(at, string(l)))
	}
	config.RootFS.Type = "layers"
	text, err := json.Marshal(config)
	require.NoError(t, err)
	at := "blobs/sha256/" + sum(text)
	if form == folders {
		at = sum(text) + ".json"
	} else {
		entries = append(entries, file("oci-layout", `{"imageLayoutVersion":"1.0.0"}`), file("index.json", `{"schemaVersion":2,"manifests":[]}`))
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": at, "RepoTags": []string{"app:1"}, "Layers": paths}})
	require.NoError(t, err)
	entries = append(entries, file(at, string(text)), file("manifest.json", string(manifest)))
	path := filepath.Join(t.TempDir(), "image.tar")
	require.NoError(t, os.WriteFile(path, layer(t, entries...), 0o644))
	return path
}

// open saves layers in the newest form and opens them.
func open(t *testing.T, config v1.Config, layers ...[]byte) *Image {
	t.Helper()
	img, err := Open(save(t, oci, v1.ConfigFile{Config: config}, layers...))
	require.NoError(t, err)
	return img
}

func paths(files []File) []string {
	all := []string{}
	for _, f := range files {
		all = append(all, f.Path)
	}
	return all
}

// An image is the same, whoever saved it: no engine's own size comes into it.
func TestOpenTakesEveryForm(t *testing.T) {
	for _, form := range forms {
		t.Run(form, func(t *testing.T) {
			// "app" is one block of header and one of content, and two empty
			// blocks end the tar; the folder is a header and the end.
			one, two := layer(t, file("/app", "program")), layer(t, folder("etc"))
			require.Len(t, one, 4*512)
			require.Len(t, two, 3*512)
			img, err := Open(save(t, form, v1.ConfigFile{
				Config: v1.Config{User: "65534:65534", Entrypoint: []string{"/app"}, ExposedPorts: map[string]struct{}{"8080/tcp": {}}},
				History: []v1.History{{CreatedBy: "COPY /app /app # buildkit"}, {CreatedBy: "USER 65534:65534", EmptyLayer: true},
					{CreatedBy: "WORKDIR /etc"}},
			}, one, two))
			require.NoError(t, err)
			assert.Equal(t, "65534:65534", img.Config.User)
			assert.Equal(t, []string{"/app"}, img.Config.Entrypoint)
			assert.Contains(t, img.Config.ExposedPorts, "8080/tcp")
			assert.Equal(t, int64(7*512), img.Size())
			require.Len(t, img.Layers, 2)
			assert.Equal(t, int64(4*512), img.Layers[0].Size)
			assert.Equal(t, "COPY /app /app", img.Layers[0].Made)
			assert.Equal(t, "WORKDIR /etc", img.Layers[1].Made, "an empty layer is none")
			assert.Equal(t, []File{
				{Path: "app", Size: 7, Mode: 0o755, Sum: sum([]byte("program"))},
				{Path: "etc", Mode: os.ModeDir | 0o755, Layer: 1},
			}, img.All())
		})
	}
}

// What go-containerregistry itself writes: its random layers, compressed.
func TestOpenRandomImage(t *testing.T) {
	made, err := random.Image(3000, 3)
	require.NoError(t, err)
	made, err = mutate.Config(made, v1.Config{User: "7"})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "image.tar")
	require.NoError(t, tarball.WriteToFile(path, name.MustParseReference("example.com/app:1"), made))
	img, err := Open(path)
	require.NoError(t, err)
	require.Equal(t, "7", img.Config.User)
	require.Len(t, img.Layers, 3)
	for _, l := range img.Layers {
		require.Len(t, l.Files, 1)
		assert.Equal(t, int64(3000), l.Files[0].Size)
	}
}

func TestOpenImageWithoutLayers(t *testing.T) {
	img := open(t, v1.Config{Cmd: []string{"/app"}})
	require.Zero(t, img.Size())
	require.Empty(t, img.Top())
	_, err := img.Entry()
	var none *NotFoundError
	require.ErrorAs(t, err, &none)
}

func TestOpenRefuses(t *testing.T) {
	good := layer(t, file("app", "program"))
	for name, write := range map[string]func(t *testing.T, path string){
		"nothing":    func(*testing.T, string) {},
		"empty file": func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, nil, 0o644)) },
		"no image":   func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, good, 0o644)) },
		"cut short": func(t *testing.T, path string) {
			// In the middle of a layer's content, which comes first.
			text, err := os.ReadFile(save(t, oci, v1.ConfigFile{}, layer(t, file("app", string(make([]byte, 5000))))))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, text[:3000], 0o644))
		},
		"a layer that is no tar": func(t *testing.T, path string) {
			require.NoError(t, os.Rename(save(t, oci, v1.ConfigFile{}, bytes.Repeat([]byte("no tar "), 200)), path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "image.tar")
			write(t, path)
			img, err := Open(path)
			require.Error(t, err)
			require.Nil(t, img)
		})
	}
}

func TestTop(t *testing.T) {
	for name, c := range map[string]struct {
		layers    [][]tar.Header
		top, all  []string
		fromLayer map[string]int
	}{
		"entry names": {
			[][]tar.Header{{folder("."), folder("/"), file("/abs", "a"), file("./dot", "b"), file("../../up", "c"), folder("dir"), file("dir/x", "d")}},
			[]string{"abs", "dir", "dir/x", "dot", "up"}, []string{"abs", "dot", "up", "dir", "dir/x"}, nil,
		},
		"a later layer wins": {
			[][]tar.Header{{file("a", "old"), file("b", "b")}, {file("a", "new")}},
			[]string{"a", "b"}, []string{"a", "b", "a"}, map[string]int{"a": 1, "b": 0},
		},
		"a whiteout removes a file": {
			[][]tar.Header{{file("dir/a", "a"), file("dir/ab", "ab")}, {file("dir/.wh.a", "")}},
			[]string{"dir/ab"}, []string{"dir/a", "dir/ab", "dir/.wh.a"}, nil,
		},
		"a whiteout removes a folder and all in it": {
			[][]tar.Header{{folder("dir"), file("dir/sub/a", "a"), file("dirt", "b")}, {file(".wh.dir", "")}},
			[]string{"dirt"}, []string{"dir", "dir/sub/a", "dirt", ".wh.dir"}, nil,
		},
		"what was removed may come again": {
			[][]tar.Header{{file("a", "1")}, {file(".wh.a", "")}, {file("a", "2")}},
			[]string{"a"}, []string{"a", ".wh.a", "a"}, map[string]int{"a": 2},
		},
		"a whiteout does not touch its own layer": {
			[][]tar.Header{{folder("dir"), file("dir/a", "1")}, {file("dir/a", "2"), file("dir/.wh.a", "")}},
			[]string{"dir", "dir/a"}, []string{"dir", "dir/a", "dir/a", "dir/.wh.a"}, map[string]int{"dir/a": 1},
		},
		"an opaque folder": {
			[][]tar.Header{{folder("dir"), file("dir/a", "1"), file("dir/sub/b", "1"), file("out", "1")}, {folder("dir"), file("dir/new", "2"), file("dir/.wh..wh..opq", "")}},
			[]string{"dir", "dir/new", "out"}, []string{"dir", "dir/a", "dir/sub/b", "out", "dir", "dir/new", "dir/.wh..wh..opq"}, map[string]int{"out": 0, "dir": 1},
		},
		"everything removed": {
			[][]tar.Header{{file("a", "1"), file("dir/b", "1")}, {file(".wh..wh..opq", ""), file("c", "2")}},
			[]string{"c"}, []string{"a", "dir/b", ".wh..wh..opq", "c"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var layers [][]byte
			for _, entries := range c.layers {
				layers = append(layers, layer(t, entries...))
			}
			img := open(t, v1.Config{}, layers...)
			assert.Equal(t, c.top, paths(img.Top()))
			assert.Equal(t, c.all, paths(img.All()), "what a later layer hides counts")
			for _, f := range img.Top() {
				if from, ok := c.fromLayer[f.Path]; ok {
					assert.Equal(t, from, f.Layer, "the layer that holds %s", f.Path)
				}
			}
		})
	}
}

func TestStatAndExtract(t *testing.T) {
	img := open(t, v1.Config{},
		layer(t, folder("usr/bin"), file("usr/bin/app", "first"), file("usr/bin/gone", "gone"), link("relative", "usr/bin/app"), link("usr/absolute", "/usr/bin/app"),
			link("usr/bin/up", "../../out"), file("out", "out"),
			link("twice", "relative"), link("loop-a", "loop-b"), link("loop-b", "loop-a"), link("dangling", "nowhere"), link("to-folder", "usr/bin"), link("above", "../../../out")),
		layer(t, file("/usr/bin/app", "second"), file("usr/bin/.wh.gone", "")))
	for name, want := range map[string]string{
		"usr/bin/app": "second", "/usr/bin/app": "second", "./usr//bin/../bin/app": "second",
		"relative": "second", "usr/absolute": "second", "twice": "second", "usr/bin/up": "out", "above": "out",
	} {
		t.Run(name, func(t *testing.T) {
			f, err := img.Stat(name)
			require.NoError(t, err)
			require.Equal(t, sum([]byte(want)), f.Sum)
			dst := filepath.Join(t.TempDir(), "out")
			require.NoError(t, img.Extract(name, dst))
			got, err := os.ReadFile(dst)
			require.NoError(t, err)
			require.Equal(t, want, string(got))
		})
	}
	for _, name := range []string{"nowhere", "usr/bin", "usr", "", "/", "usr/bin/gone", "usr/bin/.wh.gone", "loop-a", "dangling", "to-folder"} {
		t.Run("none at "+name, func(t *testing.T) {
			var none *NotFoundError
			_, err := img.Stat(name)
			require.ErrorAs(t, err, &none)
			dst := filepath.Join(t.TempDir(), "out")
			require.ErrorAs(t, img.Extract(name, dst), &none)
			require.NoFileExists(t, dst)
		})
	}
	require.EqualError(t, &NotFoundError{Path: "app"}, "the image has no file /app")
}

func TestStatThroughHardLink(t *testing.T) {
	img := open(t, v1.Config{}, layer(t, file("bin/app", "program"), hard("bin/same", "bin/app"), hard("other", "/bin/app")))
	for _, name := range []string{"bin/same", "other"} {
		f, err := img.Stat(name)
		require.NoError(t, err, name)
		require.Equal(t, "bin/app", f.Path)
		dst := filepath.Join(t.TempDir(), "out")
		require.NoError(t, img.Extract(name, dst))
		got, err := os.ReadFile(dst)
		require.NoError(t, err)
		require.Equal(t, "program", string(got))
	}
}

func TestDifferences(t *testing.T) {
	base := []tar.Header{file("same", "s"), file("text", "one"), file("gone", "g"), link("link", "same"), file("mode", "m"), folder("dir")}
	changed := []tar.Header{file("same", "s"), file("text", "two"), file("new", "n"), link("link", "text"), file("mode", "m"), folder("dir")}
	changed[4].Mode = 0o700
	a, b := open(t, v1.Config{}, layer(t, base...)), open(t, v1.Config{}, layer(t, changed...))
	require.Equal(t, []string{"/gone", "/link", "/mode", "/new", "/text"}, Differences(a, b))
	require.Equal(t, []string{"/gone", "/link", "/mode", "/new", "/text"}, Differences(b, a))
	require.Empty(t, Differences(a, a))

	split := open(t, v1.Config{}, layer(t, base[:3]...), layer(t, append(base[3:], file("more", ""))...), layer(t, file(".wh.more", "")))
	require.Empty(t, Differences(a, split), "how it is laid out in layers is not seen by a container")
}
