package baseimage

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// layOut writes files, by their paths below root.
func layOut(t *testing.T, root string, files map[string]string, mode os.FileMode) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
	}
}

// Debian keeps src of a GOROOT elsewhere, so the tree has such a link.
func TestWriteGo(t *testing.T) {
	root, elsewhere := t.TempDir(), t.TempDir()
	layOut(t, root, map[string]string{"bin/go": "go", "pkg/tool/compile": "compile"}, 0o755)
	layOut(t, root, map[string]string{"VERSION": "go1.26.8\ntime 2026-10-01T12:00:00Z\n", "api/go1.txt": "", "test/x.go": "", "doc/x.html": ""}, 0o600)
	layOut(t, elsewhere, map[string]string{
		"fmt/print.go": "package fmt", "fmt/print_test.go": "", "fmt/testdata/x.go": "",
		"cmd/compile/main.go": "", "cmd/nm/nm.go": "package main", "testing/testing.go": "package testing",
	}, 0o644)
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(root, "src")))

	var layer, again bytes.Buffer
	require.NoError(t, writeGo(&layer, root, []byte("certificates")))
	require.NoError(t, writeGo(&again, root, []byte("certificates")))
	assert.True(t, bytes.Equal(layer.Bytes(), again.Bytes()), "the same toolchain makes the same layer")

	modes := map[string]int64{}
	var names []string
	for r := tar.NewReader(&layer); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		assert.Zero(t, h.Uid+h.Gid, "the owner of %s", h.Name)
		assert.Equal(t, time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC), h.ModTime.UTC(), h.Name)
		modes[h.Name] = h.Mode
		names = append(names, h.Name)
	}
	assert.Equal(t, map[string]int64{
		"etc/ssl/certs/ca-certificates.crt": 0o644,
		"go/":                               0o1777, "go/bin/": 0o1777, "go/src/": 0o1777,
		"usr/local/go/": 0o755, "usr/local/go/VERSION": 0o644,
		"usr/local/go/bin/": 0o755, "usr/local/go/bin/go": 0o755,
		"usr/local/go/pkg/": 0o755, "usr/local/go/pkg/tool/": 0o755, "usr/local/go/pkg/tool/compile": 0o755,
		"usr/local/go/src/": 0o755, "usr/local/go/src/cmd/": 0o755, "usr/local/go/src/cmd/nm/": 0o755,
		"usr/local/go/src/cmd/nm/nm.go": 0o644, "usr/local/go/src/fmt/": 0o755, "usr/local/go/src/fmt/print.go": 0o644,
		"usr/local/go/src/testing/": 0o755, "usr/local/go/src/testing/testing.go": 0o644,
	}, modes)
	assert.True(t, slices.IsSorted(names), "entries are in order: %q", names)
}

func TestReleaseTimeOfAnUnknownToolchain(t *testing.T) {
	assert.Equal(t, time.Unix(0, 0), releaseTime(t.TempDir()))
}
