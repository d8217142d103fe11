// Package envconfig fills a struct from environment variables, as its field tags say:
//
//	type config struct {
//		Port    int           `env:"PORT" default:"8080"`
//		Timeout time.Duration `env:"TIMEOUT" default:"5s"`
//		Token   string        `env:"API_TOKEN" required:"true" secret:"true"`
//	}
//	var cfg config
//	err := envconfig.Parse(&cfg, os.LookupEnv)
//
// Parse and Describe are here; what text means for each type, in both directions, is in types.go.
package envconfig

import (
	"errors"
	"fmt"
	"reflect"
)

// Parse sets the fields of the struct that dst points to, from the variables that lookup knows. It reports everything
// that is wrong at once; when it returns an error, *dst is as it was.
//
// It works in two passes. The first reads every value and collects the errors, the second sets the fields, and it is
// reached only when there were none: a service that falls back to its old configuration must not find half of a new one.
func Parse(dst any, lookup func(string) (string, bool)) error {
	// A nil dst gives a Value of kind Invalid, so this one condition refuses it too. The order matters: IsNil panics for
	// an int, Elem of a nil pointer is invalid.
	ptr := reflect.ValueOf(dst)
	if ptr.Kind() != reflect.Pointer || ptr.IsNil() || ptr.Elem().Kind() != reflect.Struct {
		// Without %T: for a struct type that has no name, it prints the fields, tags and defaults of secrets included.
		return errors.New("envconfig: dst is not a non-nil pointer to a struct")
	}
	if lookup == nil {
		return errors.New("envconfig: lookup is nil")
	}

	// Keyed by field rather than built as a copy of the struct: a struct may hold a mutex, which must not be copied.
	values := map[int]any{}
	var errs []error
	for _, f := range taggedFields(ptr.Elem().Type()) {
		value, ok, err := f.read(lookup)
		if err != nil {
			errs = append(errs, err)
		} else if ok {
			values[f.index] = value
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for index, value := range values {
		ptr.Elem().Field(index).Set(reflect.ValueOf(value))
	}
	return nil
}

// Setting is one variable of a configuration, in a form that may be shown to anyone.
type Setting struct {
	Name   string
	Value  string
	Secret bool
}

const mask = "******" // of one length for every secret: even the length says something

// Describe lists the settings of src, a struct or a non-nil pointer to one, in the order of its fields.
func Describe(src any) []Setting {
	v := reflect.ValueOf(src)
	if v.Kind() == reflect.Pointer {
		v = v.Elem() // of a nil pointer: the invalid Value, which is no struct either
	}
	if v.Kind() != reflect.Struct {
		return nil
	}

	var settings []Setting
	for _, f := range taggedFields(v.Type()) {
		t, ok := types[f.typ]
		if !ok {
			continue
		}
		value := t.format(v.Field(f.index).Interface())
		if f.secret && value != "" {
			value = mask
		}
		settings = append(settings, Setting{Name: f.variable, Value: value, Secret: f.secret})
	}
	return settings
}

// field is one field that has a variable, with its tags read.
type field struct {
	index            int
	name, variable   string
	typ              reflect.Type
	fallback         string // the default
	hasFallback      bool   // default:"" is a default too
	required, secret bool
}

// taggedFields returns the exported fields of a struct type that have an env tag. Parse and Describe both go by it, so
// that they can never disagree about which fields there are.
func taggedFields(structType reflect.Type) []field {
	var fields []field
	for i := range structType.NumField() {
		sf := structType.Field(i)
		variable := sf.Tag.Get("env")
		if variable == "" || !sf.IsExported() {
			continue
		}
		fallback, hasFallback := sf.Tag.Lookup("default") // Get could not tell default:"" from no default
		fields = append(fields, field{
			index:       i,
			name:        sf.Name,
			variable:    variable,
			typ:         sf.Type,
			fallback:    fallback,
			hasFallback: hasFallback,
			required:    sf.Tag.Get("required") == "true",
			secret:      sf.Tag.Get("secret") == "true",
		})
	}
	return fields
}

// read finds the field's text and makes a value of the field's type from it. ok is false when there is no text, and
// the field is to keep what it has.
func (f field) read(lookup func(string) (string, bool)) (value any, ok bool, err error) {
	// The type comes first: a field that can never be set is a bug, and must not wait for somebody to set the variable.
	t, ok := types[f.typ]
	if !ok {
		return nil, false, fmt.Errorf("%s: field %s has type %v, which is not supported", f.variable, f.name, f.typ)
	}

	text, set := lookup(f.variable)
	origin := "value"
	if !set {
		switch {
		case f.required:
			return nil, false, fmt.Errorf("%s: required, but not set", f.variable)
		case !f.hasFallback:
			return nil, false, nil
		}
		text, origin = f.fallback, "default"
	}

	value, err = t.parse(text)
	switch {
	case err == nil:
		return value, true, nil
	case f.secret:
		// Without err, not even wrapped: strconv, time and net/url all quote what they were given, and who unwraps a
		// *strconv.NumError finds the text in its field Num.
		return nil, false, fmt.Errorf("%s: the %s is not a valid %v (not shown: it is a secret)", f.variable, origin, f.typ)
	default:
		return nil, false, fmt.Errorf("%s: the %s is not a valid %v: %w", f.variable, origin, f.typ, err)
	}
}
