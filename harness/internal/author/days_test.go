package author_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/author"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
)

// TestDays is `make verify` for every day of the workbook.
func TestDays(t *testing.T) {
	enginetest.Connect(t)
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	daybook := filepath.Join(t.TempDir(), "daybook")
	out, err := exec.Command("go", "build", "-o", daybook, filepath.Join(root, "harness/cmd/daybook")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	days, err := catalog.List(root)
	require.NoError(t, err)
	require.NotEmpty(t, days)
	for _, n := range days {
		day, err := catalog.Load(root, fmt.Sprint(n), scenario.IsCommand)
		require.NoError(t, err)
		plan := author.Plan{Root: root, Day: day, Daybook: daybook, Proof: &author.Proof{}}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			problems, err := author.Static(t.Context(), plan)
			require.NoError(t, err)
			require.Empty(t, problems)
			if t.Run("cases", func(t *testing.T) { tryCases(t, plan) }) {
				problems, err = plan.Unproven()
				require.NoError(t, err)
				require.Empty(t, problems)
			}
		})
	}
}

func tryCases(t *testing.T, plan author.Plan) {
	cases, err := author.Cases(plan)
	require.NoError(t, err)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			problems, err := author.Try(t.Context(), plan, c)
			require.NoError(t, err)
			require.Empty(t, problems)
		})
	}
}
