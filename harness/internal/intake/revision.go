package intake

import (
	"os"
	"strings"
)

// SplitRevision splits what a person wrote, PATH or PATH@REV, into the path and
// the revision, which is "" where none is given. Folders may have an @ in their
// names: what is there as it was written has no revision, and otherwise the
// longest path that is there counts. Where nothing is there, the last @
// separates.
func SplitRevision(arg string) (path, revision string) {
	if _, err := os.Lstat(arg); err == nil {
		return arg, ""
	}
	for at := strings.LastIndexByte(arg, '@'); at > 0; at = strings.LastIndexByte(arg[:at], '@') {
		if _, err := os.Lstat(arg[:at]); err == nil {
			return arg[:at], arg[at+1:]
		}
	}
	if at := strings.LastIndexByte(arg, '@'); at > 0 {
		return arg[:at], arg[at+1:]
	}
	return arg, ""
}
