package grade

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
)

// someDay has the checks a to c in one exercise.
func someDay() *catalog.Day {
	e := catalog.Exercise{ID: "pack", Files: []string{"*.txt"}}
	for _, id := range []string{"a", "b", "c"} {
		e.Checks = append(e.Checks, check.Check{ID: id, Exercise: "pack", Title: "It is so", Points: 10})
	}
	return &catalog.Day{Number: 7, Title: "Some day", Exercises: []catalog.Exercise{e}}
}

func loadPolicy(t *testing.T, text string) (*Policy, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("policy.yaml", []byte(text), 0o644))
	return LoadPolicy("policy.yaml", someDay())
}

func TestLoadPolicy(t *testing.T) {
	p, err := loadPolicy(t, `
deadline: 2026-03-01T23:59:00+01:00
late:
  grace: 15m
  penalty: 10%
  at_most: 50%
required:
  - check: b
    otherwise_at_most: 10
  - check: c
    otherwise_at_most: 0
at_most: 27.5
round_to: 0.5
`)
	require.NoError(t, err)
	assert.True(t, p.Deadline.Equal(time.Date(2026, 3, 1, 22, 59, 0, 0, time.UTC)))
	p.Deadline = time.Time{}
	assert.Equal(t, &Policy{
		Late:     &Late{Grace: 15 * time.Minute, Penalty: *amount(t, "10%"), AtMost: amount(t, "50%")},
		Required: []Required{{Check: "b", Otherwise: *amount(t, "10")}, {Check: "c", Otherwise: *amount(t, "0")}},
		AtMost:   amount(t, "27.5"), RoundTo: amount(t, "0.5"),
	}, p)
}

// A plan keeps the policy as JSON, and grades the same with what it reads back.
func TestPolicySurvivesAPlan(t *testing.T) {
	p, err := loadPolicy(t, "deadline: 2026-03-01T23:59:00+01:00\nlate: {penalty: 2.25, at_most: 30%}\nrequired: [{check: a, otherwise_at_most: 5}]\n")
	require.NoError(t, err)
	text, err := json.Marshal(p)
	require.NoError(t, err)
	var back Policy
	require.NoError(t, json.Unmarshal(text, &back))
	again, err := json.Marshal(back)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again))
	late := Submission{ID: "ada", Submitted: p.Deadline.Add(30 * time.Hour)}
	r := resultOf(check.Passed, check.Passed)
	assert.Equal(t, p.Of(r, late, Basis{}), back.Of(r, late, Basis{}))
}

// Each problem is told with its line, all at once.
func TestMalformedPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"unknown key":              {"at_mots: 3\n", []string{"policy.yaml:1: unknown key at_mots"}},
		"empty":                    {"", []string{"policy.yaml: it is empty"}},
		"no YAML":                  {"late: [\n", []string{"policy.yaml:"}},
		"two documents":            {"at_most: 3\n---\nat_most: 4\n", []string{"policy.yaml: it holds more than one document"}},
		"a day is no time":         {"deadline: 2026-03-01\n", []string{`policy.yaml:1: deadline is "2026-03-01", and a time with its zone is wanted`}},
		"no deadline":              {"at_most: 3\nlate:\n  penalty: 1\n", []string{"policy.yaml:3: there is a rule for late work and no deadline"}},
		"no penalty":               {"deadline: 2026-03-01T23:59:00Z\nlate:\n  grace: 1h\n", []string{"policy.yaml:3: late has no penalty"}},
		"grace":                    {"deadline: 2026-03-01T23:59:00Z\nlate:\n  grace: two days\n  penalty: 1\n", []string{`policy.yaml:3: grace is "two days", and a time is wanted`}},
		"negative":                 {"at_most: -3\n", []string{`policy.yaml:1: at_most: "-3" is no number of points`}},
		"more than all":            {"at_most: 101%\n", []string{"policy.yaml:1: at_most: 101% is more than 100%"}},
		"too fine":                 {"at_most: 1.005\n", []string{`policy.yaml:1: at_most: "1.005" is no number of points`}},
		"no such check":            {"required:\n  - check: nonsense\n    otherwise_at_most: 3\n", []string{`policy.yaml:2: day 7 has no check "nonsense"`}},
		"no limit":                 {"required:\n  - check: a\n", []string{"policy.yaml:2: it does not say what a grade without it is otherwise_at_most"}},
		"rounded to nothing":       {"round_to: 0\n", []string{"policy.yaml:1: round_to is 0, and a number of points above 0 is wanted"}},
		"a list is no amount":      {"at_most: [1, 2]\n", []string{"policy.yaml:1: at_most has no value, or more than one"}},
		"everything, and at once":  {"at_mots: 3\ndeadline: soon\nround_to: 5%\n", []string{"policy.yaml:1: ", "policy.yaml:2: ", "policy.yaml:3: "}},
		"a rule with neither part": {"required:\n  - {}\n", []string{"a required check has no id"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadPolicy(t, c.text)
			var input *InputError
			require.ErrorAs(t, err, &input)
			for _, want := range c.want {
				assert.Contains(t, err.Error(), want)
			}
		})
	}
}

func TestNoSuchPolicy(t *testing.T) {
	_, err := LoadPolicy(filepath.Join(t.TempDir(), "nowhere.yaml"), someDay())
	var input *InputError
	require.ErrorAs(t, err, &input)
	assert.Contains(t, err.Error(), "reading the policy: ")
}

// The policy that the architecture page shows is one.
func TestPolicyOfThePage(t *testing.T) {
	day, err := catalog.Load(filepath.Join("..", "..", ".."), "148", scenario.IsCommand)
	require.NoError(t, err)
	p, err := LoadPolicy("policy.example.yaml", day)
	require.NoError(t, err)
	assert.Equal(t, []Required{{Check: "builds", Otherwise: *amount(t, "10")}}, p.Required)
	assert.NotNil(t, p.Late)
	assert.NotNil(t, p.AtMost)
	assert.NotNil(t, p.RoundTo)
}
