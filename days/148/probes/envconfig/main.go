// Command probe-envconfig asks a learner's package envconfig one question. It is compiled in a copy of the learner's
// module, as cmd/probe-envconfig, and run as a process of its own: the question comes on stdin, the answer goes to
// stdout, and whoever asked decides what the answer is worth.
//
//	echo '{"fields":[{"name":"Port","type":"int","tag":"env:\"P\" default:\"1\""}],"env":{"P":"8080"}}' | probe-envconfig
//
// The struct to parse into does not exist until the question names its fields, so no learner can write for it.
//
// Rules: one JSON document in, one out, exit 0. It never judges, and never recovers: a panic of the learner's is to be
// seen with its stack, and exits 2 as any Go program does. A question that makes no sense exits 3.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/token"
	"maps"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"example.com/day148/envconfig"
)

type question struct {
	// Target is what Parse is given: "struct" (a pointer to one, and what "" means), "unexported" (a pointer to an
	// unexportedTarget), "nil", "nil-pointer" (to the struct), "struct-value" or "int-pointer".
	Target string            `json:"target"`
	Fields []fieldSpec       `json:"fields"`
	Env    map[string]string `json:"env"`
	Lookup string            `json:"lookup"` // "nil": give Parse a nil function
	// Describe false leaves the second call out, so that a Describe that panics does not hide what Parse did.
	Describe *bool `json:"describe"`
}

type answer struct {
	Error    *string        `json:"error"`
	Said     string         `json:"said"`   // the text of the error, or "no error"
	Errors   []string       `json:"errors"` // one for each part of a joined error
	Causes   []string       `json:"causes"` // what else the error wraps, as errors.As would find it
	Value    map[string]any `json:"value"`  // by field name; null when the target has no fields
	Settings []setting      `json:"settings"`
	LookedUp []string       `json:"looked_up"`
}

type setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Secret bool   `json:"secret"`
}

func main() {
	// What the learner prints while looking for a bug goes to stderr and leaves the answer readable.
	stdout := os.Stdout
	os.Stdout = os.Stderr

	var q question
	in := json.NewDecoder(os.Stdin)
	in.DisallowUnknownFields()
	if err := in.Decode(&q); err != nil {
		refuse(err)
	}
	if err := json.NewEncoder(stdout).Encode(ask(q)); err != nil {
		refuse(err)
	}
}

// ask calls Parse, then Describe with the same thing, and says what came of both.
func ask(q question) answer {
	dst, fields, err := makeTarget(q)
	if err != nil {
		refuse(err)
	}

	asked := map[string]bool{}
	lookup := func(name string) (string, bool) {
		asked[name] = true
		value, ok := q.Env[name]
		return value, ok
	}
	switch q.Lookup {
	case "":
	case "nil":
		lookup = nil
	default:
		refuse(fmt.Errorf("unknown lookup %q", q.Lookup))
	}

	var a answer
	a.Said, a.Errors, a.Causes = "no error", []string{}, []string{}
	if err := envconfig.Parse(dst, lookup); err != nil {
		text := err.Error()
		a.Error, a.Said, a.Errors, a.Causes = &text, text, flatten(err), causes(err)
	}
	a.Value = fields()
	a.Settings = []setting{}
	if q.Describe == nil || *q.Describe {
		for _, s := range envconfig.Describe(dst) {
			a.Settings = append(a.Settings, setting{Name: s.Name, Value: s.Value, Secret: s.Secret})
		}
	}
	a.LookedUp = slices.AppendSeq([]string{}, maps.Keys(asked))
	slices.Sort(a.LookedUp)
	return a
}

// unexportedTarget is the one target that cannot be made by reflection: reflect.StructOf has exported fields only. What
// is not exported is left alone, whatever its type and its tags.
type unexportedTarget struct {
	Exported string `env:"DAYBOOK_EXPORTED" default:"exported default"`
	hidden   string `env:"DAYBOOK_HIDDEN" default:"hidden default"`
	missing  string `env:"DAYBOOK_MISSING" required:"true"`
	odd      int64  `env:"DAYBOOK_ODD"`
}

