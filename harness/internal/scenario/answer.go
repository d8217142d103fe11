package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/itchyny/gojq"
)

// answerCommands look at the last answer that a program or a service gave.
var answerCommands = []Command{
	{Name: "reply", Args: "QUERY WANT", Judges: true, least: 2, most: 2, not: true, run: cmdReply,
		Doc: "Fails unless the jq QUERY over the last answer gives WANT: a string as it is, anything else as compact JSON. After ! it fails if it does."},
	{Name: "mentions", Args: "QUERY TEXT", Judges: true, least: 2, most: 2, not: true, run: cmdMentions,
		Doc: "Fails unless what the jq QUERY gives contains TEXT. After ! it fails if it does."},
	{Name: "hides", Args: "TEXT", Judges: true, least: 1, most: 1, run: cmdHides,
		Doc: "Fails if TEXT stands anywhere in the last answer."},
}

// keep keeps an answer, and reports whether it is one JSON document.
func (s *session) keep(raw []byte) bool {
	s.raw, s.answer = string(raw), nil
	dec := json.NewDecoder(strings.NewReader(s.raw))
	dec.UseNumber()
	if err := dec.Decode(&s.answer); err != nil {
		return false
	}
	s.answer = numbers(s.answer)
	s.answers = append(s.answers, Answer{value: s.answer, variables: s.variables})
	return !dec.More()
}

// numbers turns JSON numbers into those that gojq takes, without rounding.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return int(n)
		}
		f, _ := v.Float64() // a JSON number is one
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}

// errNothing is a query that gives no value.
var errNothing = errors.New("it gives nothing")

// evaluate gives what a jq query over answer gives, as text: a string as it is,
// anything else as compact JSON.
func evaluate(ctx context.Context, q *gojq.Query, answer any) (string, error) {
	v, ok := q.RunWithContext(ctx, answer).Next()
	if !ok {
		return "", errNothing
	}
	switch v := v.(type) {
	case error:
		return "", v
	case string:
		return v, nil
	}
	text, err := gojq.Marshal(v)
	return string(text), err
}

// query gives what a jq query over the last answer gives. The step passes when
// holds says so of it, and is kept as one that judges the answer.
func (s *session) query(command, expr string, holds func(got string) bool) (got string, err error) {
	q, err := gojq.Parse(expr)
	if err != nil {
		return "", &UsageError{Command: command, Text: fmt.Sprintf("%s: %v", expr, err)}
	}
	if s.answer == nil && s.raw != "" && strings.TrimSpace(s.raw) != "null" {
		return "", s.fail(s.source+" to answer with JSON", clip(s.raw), "What it wrote is not JSON.")
	}
	s.judge(func(answer any, _ string) bool {
		got, err := evaluate(s.ctx, q, answer)
		return err == nil && holds(got)
	})
	got, err = evaluate(s.ctx, q, s.answer)
	if errors.Is(err, errNothing) {
		return "", &UsageError{Command: command, Text: expr + " gives nothing"}
	}
	if err != nil {
		return "", s.fail(fmt.Sprintf("%s to answer with something that has %s", s.source, expr), clip(s.raw), "The answer has another form: "+err.Error()+".")
	}
	return got, nil
}

func cmdReply(s *session, neg bool, args []string) error {
	holds := func(got string) bool { return (got == args[1]) != neg }
	got, err := s.query("reply", args[0], holds)
	if err != nil || holds(got) {
		return err
	}
	if neg {
		return s.fail(fmt.Sprintf("%s not to be %s", args[0], quoted(args[1])), "just that", "")
	}
	return s.fail(fmt.Sprintf("%s to be %s", args[0], quoted(args[1])), quoted(got), "")
}

func cmdMentions(s *session, neg bool, args []string) error {
	holds := func(got string) bool { return strings.Contains(got, args[1]) != neg }
	s.seek(args[1])
	got, err := s.query("mentions", args[0], holds)
	if err != nil || holds(got) {
		return err
	}
	if neg {
		return s.fail(fmt.Sprintf("%s not to contain %s", args[0], quoted(args[1])), quoted(got), "")
	}
	return s.fail(fmt.Sprintf("%s to contain %s", args[0], quoted(args[1])), quoted(got), "")
}

func cmdHides(s *session, _ bool, args []string) error {
	s.seek(args[0])
	s.judge(func(_ any, raw string) bool { return !strings.Contains(raw, args[0]) })
	i := strings.Index(s.raw, args[0])
	if i < 0 {
		return nil
	}
	const around = 60
	from, to := max(0, i-around), min(len(s.raw), i+len(args[0])+around)
	return s.fail(fmt.Sprintf("%s nowhere in the answer", quoted(args[0])), "… "+strings.ToValidUTF8(s.raw[from:to], "")+" …", "")
}

// quoted shows a value so that an empty one is seen. JSON stays as it is.
func quoted(v string) string {
	if v == "null" || v == "true" || v == "false" || (strings.HasPrefix(v, "{") || strings.HasPrefix(v, "[")) && json.Valid([]byte(v)) {
		return v
	}
	const most = 300 // blanks at the ends are kept: they may be what is wrong
	if r := []rune(v); len(r) > most {
		return fmt.Sprintf("%q …", string(r[:most]))
	}
	return fmt.Sprintf("%q", v)
}
