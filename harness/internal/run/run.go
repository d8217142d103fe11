// Package run runs the checks of a day over one submission: in the order of
// what they need, the cheap ones first, several at a time, telling a listener
// what happens as it happens.
//
// It decides nothing itself. What a check comes to is the scenario's verdict;
// a check that needs one that did not pass is skipped. Whatever a run makes is
// gone when Checks returns, also after an error and when ctx has ended.
//
//	result, err := run.Checks(ctx, run.Plan{Day: day, Dir: "exercises/148", Seed: 1, Jobs: 2}, listen)
package run

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/baseimage"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
	"github.com/daybook-dev/daybook/harness/internal/submission"
	"github.com/daybook-dev/daybook/harness/internal/workbench"
)

// cleanUpLimit bounds the removal of what a run made. Removing a container
// takes a tenth of a second; the engine may be busy.
const cleanUpLimit = time.Minute

// Plan says what to run.
type Plan struct {
	Day      *catalog.Day
	Root     string // of the workbook
	Exercise string // only the checks of this one; empty for all
	Dir      string // the submission
	Seed     uint64
	Jobs     int // checks at a time, at least 1
	// OthersPass takes the checks of other exercises, which those of Exercise
	// need, as passed: the caller has seen them pass.
	OthersPass bool
	// Programs makes what compiles and runs the learner's code in the run that
	// Checks opens. Nil is for work that is trusted: this host's toolchain. For
	// work that is not, it is the Programs of a sandbox; see PrepareSandbox.
	Programs func(*engine.Run) workbench.Programs
	// Builds makes what builds the Dockerfile in the run that Checks opens. Nil is
	// for work that is trusted: the engine's own BuildKit. For work that is not, it
	// is a daemon of its own; see PrepareBuilds.
	Builds func(*engine.Run) workbench.Metered
	// IsolateServices keeps the services that are started without a network and
	// without rights, for work that is not trusted.
	IsolateServices bool
}

// Event is something that happened in a run. Exactly one field is set.
type Event struct {
	Begun    *Begun           // once, first
	Finished *Finished        // once a check
	Looked   *Looked          // once a check that passed
	Note     string           // what is being waited for, in a sentence
	Base     *baseimage.Image // an image that was made ready
	Trouble  *check.Trouble   // of the run as a whole, such as that there is no engine
	Result   *check.Result    // once, last
}

// Begun tells what a run is about to do.
type Begun struct {
	Plan   Plan
	Engine string // empty when none was reached
	// StandIns tells of the day's images on the engine that were built here.
	StandIns []string
	Tree     *submission.Tree
	Checks   []check.Check
}

// Looked is what a check that passed looked at, for those who want to know what
// it would not have noticed.
type Looked struct {
	Check   check.Check
	Answers []scenario.Answer
}

// Finished tells what a check came to.
type Finished struct {
	Check     check.Check
	Result    check.CheckResult
	Untouched bool // its exercise is as it was handed out
}

// Checks runs the plan's checks. The error is a *submission.InputError when the
// submission cannot be read as one, and otherwise that the run itself could not
// be set up; what a check could not decide is in the result.
func Checks(ctx context.Context, p Plan, listen func(Event)) (result *check.Result, err error) {
	r, err := engine.NewRun()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	tree, err := layOver(p, r)
	if err != nil {
		return nil, err
	}
	e, engineErr := engine.Connect(ctx)
	if e != nil {
		defer cleanUp(e, r)
		sweep(ctx, e, listen)
	}
	bases := baseimage.NewProvider(e, note(listen))
	bases.ModuleDir = p.Root
	config := workbench.Config{
		Day: p.Day, Run: r, Tree: tree, Seed: p.Seed, Engine: e, EngineError: engineErr,
		Builder: imagebuild.NewEngineBuilder(e),
		Bases:   bases,
		Notes:   note(listen),

		IsolateServices: p.IsolateServices,
	}
	if p.Programs != nil {
		config.Programs = p.Programs(r)
	}
	if p.Builds != nil {
		config.Metered = p.Builds(r)
		defer closeBuilds(config.Metered)
	}
	bench := workbench.New(config)
	defer bench.Close()
	s := &schedule{plan: p, bench: bench, listen: listen, untouched: untouched(p.Day, tree)}
	if err := s.choose(); err != nil {
		return nil, err
	}
	begun := &Begun{Plan: p, Tree: tree, Checks: s.reported}
	if e != nil {
		begun.Engine = e.String()
		begun.StandIns = bases.StandIns(ctx, p.Day.Images)
	}
	listen(Event{Begun: begun})
	s.standIns = begun.StandIns
	s.prefetch(ctx)
	s.run(ctx)
	result = s.result()
	result.Engine = begun.Engine
	listen(Event{Result: result})
	return result, nil
}

func note(listen func(Event)) func(string, ...any) {
	return func(format string, args ...any) { listen(Event{Note: fmt.Sprintf(format, args...)}) }
}

func layOver(p Plan, r *engine.Run) (*submission.Tree, error) {
	return submission.LayOver(Source(p.Day, p.Dir), filepath.Join(r.Dir, "submission"))
}

// Source says what the tree is made from when the files in dir are judged.
func Source(d *catalog.Day, dir string) submission.Source {
	return submission.Source{Exercise: d.Exercise, Dir: dir, Editable: d.Editable(), Sums: d.Sums}
}

func cleanUp(e *engine.Engine, r *engine.Run) {
	ctx, cancel := context.WithTimeout(context.Background(), cleanUpLimit)
	defer cancel()
	// What cannot be removed now is swept by the next run.
	_ = e.CleanUp(ctx, r.ID)
}

// sweep removes what killed runs have left. That it fails is no reason not to
// check.
func sweep(ctx context.Context, e *engine.Engine, listen func(Event)) {
	if err := errors.Join(e.Sweep(ctx, engine.Alive), engine.SweepFolders()); err != nil && ctx.Err() == nil {
		listen(Event{Note: "could not remove all that an earlier run left: " + err.Error()})
	}
}

// untouched tells for each exercise whether all its files are as handed out.
func untouched(d *catalog.Day, tree *submission.Tree) map[string]bool {
	all := map[string]bool{}
	for _, e := range d.Exercises {
		all[e.ID] = tree.Untouched(e.Files)
	}
	return all
}

// outcome makes a result of a scenario's outcome.
func outcome(c check.Check, o scenario.Outcome, took time.Duration) check.CheckResult {
	res := blank(c)
	res.Status, res.Finding, res.Trouble, res.Advice, res.Step = o.Status(), o.Finding, o.Trouble, o.Advice, o.Step
	res.DurationMS = took.Milliseconds()
	if res.Status == check.Passed {
		res.Points = c.Points
	}
	return res
}

func blank(c check.Check) check.CheckResult {
	return check.CheckResult{ID: c.ID, Title: c.Title, MaxPoints: c.Points, Needs: c.Needs}
}
