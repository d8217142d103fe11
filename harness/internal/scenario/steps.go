package scenario

import (
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

// Step is one command of a scenario's script.
type Step struct {
	Number int // from 1, as in Outcome.Step
	Line   int // of the file
	Name   string
	Judges bool // see Command; so does the last step, whatever it is
}

// Digest stands for what the scenario in file asks: its commands and the files
// that they give to the learner's work, less what finds words for learners and
// what compares answers. A check that asks for less has another one, though the
// solution's answers are as right as before.
func Digest(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the scenario: %w", err)
	}
	archive := txtar.Parse(data)
	sum := sha256.New()
	lines := strings.Split(string(archive.Comment), "\n")
	for _, used := range catalog.CommandsIn(string(archive.Comment)) {
		if !slices.Contains(notAsking, used.Name) {
			fmt.Fprintln(sum, strings.TrimSpace(lines[used.Line-1]))
		}
	}
	for _, f := range archive.Files {
		if !strings.HasSuffix(f.Name, ".md") { // the page's parts: why, and hints
			fmt.Fprintf(sum, "-- %s --\n%s", f.Name, f.Data)
		}
	}
	const enough = 6 // bytes, to tell one from another
	return fmt.Sprintf("%x", sum.Sum(nil)[:enough]), nil
}

// notAsking are the commands that are not part of what is asked.
var notAsking = []string{"because", "want", "look", "reply", "mentions", "hides"}

// Steps lists the commands of the scenario in file.
func Steps(file string) ([]Step, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the scenario: %w", err)
	}
	commands := Commands()
	var all []Step
	for _, used := range catalog.CommandsIn(string(txtar.Parse(data).Comment)) {
		if used.Name == "env" { // testscript's own
			continue
		}
		judges := slices.ContainsFunc(commands, func(c Command) bool { return c.Name == used.Name && c.Judges })
		all = append(all, Step{Number: len(all) + 1, Line: used.Line, Name: used.Name, Judges: judges})
	}
	if len(all) > 0 {
		all[len(all)-1].Judges = true
	}
	return all, nil
}
