package report

import (
	"strconv"
	"strings"
)

// Learners' texts in Markdown are always code, in a span or in a fenced block:
// there, and only there, GitHub makes nothing of HTML, links, images, mentions of
// people and issues, emoji and formulas. Escaping by backslash is not enough, as
// mentions and some links are looked for after Markdown was read.

// codeSpan writes s, folded to one line, as a code span. A table's cells are
// split at every "|" before spans are looked for, and readers differ in what
// a backslash does there, so it becomes a broken bar.
func codeSpan(s string) string {
	s = strings.ReplaceAll(oneLine(s), "|", "¦")
	if s == "" {
		return "–"
	}
	fence := strings.Repeat("`", longestRun(s)+1)
	pad := ""
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		pad = " " // the reader takes one blank off each end
	}
	return fence + pad + s + pad + fence
}

// codeBlock writes s as a fenced block that nothing in s can end.
func codeBlock(s string) string {
	const least = 3
	fence := strings.Repeat("`", max(least, longestRun(s)+1))
	return fence + "text\n" + clean(s) + "\n" + fence + "\n"
}

// longestRun is how many backticks follow each other in s, at most.
func longestRun(s string) (most int) {
	n := 0
	for _, r := range s {
		if r != '`' {
			n = 0
			continue
		}
		n++
		most = max(most, n)
	}
	return most
}

// markdownText writes an author's or instructor's text, folded to one line, such
// that it reads as it is. Numbers of characters, unlike backslashes, are safe in
// the cells of a table.
func markdownText(s string) string {
	var b strings.Builder
	for _, r := range oneLine(s) {
		if strings.ContainsRune("\\`*_{}[]<>()#+-.!|~&:@$=\"'", r) {
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
