package goprogram

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

func TestPlacesIn(t *testing.T) {
	const tree = "/run/tree-1"
	for name, c := range map[string]struct {
		text string
		want []check.Place
	}{
		"nothing":         {"exit status 1\n", nil},
		"the compiler":    {"# example.com/m/parse\nparse/it.go:4:2: undefined: nothing\n./main.go:7:1: missing return\n", []check.Place{{File: "parse/it.go", Line: 4}, {File: "main.go", Line: 7}}},
		"vet":             {"# example.com/m\nvet: ./main.go:3:1: expected declaration\n", []check.Place{{File: "main.go", Line: 3}}},
		"without columns": {"parse/it.go:4: syntax error\n", []check.Place{{File: "parse/it.go", Line: 4}}},
		"absolute":        {"/run/tree-1/parse/it.go:4:2: undefined: x\n", []check.Place{{File: "parse/it.go", Line: 4}}},
		"each once": {"parse/it.go:4:2: undefined: x\nparse/it.go:4:9: undefined: y\nparse/it.go:5:2: undefined: z\n",
			[]check.Place{{File: "parse/it.go", Line: 4}, {File: "parse/it.go", Line: 5}}},
		"an absolute path elsewhere": {"/usr/local/go/src/fmt/print.go:4:2: odd\n/run/tree-10/parse/it.go:1:1: odd\n", nil},
		"a relative path elsewhere":  {"../../parse/it.go:1:1: odd\n", nil},
		"a stack": {"panic: oh\n\ngoroutine 1 [running]:\nruntime.throw(...)\n\t/usr/local/go/src/runtime/panic.go:1101 +0x48\n" +
			"example.com/m/parse.It(...)\n\t/run/tree-1/parse/it.go:12\nmain.main()\n\t/run/tree-1/main.go:5 +0x1d\nexit status 2\n",
			[]check.Place{{File: "parse/it.go", Line: 12}, {File: "main.go", Line: 5}}},
		"prose that quotes a place": {"I think parse/it.go:4: is fine\n", nil},
		"another declaration": {"parse/b.go:3:6: It redeclared in this block\n\tparse/a.go:9:6: other declaration of It\n",
			[]check.Place{{File: "parse/b.go", Line: 3}, {File: "parse/a.go", Line: 9}}},
	} {
		t.Run(name, func(t *testing.T) {
			mine := func(file string) bool { return strings.HasPrefix(file, "parse/") || file == "main.go" }
			assert.Equal(t, c.want, PlacesIn(c.text, tree, mine))
		})
	}
}

func TestPlacesInGivesMineOnly(t *testing.T) {
	got := PlacesIn("cmd/app/app.go:4:2: undefined: parse.It\nparse/it.go:1:1: odd\n", "/tree", func(file string) bool { return file == "parse/it.go" })
	assert.Equal(t, []check.Place{{File: "parse/it.go", Line: 1}}, got)
}

func TestShorten(t *testing.T) {
	assert.Equal(t, "\tparse/it.go:3\n/run/tree-10/x.go\n/run/tree-1", Shorten("\t/run/tree-1/parse/it.go:3\n/run/tree-10/x.go\n/run/tree-1", "/run/tree-1"))
}
