package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// ID makes an id of a submission's path, where it is not one of a batch: as it
// would be in one.
func ID(path string) string { return idOf(filepath.Base(path)) }

// ids gives each name of a file an id: the name without the ending of an
// archive, made fit. Where several names come to the same, or to one that is
// taken (folded), all of them get a suffix that depends on the name alone, so
// that an id does not depend on the order in which files are found.
func ids(names []string, taken map[string]bool) map[string]string {
	out := map[string]string{}
	for _, name := range names {
		out[name] = idOf(name)
	}
	// A few digits tell names apart, except names that were made not to be.
	for digits := 8; digits <= 2*sha256.Size; digits *= 2 {
		again := colliding(out, taken)
		if len(again) == 0 {
			break
		}
		for _, name := range again {
			sum := sha256.Sum256([]byte(name))
			out[name] = idOf(name)[:min(len(idOf(name)), idLimit-digits-1)] + "-" + hex.EncodeToString(sum[:])[:digits]
		}
	}
	return out
}

// colliding gives the names whose ids are not unique.
func colliding(ids map[string]string, taken map[string]bool) (again []string) {
	count := map[string]int{}
	for _, id := range ids {
		count[folded(id)]++
	}
	for name, id := range ids {
		if count[folded(id)] > 1 || taken[folded(id)] {
			again = append(again, name)
		}
	}
	return again
}

// idOf makes an id of a file's name: accents go, and what is not fit for a
// file's name anywhere becomes a dash.
func idOf(name string) string {
	stem, _ := unpacked(name)
	var b strings.Builder
	for _, r := range norm.NFD.String(stem) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case fit(r):
			b.WriteRune(r)
		case !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	id := strings.Trim(b.String()[:min(b.Len(), idLimit)], "-.")
	if id == "" || reserved(id) {
		id = strings.TrimSuffix("submission-"+id, "-")
	}
	return id
}

// fit reports whether a character may be in an id: on every system, in a URL
// and in a shell it stands for itself. (An @ is in the ids that are addresses.)
func fit(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.@+", r)
}

// reserved reports whether Windows takes a name for a device.
func reserved(id string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(id), ".")
	switch stem {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(stem) == 4 && (strings.HasPrefix(stem, "com") || strings.HasPrefix(stem, "lpt")) && '0' <= stem[3] && stem[3] <= '9'
}

// unfit says why an id that a person chose cannot be used, or "".
func unfit(id string) string {
	switch {
	case id == "":
		return "there is no id"
	case len(id) > idLimit:
		return "its id is too long"
	case strings.ContainsFunc(id, func(r rune) bool { return !fit(r) }):
		return "its id has a character other than letters, digits and - _ . @ +"
	case strings.HasPrefix(id, ".") || strings.HasPrefix(id, "-") || strings.HasSuffix(id, "."):
		return "its id begins with a dot or a dash, or ends with a dot"
	case reserved(id):
		return "its id is the name of a device on Windows"
	}
	return ""
}
