package report

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

func decoded(t testing.TB, output string) string {
	plain, err := base64.StdEncoding.DecodeString(output)
	require.NoError(t, err)
	return string(plain)
}

// reporter is what the reporter's main.js, console-results.js and
// notify-classroom.js do with the outputs of the runners: what they print, the
// points that they report, nil when they report none, and whether the job fails.
func reporter(t testing.TB, outputs ...string) (console string, points, maxPoints *float64, failed bool) {
	var out strings.Builder
	total, most := 0.0, 0.0
	for _, o := range outputs {
		var r struct {
			Status   string
			MaxScore *float64 `json:"max_score"`
			Tests    []struct {
				Name, Status, Message string
				Score                 *float64
			}
		}
		require.NoError(t, json.Unmarshal([]byte(decoded(t, o)), &r))
		require.Contains(t, []string{"pass", "fail", "error"}, r.Status)
		for _, test := range r.Tests {
			if test.Status == "pass" {
				fmt.Fprintf(&out, "\x1b[32m✅ %s\n\x1b[0m\n", test.Name)
				continue
			}
			message := test.Message
			if message == "" {
				message = fmt.Sprintf("Failed to run test '%s'", test.Name)
			}
			fmt.Fprintf(&out, "\x1b[31m❌ %s\n\nError: %s\n\x1b[0m\n", test.Name, message)
		}
		failed = failed || r.Status != "pass"
		if r.MaxScore == nil || *r.MaxScore == 0 {
			continue // dropped
		}
		most += *r.MaxScore
		for _, test := range r.Tests {
			if test.Score == nil {
				total = math.NaN()
				continue
			}
			total += *test.Score
		}
	}
	if most == 0 {
		return out.String(), nil, nil, failed
	}
	return out.String(), &total, &most, failed
}

func TestClassroom(t *testing.T) {
	console, points, most, failed := reporter(t, one(t, classroomOne, graded("exit status 127")))
	require.NotNil(t, points)
	assert.Equal(t, 3.0, *points, "after the policy, which the tests alone do not come to")
	assert.Equal(t, 19.0, *most)
	assert.True(t, failed)
	assert.Contains(t, console, "✅ pack / builds: It builds")
	assert.Contains(t, console, "❌ pack / starts")
	assert.Contains(t, console, "got     exit status 127")
	assert.Contains(t, console, "-2  late by 1 day", "why the points are fewer is printed")

	_, points, most, failed = reporter(t, one(t, classroomOne, solved()))
	assert.Equal(t, []float64{19, 19}, []float64{*points, *most})
	assert.False(t, failed)
	assert.NotContains(t, decoded(t, one(t, classroomOne, solved())), `"policy"`, "nothing to make up for")
}

// The reporter has no way to report a submission without points, but it drops
// what is out of zero: that is never a zero.
func TestClassroomReportsNoPointsWithoutAGrade(t *testing.T) {
	for want, g := range map[string]*grade.Grade{"error": ungraded("x"), "fail": refused("x")} {
		output := one(t, classroomOne, g)
		console, points, _, failed := reporter(t, output)
		assert.Nil(t, points)
		assert.True(t, failed)
		assert.Contains(t, console, g.Reason)
		assert.Contains(t, decoded(t, output), `"status":"`+want+`"`)
	}
	nothing := graded("x")
	nothing.MaxPoints = 0
	assert.ErrorContains(t, classroomOne(full{}, nothing), "out of zero points")
}

// The reporter prints what learners wrote to a log that the runner reads.
func FuzzClassroomPrintsNoCommands(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		for _, g := range everywhere(text) {
			console, _, _, _ := reporter(t, one(t, classroomOne, g))
			for _, out := range []string{console, invisible(console)} {
				var r runner
				r.read(out)
				require.Empty(t, r.executed)
				require.Empty(t, r.stopped)
			}
		}
	})
}

// The output is passed on in an environment variable of at most 128 KiB.
func TestClassroomFitsIntoAVariable(t *testing.T) {
	g := graded(strings.Repeat("long\n", 10_000))
	for i := range 60 {
		c := failedStarts(strings.Repeat("<long>\n", 2_000))
		c.ID = fmt.Sprintf("check-%d", i)
		g.Result.Exercises[0].Checks = append(g.Result.Exercises[0].Checks, c)
	}
	output := one(t, classroomOne, g)
	const variable = 128 << 10
	assert.Less(t, len("STEP_RESULTS=")+len(output), variable)
	_, points, _, _ := reporter(t, output)
	assert.Equal(t, 3.0, *points)
	assert.Greater(t, len(output), variable/8, "messages are cut, and not left out")
}

func TestOverall(t *testing.T) {
	assert.Equal(t, check.Passed, overall(solved()))
	assert.Equal(t, check.Failed, overall(graded("x")))
	assert.Equal(t, check.Errored, overall(ungraded("x")))
	assert.Equal(t, check.Failed, overall(refused("x")))
}
