package grade

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

// Policy is what a course makes of a result: rules over the points that the
// manifest gives. The zero Policy has none. As a file it reads
//
//	deadline: 2026-03-01T23:59:00+01:00
//	late:
//	  grace: 15m            # not late before that, and counted from there
//	  penalty: 10%          # for each day or part of one
//	  at_most: 50%
//	required:
//	  - check: builds
//	    otherwise_at_most: 10
//	at_most: 90%
//	round_to: 0.5
//
// An amount is a number of points, or a share of those that can be had.
type Policy struct {
	Deadline time.Time  `json:"deadline,omitzero"`
	Late     *Late      `json:"late,omitempty"`     // nil takes nothing off
	Required []Required `json:"required,omitempty"` // in the file's order
	AtMost   *Amount    `json:"at_most,omitempty"`
	RoundTo  *Amount    `json:"round_to,omitempty"`
}

// Late is what is taken off for handing in after the deadline.
type Late struct {
	Grace   time.Duration `json:"grace_ns,omitempty"`
	Penalty Amount        `json:"penalty"` // for each day or part of one, after the grace
	AtMost  *Amount       `json:"at_most,omitempty"`
}

// penalty is what is taken off, before any limit, and for how many days.
func (l *Late) penalty(after time.Duration, most hundredths) (days int, off hundredths) {
	const day = 24 * time.Hour
	days = int((after - l.Grace + day - 1) / day)
	return days, hundredths(days) * l.Penalty.of(most)
}

// Required is a check without which a grade has a limit.
type Required struct {
	Check     string `json:"check"`
	Otherwise Amount `json:"otherwise_at_most"`
}

// InputError is something that the person who called has to put right.
type InputError struct{ Message string }

// Error gives the message.
func (e *InputError) Error() string { return e.Message }

// policyFile is the form of a policy as a file.
type policyFile struct {
	Deadline yaml.Node      `yaml:"deadline"`
	Late     *lateEntry     `yaml:"late"`
	Required []requireEntry `yaml:"required"`
	AtMost   yaml.Node      `yaml:"at_most"`
	RoundTo  yaml.Node      `yaml:"round_to"`
}

type lateEntry struct {
	Grace   yaml.Node `yaml:"grace"`
	Penalty yaml.Node `yaml:"penalty"`
	AtMost  yaml.Node `yaml:"at_most"`
}

type requireEntry struct {
	Check     yaml.Node `yaml:"check"`
	Otherwise yaml.Node `yaml:"otherwise_at_most"`
}

// LoadPolicy reads a policy for the day. The error is an *InputError that tells
// every problem of the file, a line each.
func LoadPolicy(file string, day *catalog.Day) (*Policy, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, &InputError{Message: fmt.Sprintf("reading the policy: %v", err)}
	}
	l := &policyLoader{file: file, day: day}
	p := l.policy(data)
	if len(l.problems) > 0 {
		return nil, &InputError{Message: "the policy is malformed:\n" + strings.Join(l.problems, "\n")}
	}
	return p, nil
}

// policyLoader gathers problems while it reads a policy.
type policyLoader struct {
	file     string
	day      *catalog.Day
	problems []string
}

func (l *policyLoader) add(line int, format string, args ...any) {
	l.problems = append(l.problems, catalog.Problem{File: l.file, Line: line, Text: fmt.Sprintf(format, args...)}.String())
}

func (l *policyLoader) policy(data []byte) *Policy {
	in, p := l.decode(data), &Policy{}
	if text := l.scalar(&in.Deadline, "deadline"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			l.add(in.Deadline.Line, "deadline is %q, and a time with its zone is wanted, such as 2026-03-01T23:59:00+01:00", text)
		}
		p.Deadline = at
	}
	if in.Late != nil {
		p.Late = l.late(in.Late)
		if in.Deadline.Kind == 0 {
			l.add(max(in.Late.Penalty.Line, in.Late.Grace.Line, in.Late.AtMost.Line), "there is a rule for late work and no deadline")
		}
	}
	for i := range in.Required {
		p.Required = append(p.Required, l.required(&in.Required[i]))
	}
	p.AtMost = l.amount(&in.AtMost, "at_most")
	if p.RoundTo = l.amount(&in.RoundTo, "round_to"); p.RoundTo != nil && (p.RoundTo.percent || p.RoundTo.n == 0) {
		l.add(in.RoundTo.Line, "round_to is %s, and a number of points above 0 is wanted", p.RoundTo)
	}
	return p
}

func (l *policyLoader) late(in *lateEntry) *Late {
	late := &Late{AtMost: l.amount(&in.AtMost, "at_most of late")}
	if text := l.scalar(&in.Grace, "grace"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			l.add(in.Grace.Line, "grace is %q, and a time is wanted, such as 15m or 24h", text)
		}
		late.Grace = d
	}
	if penalty := l.amount(&in.Penalty, "penalty"); penalty != nil {
		late.Penalty = *penalty
	} else if in.Penalty.Kind == 0 {
		l.add(max(in.Grace.Line, in.AtMost.Line), "late has no penalty")
	}
	return late
}

func (l *policyLoader) required(in *requireEntry) Required {
	rule := Required{Check: l.scalar(&in.Check, "check")}
	line := max(in.Check.Line, in.Otherwise.Line)
	known := false
	for _, c := range l.day.Checks() {
		known = known || c.ID == rule.Check
	}
	switch {
	case in.Check.Kind == 0:
		l.add(line, "a required check has no id")
	case !known:
		l.add(in.Check.Line, "day %d has no check %q", l.day.Number, rule.Check)
	}
	if otherwise := l.amount(&in.Otherwise, "otherwise_at_most"); otherwise != nil {
		rule.Otherwise = *otherwise
	} else if in.Otherwise.Kind == 0 {
		l.add(line, "it does not say what a grade without it is otherwise_at_most")
	}
	return rule
}

// scalar is a node's text, or "" when it is not there.
func (l *policyLoader) scalar(n *yaml.Node, key string) string {
	if n.Kind != 0 && (n.Kind != yaml.ScalarNode || n.Value == "") {
		l.add(n.Line, "%s has no value, or more than one", key)
		return ""
	}
	return n.Value
}

func (l *policyLoader) amount(n *yaml.Node, key string) *Amount {
	text := l.scalar(n, key)
	if text == "" {
		return nil
	}
	var a Amount
	if err := a.UnmarshalText([]byte(text)); err != nil {
		l.add(n.Line, "%s: %v", key, err)
		return nil
	}
	return &a
}

// decode reads the file's form, and tells of keys that there are not.
func (l *policyLoader) decode(data []byte) (in policyFile) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	err := dec.Decode(&in)
	if errors.Is(err, io.EOF) {
		l.add(0, "it is empty")
		return in
	}
	if next := dec.Decode(new(any)); err == nil && !errors.Is(next, io.EOF) {
		l.add(0, "it holds more than one document (a line ---)")
	}
	var several *yaml.TypeError
	switch {
	case errors.As(err, &several):
		for _, said := range several.Errors {
			l.yamlProblem(said)
		}
	case err != nil:
		l.yamlProblem(err.Error())
	}
	return in
}

var (
	yamlLine     = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	unknownField = regexp.MustCompile(`^field (\S+) not found in type .*$`)
)

func (l *policyLoader) yamlProblem(said string) {
	line := 0
	if m := yamlLine.FindStringSubmatch(said); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits, by the pattern
		said = m[2]
	}
	if m := unknownField.FindStringSubmatch(said); m != nil {
		said = "unknown key " + m[1]
	}
	l.add(line, "%s", said)
}
