package scenario

import (
	"fmt"
	"os"

	"golang.org/x/tools/txtar"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

// Cost is how much work a scenario begins with. What is cheap is run first, so
// that a learner hears soon.
type Cost int

const (
	// Free scenarios only read.
	Free Cost = iota
	// Compiles compile a Go program.
	Compiles
	// Images build an image.
	Images
)

// CostOf gives the highest cost of the commands of the script in file.
func CostOf(file string) (Cost, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Free, fmt.Errorf("reading the scenario: %w", err)
	}
	cost := Free
	costs := map[string]Cost{}
	for _, c := range Commands() {
		costs[c.Name] = c.cost
	}
	for _, used := range catalog.CommandsIn(string(txtar.Parse(data).Comment)) {
		cost = max(cost, costs[used.Name])
	}
	return cost, nil
}
