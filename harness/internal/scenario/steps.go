package scenario

import (
	"fmt"
	"os"
	"slices"

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
