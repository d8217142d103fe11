package grade

import (
	"fmt"
	"strings"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// Of is what a result is worth where nothing but the manifest's points counts.
func Of(r *check.Result, s Submission, b Basis) *Grade { return (&Policy{}).Of(r, s, b) }

// Of is what a result is worth under p. The steps are taken in this order, each
// a line or more: the checks, what required checks limit, the cap, lateness,
// rounding. A result with a check that could not be decided makes an ungraded
// grade, with that check's trouble as the reason and without a line.
func (p *Policy) Of(r *check.Result, s Submission, b Basis) *Grade {
	g := &Grade{Schema: Schema, Day: r.Day, Submission: s, MaxPoints: float64(r.MaxPoints), Result: r, Basis: b}
	if reason := undecided(r); reason != "" {
		g.Status, g.Reason = Ungraded, reason
		return g
	}
	g.Status = Graded
	t := &tally{most: whole(r.MaxPoints)}
	t.checks(r)
	t.required(p.Required, r)
	t.cap(p.AtMost)
	t.late(p, s.Submitted)
	t.round(p.RoundTo)
	g.Points, g.Lines = t.total.points(), t.lines
	return g
}

// undecided says why a result is no verdict, or nothing when it is one.
func undecided(r *check.Result) string {
	if r.Status != check.Errored {
		return ""
	}
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			if c.Status != check.Errored {
				continue
			}
			if c.Trouble == nil {
				return c.ID + " could not be decided"
			}
			return fmt.Sprintf("%s could not be decided: %s", c.ID, c.Trouble.Error())
		}
	}
	return "it could not be decided"
}

// tally adds up lines.
type tally struct {
	most  hundredths // what can be had
	total hundredths
	lines []Line
}

func (t *tally) add(points hundredths, format string, args ...any) {
	t.total += points
	t.lines = append(t.lines, Line{Text: fmt.Sprintf(format, args...), Points: points.points()})
}

// checks adds a line an exercise, which names what earned nothing.
func (t *tally) checks(r *check.Result) {
	for _, e := range r.Exercises {
		earned, passed := 0, 0
		missed := map[check.Status][]string{}
		for _, c := range e.Checks {
			earned += c.Points
			if c.Status == check.Passed {
				passed++
				continue
			}
			missed[c.Status] = append(missed[c.Status], fmt.Sprintf("%s (%d)", c.ID, c.MaxPoints))
		}
		text := fmt.Sprintf("%s: %d of %d checks pass", e.ID, passed, len(e.Checks))
		for _, s := range []check.Status{check.Failed, check.Skipped} {
			if len(missed[s]) > 0 {
				text += fmt.Sprintf("; %s: %s", s, strings.Join(missed[s], ", "))
			}
		}
		t.add(whole(earned), "%s", text)
	}
}

// limit brings the total down to most, with a line that says why. When it is
// not above, there is nothing to say.
func (t *tally) limit(most hundredths, format string, args ...any) {
	if t.total > most {
		t.add(most-t.total, format, args...)
	}
}

func (t *tally) required(rules []Required, r *check.Result) {
	status := map[string]check.Status{}
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			status[c.ID] = c.Status
		}
	}
	for _, rule := range rules {
		switch status[rule.Check] {
		case check.Passed:
		case "":
			t.add(0, "%s is required, and was not asked for", rule.Check)
		default:
			t.limit(rule.Otherwise.of(t.most), "without %s it is at most %s points", rule.Check, rule.Otherwise.of(t.most))
		}
	}
}

func (t *tally) cap(most *Amount) {
	if most != nil {
		t.limit(most.of(t.most), "no grade is above %s points", most.of(t.most))
	}
}

// late takes points off for each day or part of a day after the deadline and
// the grace. A grade does not go below zero by it.
func (t *tally) late(p *Policy, submitted time.Time) {
	if p.Deadline.IsZero() {
		return
	}
	if submitted.IsZero() {
		t.add(0, "when it was handed in is not known, so nothing is taken off for lateness")
		return
	}
	after := submitted.Sub(p.Deadline)
	if after <= 0 {
		t.add(0, "handed in on time")
		return
	}
	if p.Late == nil {
		t.add(0, "handed in %s late, for which nothing is taken off", span(after))
		return
	}
	if after <= p.Late.Grace {
		t.add(0, "handed in %s late, within the grace of %s", span(after), span(p.Late.Grace))
		return
	}
	days, off := p.Late.penalty(after, t.most)
	text := fmt.Sprintf("handed in %s late: %s begun at %s a day", span(after), plural(days, "day"), p.Late.Penalty)
	if p.Late.Grace > 0 {
		text += fmt.Sprintf(", after a grace of %s", span(p.Late.Grace))
	}
	if m := p.Late.AtMost; m != nil && off > m.of(t.most) {
		off = m.of(t.most)
		text += fmt.Sprintf(", at most %s", m)
	}
	if off > t.total {
		off = t.total
		text += ", and not below 0"
	}
	t.add(-off, "%s", text)
}

// round goes to the nearest multiple of step, up from the middle, and never above
// what can be had.
func (t *tally) round(step *Amount) {
	if step == nil {
		return
	}
	s := step.of(t.most)
	if s == 0 {
		return
	}
	const half = 2
	to := (t.total + s/half) / s * s
	if to > t.most { // which need not be a multiple
		to -= s
	}
	if to != t.total {
		t.add(to-t.total, "rounded to a multiple of %s", s)
	}
}

// plural is n things in words.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// span is a time in words, to the minute: "1 day 3 h", "12 min". What is less
// than a minute is said as less than one.
func span(d time.Duration) string {
	if d < time.Minute {
		return "less than 1 min"
	}
	const day = 24 * time.Hour
	var words []string
	if n := int(d / day); n > 0 {
		words = append(words, plural(n, "day"))
	}
	if n := int(d % day / time.Hour); n > 0 {
		words = append(words, fmt.Sprintf("%d h", n))
	}
	if n := int(d % time.Hour / time.Minute); n > 0 {
		words = append(words, fmt.Sprintf("%d min", n))
	}
	return strings.Join(words, " ")
}
