package submission

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Tree is a tree that has been laid out.
type Tree struct {
	Dir    string
	Edited map[string]bool // the files that count; true where one differs from what was handed out, or is new
}

// Untouched reports whether every file of the tree that matches one of the
// patterns is as it was handed out.
func (t *Tree) Untouched(patterns []string) bool {
	for name, edited := range t.Edited {
		if edited && pattern(patterns, name) != "" {
			return false
		}
	}
	return true
}

// Write puts files into the tree, by their paths, over those that it has.
func (t *Tree) Write(files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := filepath.Join(t.Dir, filepath.FromSlash(name))
		const readable, searchable = 0o644, 0o755
		if err := os.MkdirAll(filepath.Dir(file), searchable); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
		if err := os.WriteFile(file, files[name], readable); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}
