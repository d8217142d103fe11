package goprogram

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

var (
	// compiled matches the compiler's own form: file:line:col: message.
	compiled = regexp.MustCompile(`(?m)^(?:vet: )?(\S+\.go):(\d+)(?::\d+)?: (.*)$`)
	// frame matches a line of a goroutine's stack.
	frame = regexp.MustCompile(`(?m)^\t(\S[^\n:]*\.go):(\d+)`)
)

// PlacesIn finds the places that the go command or a stack trace names in
// text, as paths within tree, in their order. Only those for which mine holds
// are given, each once.
func PlacesIn(text, tree string, mine func(file string) bool) []check.Place {
	var places []check.Place
	seen := map[check.Place]bool{}
	for _, re := range []*regexp.Regexp{compiled, frame} {
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			line, _ := strconv.Atoi(m[2]) // digits, by the pattern
			p := check.Place{File: within(m[1], tree), Line: line}
			if p.File != "" && mine(p.File) && !seen[p] {
				seen[p] = true
				places = append(places, p)
			}
		}
	}
	return places
}

// within gives file as a path within tree, or "" when it is elsewhere.
func within(file, tree string) string {
	if filepath.IsAbs(file) {
		// Programs and stacks name real paths, and tree may lead through a link.
		if real, err := filepath.EvalSymlinks(tree); err == nil && !strings.HasPrefix(file, tree+string(filepath.Separator)) {
			tree = real
		}
		rel, err := filepath.Rel(tree, file)
		if err != nil || strings.HasPrefix(rel, "..") {
			return ""
		}
		file = rel
	}
	return filepath.ToSlash(filepath.Clean(file))
}

// Shorten takes the folder of the copy out of text, so that the learner reads
// the paths of their own tree.
func Shorten(text, tree string) string {
	text = strings.ReplaceAll(text, tree+string(filepath.Separator), "")
	if real, err := filepath.EvalSymlinks(tree); err == nil {
		text = strings.ReplaceAll(text, real+string(filepath.Separator), "")
	}
	return text
}
