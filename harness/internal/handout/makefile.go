package handout

import (
	"regexp"
	"slices"
	"strings"
)

// ofLearners are the targets that a handout's Makefile keeps.
var ofLearners = []string{"help", "check", "doctor", "grade", "remove-stand-ins", "build", "go", "clean"}

var target = regexp.MustCompile(`^([a-z][a-z-]*):`)

// makefile gives the Makefile as it is handed out: of the targets that need
// answers or our own tests only the names are left, and say so. A Makefile is
// blocks with a blank line between them; what is not a target stays.
func makefile(text []byte) ([]byte, error) {
	var blocks, without []string
	for block := range strings.SplitSeq(strings.TrimRight(string(text), "\n"), "\n\n") {
		name := targetOf(block)
		if name == "" || slices.Contains(ofLearners, name) {
			blocks = append(blocks, block)
			continue
		}
		without = append(without, name)
	}
	if !slices.ContainsFunc(blocks, func(b string) bool { return targetOf(b) == "check" }) {
		return nil, refuse("the Makefile has no target check that could be handed out")
	}
	if len(without) > 0 {
		blocks = append(blocks, "# What only the full workbook can do: it has the solutions and the known mistakes.\n"+
			strings.Join(without, " ")+":\n"+
			"\t@echo \"make $@ needs the full workbook, with its solutions and known mistakes; this is what learners get\" >&2; exit 2")
	}
	return []byte(strings.Join(blocks, "\n\n") + "\n"), nil
}

// targetOf gives the name of the target that a block is about, or "".
func targetOf(block string) string {
	for line := range strings.Lines(block) {
		if m := target.FindStringSubmatch(line); m != nil {
			return m[1]
		}
	}
	return ""
}
