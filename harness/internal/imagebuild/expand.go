package imagebuild

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// Limits of what a Dockerfile comes to in the frontend, which runs in this
// process. One that goes beyond them is not built: a few dozen lines, each of
// which names the variable above it twice, are gigabytes.
const (
	// InstructionLimit is how many instructions a Dockerfile may have. The
	// longest that people write have some hundreds; the frontend's time grows
	// with their square, and is a second for these.
	InstructionLimit = 1000
	// ExpandedLimit is how many bytes all instructions may come to with their
	// variables in place, RUN steps with the environment that each is given.
	ExpandedLimit = 8 << 20
	// givenLimit is more than the length of any variable that the Dockerfile
	// has not set: those of the platform, those of images.
	givenLimit = 256
)

// variable is a use of one: ${name/pattern/text}, which puts texts in place of
// others, or any other form.
var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(/)|\$\{?([A-Za-z_][A-Za-z0-9_]*)`)

// assignment is a variable that ARG or ENV set, in any of the forms; a value
// may go on to the end of the line.
var assignment = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_.-]*)[= \t]`)

// refuseExpansion refuses a Dockerfile that comes to more than the limits. It
// reckons with more than there will be, never with less: every variable that an
// instruction sets is taken to be as long as all of the instruction.
func refuseExpansion(text []byte, args map[string]string) error {
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return failedParse(err)
	}
	if n := len(parsed.AST.Children); n > InstructionLimit {
		return &Failure{Reason: fmt.Sprintf("the Dockerfile has %d instructions, and the limit is %d", n, InstructionLimit)}
	}
	lengths := map[string]int{}
	for name, value := range args {
		lengths[name] = len(value)
	}
	total, environment := 0, 0
	for _, node := range parsed.AST.Children {
		written := written(node)
		length := expanded(written, lengths)
		total += length
		switch strings.ToLower(node.Value) {
		case "arg", "env", "onbuild":
			for _, m := range assignment.FindAllStringSubmatch(written+" ", -1) {
				lengths[m[1]] = max(lengths[m[1]], length)
			}
			environment += length
		case "run":
			total += environment
		}
		if total > ExpandedLimit {
			return &Failure{Line: node.StartLine, Reason: fmt.Sprintf("up to this line the Dockerfile comes to more than %d MiB with its variables in place, which is the limit", ExpandedLimit>>20)}
		}
	}
	return nil
}

// written is what of an instruction the frontend puts variables into. Of RUN that
// is the flags alone: the rest is the shell's, in the step.
func written(node *parser.Node) string {
	if strings.EqualFold(node.Value, "run") {
		return strings.Join(node.Flags, " ")
	}
	text := node.Original
	for _, h := range node.Heredocs {
		text += h.Content
	}
	return text
}

// expanded is how many bytes a text has at most with variables of these lengths
// in place; it stops counting beyond the limit.
func expanded(text string, lengths map[string]int) int {
	n := len(text)
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		length, set := lengths[m[1]+m[3]]
		if !set {
			length = givenLimit
		}
		if m[2] != "" { // each of its bytes may become as much as there is
			length *= max(1, n)
		}
		if n += length; n > ExpandedLimit {
			return ExpandedLimit + 1
		}
	}
	return n
}