// makeTarget returns what to give to Parse, and a function that says what is in its fields afterwards.
func makeTarget(q question) (dst any, fields func() map[string]any, err error) {
	none := func() map[string]any { return nil }
	switch q.Target {
	case "unexported":
		target := &unexportedTarget{hidden: "as it was", missing: "as it was", odd: 1}
		return target, func() map[string]any {
			return map[string]any{"Exported": target.Exported, "hidden": target.hidden, "missing": target.missing, "odd": target.odd}
		}, nil
	case "nil":
		return nil, none, nil
	case "int-pointer":
		return new(int), none, nil
	}

	value, err := makeStruct(q.Fields)
	if err != nil {
		return nil, nil, err
	}
	fields = func() map[string]any { return report(value, q.Fields) }
	switch q.Target {
	case "", "struct":
		return value.Addr().Interface(), fields, nil
	case "struct-value":
		return value.Interface(), fields, nil
	case "nil-pointer":
		return reflect.Zero(reflect.PointerTo(value.Type())).Interface(), none, nil
	}
	return nil, nil, fmt.Errorf("unknown target %q", q.Target)
}

// fieldSpec is one field of the struct to parse into.
type fieldSpec struct {
	Name    string          `json:"name"`
	Type    string          `json:"type"` // a key of fieldTypes
	Tag     string          `json:"tag"`
	Initial json.RawMessage `json:"initial"` // what it holds before Parse; of a supported type only
}

// Types that are only based on one that Parse supports.
type (
	level string
	flag  bool
	count int
	names []string
	pause time.Duration
)

// fieldTypes has the six types that Parse supports, and some that it must refuse.
var fieldTypes = map[string]reflect.Type{
	"string":   reflect.TypeFor[string](),
	"bool":     reflect.TypeFor[bool](),
	"int":      reflect.TypeFor[int](),
	"duration": reflect.TypeFor[time.Duration](),
	"list":     reflect.TypeFor[[]string](),
	"url":      reflect.TypeFor[*url.URL](),

	"any":          reflect.TypeFor[any](),
	"bytes":        reflect.TypeFor[[]byte](),
	"chan":         reflect.TypeFor[chan int](),
	"complex":      reflect.TypeFor[complex128](),
	"count":        reflect.TypeFor[count](),
	"flag":         reflect.TypeFor[flag](),
	"float32slice": reflect.TypeFor[[]float32](),
	"float64":      reflect.TypeFor[float64](),
	"func":         reflect.TypeFor[func()](),
	"int64":        reflect.TypeFor[int64](),
	"intpointer":   reflect.TypeFor[*int](),
	"intslice":     reflect.TypeFor[[]int](),
	"level":        reflect.TypeFor[level](),
	"map":          reflect.TypeFor[map[string]string](),
	"names":        reflect.TypeFor[names](),
	"pause":        reflect.TypeFor[pause](),
	"struct":       reflect.TypeFor[struct{ X int }](),
	"time":         reflect.TypeFor[time.Time](),
	"uint16":       reflect.TypeFor[uint16](),
	"urlvalue":     reflect.TypeFor[url.URL](),
}

// makeStruct returns an addressable struct with these fields, holding their initial values.
func makeStruct(specs []fieldSpec) (reflect.Value, error) {
	var fields []reflect.StructField
	seen := map[string]bool{}
	for _, spec := range specs {
		typ, ok := fieldTypes[spec.Type]
		if !ok {
			return reflect.Value{}, fmt.Errorf("field %q: unknown type %q", spec.Name, spec.Type)
		}
		if !token.IsIdentifier(spec.Name) || !token.IsExported(spec.Name) || seen[spec.Name] {
			return reflect.Value{}, fmt.Errorf("field %q: not an exported name, or not the only one", spec.Name)
		}
		seen[spec.Name] = true
		fields = append(fields, reflect.StructField{Name: spec.Name, Type: typ, Tag: reflect.StructTag(spec.Tag)})
	}

	value := reflect.New(reflect.StructOf(fields)).Elem()
	for i, spec := range specs {
		if len(spec.Initial) == 0 {
			continue
		}
		if err := setInitial(value.Field(i), spec.Initial); err != nil {
			return reflect.Value{}, fmt.Errorf("field %q: reading its initial value: %w", spec.Name, err)
		}
	}
	return value, nil
}

