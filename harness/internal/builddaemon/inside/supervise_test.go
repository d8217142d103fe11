//go:build linux

package inside

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSuperviseGivesTheStatus(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -9 $$": 137, "sleep 0.01 & exit 3": 3} {
		status, err := Supervise(t.Context(), "sh", "-c", script)
		require.NoError(t, err, script)
		assert.Equal(t, want, status, script)
	}
	_, err := Supervise(t.Context(), "/no/such/program")
	require.Error(t, err)
}

// Who is told to end tells the program so.
func TestSuperviseEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	status, err := Supervise(ctx, "sh", "-c", "trap 'exit 5' TERM; while :; do sleep 0.01; done")
	require.NoError(t, err)
	assert.Contains(t, []int{5, 143}, status) // 143: before it could say what it does then
}
