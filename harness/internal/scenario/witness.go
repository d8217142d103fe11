package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Answer is what a program or a service answered in a scenario that passed, and
// the steps that looked at it.
type Answer struct {
	value     any
	steps     []judgement
	variables []variable
	sampled   []string // by commands that look at something else
}

// Sampled tells which samples the commands of the scenario would fail at that
// look at no answer but at an image or a build: COMMAND:SAMPLE.
func (a Answer) Sampled() []string { return a.sampled }

// variable is a variable that the scenario has drawn or set.
type variable struct{ name, value string }

// judgement is a step that looks at an answer and nothing else.
type judgement struct {
	step int
	pass func(answer any, raw string) bool
}

// Spoilt is a right answer with one thing wrong in it.
type Spoilt struct {
	What  string // the place, as a jq path, and what is gone from it, if something is
	Steps []int  // those that would notice, as in Outcome.Step
}

// Spoil puts one thing after another wrong in the answer and asks the steps
// again: it tells what the check would notice. No program is run for it.
func (a Answer) Spoil() []Spoilt {
	var all []Spoilt
	if a.sampled != nil {
		return nil
	}
	for _, s := range spoilt(a.value, "", a.variables) {
		raw, err := json.Marshal(s.value)
		if err != nil {
			continue // what came in as JSON goes out as such
		}
		var noticed []int
		for _, j := range a.steps {
			if !j.pass(s.value, string(raw)) {
				noticed = append(noticed, j.step)
			}
		}
		all = append(all, Spoilt{s.what, noticed})
	}
	return all
}

// spoiling is an answer with one thing wrong, and what that is.
type spoiling struct {
	what  string
	value any
}

// spoilt gives v with one thing wrong at a time: another value in a leaf, none,
// or its key gone; a value of the scenario's gone from a text or come into it; a
// list with an element too many or too few, or two of them in another order.
func spoilt(v any, place string, words []variable) []spoiling {
	var all []spoiling
	add := func(how string, value any) { all = append(all, spoiling{place + how, value}) }
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			less := maps.Clone(v)
			delete(less, k)
			all = append(all, spoiling{place + "." + k + "-", less})
			for _, s := range spoilt(v[k], place+"."+k, words) {
				own := maps.Clone(v)
				own[k] = s.value
				all = append(all, spoiling{s.what, own})
			}
		}
	case []any:
		add("=null", nil)
		add("+", append(slices.Clone(v), another))
		for _, word := range words {
			add("+$"+word.name, append(slices.Clone(v), word.value))
		}
		for i := range v {
			each := fmt.Sprintf("%s[%d]", place, i)
			if next := i + 1; next < len(v) {
				swapped := slices.Clone(v)
				swapped[i], swapped[next] = v[next], v[i]
				all = append(all, spoiling{each + "~", swapped})
			}
			all = append(all, spoiling{each + "-", slices.Delete(slices.Clone(v), i, i+1)})
			for _, s := range spoilt(v[i], each, words) {
				own := slices.Clone(v)
				own[i] = s.value
				all = append(all, spoiling{s.what, own})
			}
		}
	case string:
		add("", another)
		add("=null", nil)
		add("+", v+another)
		add("^", another+v)
		for _, word := range words {
			switch {
			case word.value == "" || word.value == v:
			case strings.Contains(v, word.value):
				add("-$"+word.name, strings.ReplaceAll(v, word.value, ""))
			default:
				add("+$"+word.name, v+" "+word.value)
			}
		}
	case bool:
		add("", !v)
	case int:
		add("", v+1)
	case float64:
		add("", v+1)
	default:
		add("", another)
	}
	return all
}

// another is a value that no answer has.
const another = "spoilt"

// judge keeps a step that looks at the last answer, for Spoil.
func (s *session) judge(pass func(answer any, raw string) bool) {
	if len(s.answers) == 0 {
		return
	}
	last := &s.answers[len(s.answers)-1]
	last.steps = append(last.steps, judgement{s.called, pass})
}
