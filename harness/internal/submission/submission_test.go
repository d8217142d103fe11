//go:build unix

package submission

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lay writes files, by their paths below root.
func lay(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
}

// read gives the text of every file below root, by its path.
func read(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		require.True(t, d.Type().IsRegular(), "%s is a regular file", path)
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path) // path is below root
		files[filepath.ToSlash(rel)] = string(text)
		return err
	}))
	return files
}

var handedOut = map[string]string{
	"go.mod":         "module example.com/small\n",
	"cmd/app/app.go": "package main\n",
	"parse/parse.go": "package parse // stub\n",
	"parse/doc.go":   "package parse // doc\n",
	"Dockerfile":     "FROM scratch\n",
	".dockerignore":  "# nothing yet\n",
	"parse/data.txt": "given\n",
}

// exercise makes an exercise as it was handed out, and an empty submission.
func exercise(t *testing.T) Source {
	t.Helper()
	dir := t.TempDir()
	lay(t, dir, handedOut)
	sums, err := Sums(dir)
	require.NoError(t, err)
	return Source{Exercise: dir, Dir: t.TempDir(), Editable: []string{"Dockerfile", ".dockerignore", "parse/*.go"}, Sums: sums}
}

func TestLayOver(t *testing.T) {
	with := func(changes map[string]string, without ...string) map[string]string {
		all := map[string]string{}
		for name, text := range handedOut {
			all[name] = text
		}
		for _, name := range without {
			delete(all, name)
		}
		for name, text := range changes {
			all[name] = text
		}
		return all
	}
	for name, c := range map[string]struct {
		theirs, tree map[string]string
		edited       map[string]bool
	}{
		"one file of an overlay": {
			map[string]string{"Dockerfile": "FROM base\n"},
			with(map[string]string{"Dockerfile": "FROM base\n"}),
			map[string]bool{"Dockerfile": true, ".dockerignore": false, "parse/parse.go": false, "parse/doc.go": false},
		},
		"as handed out": {
			handedOut, handedOut,
			map[string]bool{"Dockerfile": false, ".dockerignore": false, "parse/parse.go": false, "parse/doc.go": false},
		},
		"split and renamed": {
			map[string]string{"parse/a.go": "package parse // a\n", "parse/b.go": "package parse // b\n"},
			with(map[string]string{"parse/a.go": "package parse // a\n", "parse/b.go": "package parse // b\n"}, "parse/parse.go", "parse/doc.go"),
			map[string]bool{"Dockerfile": false, ".dockerignore": false, "parse/a.go": true, "parse/b.go": true},
		},
		"files that do not count": {
			map[string]string{"Dockerfile": "FROM base\n", "go.mod": "module evil\n", "cmd/app/app.go": "evil", "parse/deeper/x.go": "evil",
				"parse/data.txt": "evil", "parse/x.s": "evil", "go.work": "evil", "vendor/modules.txt": "evil", ".git/config": "evil", "dockerfile": "evil"},
			with(map[string]string{"Dockerfile": "FROM base\n"}),
			map[string]bool{"Dockerfile": true, ".dockerignore": false, "parse/parse.go": false, "parse/doc.go": false},
		},
		"empty": {
			map[string]string{"Dockerfile": ""}, with(map[string]string{"Dockerfile": ""}),
			map[string]bool{"Dockerfile": true, ".dockerignore": false, "parse/parse.go": false, "parse/doc.go": false},
		},
		"CRLF, BOM and binary bytes": {
			map[string]string{"Dockerfile": "\ufeffFROM base\r\n", "parse/parse.go": "\xff\x00\x1b[2J"},
			with(map[string]string{"Dockerfile": "\ufeffFROM base\r\n", "parse/parse.go": "\xff\x00\x1b[2J"}, "parse/doc.go"),
			map[string]bool{"Dockerfile": true, ".dockerignore": false, "parse/parse.go": true},
		},
		"at the limit": {
			map[string]string{"Dockerfile": strings.Repeat("#", FileLimit)}, with(map[string]string{"Dockerfile": strings.Repeat("#", FileLimit)}),
			map[string]bool{"Dockerfile": true, ".dockerignore": false, "parse/parse.go": false, "parse/doc.go": false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			src, dst := exercise(t), t.TempDir()
			lay(t, src.Dir, c.theirs)
			tree, err := LayOver(src, dst)
			require.NoError(t, err)
			assert.Equal(t, dst, tree.Dir)
			assert.Equal(t, c.edited, tree.Edited)
			assert.Equal(t, c.tree, read(t, dst))
			assert.Equal(t, c.theirs, read(t, src.Dir), "the submission is only read")
			assert.Equal(t, handedOut, read(t, src.Exercise), "so is the exercise")
		})
	}
}

