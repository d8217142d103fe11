package report

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain ÄÖÜ 世界 👩‍🚀":                         "plain ÄÖÜ 世界 👩‍🚀",
		"a\r\nb\rc\vd\fe\u0085f\u2028g\u2029h":     "a\nb\nc\nd\ne\nf\ng\nh",
		"\x1b[1;31mred\x1b[0m":                     "red",
		"\x1b]0;title\x07after":                    "after",
		"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\": "link",
		"\x1b]0;never ended\nnext":                 "\nnext", // what is on the next line is not hidden
		"\x1bPq#0\x1b\\x":                          "x",
		"\x1b(Bx\x1bcy\x1b":                        "xy",
		"\u009b2Jx":                                "x",
		"\u009d0;title\u009cx":                     "x",
		"\x1b[\x1b[31mx":                           "x",
		"a\x00b\x7fc\x08d\u0080e":                  "abcde",
		"tab\tkept":                                "tab\tkept",
		"\xff\xfeé\xc3":                            "\uFFFDé\uFFFD",
		"\u202Egpj.exe\u2066x\u2069":               "gpj.exex",
		"\uFFFE\uFFFF\uFDD0\U0010FFFFx":            "x",
	} {
		require.Equal(t, want, clean(in), "%q", in)
	}
}

func FuzzClean(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, s string) {
		c := clean(s)
		require.True(t, utf8.ValidString(c))
		require.Equal(t, c, clean(c), "what is clean stays as it is")
		require.Equal(t, -1, strings.IndexFunc(c, func(r rune) bool { return unseen(r) && r != '\n' && r != '\t' }))
		require.NotContains(t, oneLine(s), "\n")
		for _, n := range []int{10, 100, 500} {
			k := cut(c, n)
			require.LessOrEqual(t, units(k), n)
			require.LessOrEqual(t, utf8.RuneCountInString(k), n)
			require.True(t, k == c || strings.HasPrefix(c, strings.TrimSuffix(k, cutMark)))
			require.LessOrEqual(t, len(cutBytes(c, n)), n)
			require.True(t, utf8.ValidString(cutBytes(c, n)))
		}
	})
}

func TestCutCountsAsJavaScriptDoes(t *testing.T) {
	require.Equal(t, "𝒳𝒳", cut("𝒳𝒳", 4), "a letter outside of the first plane is two")
	require.Equal(t, "𝒳…", cut("𝒳𝒳", 3))
	require.Equal(t, "ab!", cutWith("abcd", 3, "!"))
}
