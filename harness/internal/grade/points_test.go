package grade

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// resultOf makes a result of one exercise. Each check is worth 10 points, and
// ids are "a", "b" and so on.
func resultOf(all ...check.Status) *check.Result {
	e := check.ExerciseResult{ID: "pack"}
	for i, s := range all {
		c := check.CheckResult{ID: string(rune('a' + i)), Title: "It is so", Status: s, MaxPoints: 10, Needs: []string{}}
		switch s {
		case check.Passed:
			c.Points = 10
		case check.Errored:
			c.Trouble = &check.Trouble{Message: "no engine", Mend: "start it"}
		case check.Failed:
			c.Finding = &check.Finding{Want: "w", Got: "g"}
		}
		e.Checks = append(e.Checks, c)
	}
	r := &check.Result{Day: 7, Exercises: []check.ExerciseResult{e}}
	r.Total()
	return r
}

func amount(t testing.TB, text string) *Amount {
	t.Helper()
	var a Amount
	require.NoError(t, a.UnmarshalText([]byte(text)))
	return &a
}

var due = time.Date(2026, 3, 1, 23, 59, 0, 0, time.UTC)

func TestOf(t *testing.T) {
	const day = 24 * time.Hour
	ten := Late{Grace: 15 * time.Minute, Penalty: *amount(t, "10%"), AtMost: amount(t, "50%")}
	for name, c := range map[string]struct {
		policy Policy
		result *check.Result
		after  time.Duration // when it was handed in, after due; 0 when that is not known
		want   float64
		lines  []string // the last of them, with their points
	}{
		"the manifest's points": {
			result: resultOf(check.Passed, check.Failed, check.Skipped), want: 10,
			lines: []string{"10 pack: 1 of 3 checks pass; failed: b (10); skipped: c (10)"},
		},
		"all": {
			result: resultOf(check.Passed, check.Passed), want: 20,
			lines: []string{"20 pack: 2 of 2 checks pass"},
		},
		"on time": {
			policy: Policy{Deadline: due, Late: &ten}, result: resultOf(check.Passed), after: -time.Minute, want: 10,
			lines: []string{"0 handed in on time"},
		},
		"at an unknown time": {
			policy: Policy{Deadline: due, Late: &ten}, result: resultOf(check.Passed), want: 10,
			lines: []string{"0 when it was handed in is not known, so nothing is taken off for lateness"},
		},
		"within the grace": {
			policy: Policy{Deadline: due, Late: &ten}, result: resultOf(check.Passed), after: 15 * time.Minute, want: 10,
			lines: []string{"0 handed in 15 min late, within the grace of 15 min"},
		},
		"a second after the grace is a day": {
			policy: Policy{Deadline: due, Late: &ten}, result: resultOf(check.Passed, check.Passed), after: 15*time.Minute + time.Second, want: 18,
			lines: []string{"-2 handed in 15 min late: 1 day begun at 10% a day, after a grace of 15 min"},
		},
		"a day and the grace is a day": {
			policy: Policy{Deadline: due, Late: &ten}, result: resultOf(check.Passed, check.Passed), after: day + 15*time.Minute, want: 18,
			lines: []string{"-2 handed in 1 day 15 min late: 1 day begun at 10% a day, after a grace of 15 min"},
		},
		"a second more is two": {
			policy: Policy{Deadline: due, Late: &ten}, result: resultOf(check.Passed, check.Passed), after: day + 15*time.Minute + time.Second, want: 16,
			lines: []string{"-4 handed in 1 day 15 min late: 2 days begun at 10% a day, after a grace of 15 min"},
		},
		"no more than the most": {
			policy: Policy{Deadline: due, Late: &ten}, result: resultOf(check.Passed, check.Passed), after: 20 * day, want: 10,
			lines: []string{"-10 handed in 20 days late: 20 days begun at 10% a day, after a grace of 15 min, at most 50%"},
		},
		"never below zero": {
			policy: Policy{Deadline: due, Late: &Late{Penalty: *amount(t, "4")}}, result: resultOf(check.Passed, check.Failed, check.Failed), after: 5 * day, want: 0,
			lines: []string{"-10 handed in 5 days late: 5 days begun at 4 a day, and not below 0"},
		},
		"late without a rule": {
			policy: Policy{Deadline: due}, result: resultOf(check.Passed), after: 2*day + 3*time.Hour, want: 10,
			lines: []string{"0 handed in 2 days 3 h late, for which nothing is taken off"},
		},
		"a required check that fails": {
			policy: Policy{Required: []Required{{Check: "b", Otherwise: *amount(t, "5")}}}, result: resultOf(check.Passed, check.Failed), want: 5,
			lines: []string{"-5 without b it is at most 5 points"},
		},
		"a required check that was skipped, for all of the points": {
			policy: Policy{Required: []Required{{Check: "c"}}}, result: resultOf(check.Passed, check.Failed, check.Skipped), want: 0,
			lines: []string{"-10 without c it is at most 0 points"},
		},
		"a limit that is not reached is not spoken of": {
			policy: Policy{Required: []Required{{Check: "b", Otherwise: *amount(t, "50%")}}}, result: resultOf(check.Passed, check.Failed), want: 10,
			lines: []string{"10 pack: 1 of 2 checks pass; failed: b (10)"},
		},
		"a required check that was not asked for": {
			policy: Policy{Required: []Required{{Check: "other"}}}, result: resultOf(check.Passed), want: 10,
			lines: []string{"0 other is required, and was not asked for"},
		},
		"a cap": {
			policy: Policy{AtMost: amount(t, "75%")}, result: resultOf(check.Passed, check.Passed), want: 15,
			lines: []string{"-5 no grade is above 15 points"},
		},
		"the cap comes before lateness": {
			policy: Policy{AtMost: amount(t, "15"), Deadline: due, Late: &Late{Penalty: *amount(t, "1")}}, result: resultOf(check.Passed, check.Passed), after: time.Hour, want: 14,
			lines: []string{"-5 no grade is above 15 points", "-1 handed in 1 h late: 1 day begun at 1 a day"},
		},
		"rounded up from the middle": {
			policy: Policy{AtMost: amount(t, "17.25"), RoundTo: amount(t, "0.5")}, result: resultOf(check.Passed, check.Passed), want: 17.5,
			lines: []string{"-2.75 no grade is above 17.25 points", "0.25 rounded to a multiple of 0.5"},
		},
		"rounded down": {
			policy: Policy{AtMost: amount(t, "17.49"), RoundTo: amount(t, "1")}, result: resultOf(check.Passed, check.Passed), want: 17,
			lines: []string{"-0.49 rounded to a multiple of 1"},
		},
		"a third is cut off for the learner's good": {
			policy: Policy{Deadline: due, Late: &Late{Penalty: *amount(t, "33.33%")}}, result: resultOf(check.Passed), after: time.Hour, want: 6.67,
			lines: []string{"-3.33 handed in 1 h late: 1 day begun at 33.33% a day"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := Submission{ID: "ada"}
			if c.after != 0 {
				s.Submitted = due.Add(c.after)
			}
			g := c.policy.Of(c.result, s, Basis{})
			assert.Equal(t, Graded, g.Status)
			assert.Equal(t, c.want, g.Points)
			assert.Equal(t, float64(c.result.MaxPoints), g.MaxPoints)
			var lines []string
			for _, l := range g.Lines {
				lines = append(lines, fmt.Sprintf("%v %s", l.Points, l.Text))
			}
			require.GreaterOrEqual(t, len(lines), len(c.lines))
			assert.Equal(t, c.lines, lines[len(lines)-len(c.lines):])
		})
	}
}

