package attack_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/attack"
)

var update = flag.Bool("update", false, "write the table of ATTACKS.md anew")

// The marks in the page between which the table is.
const (
	tableBegins = "<!-- from the corpus: go test ./harness/internal/attack -update -->\n"
	tableEnds   = "<!-- end -->\n"
)

// The page says of each attack what the corpus says.
func TestPage(t *testing.T) {
	_, attacks := corpus(t)
	file := filepath.Join(root, "harness", "ATTACKS.md")
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(page), tableBegins)
	_, after, ok2 := strings.Cut(rest, tableEnds)
	require.True(t, ok && ok2, "the page has a place for the table")
	want := before + tableBegins + table(t, attacks) + tableEnds + after
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(page), "the table is not what the corpus says: go test ./harness/internal/attack -update")
}

// table is the attacks by their kind, in the order of Kinds.
func table(t *testing.T, attacks []*attack.Attack) string {
	t.Helper()
	var b strings.Builder
	for i, kind := range attack.Kinds {
		fmt.Fprintf(&b, "\n**%d. %s**\n\n| attack | comes to | what stops it |\n|---|---|---|\n", i+1, strings.ToUpper(kind[:1])+kind[1:])
		for _, a := range attacks {
			if a.Line != i+1 {
				continue
			}
			rel, err := filepath.Rel(filepath.Join(root, "harness"), a.Path)
			require.NoError(t, err)
			fmt.Fprintf(&b, "| [%s](%s): %s | %s | %s |\n", a.Name, filepath.ToSlash(rel), cell(a.Said), comesTo(t, a), cell(a.StoppedBy))
		}
	}
	return b.String() + "\n"
}

// comesTo is the verdict in a word or two.
func comesTo(t *testing.T, a *attack.Attack) string {
	t.Helper()
	if a.Expect == attack.Refused {
		return "refused"
	}
	day, _ := corpus(t)
	return fmt.Sprintf("%d points", a.Points(day))
}

// cell is a text that may stand in a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "__", `\_\_`).Replace(text)
}
