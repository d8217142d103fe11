package author_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/author"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
)

// The solution passes a check with a looser limit too, and so do the mistakes
// that are far beyond it. What the check would fail at tells.
func TestLoosenedLimits(t *testing.T) {
	enginetest.Connect(t)
	root := t.TempDir()
	for _, name := range []string{"days/148", "exercises/148", "solutions/148"} {
		require.NoError(t, os.CopyFS(filepath.Join(root, name), os.DirFS(filepath.Join("../../..", name))))
	}
	for check, change := range map[string][2]string{
		"size-under-limit":         {"size 12MB", "size 13MB"},
		"holds-only-what-it-needs": {" etc/passwd ", " etc/passwd etc/shadow "},
		"context-is-clean":         {" .env.local\n", "\n"},
	} {
		file := filepath.Join(root, "days/148/checks/dockerfile", check+".txtar")
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(string(text), change[0]), check)
		require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), change[0], change[1], 1)), 0o644))
	}
	day, err := catalog.Load(root, "148", scenario.IsCommand)
	require.NoError(t, err)
	plan := author.Plan{Root: root, Day: day, Exercise: "dockerfile", Only: "solution with seed 148", Jobs: 1}
	problems, err := author.Verify(t.Context(), plan)
	require.NoError(t, err)
	noticed := slices.DeleteFunc(said(problems), func(p string) bool { return !strings.Contains(p, "no longer notices") })
	require.Len(t, noticed, 3)
	for i, want := range []string{".env.local in `context-lacks`", "etc/shadow in `holds-only`", "more than 12MB in `size`"} {
		assert.Contains(t, noticed[i], author.NoticedFile)
		assert.Contains(t, noticed[i], "no longer notices "+want)
	}
}