// The learner's own folder is usually the exercise itself.
func TestLayOverInPlace(t *testing.T) {
	src, dst := exercise(t), t.TempDir()
	src.Dir = src.Exercise
	lay(t, src.Dir, map[string]string{"Dockerfile": "FROM base\n", "parse/more.go": "package parse\n", "notes.txt": "mine"})
	tree, err := LayOver(src, dst)
	require.NoError(t, err)
	assert.Equal(t, map[string]bool{"Dockerfile": true, ".dockerignore": false, "parse/parse.go": false, "parse/doc.go": false, "parse/more.go": true}, tree.Edited)
	assert.NotContains(t, read(t, dst), "notes.txt")
}

func TestUnusable(t *testing.T) {
	for name, c := range map[string]struct {
		make func(t *testing.T, src *Source)
		want string // DIR and EXERCISE stand for the folders
	}{
		"missing": {
			func(_ *testing.T, src *Source) { src.Dir = filepath.Join(src.Dir, "nowhere") },
			"DIR: there is no such folder",
		},
		"a dangling link": {
			func(t *testing.T, src *Source) {
				src.Dir = filepath.Join(src.Dir, "link")
				require.NoError(t, os.Symlink("nowhere", src.Dir))
			},
			"DIR: there is no such folder",
		},
		"a file": {
			func(t *testing.T, src *Source) {
				lay(t, src.Dir, map[string]string{"Dockerfile": "FROM base\n"})
				src.Dir = filepath.Join(src.Dir, "Dockerfile")
			},
			"DIR: it is a file, and a folder is wanted",
		},
		"below a file": {
			func(t *testing.T, src *Source) {
				lay(t, src.Dir, map[string]string{"Dockerfile": "FROM base\n"})
				src.Dir = filepath.Join(src.Dir, "Dockerfile", "x")
			},
			"DIR: it cannot be read: not a directory",
		},
		"empty": {
			func(*testing.T, *Source) {},
			"DIR holds none of the files to check: Dockerfile, .dockerignore, parse/*.go",
		},
		"other files only": {
			func(t *testing.T, src *Source) {
				lay(t, src.Dir, map[string]string{"go.mod": "x", "parse/README.md": "x", "src/Dockerfile": "x"})
			},
			"DIR holds none of the files to check: Dockerfile, .dockerignore, parse/*.go",
		},
		"a folder for a file": {
			func(t *testing.T, src *Source) { lay(t, src.Dir, map[string]string{"Dockerfile/x": "x"}) },
			"DIR/Dockerfile is a folder, and a regular file is wanted",
		},
		"a folder for a Go file": {
			func(t *testing.T, src *Source) { lay(t, src.Dir, map[string]string{"parse/x.go/x": "x"}) },
			"DIR/parse/x.go is a folder, and a regular file is wanted",
		},
		"a link within": {
			func(t *testing.T, src *Source) {
				lay(t, src.Dir, map[string]string{"other": "FROM base\n"})
				require.NoError(t, os.Symlink("other", filepath.Join(src.Dir, "Dockerfile")))
			},
			"DIR/Dockerfile is a symbolic link, and a regular file is wanted",
		},
		"a link that leads out": {
			func(t *testing.T, src *Source) {
				require.NoError(t, os.MkdirAll(filepath.Join(src.Dir, "parse"), 0o755))
				require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(src.Dir, "parse", "x.go")))
			},
			"DIR/parse/x.go is a symbolic link, and a regular file is wanted",
		},
		"a link that leads out in place of a named file": {
			func(t *testing.T, src *Source) {
				lay(t, src.Dir, map[string]string{".dockerignore": "*\n"})
				require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(src.Dir, "Dockerfile")))
			},
			"DIR/Dockerfile is a symbolic link, and a regular file is wanted",
		},
		"a dangling link in place of a named file": {
			func(t *testing.T, src *Source) {
				lay(t, src.Dir, map[string]string{".dockerignore": "*\n"})
				require.NoError(t, os.Symlink("nowhere", filepath.Join(src.Dir, "Dockerfile")))
			},
			"DIR/Dockerfile is a symbolic link, and a regular file is wanted",
		},
		"a folder that is a link": {
			func(t *testing.T, src *Source) {
				lay(t, src.Dir, map[string]string{"Dockerfile": "FROM base\n"})
				require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(src.Dir, "parse")))
			},
			"DIR/parse is no folder, and one is wanted",
		},
		"a file for a folder": {
			func(t *testing.T, src *Source) {
				lay(t, src.Dir, map[string]string{"Dockerfile": "FROM base\n", "parse": "x"})
			},
			"DIR/parse is no folder, and one is wanted",
		},
		"a pipe, at which a reader would wait": {
			func(t *testing.T, src *Source) {
				require.NoError(t, syscall.Mkfifo(filepath.Join(src.Dir, "Dockerfile"), 0o644))
			},
			"DIR/Dockerfile is not a regular file",
		},
		"ten megabytes": {
			func(t *testing.T, src *Source) {
				lay(t, src.Dir, map[string]string{"Dockerfile": strings.Repeat("RUN true\n", 10<<20/9)})
			},
			fmt.Sprintf("DIR/Dockerfile has %d bytes, and the limit is 1048576", 10<<20/9*9),
		},
		"a byte too many": {
			func(t *testing.T, src *Source) {
				lay(t, src.Dir, map[string]string{"Dockerfile": strings.Repeat("#", 1<<20+1)})
			},
			"DIR/Dockerfile has 1048577 bytes, and the limit is 1048576",
		},
		"too many files": {
			func(t *testing.T, src *Source) {
				for i := range 201 {
					lay(t, src.Dir, map[string]string{fmt.Sprintf("parse/f%03d.go", i): "package parse\n"})
				}
			},
			"DIR holds 201 files to check, and the limit is 200",
		},
		"a given file was changed": {
			func(t *testing.T, src *Source) {
				lay(t, src.Exercise, map[string]string{"go.mod": "module other\n"})
				lay(t, src.Dir, map[string]string{"Dockerfile": "FROM base\n"})
			},
			"EXERCISE/go.mod is not as it was handed out, and is not one of the files to edit: bring it back with `git checkout -- EXERCISE/go.mod`",
		},
		"a given file is gone": {
			func(t *testing.T, src *Source) {
				require.NoError(t, os.Remove(filepath.Join(src.Exercise, "cmd/app/app.go")))
				lay(t, src.Dir, map[string]string{"Dockerfile": "FROM base\n"})
			},
			"EXERCISE/cmd/app/app.go is not as it was handed out, and is not one of the files to edit: bring it back with `git checkout -- EXERCISE/cmd/app/app.go`",
		},
		"a file to stand in is the learner's own": {
			func(t *testing.T, src *Source) {
				lay(t, src.Exercise, map[string]string{"Dockerfile": "FROM mine\n"})
				lay(t, src.Dir, map[string]string{".dockerignore": "*\n"})
			},
			"DIR has no Dockerfile, and the one in EXERCISE, which would stand in for it, is not as it was handed out: add the file, or check EXERCISE itself",
		},
	} {
		t.Run(name, func(t *testing.T) {
			src := exercise(t)
			c.make(t, &src)
			tree, err := LayOver(src, t.TempDir())
			require.Nil(t, tree)
			var input *InputError
			require.ErrorAs(t, err, &input, "it is for the person who called to put right")
			require.Equal(t, c.want, strings.NewReplacer(src.Exercise, "EXERCISE", src.Dir, "DIR").Replace(err.Error()))
		})
	}
}

