package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// outputs reads a file of outputs as the runner does (FileCommandManager.cs): a
// line with << before any = begins a value that ends at its delimiter, other
// lines are name=value, and empty ones are passed over.
func outputs(t testing.TB, file string) map[string]string {
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	all := map[string]string{}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		equals, heredoc := strings.Index(lines[i], "="), strings.Index(lines[i], "<<")
		switch {
		case lines[i] == "":
		case heredoc > 0 && (equals < 0 || heredoc < equals):
			name, end := lines[i][:heredoc], lines[i][heredoc+2:]
			require.NotEmpty(t, end)
			var value []string
			for i++; ; i++ {
				require.Less(t, i, len(lines), "the delimiter is missing")
				if lines[i] == end {
					break
				}
				value = append(value, lines[i])
			}
			all[name] = strings.Join(value, "\n")
		case equals > 0:
			all[lines[i][:equals]] = lines[i][equals+1:]
		default:
			t.Fatalf("the runner refuses the line %q", lines[i])
		}
	}
	return all
}

func FuzzAppendOutput(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(t.TempDir(), "output")
		require.NoError(t, os.WriteFile(file, []byte("before=1"), 0o600), "without the end of its line")
		require.NoError(t, AppendOutput(file, "result", text))
		require.NoError(t, AppendOutput(file, "other", "2"))
		require.Equal(t, map[string]string{"before": "1", "result": text, "other": "2"}, outputs(t, file))
	})
}

func TestAppendOutputRefusesNames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "output")
	for _, name := range []string{"", "a=b", "a<<b", "a\nb", "a b", "1"} {
		assert.ErrorContains(t, AppendOutput(file, name, "x"), "is no name")
	}
	assert.NoFileExists(t, file)
	assert.ErrorContains(t, AppendOutput(filepath.Join(file, "none"), "a", "x"), "adding to a file of the workflow")
}

// A summary above 1,024 KiB is dropped as a whole, with what was there before.
func TestAppendSummaryKeepsWithinTheLimit(t *testing.T) {
	const limit = 1024 << 10
	for _, before := range []int{0, 10, limit / 2, limit - 3000} {
		file := filepath.Join(t.TempDir(), "summary")
		require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("x", before)), 0o600))
		b := batch()
		for i := range 12_000 {
			g := blank(fmt.Sprintf("learner-%d", i))
			g.Status, g.Submission.Name = grade.Graded, strings.Repeat("n", 100)
			b.Grades = append(b.Grades, *g)
		}
		require.NoError(t, AppendBatchSummary(file, b))
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(data), limit)
		assert.Contains(t, string(data), "The rest is left out here")
		assert.Contains(t, string(data), "\n## Day 7: A small day\n", "on a line of its own")
		assert.Greater(t, len(data), limit-3000, "what fits is there")
	}
	file := filepath.Join(t.TempDir(), "full")
	require.NoError(t, os.WriteFile(file, make([]byte, limit), 0o600))
	assert.ErrorContains(t, AppendSummary(file, graded("x")), "the step's summary is full")
}
