package author

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/run"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
)

// NoticedFile, in a day's folder, says what each check notices when an answer
// of the solution's is spoilt in one place, and which samples its commands would
// fail at. `daybook verify --update` writes it;
// a check that has become weaker no longer agrees with it.
const NoticedFile = "noticed.txt"

const noticedHead = `# What each check notices when a right answer is spoilt in one place: CHECK ANSWER: PLACES;
# what those that look at an image or a build would fail at: COMMAND:SAMPLE; and a digest of what each asks.
# Written by "make verify ARGS=--update". A line that has become shorter is a check that has become weaker.
`

// Proof keeps what shows that the steps of the scenarios work: that a mistake was
// seen to fail at a step, or that an answer of the solution's, spoilt in one
// place, is noticed by that step alone. A step with neither could be deleted,
// or loosened, and nobody would notice.
type Proof struct {
	mu      sync.Mutex
	proven  map[string]map[int]bool // by check, then by step
	noticed map[string][]string     // by check: what it notices, a line an answer
}

// failed keeps what a mistake failed at.
func (p *Proof) failed(r *check.Result) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			if c.Status == check.Failed {
				p.prove(c.ID, c.Step)
			}
		}
	}
}

// looked spoils what a check looked at in the solution.
func (p *Proof) looked(l *run.Looked) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := []string{}
	for i, a := range l.Answers {
		spoilt := a.Spoil()
		for _, s := range spoilt {
			if len(s.Steps) == 1 {
				p.prove(l.Check.ID, s.Steps[0])
			}
		}
		places := placesOf(spoilt)
		places = append(places, a.Sampled()...)
		lines = append(lines, strings.Join(append([]string{fmt.Sprintf("%s %d:", l.Check.ID, i+1)}, places...), " "))
	}
	if digest, err := scenario.Digest(l.Check.Script); err == nil { // it has just been run
		lines = append(lines, l.Check.ID+" asks: "+digest)
	}
	if p.noticed == nil {
		p.noticed = map[string][]string{}
	}
	p.noticed[l.Check.ID] = lines
}

// placesOf lists the places of an answer at which something wrong is noticed:
// with * when all is, else with what it is that is.
func placesOf(spoilt []scenario.Spoilt) []string {
	var places []string
	for i := 0; i < len(spoilt); {
		place := spoilt[i].Place
		var hows []string
		all := true
		for ; i < len(spoilt) && spoilt[i].Place == place; i++ {
			how := spoilt[i].How
			// Whoever notices any text that is added notices each.
			if strings.HasPrefix(how, "+") && slices.Contains(hows, "+") {
				continue
			}
			if len(spoilt[i].Steps) == 0 {
				all = false
				continue
			}
			hows = append(hows, how)
		}
		if all {
			hows = []string{everyWay}
		}
		for _, how := range hows {
			places = append(places, place+how)
		}
	}
	return places
}

// everyWay stands after a place of which all that was put wrong is noticed.
const everyWay = "*"

func (p *Proof) prove(check string, step int) {
	if p.proven == nil {
		p.proven = map[string]map[int]bool{}
	}
	if p.proven[check] == nil {
		p.proven[check] = map[int]bool{}
	}
	p.proven[check][step] = true
}

// Unproven reports the steps of the plan's checks that nothing shows to work,
// and the checks that notice something else than NoticedFile says. It is asked
// once all cases have been tried.
func (p Plan) Unproven() ([]catalog.Problem, error) {
	var problems []catalog.Problem
	for _, c := range p.within().Day.Checks() {
		steps, err := scenario.Steps(c.Script)
		if err != nil {
			return nil, err
		}
		for _, s := range steps {
			if s.Judges && !p.Proof.proven[c.ID][s.Number] {
				at := problem(p, c.Script, "no mistake fails at this step (%s), and nothing that it alone would notice is in the solution's answers, so nobody would miss it: add a mistake to days/%d/mistakes, or take the step out", s.Name, p.Day.Number)
				at.Line = s.Line
				problems = append(problems, at)
			}
		}
	}
	noticed, err := p.compareNoticed()
	return append(problems, noticed...), err
}

// compareNoticed holds what checks notice against NoticedFile, or writes that.
func (p Plan) compareNoticed() ([]catalog.Problem, error) {
	file := filepath.Join(p.Day.Dir, NoticedFile)
	data, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("reading what checks notice: %w", err)
	}
	was := map[string][]string{}
	for line := range strings.Lines(string(data)) {
		if id, _, _ := strings.Cut(line, " "); id != "#" {
			was[id] = append(was[id], strings.TrimSuffix(line, "\n"))
		}
	}
	var problems []catalog.Problem
	for _, id := range slices.Sorted(maps.Keys(p.Proof.noticed)) {
		if len(was[id]) == 0 && p.Only != "" && !p.Update {
			continue // a check that is being written
		}
		for _, change := range changes(was[id], p.Proof.noticed[id]) {
			problems = append(problems, problem(p, file, "%s %s (if that is meant: `make verify DAY=%d ARGS=--update`)", id, change, p.Day.Number))
		}
		was[id] = p.Proof.noticed[id]
	}
	if !p.Update || len(problems) == 0 {
		return problems, nil
	}
	text := noticedHead
	for _, c := range p.Day.Checks() {
		for _, line := range was[c.ID] {
			text += line + "\n"
		}
	}
	const readable = 0o644
	return nil, os.WriteFile(file, []byte(text), readable)
}

// changes says in words how what a check notices has changed.
func changes(was, is []string) []string {
	if len(was) == 0 {
		return []string{"is new: what it notices is not written down yet"}
	}
	if len(was) != len(is) {
		return []string{"looks at more answers, or at fewer, than are written down"}
	}
	var all []string
	for i := range is {
		_, a, _ := strings.Cut(was[i], ": ")
		_, b, _ := strings.Cut(is[i], ": ")
		if strings.Contains(is[i], " asks: ") {
			if a != b {
				all = append(all, "asks something else than what was proven: what its commands do, or what its files give to the learner's work, has changed")
			}
			continue
		}
		before, after := strings.Fields(a), strings.Fields(b)
		for _, place := range before {
			if !slices.Contains(after, place) {
				all = append(all, "no longer notices "+noticed(place, i+1))
			}
		}
		for _, place := range after {
			if !slices.Contains(before, place) {
				all = append(all, "now notices "+noticed(place, i+1))
			}
		}
	}
	return all
}

// noticed says in words what is noticed: a place in an answer that is wrong, or
// a sample that a command judged, as in scenario.Answer.Sampled.
func noticed(place string, answer int) string {
	if command, sample, ok := strings.Cut(place, ":"); ok {
		return fmt.Sprintf("%s in `%s`", sample, command)
	}
	if command, limit, ok := strings.Cut(place, ">"); ok {
		return fmt.Sprintf("more than %s in `%s`", limit, command)
	}
	if whole, ok := strings.CutSuffix(place, everyWay); ok {
		return fmt.Sprintf("all that may be wrong with %s of answer %d", cmp.Or(whole, "the whole"), answer)
	}
	return fmt.Sprintf("when %s of answer %d is wrong", place, answer)
}
