package grade

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

func openStore(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := OpenStore(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestStoreGivesBackWhatWasPut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "reports", "new")
	s := openStore(t, dir)
	none, err := s.Plan()
	require.NoError(t, err)
	require.Nil(t, none)
	plan := planFor("ada", "bob")
	require.NoError(t, s.PutPlan(&plan))
	bob := graded("bob", someBasis, check.Failed)
	ada := graded("ada", someBasis, check.Passed, check.Skipped)
	ada.Begun, ada.DurationMS = time.Date(2026, 3, 1, 1, 2, 3, 0, time.UTC), 7
	require.NoError(t, s.Put(&bob))
	require.NoError(t, s.Put(&ada))
	assert.Equal(t, &ada, s.Get("ada"))
	assert.Nil(t, s.Get("cy"))
	got, err := Read(dir)
	require.NoError(t, err)
	assert.Equal(t, &Contents{Plan: plan, Grades: []Grade{ada, bob}}, got)
}

// A result that is cut off, changed or of somebody else never counts.
func TestHalfAFileNeverCounts(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	plan := planFor("ada", "bob")
	require.NoError(t, s.PutPlan(&plan))
	g := graded("ada", someBasis, check.Passed)
	require.NoError(t, s.Put(&g))
	file := filepath.Join(dir, "results", "ada.json")
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotNil(t, s.Get("ada"))
	for n := 0; n < len(whole)-1; n += 7 { // without its last byte, a newline, it is whole
		require.NoError(t, os.WriteFile(file, whole[:n], 0o644))
		require.Nil(t, s.Get("ada"), "%d bytes", n)
	}
	for name, change := range map[string][2]string{
		"the submission": {`"hash": "hash of ada"`, `"hash": "hash of eve"`},
		"the harness":    {`"harness": "commit 1"`, `"harness": "commit 2"`},
		"the learner":    {`"id": "ada"`, `"id": "bob"`},
		"the form":       {Schema, "daybook.grade/v9"},
	} {
		changed := strings.Replace(string(whole), change[0], change[1], 1)
		require.NotEqual(t, string(whole), changed, name)
		require.NoError(t, os.WriteFile(file, []byte(changed), 0o644))
		assert.Nil(t, s.Get("ada"), name)
		_, err := Read(dir)
		var input *InputError
		require.ErrorAs(t, err, &input, name)
		assert.Contains(t, err.Error(), "ada.json")
	}
}

func TestOpeningSweepsHalfFiles(t *testing.T) {
	dir := t.TempDir()
	first := openStore(t, dir)
	plan := planFor("ada")
	require.NoError(t, first.PutPlan(&plan))
	half := filepath.Join(dir, "results", ".part-123")
	require.NoError(t, os.WriteFile(half, []byte("{"), 0o644))
	_, err := Read(dir)
	require.NoError(t, err, "a half file is no result")
	require.NoError(t, first.Close())
	openStore(t, dir)
	require.NoFileExists(t, half)
}

func TestOneWriterAtATime(t *testing.T) {
	dir := t.TempDir()
	first := openStore(t, dir)
	_, err := OpenStore(dir)
	var input *InputError
	require.ErrorAs(t, err, &input)
	assert.Contains(t, err.Error(), "is being written to by another daybook")
	require.NoError(t, first.Close())
	openStore(t, dir)
}

func TestReadingWhatIsNoBatch(t *testing.T) {
	for name, text := range map[string]string{"no plan": "", "half a plan": "{", "another form": `{"schema":"daybook.plan/v9"}`, "an odd shard": `{"schema":"daybook.plan/v1","shard":"9/2"}`} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if text != "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "plan.json"), []byte(text), 0o644))
			}
			_, err := Read(dir)
			var input *InputError
			require.ErrorAs(t, err, &input)
		})
	}
}

// A result that somebody looks at in a terminal does nothing there, and is read
// as it was written.
func TestResultsShowNoControls(t *testing.T) {
	s, err := OpenStore(t.TempDir())
	require.NoError(t, err)
	defer s.Close()
	g := &Grade{Schema: Schema, Submission: Submission{ID: "a"}, Status: Refused, Reason: "a\u202eb\u009bc\x1bd é \U0001F600 <"}
	require.NoError(t, s.Put(g))
	text, err := os.ReadFile(filepath.Join(s.dir, "results", "a.json"))
	require.NoError(t, err)
	require.Contains(t, string(text), `a\u202eb\u009bc\u001bd é `+"\U0001F600 <")
	var back Grade
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, g.Reason, back.Reason)
}
