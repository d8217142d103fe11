package html

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestVisible(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain":                      {"the image declares no port", "the image declares no port"},
		"languages":                  {"Nguyễn, Łukasz, محمد, עדה, 李小龍", "Nguyễn, Łukasz, محمد, עדה, 李小龍"},
		"emoji with joiners":         {"👩🏽‍💻 ✔️", "👩🏽‍💻 ✔️"},
		"Persian with a non-joiner":  {"می‌خواهم", "می‌خواهم"},
		"colour of a terminal":       {"\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		"bell, NUL, DEL":             {"\a\x00\x7f", `\x07\x00\x7f`},
		"C1":                         {"\u0085\u009b", `\u0085\u009b`},
		"carriage return":            {"100%\rok", `100%\rok`},
		"lines and tabs":             {"a\n\tb", "a\n\tb"},
		"right-to-left override":     {"exe.\u202egnp", `exe.\u202egnp`},
		"isolates":                   {"\u2066a\u2069", `\u2066a\u2069`},
		"no width":                   {"a\u200bb\ufeff", `a\u200bb\ufeff`},
		"line and paragraph breaks":  {"a\u2028b\u2029", `a\u2028b\u2029`},
		"hidden letters of tags":     {"a\U000e0041", `a\U000e0041`},
		"a letter that is a space":   {"a\u3164b", `a\u3164b`},
		"not UTF-8":                  {"a\xff\xc3", `a\xff\xc3`},
		"markup is not its business": {"<b>&amp;", "<b>&amp;"},
	} {
		t.Run(name, func(t *testing.T) {
			got, left := visible(c.in, 1000, true)
			assert.Equal(t, c.want, got)
			assert.Zero(t, left)
		})
	}
}

func TestVisibleInOneLine(t *testing.T) {
	got, _ := visible("a\nb\tc", 1000, false)
	assert.Equal(t, `a\nb\tc`, got)
}

// A few marks make a letter; hundreds are a tower over the lines above.
func TestVisibleKeepsMarksLow(t *testing.T) {
	low := "e" + strings.Repeat("\u0301", marksLimit)
	got, _ := visible(low, 1000, true)
	assert.Equal(t, low, got)
	got, _ = visible("e"+strings.Repeat("\u0301", marksLimit+1)+"f"+"\u0301", 1000, true)
	assert.Equal(t, low+`\u0301`+"f\u0301", got)
}

func TestVisibleCuts(t *testing.T) {
	got, left := visible("àéîõü", 3, true)
	assert.Equal(t, "àéî", got)
	assert.Equal(t, 2, left, "characters, not bytes")

	got, left = visible("a\x1bb", 3, true)
	assert.Equal(t, "a", got, `a part of \x1b would say something else`)
	assert.Equal(t, 2, left)

	got, left = visible("abc", 3, true)
	assert.Equal(t, "abc", got)
	assert.Zero(t, left, "what just fits is whole")
}

func TestPenEndsSometime(t *testing.T) {
	p := &pen{each: 10, total: 15, list: 2}
	assert.Equal(t, text{Shown: "aaaaaaaaaa", Left: 90}, p.text(strings.Repeat("a", 100)))
	assert.Equal(t, text{Shown: "bbbbb", Left: 95}, p.text(strings.Repeat("b", 100)))
	assert.Equal(t, text{Shown: "", Left: 3}, p.text("ccc"), "nothing is left, and it says so")
	l := first([]int{1, 2, 3, 4, 5}, p, func(i int) int { return -i })
	assert.Equal(t, list[int]{Shown: []int{-1, -2}, Left: 3}, l)
}

func TestNameIsCut(t *testing.T) {
	assert.Equal(t, strings.Repeat("n", nameLimit), name(strings.Repeat("n", nameLimit)))
	assert.Equal(t, strings.Repeat("n", nameLimit)+"…", name(strings.Repeat("n", nameLimit+1)))
}

func TestPoints(t *testing.T) {
	for in, want := range map[float64]string{0: "0", 3: "3", 2.5: "2.5", 1.0 / 3: "0.33", -8.8: "−8.8", -0.001: "0", 100.999: "101"} {
		assert.Equal(t, want, points(in))
	}
}
