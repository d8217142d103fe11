package envconfig

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// textual says how the values of one type are written as text. parse returns a value of that type, and format is only
// ever given one.
type textual struct {
	parse  func(text string) (any, error)
	format func(value any) string
}

// types is the list of what is supported: a type that is not a key of it is refused. The keys are exact types, not
// kinds, since the kind of a time.Duration is int64, and a field that counts bytes must not be read as "90s".
var types = map[reflect.Type]textual{
	reflect.TypeFor[string](): typed(
		func(text string) (string, error) { return text, nil },
		func(s string) string { return s }),
	reflect.TypeFor[bool]():          typed(strconv.ParseBool, strconv.FormatBool),
	reflect.TypeFor[int]():           typed(strconv.Atoi, strconv.Itoa),
	reflect.TypeFor[time.Duration](): typed(time.ParseDuration, time.Duration.String),
	reflect.TypeFor[[]string]():      typed(parseList, func(items []string) string { return strings.Join(items, ",") }),
	reflect.TypeFor[*url.URL]():      typed(parseURL, formatURL),
}

// typed makes a textual from functions that know their type, so that the conversions to and from any are written
// once, and a parse that is paired with the wrong format does not compile.
func typed[T any](parse func(string) (T, error), format func(T) string) textual {
	return textual{
		parse:  func(text string) (any, error) { return parse(text) },
		format: func(value any) string { return format(value.(T)) },
	}
}

// parseList leaves empty items out. strings.Split("", ",") has one item, the empty string, and a list of origins with
// an origin "" in it is how an empty variable comes to mean something.
func parseList(text string) ([]string, error) {
	items := []string{}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items, nil
}

// parseURL asks for more than url.Parse does, for which nearly everything is a URL: "" and "example.com" are paths, and
// "localhost:8080" has the scheme "localhost".
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme == "":
		return nil, fmt.Errorf("%q has no scheme", text)
	case u.Host == "":
		return nil, fmt.Errorf("%q has no host", text)
	}
	return u, nil
}

func formatURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.String()
}
