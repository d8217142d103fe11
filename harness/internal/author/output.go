package author

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// output gives what a command of ours prints to standard output. Whether it
// passes is not asked: pages show failures too.
func (c *pageCheck) output(ctx context.Context, command string) (string, error) {
	words := strings.Fields(command)
	if len(words) == 0 || words[0] != "daybook" {
		return "", fmt.Errorf("the page quotes what `%s` prints, and only commands of daybook are run for that", command)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.Daybook, words[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Root, &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		return "", fmt.Errorf("running `%s`: %w", command, err)
	}
	if stdout.Len() == 0 {
		return "", fmt.Errorf("`%s` printed nothing, but said: %s", command, stderr.String())
	}
	return stdout.String(), nil
}

// sameOutput compares what a page shows with what a command prints on this
// machine: which engine it has and where its base images are from may differ, and
// so may the order in which checks ended.
func sameOutput(a, b string) bool { return slices.Equal(compared(a), compared(b)) }

// ofTheMachine begin the paragraphs that tell of the machine.
var ofTheMachine = []string{"Docker Engine ", "No Docker engine", "Note: "}

// compared gives the lines of an output that are compared.
func compared(text string) []string {
	var kept []string
	note := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(normalize(line))
		switch {
		case line == "":
			note = false
		case slices.ContainsFunc(ofTheMachine, func(p string) bool { return strings.HasPrefix(line, p) }):
			note = strings.HasPrefix(line, "Note: ")
		case !note:
			kept = append(kept, line)
		}
	}
	slices.Sort(kept)
	return kept
}
