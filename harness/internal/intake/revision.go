package intake

import (
	"os"
	"path/filepath"
	"strings"
)

// SplitRevision splits what a person wrote, PATH or PATH@REV, into the path and
// the revision, which is "" where none is given. Folders may have an @ in their
// names: what is there as it was written has no revision, and otherwise the
// longest path that is there counts. Where nothing is there, the last @
// separates.
func SplitRevision(arg string) (path, revision string) { return splitRevision("", arg) }

// splitRevision is SplitRevision of a path below dir.
func splitRevision(dir, arg string) (path, revision string) {
	there := func(path string) bool {
		_, err := os.Lstat(filepath.Join(dir, path))
		return err == nil
	}
	if there(arg) {
		return arg, ""
	}
	for at := strings.LastIndexByte(arg, '@'); at > 0; at = strings.LastIndexByte(arg[:at], '@') {
		if there(arg[:at]) {
			return arg[:at], arg[at+1:]
		}
	}
	if at := strings.LastIndexByte(arg, '@'); at > 0 {
		return arg[:at], arg[at+1:]
	}
	return arg, ""
}