// setInitial sets a field from JSON in which a duration and a URL are strings.
func setInitial(field reflect.Value, initial json.RawMessage) error {
	switch dst := field.Addr().Interface().(type) {
	case *string, *bool, *int, *[]string:
		return json.Unmarshal(initial, dst)
	case *time.Duration:
		var text string
		if err := json.Unmarshal(initial, &text); err != nil {
			return err
		}
		d, err := time.ParseDuration(text)
		*dst = d
		return err
	case **url.URL:
		var text *string
		if err := json.Unmarshal(initial, &text); err != nil || text == nil {
			return err
		}
		u, err := url.Parse(*text)
		*dst = u
		return err
	}
	return fmt.Errorf("type %v has none", field.Type())
}

// report says what is in the fields: a duration and a URL as text, a nil list as an empty one, and null for a nil URL
// and for every type that Parse refuses.
func report(value reflect.Value, specs []fieldSpec) map[string]any {
	fields := map[string]any{}
	for i, spec := range specs {
		switch v := value.Field(i).Interface().(type) {
		case string, bool, int:
			fields[spec.Name] = v
		case time.Duration:
			fields[spec.Name] = v.String()
		case []string:
			fields[spec.Name] = append([]string{}, v...)
		case *url.URL:
			fields[spec.Name] = nil
			if v != nil {
				fields[spec.Name] = v.String()
			}
		default:
			fields[spec.Name] = nil
		}
	}
	return fields
}

// flatten takes apart what errors.Join put together, or an error type of the learner's that unwraps to a list as a
// joined error does; perhaps with a sentence wrapped around the whole.
func flatten(err error) []string {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if parts := partsOf(e); len(parts) > 0 {
			var texts []string
			for _, part := range parts {
				texts = append(texts, joinedTexts(part)...)
			}
			return texts
		}
	}
	return []string{err.Error()}
}

// joinedTexts goes down through joins only: beneath a part's own wrapping are its causes, which name no variable.
func joinedTexts(err error) []string {
	if !isJoined(err) {
		return []string{err.Error()}
	}
	var texts []string
	for _, part := range partsOf(err) {
		texts = append(texts, joinedTexts(part)...)
	}
	return texts
}

// isJoined tells errors.Join from fmt.Errorf with two %w, which has the same Unwrap but makes one error about one
// variable: the text of a join is that of its parts, line by line.
func isJoined(err error) bool {
	var texts []string
	for _, part := range partsOf(err) {
		texts = append(texts, part.Error())
	}
	return len(texts) > 0 && err.Error() == strings.Join(texts, "\n")
}

// partsOf returns what an error with several causes unwraps to; nil for an error with at most one.
func partsOf(err error) []error {
	u, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(u.Unwrap()), func(part error) bool { return part == nil })
}

// causes returns the texts of all that an error wraps, without those that say what the error says itself.
func causes(err error) []string {
	texts := []string{}
	for wrapped := []error{err}; len(wrapped) > 0; wrapped = wrapped[1:] {
		if next := errors.Unwrap(wrapped[0]); next != nil {
			wrapped = append(wrapped, next)
		}
		wrapped = append(wrapped, partsOf(wrapped[0])...)
		if text := wrapped[0].Error(); text != err.Error() && !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts
}

func refuse(err error) {
	fmt.Fprintln(os.Stderr, "probe-envconfig:", err)
	os.Exit(3)
}
