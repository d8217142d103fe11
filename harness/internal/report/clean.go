package report

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
)

// longest is how many bytes of one text are shown. A compiler's output fits; a
// program that prints without end does not fill the reports of its class.
const longest = 64 << 10

// ansi finds what terminals take as commands: CSI sequences in both spellings,
// operating system commands and strings up to their end or that of the line, and
// what else follows an escape.
var ansi = regexp.MustCompile(`(?:\x1b\[|\x{9b})[0-?]*[ -/]*[@-~]` +
	`|(?:\x1b[\]PX^_]|[\x{90}\x{98}\x{9d}-\x{9f}])[^\x07\x1b\x{9c}\n\r]*(?:\x07|\x1b\\|\x{9c})?` +
	`|\x1b[ -/]*[0-~]?`)

// lineEnds makes one kind of what ends a line anywhere.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// clean gives s as text that is safe to be shown: valid UTF-8, lines that end in
// \n, no ANSI escapes, no control characters but tabs, none that turn the
// direction of writing around, and none that XML forbids.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = lineEnds.Replace(ansi.ReplaceAllString(s, ""))
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unseen(r) {
			return -1
		}
		return r
	}, s)
}

// unseen reports whether r is a control character, turns the direction of
// writing around so that text reads as what it is not, or is no character.
func unseen(r rune) bool {
	switch {
	case unicode.IsControl(r):
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
	case r >= 0xFDD0 && r <= 0xFDEF, r&0xFFFE == 0xFFFE:
	default:
		return false
	}
	return true
}

// oneLine gives s cleaned, its words with one blank between them.
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// cutMark ends a text that was cut.
const cutMark = "…"

// cut gives at most n UTF-16 code units of s, which are what JavaScript, Java
// and .NET count as characters, with a mark when something is missing. No count
// of letters is ever above it.
func cut(s string, n int) string { return cutWith(s, n, cutMark) }

// cutWith is cut with a mark of its own, which counts.
func cutWith(s string, n int, mark string) string {
	if units(s) <= n {
		return s
	}
	room := n - units(mark)
	for i, r := range s {
		if room -= utf16.RuneLen(r); room < 0 {
			return s[:i] + mark
		}
	}
	return s
}

func units(s string) (n int) {
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// cutBytes gives at most n bytes of s, whole letters only, and says when
// something is missing.
func cutBytes(s string, n int) string {
	const mark = "\n[cut]"
	if len(s) <= n {
		return s
	}
	s = s[:n-len(mark)]
	return strings.ToValidUTF8(s, "") + mark
}

// inert gives s, which is clean, in a form that GitHub's runner takes no command
// from, even when a program of somebody else prints it to a job's log. The
// runner looks for "::" in front of a line, and for "##[" anywhere in it, and
// passes over blanks and perhaps over letters that cannot be seen.
func inert(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		seen := strings.Map(func(r rune) rune {
			if unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) {
				return r
			}
			return -1
		}, l)
		if strings.HasPrefix(seen, "::") {
			l = "| " + l
		}
		if strings.Contains(seen, "##[") {
			l = strings.ReplaceAll(l, "#", "＃")
		}
		lines[i] = l
	}
	return strings.Join(lines, "\n")
}

// prefixed puts prefix before every line of s.
func prefixed(s, prefix string) string {
	return prefix + strings.ReplaceAll(s, "\n", "\n"+prefix)
}
