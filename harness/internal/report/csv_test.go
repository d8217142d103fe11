package report

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func rows(t testing.TB, doc string) [][]string {
	all, err := csv.NewReader(strings.NewReader(doc)).ReadAll() // rows of different lengths are an error
	require.NoError(t, err)
	return all
}

func TestCSV(t *testing.T) {
	doc := all(t, csvAll, batch(graded("x"), ungraded("y"), refused("z")))
	hash := strings.Repeat("ab", 32)
	assert.Equal(t, [][]string{
		{"id", "name", "status", "points", "max_points", "reason", "submitted", "source", "hash", "pack/builds", "pack/starts", "pack/stops", "parse/parses", "pack/lints"},
		{"ada", "Ada Example", "graded", "3", "19", "", "2026-03-01T11:00:00Z", "ada.zip", hash, "3", "0", "0", "2", ""},
		{"bob", "Ada Example", "ungraded", "", "19", "1 check could not be decided: y", "2026-03-01T11:00:00Z", "bob.zip", hash, "", "0", "0", "", "2"},
		{"eve", "Ada Example", "refused", "", "19", "the archive cannot be read: z", "2026-03-01T11:00:00Z", "eve.zip", hash, "", "", "", "", ""},
	}, rows(t, doc))
	assert.Equal(t, 4, strings.Count(doc, "\r\n"))
	assert.Equal(t, 4, strings.Count(doc, "\n"))
}

func TestCell(t *testing.T) {
	for in, want := range map[string]string{
		"Ada O'Brien-Smith": "Ada O'Brien-Smith", "a=b": "a=b", "3 - 2": "3 - 2", "": "", "x@example.org": "x@example.org",
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@A": "'@A", "＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠A": "'＠A",
		"\t=1": "'=1", "\r=1": "'=1", "\n=1": "'=1", " =1": "'=1",
		`"=1`: `"'=1`, `";=1`: `";'=1`, "a;=1": "a;'=1", "a, =1": "a, '=1", "a|=1": "a|'=1", "==": "'==",
		"\x1b[m=1": "'=1", "\x00=1": "'=1", "\u202e=1": "'=1",
	} {
		assert.Equal(t, want, cell(in), "%q", in)
	}
}

// calculates reports whether a spreadsheet takes s as a formula.
func calculates(s string) bool {
	return strings.IndexAny(strings.TrimLeft(s, " \"\u00a0"), "=+-@\t\r＝＋－＠") == 0
}

// Whatever the text, every row parses back with its columns, and no cell is
// calculated, not even by a reader that splits at something else than commas.
func FuzzCSV(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		doc := all(t, csvAll, batch(everywhere(text)...))
		got := rows(t, doc)
		require.Len(t, got, 4)
		for _, row := range got {
			require.Equal(t, strings.ReplaceAll(oneLine(row[1]), "'", ""), strings.ReplaceAll(row[1], "'", ""))
			for _, c := range row {
				require.False(t, calculates(c), "%q", c)
				for _, part := range strings.FieldsFunc(c, func(r rune) bool { return strings.ContainsRune(";,|\"\t", r) }) {
					require.False(t, calculates(part), "%q", c)
				}
			}
		}
		require.Equal(t, strings.ReplaceAll(oneLine(text), "'", ""), strings.ReplaceAll(got[1][1], "'", ""), "all of the text is there")
	})
}