// As root nothing is unreadable.
func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	t.Run("file", func(t *testing.T) {
		src := exercise(t)
		lay(t, src.Dir, map[string]string{"Dockerfile": "FROM base\n"})
		require.NoError(t, os.Chmod(filepath.Join(src.Dir, "Dockerfile"), 0))
		_, err := LayOver(src, t.TempDir())
		var input *InputError
		require.ErrorAs(t, err, &input)
		require.EqualError(t, err, src.Dir+"/Dockerfile: it cannot be read: permission denied")
	})
	t.Run("folder", func(t *testing.T) {
		src := exercise(t)
		require.NoError(t, os.Chmod(src.Dir, 0))
		_, err := LayOver(src, t.TempDir())
		var input *InputError
		require.ErrorAs(t, err, &input)
		require.EqualError(t, err, src.Dir+": it cannot be read: permission denied")
	})
	t.Run("folder of the files to edit", func(t *testing.T) {
		src := exercise(t)
		lay(t, src.Dir, map[string]string{"Dockerfile": "FROM base\n", "parse/x.go": "package parse\n"})
		require.NoError(t, os.Chmod(filepath.Join(src.Dir, "parse"), 0))
		t.Cleanup(func() { _ = os.Chmod(filepath.Join(src.Dir, "parse"), 0o755) }) // so that it can be removed
		_, err := LayOver(src, t.TempDir())
		require.EqualError(t, err, src.Dir+"/parse: it cannot be read: permission denied", "the stub is not judged instead of it")
	})
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, file string
		want          bool
	}{
		{"Dockerfile", "Dockerfile", true},
		{"Dockerfile", "sub/Dockerfile", false},
		{"parse/*.go", "parse/x.go", true},
		{"parse/*.go", "parse/sub/x.go", false},
		{"parse/*.go", "parse/x.go.txt", false},
		{"[", "[", false},
	} {
		assert.Equal(t, c.want, Matches(c.pattern, c.file), "Matches(%q, %q)", c.pattern, c.file)
	}
}

func TestSums(t *testing.T) {
	dir := t.TempDir()
	big := bytes.Repeat([]byte{0xff, 0}, 3<<20)
	lay(t, dir, map[string]string{"empty": "", "sub/deeper/abc.txt": "abc", "big": string(big)})
	require.NoError(t, os.Symlink("empty", filepath.Join(dir, "link")))
	got, err := Sums(dir)
	require.NoError(t, err)
	ofBig := sha256.Sum256(big)
	// The first two are the well-known sums of FIPS 180-4.
	require.Equal(t, map[string]string{
		"empty":              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"sub/deeper/abc.txt": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"big":                hex.EncodeToString(ofBig[:]),
	}, got, "links are not summed")

	_, err = Sums(filepath.Join(dir, "nowhere"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}
