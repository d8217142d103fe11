package grade

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// PlanSchema names the form of a Plan as JSON.
const PlanSchema = "daybook.plan/v1"

// Plan is what a batch is to be graded by: the same for all of its shards, but
// for Shard.
type Plan struct {
	Schema      string    `json:"schema"`
	Day         int       `json:"day"`
	Title       string    `json:"title"`
	Exercise    string    `json:"exercise,omitempty"` // the only one to grade
	Seed        uint64    `json:"seed"`
	Isolation   string    `json:"isolation"`
	Limits      string    `json:"limits"` // SHA-256, in hex
	Policy      *Policy   `json:"policy"`
	Shard       string    `json:"shard,omitempty"` // of which results are here; empty for all
	Submissions []Planned `json:"submissions"`     // in the order of their ids
}

// Planned is a submission of a plan.
type Planned struct {
	ID        string    `json:"id"`
	Name      string    `json:"name,omitempty"`
	Source    string    `json:"source,omitempty"` // without the folders above it
	Revision  string    `json:"revision,omitempty"`
	Submitted time.Time `json:"submitted,omitzero"`
}

// ids lists the submissions that the plan's shard has.
func (p *Plan) ids() ([]string, error) {
	var all []string
	for _, s := range p.Submissions {
		all = append(all, s.ID)
	}
	if p.Shard == "" {
		return Shard{}.Pick(all), nil
	}
	shard, err := ParseShard(p.Shard)
	return shard.Pick(all), err
}

func readPlan(dir string) (*Plan, error) {
	file := filepath.Join(dir, planFile)
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var p Plan
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err == nil && p.Schema != PlanSchema {
		err = fmt.Errorf("it is a %q, and a %s is wanted", p.Schema, PlanSchema)
	}
	if err == nil {
		_, err = p.ids()
	}
	if err != nil {
		return nil, &InputError{Message: fmt.Sprintf("reading %s: %v", file, err)}
	}
	return &p, nil
}
