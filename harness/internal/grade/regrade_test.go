package grade

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

func TestCompare(t *testing.T) {
	newer := someBasis
	newer.Harness = "commit 2"
	before := []Grade{
		graded("same", someBasis, check.Passed, check.Failed),
		graded("up", someBasis, check.Passed, check.Failed, check.Skipped),
		graded("lost", someBasis, check.Passed),
		refusedGrade("back"),
		graded("elsewhere", someBasis, check.Passed),
	}
	after := []Grade{
		graded("up", newer, check.Passed, check.Passed, check.Failed),
		graded("same", newer, check.Passed, check.Failed),
		graded("lost", newer, check.Errored),
		graded("back", newer, check.Passed),
	}
	got := Compare(before, after)
	require.Len(t, got, 4)
	back, lost, same, up := got[0], got[1], got[2], got[3]

	assert.True(t, same.Same(), "another harness alone is no change")
	assert.True(t, same.Applies)

	assert.False(t, up.Same())
	assert.Equal(t, []CheckChange{{"b", check.Failed, check.Passed}, {"c", check.Skipped, check.Failed}}, up.Checks)
	assert.Equal(t, 10.0, up.Before.Points)
	assert.Equal(t, 20.0, up.After.Points)

	assert.False(t, lost.Applies, "what could not be graded takes no verdict away")
	assert.False(t, lost.Same())

	assert.True(t, back.Applies)
	assert.Equal(t, []CheckChange{{"a", "", check.Passed}}, back.Checks)
}

func TestApply(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	plan := planFor("ada", "bob", "cy")
	require.NoError(t, s.PutPlan(&plan))
	before := []Grade{graded("ada", someBasis, check.Failed), graded("bob", someBasis, check.Passed), graded("cy", someBasis, check.Passed)}
	for i := range before {
		require.NoError(t, s.Put(&before[i]))
	}
	newer := someBasis
	newer.Harness = "commit 2"
	policy := &Policy{AtMost: amount(t, "7")}
	ada := graded("ada", newer, check.Passed)
	ada = *policy.Of(ada.Result, ada.Submission, ada.Basis)
	changes := Compare(before, []Grade{ada, graded("bob", newer, check.Errored)})
	for range 2 { // a second time changes nothing
		require.NoError(t, Apply(s, changes, policy))
		got, err := Read(dir)
		require.NoError(t, err)
		assert.Equal(t, policy, got.Plan.Policy)
		require.Len(t, got.Grades, 3)
		assert.Equal(t, ada, got.Grades[0])
		assert.Equal(t, before[1].Basis, got.Grades[1].Basis, "an ungraded one does not replace a verdict")
		assert.Equal(t, 7.0, got.Grades[1].Points, "but a batch has one policy")
		assert.Equal(t, 7.0, got.Grades[2].Points)
	}
}
