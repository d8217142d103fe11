package grade

import (
	"fmt"
	"path/filepath"
	"strings"
)

// idLimit is how many bytes an id may have: file names have at most 255, and an
// id gets a suffix and, on the way, a prefix.
const idLimit = 200

// fileName wants an id to be fit for the name of a file, on any system. The
// error is an *InputError.
func fileName(id string) error {
	if id == "" || len(id) > idLimit || id != filepath.Base(id) || strings.HasPrefix(id, ".") || strings.ContainsAny(id, `/\:*?"<>|`+"\x00") {
		return &InputError{Message: fmt.Sprintf("%q cannot be the id of a submission: it is not fit for the name of a file", id)}
	}
	return nil
}

// fold makes ids equal that only their case tells apart.
func fold(id string) string { return strings.ToLower(id) }

// compareIDs is the order of submissions everywhere.
func compareIDs(a, b string) int { return strings.Compare(a, b) }
