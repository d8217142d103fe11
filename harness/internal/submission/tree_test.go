package submission

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUntouched(t *testing.T) {
	tree := &Tree{Edited: map[string]bool{"Dockerfile": false, "parse/a.go": false, "parse/b.go": true}}
	assert.True(t, tree.Untouched([]string{"Dockerfile"}))
	assert.False(t, tree.Untouched([]string{"Dockerfile", "parse/*.go"}))
	assert.True(t, tree.Untouched([]string{"pack/*.go"}), "what has no files has not been edited")
}

func TestWrite(t *testing.T) {
	tree := &Tree{Dir: t.TempDir()}
	require.NoError(t, os.WriteFile(filepath.Join(tree.Dir, "Dockerfile"), []byte("a long text"), 0o644))
	files := map[string][]byte{"Dockerfile": []byte("short"), "parse/new/a.go": []byte("package a")}
	require.NoError(t, tree.Write(files))
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(tree.Dir, filepath.FromSlash(name)))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got))
	}
	require.ErrorContains(t, tree.Write(map[string][]byte{"Dockerfile/a.go": nil}), "writing Dockerfile/a.go: ")
}
