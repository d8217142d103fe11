package baseimage

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// leftOut are the parts of a Go toolchain that building, testing and vetting
// programs does not need. The sources of the compiler, the assembler, the
// linker and the go command are there as programs; those of the other tools
// stay, since `go tool` builds the tools from them.
var leftOut = []string{"api", "doc", "misc", "test", "src/cmd/asm", "src/cmd/compile", "src/cmd/go", "src/cmd/link"}

// needed reports whether the file or folder, by its path below GOROOT, is
// wanted in a stand-in.
func needed(rel string, dir bool) bool {
	if dir {
		return path.Base(rel) != "testdata" && !slices.Contains(leftOut, rel)
	}
	return !strings.HasSuffix(rel, "_test.go")
}

// writeGo writes a layer with the Go toolchain at /usr/local/go, the empty
// GOPATH of the official image, and certificates in place of Debian's own.
// Entries are in the order of their names, belong to root, and bear the time
// of the Go release, so the same toolchain makes the same layer.
func writeGo(w io.Writer, goRoot string, certificates []byte) error {
	t := &treeWriter{tar: tar.NewWriter(w), time: releaseTime(goRoot)}
	if len(certificates) > 0 {
		if err := t.file("etc/ssl/certs/ca-certificates.crt", 0o644, certificates); err != nil {
			return err
		}
	}
	for _, dir := range []string{"go/", "go/bin/", "go/src/"} {
		// Whatever user a build runs as can install programs and fetch modules.
		if err := t.header(dir, tar.TypeDir, 0o1777, 0); err != nil {
			return err
		}
	}
	if err := t.copyDir(goRoot, "", "usr/local/go"); err != nil {
		return err
	}
	return t.tar.Close()
}

// treeWriter writes files into a tar as root's.
type treeWriter struct {
	tar  *tar.Writer
	time time.Time
}

// copyDir copies the folder rel of root to prefix/rel. Symbolic links are
// followed: distributions keep parts of GOROOT elsewhere.
func (t *treeWriter) copyDir(root, rel, prefix string) error {
	if err := t.header(path.Join(prefix, rel)+"/", tar.TypeDir, 0o755, 0); err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(root, rel))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		below := path.Join(rel, entry.Name())
		info, err := os.Stat(filepath.Join(root, below))
		switch {
		case err != nil:
			return err
		case !needed(below, info.IsDir()):
		case info.IsDir():
			err = t.copyDir(root, below, prefix)
		case info.Mode().IsRegular():
			err = t.copyFile(filepath.Join(root, below), path.Join(prefix, below), info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *treeWriter) copyFile(from, to string, info fs.FileInfo) error {
	mode := int64(0o644)
	if info.Mode()&0o111 != 0 {
		mode = 0o755
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return t.file(to, mode, content)
}

func (t *treeWriter) file(name string, mode int64, content []byte) error {
	if err := t.header(name, tar.TypeReg, mode, int64(len(content))); err != nil {
		return err
	}
	_, err := t.tar.Write(content)
	return err
}

func (t *treeWriter) header(name string, kind byte, mode, size int64) error {
	err := t.tar.WriteHeader(&tar.Header{Name: name, Typeflag: kind, Mode: mode, Size: size, ModTime: t.time})
	if err != nil {
		return fmt.Errorf("packing %s: %w", name, err)
	}
	return nil
}

// releaseTime is when the toolchain was released, by its VERSION file, or the
// beginning of 1970 where that does not say.
func releaseTime(goRoot string) time.Time {
	text, _ := os.ReadFile(filepath.Join(goRoot, "VERSION"))
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "time "); ok {
			if at, err := time.Parse(time.RFC3339, value); err == nil {
				return at
			}
		}
	}
	return time.Unix(0, 0)
}
