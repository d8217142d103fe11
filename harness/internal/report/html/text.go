package html

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what a page shows of texts that a learner's program can make as
// long as it likes. The whole text is in the JSON of the grade.
const (
	nameLimit = 100 // characters of a name, an id or a file: more than that no table can show

	learnerText  = 8_000   // characters of one text on a learner's page: some screens full
	learnerTotal = 200_000 // characters of all texts on a learner's page
	learnerList  = 200     // entries of one list there

	// On a batch's page there is room for the gist of each: with 200 hostile
	// submissions it is still 5 MB, and a browser stays quick.
	batchText  = 1_500
	batchTotal = 24_000 // of one submission
	batchList  = 20

	marksLimit = 8 // combining marks on one character: no script needs more, and a hundred reach over the lines above
)

// text is a text of some length, ready to be shown.
type text struct {
	Shown string
	Left  int  // how many characters were left out
	Block bool // it has several lines, as output of programs does
}

// pen writes texts until there have been enough of them.
type pen struct {
	each  int // characters of one text
	total int // characters that are left for all
	list  int // entries of one list
}

func forLearner() *pen { return &pen{learnerText, learnerTotal, learnerList} }

func forBatch() *pen { return &pen{batchText, batchTotal, batchList} }

// text makes s ready to be shown.
func (p *pen) text(s string) text {
	s = strings.TrimRight(s, "\n")
	shown, left := visible(s, min(p.each, p.total), true)
	p.total -= utf8.RuneCountInString(shown)
	return text{Shown: shown, Left: left, Block: strings.Contains(shown, "\n")}
}

// name makes s ready to be shown in one line.
func name(s string) string {
	shown, left := visible(s, nameLimit, false)
	if left > 0 {
		shown += "…"
	}
	return shown
}

// called is a name for what is led to by it, which has to be called something.
func called(s string) string {
	if strings.TrimSpace(s) == "" {
		return "(without a name)"
	}
	return name(s)
}

// visible gives the first characters of s, limit at the most, and says how many
// it left out. What a browser would not show, or what would move, overwrite or
// reorder what stands beside it, is written as Go writes it in a string: \x1b,
// \u202e. Line breaks and tabs stay if lines is set.
func visible(s string, limit int, lines bool) (shown string, left int) {
	var out strings.Builder
	room, marks := limit, 0
	for i, width := 0, 0; i < len(s); i += width {
		var r rune
		r, width = utf8.DecodeRuneInString(s[i:])
		piece := s[i : i+width]
		switch {
		case lines && (r == '\n' || r == '\t'):
		case r == utf8.RuneError && width == 1:
			piece = fmt.Sprintf(`\x%02x`, s[i])
		case hides(r):
			piece = escaped(r)
		}
		if !unicode.Is(unicode.M, r) || variation(r) {
			marks = 0
		} else if marks++; marks > marksLimit {
			piece = escaped(r)
		}
		n := utf8.RuneCountInString(piece)
		if n > room {
			return out.String(), utf8.RuneCountInString(s[i:])
		}
		room -= n
		out.WriteString(piece)
	}
	return out.String(), 0
}

// hides tells whether r is invisible or changes how its neighbours are shown.
// Some such characters are needed to write a language or an emoji, and change
// nothing but the word that they stand in.
func hides(r rune) bool {
	switch r {
	case 0x200c, 0x200d: // joiners: Persian, emoji
		return false
	case 0x200e, 0x200f, 0x061c: // marks of direction, without extent: they end with the text
		return false
	case 0x00ad: // soft hyphen
		return false
	case 0x115f, 0x1160, 0x3164, 0xffa0, 0x2800: // letters that look like nothing
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// variation tells whether r chooses between the forms of a character, as of a
// coloured and a plain emoji.
func variation(r rune) bool { return unicode.Is(unicode.Variation_Selector, r) }

// escaped writes r as Go does in a string.
func escaped(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\t':
		return `\t`
	case r == '\r':
		return `\r`
	case r < 0x80:
		return fmt.Sprintf(`\x%02x`, r)
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}
