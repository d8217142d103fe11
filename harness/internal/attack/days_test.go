package attack_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/attack"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

// theDay is the day that the corpus is of.
const theDay = "148"

var root, _ = filepath.Abs("../../..") // fails only where there is no folder to be in

// corpus loads the day and its attacks.
func corpus(t testing.TB) (*catalog.Day, []*attack.Attack) {
	t.Helper()
	day, err := catalog.Load(root, theDay, func(string) bool { return true })
	require.NoError(t, err)
	attacks, err := attack.Load(root, day)
	require.NoError(t, err)
	return day, attacks
}

// Every kind of attack is tried, and what is handed in can be made.
func TestCorpus(t *testing.T) {
	_, attacks := corpus(t)
	tried := map[int]int{}
	dir := t.TempDir()
	for _, a := range attacks {
		tried[a.Line]++
		sources, err := a.Lay(dir)
		require.NoError(t, err)
		assert.Len(t, sources, len(a.HandedInBy))
	}
	for i, kind := range attack.Kinds {
		assert.NotZero(t, tried[i+1], "nothing tries %d: %s", i+1, kind)
	}
}
