package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ctrfSchema(t testing.TB) *jsonschema.Schema {
	s, err := jsonschema.NewCompiler().Compile("testdata/ctrf.schema.json")
	require.NoError(t, err)
	return s
}

func validCTRF(t testing.TB, s *jsonschema.Schema, doc string) {
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(doc))
	require.NoError(t, err)
	require.NoError(t, s.Validate(v))
}

func FuzzCTRF(f *testing.F) {
	seed(f)
	s := ctrfSchema(f)
	f.Fuzz(func(t *testing.T, text string) {
		grades := everywhere(text)
		for _, g := range grades {
			validCTRF(t, s, one(t, ctrfOne, g))
		}
		validCTRF(t, s, all(t, ctrfAll, batch(grades...)))
	})
}

// The schema is worth something: it refuses what is wrong.
func TestCTRFSchemaRefuses(t *testing.T) {
	good := one(t, ctrfOne, graded("x"))
	s := ctrfSchema(t)
	for _, change := range [][2]string{
		{`"reportFormat": "CTRF"`, `"reportFormat": "ctrf"`}, {`"status": "failed"`, `"status": "errored"`}, {`"duration": 345`, `"duration": 3.5`},
		{`"rawStatus"`, `"points"`}, {`"name": "daybook"`, `"name": ""`}, {`"pending": 0,`, ``},
	} {
		require.Contains(t, good, change[0])
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.ReplaceAll(good, change[0], change[1])))
		require.NoError(t, err)
		require.Error(t, s.Validate(v), change[1])
	}
}

func TestCTRF(t *testing.T) {
	var r ctrfReport
	require.NoError(t, json.Unmarshal([]byte(all(t, ctrfAll, batch(graded("x"), ungraded("x"), refused("x")))), &r))
	assert.Equal(t, ctrfSummary{Tests: 10, Passed: 3, Failed: 2, Skipped: 3, Other: 2, Start: begun.UnixMilli(), Stop: begun.UnixMilli() + 2345}, r.Results.Summary)
	var statuses []string
	for _, test := range r.Results.Tests {
		statuses = append(statuses, test.Suite[1]+" "+test.Status+"/"+test.RawStatus)
	}
	assert.Equal(t, []string{
		"ada passed/passed", "ada failed/failed", "ada skipped/skipped", "ada passed/passed",
		"bob other/errored", "bob passed/passed", "bob other/errored", "bob skipped/skipped", "bob skipped/skipped",
		"eve failed/failed",
	}, statuses)
	extra, err := json.Marshal(r.Results.Extra)
	require.NoError(t, err)
	assert.JSONEq(t, `{"day": 7, "grades": [
		{"submission": "ada", "status": "graded", "points": 3, "max_points": 19, "lines": [{"text": "2 of 4 checks", "points": 5}, {"text": "late by 1 day", "points": -2}]},
		{"submission": "bob", "status": "ungraded", "reason": "1 check could not be decided: x", "max_points": 19},
		{"submission": "eve", "status": "refused", "reason": "the archive cannot be read: x", "max_points": 19}
	]}`, string(extra), "what has no grade has no points, not zero")
}
