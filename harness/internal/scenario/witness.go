package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Answer is what a program or a service answered in a scenario that passed, and
// the steps that looked at it.
type Answer struct {
	value     any
	steps     []judgement
	variables []variable
	texts     []variable
	sampled   []string // by commands that look at something else
}

// Sampled tells which samples the commands of the scenario would fail at that
// look at no answer but at an image or a build: COMMAND:SAMPLE.
func (a Answer) Sampled() []string { return a.sampled }

// variable is a variable that the scenario has drawn or set, or a text that a
// step looks for: its name is $ and the variable's, or the text between quotes.
type variable struct{ name, value string }

// judgement is a step that looks at an answer and nothing else.
type judgement struct {
	step int
	pass func(answer any, raw string) bool
}

// Spoilt is a right answer with one thing wrong in it.
type Spoilt struct {
	Place string // as a jq path
	How   string // what has become of it, see spoilt
	Steps []int  // those that would notice, as in Outcome.Step
}

// Spoil puts one thing after another wrong in the answer and asks the steps
// again: it tells what the check would notice. No program is run for it.
func (a Answer) Spoil() []Spoilt {
	var all []Spoilt
	if a.sampled != nil {
		return nil
	}
	for _, s := range spoilt(a.value, "", slices.Concat(a.variables, a.texts)) {
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
		all = append(all, Spoilt{s.place, s.how, noticed})
	}
	return all
}

// spoiling is an answer with one thing wrong, and what that is.
type spoiling struct {
	place, how string
	value      any
}

// spoilt gives v with one thing wrong at a time: another value in a leaf, none
// (=null), or its key gone (-); a number or a text that is a little more (+), or
// of another sign (±); a text with something in front of it (^), in other letters
// (Aa), or with a blank or a slash too many (_, ^_, /); a value of the scenario's
// gone from a text (-$name) or come into it (+$name); a list with an element too
// many (+) or too few (-), or two of them in another order (~).
func spoilt(v any, place string, words []variable) []spoiling {
	var all []spoiling
	add := func(how string, value any) { all = append(all, spoiling{place, how, value}) }
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			less := maps.Clone(v)
			delete(less, k)
			all = append(all, spoiling{place + "." + k, "-", less})
			for _, s := range spoilt(v[k], place+"."+k, words) {
				own := maps.Clone(v)
				own[k] = s.value
				all = append(all, spoiling{s.place, s.how, own})
			}
		}
	case []any:
		add("=null", nil)
		add("+", append(slices.Clone(v), another))
		for _, word := range words {
			add("+"+word.name, append(slices.Clone(v), word.value))
		}
		for i := range v {
			each := fmt.Sprintf("%s[%d]", place, i)
			if next := i + 1; next < len(v) {
				swapped := slices.Clone(v)
				swapped[i], swapped[next] = v[next], v[i]
				all = append(all, spoiling{each, "~", swapped})
			}
			all = append(all, spoiling{each, "-", slices.Delete(slices.Clone(v), i, i+1)})
			for _, s := range spoilt(v[i], each, words) {
				own := slices.Clone(v)
				own[i] = s.value
				all = append(all, spoiling{s.place, s.how, own})
			}
		}
	case string:
		add("", another)
		add("=null", nil)
		add("+", v+another)
		add("^", another+v)
		add("_", v+" ")
		add("^_", " "+v)
		add("/", v+"/")
		add("±", "-"+v)
		if other := strings.Map(otherCase, v); other != v {
			add("Aa", other)
		}
		for _, word := range words {
			switch {
			case word.value == "" || word.value == v:
			case strings.Contains(v, word.value):
				add("-"+word.name, strings.ReplaceAll(v, word.value, ""))
			default:
				add("+"+word.name, v+" "+word.value)
			}
		}
	case bool:
		add("", !v)
	case int:
		add("", v+1)
		if v != 0 {
			add("±", -v)
		}
	case float64:
		add("", v+1)
	default:
		add("", another)
	}
	return all
}

// another is a value that no answer has.
const another = "spoilt"

// otherCase is the letter in the other case.
func otherCase(r rune) rune {
	if unicode.IsUpper(r) {
		return unicode.ToLower(r)
	}
	return unicode.ToUpper(r)
}

// seek keeps a text that a step looks for, so that answers with it and without it
// are tried. Those that a variable is in are tried already.
func (s *session) seek(text string) {
	if len(s.answers) == 0 || slices.ContainsFunc(s.variables, func(v variable) bool { return v.value != "" && strings.Contains(text, v.value) }) {
		return
	}
	last := &s.answers[len(s.answers)-1]
	name := "'" + url.QueryEscape(text) + "'" // a place is one word
	if text != "" && !slices.ContainsFunc(last.texts, func(v variable) bool { return v.name == name }) {
		last.texts = append(last.texts, variable{name, text})
	}
}

// judge keeps a step that looks at the last answer, for Spoil.
func (s *session) judge(pass func(answer any, raw string) bool) {
	if len(s.answers) == 0 {
		return
	}
	last := &s.answers[len(s.answers)-1]
	last.steps = append(last.steps, judgement{s.called, pass})
}
