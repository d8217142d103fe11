package breakage

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

// What a mistake is shown against is what makes a question of it: one line, and
// not sixty.
func TestNearest(t *testing.T) {
	commented := "# Why it is so.\n" + plain
	q := asking(t, map[string]string{"Dockerfile": commented, "ignore": "x\n"}, changed("USER 7", "USER 7:7"), plain)
	q.rights[1].path, q.rights[2].path = "with a group", "plain"
	both := right{path: "both", solution: q.solution(), files: map[string][]byte{"Dockerfile": []byte(changed("make", "make all")), "ignore": nil}}
	q.rights = append(q.rights, both)
	for name, c := range map[string]struct {
		wrong string
		path  string
	}{
		"one word":                      {changed("EXPOSE 80\n", ""), "plain"},
		"the same word":                 {changed("USER 7", "USER 7:7", "make", "make all"), "with a group"},
		"the solution's comment":        {"# Why it is so.\n" + changed("make", ""), "solution"},
		"the first of those as near":    {changed("USER 7", "USER 0"), "with a group"},
		"not one that changes more":     {changed("make", "make all", "USER 7", "USER 8"), "with a group"},
		"not one that it is":            {plain, "with a group"},
		"one in which words only moved": {changed("COPY . .\nRUN make", "RUN make\nCOPY . ."), "plain"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := nearest(q.rights, mistake(c.wrong))
			require.NoError(t, err)
			require.Equal(t, c.path, got.path)
			changes, err := got.changes(mistake(c.wrong))
			require.NoError(t, err)
			require.Len(t, changes, 1)
		})
	}
	_, err := nearest(q.rights, catalog.Mistake{Files: map[string][]byte{"new": []byte("x")}})
	require.NoError(t, err, "the solution need not have the file")
}

func TestUnixLines(t *testing.T) {
	r := right{files: map[string][]byte{"Dockerfile": []byte("one\r\ntwo\n")}}
	assert.True(t, r.unixLines())
	assert.Equal(t, "one\ntwo\n", string(r.files["Dockerfile"]))
	assert.False(t, r.unixLines())
	assert.False(t, right{}.unixLines())
}

func TestSizeOf(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		want     int
	}{
		"nothing":       {"a b", "b  a\n", 0},
		"a word more":   {"a b", "a b b", 1},
		"a word less":   {"a b b", "a b", 1},
		"another word":  {"a b", "a c", 2},
		"a file more":   {"", "a b", 2},
		"all that goes": {"a b", "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, sizeOf([]Change{{Old: []byte(c.old), New: []byte(c.new)}}))
		})
	}
	assert.Equal(t, 3, sizeOf([]Change{{New: []byte("a")}, {Old: []byte("a b")}}), "files are summed up")
}
