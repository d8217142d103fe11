package report

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	xhtml "golang.org/x/net/html"

	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// object reads JSON as the consumers do.
func object(t testing.TB, doc string) map[string]any {
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(doc), &v))
	return v
}

// list gives the objects of a list.
func list(v any) (all []map[string]any) {
	if v == nil {
		return nil
	}
	for _, o := range v.([]any) {
		all = append(all, o.(map[string]any))
	}
	return all
}

// valid compiles a schema and gives a test against it.
func valid(t testing.TB, file string) func(t testing.TB, doc string) {
	s, err := jsonschema.NewCompiler().Compile(file)
	require.NoError(t, err)
	return func(t testing.TB, doc string) {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(doc))
		require.NoError(t, err)
		require.NoError(t, s.Validate(v), doc)
	}
}

// gradescope gives the score as Gradescope works it out: the score of the whole,
// or else the sum of the tests; without either, it says that the autograder failed.
func gradescope(doc map[string]any) (score float64, ok bool) {
	if s, has := doc["score"]; has {
		return s.(float64), true
	}
	for _, test := range list(doc["tests"]) {
		s, has := test["score"]
		if !has {
			return 0, false
		}
		score, ok = score+s.(float64), true
	}
	return score, ok
}

func TestGradescope(t *testing.T) {
	doc := object(t, one(t, gradescopeOne, graded("exit status 127")))
	score, ok := gradescope(doc)
	assert.True(t, ok)
	assert.Equal(t, 3.0, score, "after the policy")
	assert.Equal(t, 3.0, doc["execution_time"], "2,345 ms, in seconds")
	assert.Contains(t, doc["output"], "-2  late by 1 day")
	var got []string
	for _, test := range list(doc["tests"]) {
		got = append(got, test["number"].(string)+" "+test["status"].(string)+" "+test["tags"].([]any)[1].(string))
	}
	assert.Equal(t, []string{"1.1 passed passed", "1.2 failed failed", "1.3 failed skipped", "2.1 passed passed"}, got)
	for _, g := range []*grade.Grade{ungraded("x"), refused("x")} {
		doc := object(t, one(t, gradescopeOne, g))
		_, ok := gradescope(doc)
		assert.False(t, ok, "what has no grade has no score, not zero")
		assert.Contains(t, doc["output"], g.Reason)
	}
}

func FuzzGradescope(f *testing.F) {
	seed(f)
	check := valid(f, "testdata/gradescope.schema.json")
	f.Fuzz(func(t *testing.T, text string) {
		for _, g := range everywhere(text) {
			check(t, one(t, gradescopeOne, g))
		}
	})
}

// prairielearn gives what PrairieLearn takes from results (externalGraderCommon.ts
// and what stores its result): a submission that is not gradable has no score; one
// that is needs one between 0 and 1.
func prairielearn(t testing.TB, doc map[string]any) (gradable bool, score float64, errors []any) {
	if g, has := doc["gradable"]; has && !g.(bool) {
		return false, 0, doc["format_errors"].([]any)
	}
	score, ok := doc["score"].(float64)
	require.True(t, ok)
	require.True(t, score >= 0 && score <= 1, "%v", score)
	return true, score, nil
}

// shownPoints is the sum that the element shows, unless a test has no points.
func shownPoints(doc map[string]any) (sum float64, shown bool) {
	for _, test := range list(doc["tests"]) {
		if test["points"] == nil || test["max_points"] == nil {
			return 0, false
		}
		sum += test["points"].(float64)
	}
	return sum, true
}

func TestPrairieLearn(t *testing.T) {
	doc := object(t, one(t, prairielearnOne, graded("x")))
	gradable, score, _ := prairielearn(t, doc)
	assert.True(t, gradable)
	assert.InDelta(t, 3.0/19, score, 1e-9)
	sum, shown := shownPoints(doc)
	assert.True(t, shown)
	assert.Equal(t, 3.0, sum, "what is shown beside the score is the same number")

	for _, g := range []*grade.Grade{ungraded("x"), refused("x")} {
		doc := object(t, one(t, prairielearnOne, g))
		gradable, _, errors := prairielearn(t, doc)
		assert.False(t, gradable)
		require.Len(t, errors, 1)
		assert.Contains(t, errors[0], g.Reason)
		assert.NotContains(t, doc, "score")
	}
	_, shown = shownPoints(object(t, one(t, prairielearnOne, ungraded("x"))))
	assert.False(t, shown, "an errored check has no points")

	more := solved()
	more.Points = 25 // a policy may give more than all
	_, score, _ = prairielearn(t, object(t, one(t, prairielearnOne, more)))
	assert.Equal(t, 1.0, score)
}

func FuzzPrairieLearn(f *testing.F) {
	seed(f)
	check := valid(f, "testdata/prairielearn.schema.json")
	f.Fuzz(func(t *testing.T, text string) {
		for _, g := range everywhere(text) {
			check(t, one(t, prairielearnOne, g))
		}
	})
}

