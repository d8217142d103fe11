package intake

import (
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// clean gives the name of an entry as a slash-separated path without "." and
// doubled slashes. Where why is not empty, the name is none that a file of the
// day could have, and nothing is ever taken by it.
func clean(raw string) (name, why string) {
	switch {
	case len(raw) > nameLimit:
		return "", "its name is too long"
	case !utf8.ValidString(raw):
		return "", "its name is not UTF-8"
	case strings.ContainsFunc(raw, unicode.IsControl):
		return "", "its name has a control character"
	case strings.Contains(raw, `\`):
		return "", `its name has a backslash: folders are separated by "/"`
	case strings.HasPrefix(raw, "/"):
		return "", "its name begins at the root of the file system"
	case strings.Contains(raw, ":"): // also names a stream of a file, on some systems
		return "", `its name has a colon, as a drive's has`
	}
	var parts []string
	for part := range strings.SplitSeq(raw, "/") {
		switch part {
		case "..":
			return "", `its name has "..", which leads out of its folder`
		case "", ".":
		default:
			parts = append(parts, part)
		}
	}
	if len(parts) > depthLimit {
		return "", "it lies too many folders deep"
	}
	return strings.Join(parts, "/"), ""
}

// litter is what systems and programs leave behind, by its name.
var litter = map[string]string{
	"__MACOSX":    "left by macOS",
	".DS_Store":   "left by macOS",
	"Thumbs.db":   "left by Windows",
	"desktop.ini": "left by Windows",
	".git":        "the history is not looked at",
}

// littered reports whether name is litter, or lies in such a folder. It gives
// the name up to there, so that a folder of it is one line of a list.
func littered(name string) (upTo, why string) {
	at := 0
	for part := range strings.SplitSeq(name, "/") {
		at += len(part)
		why = litter[part]
		if why == "" && strings.HasPrefix(part, "._") {
			why = "left by macOS"
		}
		if why != "" {
			return name[:at], why
		}
		at++
	}
	return "", ""
}

// printable reports whether a person sees all of name.
func printable(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) })
}

// shown is a name as it is shown to people: in one line, with nothing hidden
// in it, and not endless.
func shown(name string) string {
	if !utf8.ValidString(name) || !printable(name) {
		name = strconv.Quote(name)
	}
	if utf8.RuneCountInString(name) > shownLimit {
		return string([]rune(name)[:shownLimit]) + "…"
	}
	return name
}

// folded is the same for names that some file system takes for one: those
// that differ in case, or in how an accent is written.
func folded(name string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(name)))
}

// archived reports whether a name is that of an archive.
func archived(name string) bool {
	_, ending := unpacked(name)
	return ending != ""
}

// endings are those of archives, the longer ones first. They only decide what
// is said of a file, and which files of a folder are submissions: how a file is
// read is up to its contents.
var endings = []string{
	".tar.gz", ".tar.zst", ".tar.xz", ".tar.bz2", ".tgz", ".tzst", ".txz", ".tbz2", ".tar", ".zip", ".bundle", ".7z", ".rar", ".gz", ".zst", ".xz", ".bz2",
}

// unpacked cuts the ending of an archive off a name.
func unpacked(name string) (stem, ending string) {
	for _, e := range endings {
		if len(name) > len(e) && strings.EqualFold(name[len(name)-len(e):], e) {
			return name[:len(name)-len(e)], name[len(name)-len(e):]
		}
	}
	return name, ""
}

// spelling gives the name that a file should have had, where only its case or
// an ending that an editor added keeps it from matching a pattern, or "".
func spelling(patterns []string, name string) string {
	for _, candidate := range []string{name, strings.TrimSuffix(name, ".txt")} {
		for _, p := range patterns {
			if ok, _ := path.Match(strings.ToLower(p), strings.ToLower(candidate)); ok {
				return spelt(p, candidate)
			}
		}
	}
	return ""
}

// spelt writes name as pattern has it, part by part.
func spelt(pattern, name string) string {
	want, have := strings.Split(pattern, "/"), strings.Split(name, "/")
	for i := range have {
		if i >= len(want) {
			break
		}
		if ok, _ := path.Match(want[i], have[i]); !ok {
			have[i] = want[i]
			if lower := strings.ToLower(path.Base(name)); i == len(have)-1 {
				if ok, _ := path.Match(want[i], lower); ok {
					have[i] = lower // "*.go" would be no name to give a file
				}
			}
		}
	}
	return strings.Join(have, "/")
}
