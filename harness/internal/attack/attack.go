// Package attack loads a day's attacks: submissions that want to forge a grade,
// to break out of where they are judged or to harm the next one, and such as are
// merely broken, each with the verdict that it is to get.
//
// Rules it keeps:
//   - An attack is a file, days/DAY/attacks/NAME.txtar, and adding one needs no
//     Go. What a txtar cannot hold (links, odd names, bombs, damage) is described
//     in its entry archive.yaml, from which real archives are made.
//   - Loading is strict, as that of days is: every problem is told at once, with
//     file and line.
//   - A verdict is exact. One that is better than expected is as wrong as one
//     that is worse.
//
// The form:
//
//	# What the attacker does, and hopes for.
//	line: 12
//	expect: graded
//	base: buildinfo
//	passes: buildinfo
//	stopped-by: What keeps it from working, in a sentence.
//	-- buildinfo/daemon.go --
//	package buildinfo
//
// See header for the keys, and Archive for archive.yaml.
//
//	attacks, err := attack.Load(root, day)
//	sources, err := attacks[0].Lay(dir) // a folder or an archive for each learner
//	attacks[0].Judge(result)            // nothing, or what is not as expected
package attack

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
)

// Folder is the name of the folder of attacks in a day's.
const Folder = "attacks"

// Kinds are the kinds of attacks and of broken submissions that a day has to
// have been tried with; an attack's line is its place in this list, from 1.
var Kinds = []string{
	"init exits with status 0",
	"forged test output, with framing bytes",
	"exit in the middle of a run",
	"a TestMain, or a _test.go more",
	"os.Args edited",
	"the disk searched for expected values",
	"result files, summaries and GITHUB_OUTPUT written",
	"workflow commands and forged JSON printed",
	"a Makefile, go.mod, go.work, vendor or harness of its own",
	"cgo #include, -toolexec, go/env",
	"GOCACHE poisoned, and then a clean victim",
	"fork bombs and daemons",
	"memory and disk bombs",
	"endless output, invalid UTF-8, terminal codes",
	"SIGTERM ignored; endless sleep",
	"the network, DNS and the metadata address",
	"archives with names that lead out, collide or are there twice",
	"symbolic and hard links, devices, named pipes",
	"archives in archives, overlapping ones, lying headers, bombs",
	"wrapper folders, __MACOSX, BOM, CRLF, wrong case, empty and damaged archives",
	"Dockerfiles that want more than to build",
	"script in feedback, formulas in CSV, ends of CDATA",
	"the untouched starter and the reference",
	"two learners with the same files or the same id",
}

// Expectation is what is to become of an attack.
type Expectation string

const (
	// Refused is a submission that is not graded: it can be read by nobody, or
	// not in one way only.
	Refused Expectation = "refused"
	// Graded is a submission that gets the points of what it really does.
	Graded Expectation = "graded"
)

// Attack is one attack, as it was loaded.
type Attack struct {
	Name      string
	Path      string // of the file that it is in
	Said      string // what the attacker does, and hopes for
	Line      int    // its kind: a place in Kinds, from 1
	StoppedBy string // what keeps it from working

	Expect  Expectation
	Reason  string          // of a refused one: what its reason has to contain
	Passes  map[string]bool // of a graded one: the checks that pass, and no others
	Skips   map[string]bool // those that are skipped; nil when that does not matter
	Says    []string        // texts, each of which is in some finding
	Broken  bool            // its Go code is not meant to compile
	LeftOut []string        // names that have to be listed as left out
	Lacks   []string        // texts that are nowhere in results, reports and output
	// PagesLack are texts that are in no HTML or XML as they stand.
	PagesLack []string

	Learner    string   // the learner's name in the roster
	HandedInBy []string // the ids of those who hand it in, all the same
	Files      map[string][]byte
	Archive    *Archive // nil for a folder that holds Files
}

// Load loads a day's attacks, in the order of their names. The error is a
// *catalog.MalformedError.
func Load(root string, d *catalog.Day) ([]*Attack, error) {
	files, err := filepath.Glob(filepath.Join(d.Dir, Folder, "*.txtar"))
	if err != nil {
		return nil, fmt.Errorf("listing attacks: %w", err)
	}
	var all []*Attack
	var problems []catalog.Problem
	owner := map[string]string{} // of a learner's id, the file that has it
	for _, f := range files {
		l := &loader{root: root, day: d, file: f}
		a := l.attack()
		for _, id := range a.HandedInBy {
			if other, ok := owner[id]; ok {
				l.add(0, "the learner %s is in %s already", id, other)
			}
			owner[id] = filepath.Base(f)
		}
		all = append(all, a)
		problems = append(problems, l.problems...)
	}
	if len(problems) > 0 {
		return nil, &catalog.MalformedError{Problems: problems}
	}
	return all, nil
}

// Points is what a day's manifest gives for what passes.
func (a *Attack) Points(d *catalog.Day) int {
	n := 0
	for _, c := range d.Checks() {
		if a.Passes[c.ID] {
			n += c.Points
		}
	}
	return n
}

// uncompiled is what the finding of code that does not compile wants.
const uncompiled = "the code to compile"

// Judge compares a result with what is expected, and gives every difference.
func (a *Attack) Judge(r *check.Result) []string {
	wrong := a.unsaid(r)
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			want := []check.Status{check.Passed}
			switch {
			case a.Passes[c.ID]:
			case a.Skips == nil:
				want = []check.Status{check.Failed, check.Skipped}
			case a.Skips[c.ID]:
				want = []check.Status{check.Skipped}
			default:
				want = []check.Status{check.Failed}
			}
			if slices.Contains(want, c.Status) {
				continue
			}
			text := fmt.Sprintf("%s: %s, not %s", c.ID, c.Status, want[0])
			switch {
			case c.Finding != nil:
				text += fmt.Sprintf(" (want %s, got %s)", c.Finding.Want, c.Finding.Got)
			case c.Trouble != nil:
				text += fmt.Sprintf(" (%s)", c.Trouble.Error())
			}
			wrong = append(wrong, text)
		}
	}
	return wrong
}

// unsaid tells which texts are in no finding, and whether the attack was none,
// since it does not compile.
func (a *Attack) unsaid(r *check.Result) []string {
	var wrong []string
	said, broken := "", false
	for _, e := range r.Exercises {
		for _, c := range e.Checks {
			if c.Finding != nil {
				said += c.Finding.Got + "\n"
				broken = broken || c.Finding.Want == uncompiled
			}
		}
	}
	if broken != a.Broken {
		wrong = append(wrong, fmt.Sprintf("whether its code fails to compile: %t, not %t", broken, a.Broken))
	}
	for _, text := range a.Says {
		if !strings.Contains(said, text) {
			wrong = append(wrong, fmt.Sprintf("no finding says %q", text))
		}
	}
	return wrong
}
