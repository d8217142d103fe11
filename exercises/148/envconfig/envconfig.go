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
// Configuration in the environment is the third of the twelve factors (https://12factor.net/config): one image, built
// once, runs in every place, and the place brings the configuration.
//
// This file is yours to write. The comment of each declaration is its contract, and the checks judge nothing else. The
// numbered TODOs are an order to work in. Add more files to this folder if that helps you.
package envconfig

import "errors"

// Parse sets the fields of the struct that dst points to, from the variables that lookup knows. lookup is
// os.LookupEnv, or something like it: it returns the value of a variable, and whether that variable is set at all.
//
// The tags of a field:
//
//	env:"NAME"       the variable it comes from; a field without this tag, or with an empty one, is left alone
//	default:"text"   used when the variable is unset, and read exactly as if the variable had been set to it
//	required:"true"  the variable must be set: when it is not, that is an error, even if there is a default
//	secret:"true"    the value must not be seen
//
// A field that is not exported is left alone, whatever its tags: reflection can read it but must not set it.
//
// A variable that is set beats the default, even when it is set to the empty string: empty is a value, not the lack
// of one, and it satisfies required. A field whose variable is unset, and which has no default and is not required,
// keeps the value that it had.
//
// The types of a field, and how text becomes one:
//
//	string         the text as it is
//	bool           as strconv.ParseBool reads it: true, false, 1, 0, …
//	int            as strconv.Atoi reads it
//	time.Duration  as time.ParseDuration reads it: 1m30s
//	[]string       separated by commas; spaces around an item are trimmed; items that are then empty are left out, so
//	               that "" is an empty list
//	*url.URL       an absolute URL: it needs a scheme and a host
//
// Only the items of a list are trimmed. Empty text is no bool, int, duration or URL: it is an error for these four. Any
// other type of a field with an env tag is an error that names the field and its type, and it is one whether or not
// the variable is set: it is a mistake in the program, and should show on the first run. (A type that is only based on
// one of these, such as `type Level string`, is another type.)
//
// Parse reports everything that is wrong at once, as errors.Join does, with one error for each field that could not be
// set; each names its variable. No error contains the value of a secret, or a part of it.
//
// When Parse returns an error, nothing that dst points to has changed. When dst is not a non-nil pointer to a struct, or
// lookup is nil, it returns an error; it never panics.
//
// TODO 1: refuse a dst or a lookup that cannot be used. Package reflect tells you what dst is.
// TODO 2: go through the fields, and give a string field its default.
// TODO 3: let a variable that is set beat the default. What tells "" from unset?
// TODO 4: the other five types.
// TODO 5: required.
// TODO 6: report all errors instead of the first. Which fields may you have set by then?
// TODO 7: keep secrets out of errors. The errors of strconv, time and net/url quote the text they were given, and an
// error that wraps another contains what that one says.
// TODO 8: refuse every other type.
func Parse(dst any, lookup func(string) (string, bool)) error {
	return errors.New("envconfig: Parse is not written yet")
}

// Setting is one variable of a configuration, in a form that may be shown to anyone.
type Setting struct {
	Name   string // the variable
	Value  string // the field's value as text; "******" for a secret, unless that text is empty
	Secret bool   // whether the field is tagged as a secret
}

// Describe lists the settings of src, a struct or a non-nil pointer to one, in the order of its fields: one for each
// field that Parse sets. It shows the value that a field has now, wherever that came from, and so that Parse would read
// the same value from the text: true or false, a duration as its String method has it, the items of a list with a
// comma between them, a URL as its String method has it. A nil URL is the empty text.
//
// Each secret that is not empty is shown as the same six asterisks: even its length says something.
//
// Fields that Parse leaves alone or refuses are left out. When src is anything else, Describe returns nil; it never
// panics.
//
// TODO 9: text from values, the way back from TODO 4.
// TODO 10: mask the secrets.
func Describe(src any) []Setting {
	return nil
}
