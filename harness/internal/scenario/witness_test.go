package scenario

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// noticing is what of an answer the steps notice when it is wrong, with the
// numbers of those that do.
func noticing(a Answer) map[string][]int {
	found := map[string][]int{}
	for _, s := range a.Spoil() {
		if len(s.Steps) > 0 {
			found[s.Place+s.How] = s.Steps
		}
	}
	return found
}

// field is a step that wants one key of an answer to have a value.
func field(step int, key string, want any) judgement {
	return judgement{step, func(answer any, _ string) bool { return answer.(map[string]any)[key] == want }}
}

func TestSpoiltAnswers(t *testing.T) {
	answer := Answer{value: map[string]any{"port": 8080, "name": "alice", "unread": true},
		steps: []judgement{field(3, "port", 8080), field(4, "name", "alice"), field(5, "name", "alice")}}
	assert.Equal(t, map[string][]int{
		".port": {3}, ".port-": {3}, ".port±": {3},
		".name": {4, 5}, ".name=null": {4, 5}, ".name+": {4, 5}, ".name^": {4, 5}, ".name-": {4, 5},
		".name_": {4, 5}, ".name^_": {4, 5}, ".name/": {4, 5}, ".name±": {4, 5}, ".nameAa": {4, 5},
	}, noticing(answer), "unread is looked at by nobody; name by two steps, of which either could go")

	answer.steps = answer.steps[1:]
	assert.NotContains(t, noticing(answer), ".port", "nobody looks at the port any more")
}

// A step that looks for a word, or for the absence of one, notices that alone.
func TestSpoiltTexts(t *testing.T) {
	said := func(answer any) string { return answer.(string) }
	answer := Answer{value: "PORT: no int", variables: []variable{{"$name", "PORT"}, {"$secret", "hunter2"}},
		steps: []judgement{
			{1, func(a any, _ string) bool { s, ok := a.(string); return ok && strings.Contains(said(s), "PORT") }},
			{2, func(_ any, raw string) bool { return !strings.Contains(raw, "hunter2") }},
		}}
	assert.Equal(t, map[string][]int{"": {1}, "=null": {1}, "-$name": {1}, "Aa": {1}, "+$secret": {2}}, noticing(answer))
}

func TestSpoiltLists(t *testing.T) {
	order := judgement{7, func(a any, _ string) bool {
		list, ok := a.([]any)
		if !ok {
			return false
		}
		var all string
		for _, v := range list {
			all += v.(string)
		}
		return all == "ab"
	}}
	assert.Equal(t, map[string][]int{
		"=null": {7}, "+": {7}, "[0]~": {7}, "[0]-": {7}, "[1]-": {7},
		"[0]": {7}, "[0]+": {7}, "[0]^": {7}, "[1]": {7}, "[1]+": {7}, "[1]^": {7},
		"[0]_": {7}, "[0]^_": {7}, "[0]/": {7}, "[0]±": {7}, "[0]Aa": {7}, "[1]_": {7}, "[1]^_": {7}, "[1]/": {7}, "[1]±": {7}, "[1]Aa": {7},
	}, noticing(Answer{value: []any{"a", "b"}, steps: []judgement{{order.step, func(a any, raw string) bool {
		list, _ := a.([]any)
		for _, v := range list {
			if _, ok := v.(string); !ok {
				return true // not what this step is for
			}
		}
		return order.pass(a, raw)
	}}}}))
}