func TestWhatIsUndecidedHasNoPoints(t *testing.T) {
	g := Of(resultOf(check.Passed, check.Errored), Submission{ID: "ada"}, Basis{})
	assert.Equal(t, Ungraded, g.Status)
	assert.Equal(t, "b could not be decided: no engine (start it)", g.Reason)
	assert.Zero(t, g.Points)
	assert.Empty(t, g.Lines, "an explanation of no points would look like a zero")
	assert.Equal(t, 20.0, g.MaxPoints)
}

// Whatever the policy, the lines add up to the points, to the last digit that
// people see.
func TestLinesAddUp(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 0))
		p, result, s := drawPolicy(t, r), drawResult(r), Submission{ID: "ada"}
		if r.IntN(4) > 0 {
			s.Submitted = due.Add(time.Duration(r.Int64N(int64(10*24*time.Hour))) - 24*time.Hour)
		}
		g := p.Of(result, s, Basis{})
		require.Equal(t, Graded, g.Status)
		total := new(big.Rat)
		for _, l := range g.Lines {
			total.Add(total, exactly(t, l.Points))
		}
		require.Zero(t, exactly(t, g.Points).Cmp(total), "seed %d: %v", seed, g.Lines)
		require.GreaterOrEqual(t, g.Points, 0.0, "seed %d", seed)
		require.LessOrEqual(t, g.Points, g.MaxPoints, "seed %d", seed)
	}
}

// exactly is the number as it is written, not as a computer rounds it.
func exactly(t *testing.T, points float64) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(points, 'f', -1, 64))
	require.True(t, ok)
	return r
}

func drawAmount(t *testing.T, r *rand.Rand) *Amount {
	text := fmt.Sprintf("%d.%02d", r.IntN(40), r.IntN(100))
	if r.IntN(2) == 0 {
		text += "%"
	}
	return amount(t, text)
}

func drawPolicy(t *testing.T, r *rand.Rand) *Policy {
	p := &Policy{}
	if r.IntN(2) == 0 {
		p.Deadline = due
		p.Late = &Late{Grace: time.Duration(r.IntN(3)) * time.Hour, Penalty: *drawAmount(t, r)}
		if r.IntN(2) == 0 {
			p.Late.AtMost = drawAmount(t, r)
		}
	}
	for range r.IntN(3) {
		p.Required = append(p.Required, Required{Check: string(rune('a' + r.IntN(6))), Otherwise: *drawAmount(t, r)})
	}
	if r.IntN(2) == 0 {
		p.AtMost = drawAmount(t, r)
	}
	if r.IntN(2) == 0 {
		p.RoundTo = amount(t, []string{"0.5", "1", "0.1", "0.07"}[r.IntN(4)])
	}
	return p
}

func drawResult(r *rand.Rand) *check.Result {
	result := &check.Result{Day: 7}
	id := 'a'
	for e := range 1 + r.IntN(3) {
		exercise := check.ExerciseResult{ID: fmt.Sprintf("exercise-%d", e)}
		for range 1 + r.IntN(3) {
			c := check.CheckResult{ID: string(id), MaxPoints: 1 + r.IntN(9), Status: []check.Status{check.Passed, check.Failed, check.Skipped}[r.IntN(3)]}
			if c.Status == check.Passed {
				c.Points = c.MaxPoints
			}
			exercise.Checks = append(exercise.Checks, c)
			id++
		}
		result.Exercises = append(result.Exercises, exercise)
	}
	result.Total()
	return result
}