func exercismStatuses(doc map[string]any) (all []string) {
	for _, test := range list(doc["tests"]) {
		all = append(all, test["status"].(string))
	}
	return all
}

func TestExercism(t *testing.T) {
	doc := object(t, one(t, exercismOne, graded("exit status 127")))
	assert.Equal(t, 3.0, doc["version"])
	assert.Equal(t, "fail", doc["status"])
	assert.Contains(t, doc, "message")
	assert.Nil(t, doc["message"], "null unless the status is error")
	assert.Equal(t, []string{"pass", "fail", "fail", "pass"}, exercismStatuses(doc), "what waits for a failure is the learner's")
	tests := list(doc["tests"])
	assert.Equal(t, "exit status 127", tests[1]["output"])
	assert.Contains(t, tests[2]["message"], "not run: it needs starts")
	assert.Equal(t, []any{1.0, 2.0}, []any{tests[2]["task_id"], tests[3]["task_id"]})

	assert.Equal(t, "pass", object(t, one(t, exercismOne, solved()))["status"])
	for _, g := range []*grade.Grade{ungraded("x"), refused("x")} {
		doc := object(t, one(t, exercismOne, g))
		assert.Equal(t, "error", doc["status"])
		assert.Contains(t, doc["message"], g.Reason)
	}
	assert.Equal(t, []string{"error", "pass", "error", "error", "error"}, exercismStatuses(object(t, one(t, exercismOne, ungraded("x")))), "what waits for what is ours is ours")
}

func FuzzExercism(f *testing.F) {
	seed(f)
	check := valid(f, "testdata/exercism.schema.json")
	f.Fuzz(func(t *testing.T, text string) {
		for _, g := range everywhere(text) {
			doc := one(t, exercismOne, g)
			check(t, doc)
			for _, test := range list(object(t, doc)["tests"]) {
				if out, ok := test["output"].(string); ok {
					require.LessOrEqual(t, utf8.RuneCountInString(out), 500)
					got := shown(g.Result.Exercises[0].Checks[1].Finding.Got)
					require.True(t, out == got || strings.HasSuffix(out, "Please limit to 500 chars"))
				}
			}
		}
	})
}

// toAnsi reads as check50's to_ansi does. It reads cause of what did not pass, so
// None there would be an exception.
func toAnsi(t testing.TB, doc map[string]any) (lines []string) {
	for _, r := range list(doc["results"]) {
		passed, has := r["passed"]
		require.True(t, has)
		if passed == true {
			lines = append(lines, ":) "+r["description"].(string))
			continue
		}
		face := ":( "
		if passed == nil {
			face = ":| "
		}
		cause, ok := r["cause"].(map[string]any)
		require.True(t, ok, "what did not pass has a cause")
		lines = append(lines, face+r["description"].(string), "    "+cause["rationale"].(string))
	}
	return lines
}

func TestCheck50(t *testing.T) {
	doc := object(t, one(t, check50One, graded("exit status 127")))
	assert.Equal(t, []string{
		":) It builds",
		":( It starts on <scratch>", "    want the service to answer, got exit status 127",
		":| It stops", "    not run: it needs starts, which did not pass",
		":) It parses",
	}, toAnsi(t, doc))
	results := list(doc["results"])
	assert.Equal(t, []any{nil, "builds", "starts", nil}, []any{results[0]["dependency"], results[1]["dependency"], results[2]["dependency"], results[3]["dependency"]})
	assert.Equal(t, "v1.2.3", doc["version"])

	doc = object(t, one(t, check50One, ungraded("x")))
	for _, r := range list(doc["results"]) {
		assert.NotEqual(t, false, r["passed"], "%s: null is not run, false would be failed", r["name"])
	}
	assert.Contains(t, strings.Join(toAnsi(t, doc), "\n"), "1 check could not be decided: x")
	assert.Contains(t, strings.Join(toAnsi(t, object(t, one(t, check50One, refused("x")))), "\n"), "the archive cannot be read: x")
}

// check50's results.html has the texts of a cause without escaping.
func FuzzCheck50(f *testing.F) {
	seed(f)
	check := valid(f, "testdata/check50.schema.json")
	f.Fuzz(func(t *testing.T, text string) {
		for _, g := range everywhere(text) {
			doc := one(t, check50One, g)
			check(t, doc)
			for _, r := range list(object(t, doc)["results"]) {
				cause, _ := r["cause"].(map[string]any)
				for _, v := range cause {
					s, _ := v.(string)
					tokens := xhtml.NewTokenizer(strings.NewReader(s))
					for kind := tokens.Next(); kind != xhtml.ErrorToken; kind = tokens.Next() {
						require.Equal(t, xhtml.TextToken, kind, s)
					}
				}
			}
		}
	})
}
