// Package author keeps a day honest: it proves that the solution passes, that
// the stubs fail where they should, that each mistake is caught by the checks
// that it names and by no other, and that each variant passes.
//
// It collects every problem and names the fix for each; it never stops at the
// first. Everything is run for real, with the same code as a learner's check,
// once there is nothing left to be written.
//
//	problems, err := author.Verify(ctx, author.Plan{Root: root, Day: day, Jobs: 2})
package author

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/attack"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/run"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// Plan says what to verify.
type Plan struct {
	Root string
	Day  *catalog.Day
	Jobs int    // submissions at a time
	Only string // only the cases whose name contains this
	// Exercise is that only this one is looked at; empty for all.
	Exercise string
	Update   bool // write the findings of mistakes anew instead of comparing them
	// Notes is told of each case when it is done; may be nil.
	Notes func(name string, took time.Duration)
	// Daybook is the program to run for what pages say that it prints.
	Daybook string
	// Proof, when not nil, collects what mistakes fail at, for Unproven.
	Proof *Proof
}

// seeds are those that the solution must pass with. The first is also that of
// stubs and mistakes, so that what their findings say is always the same.
var seeds = []uint64{148, 841}

// Case is one submission with what is expected of it.
type Case struct {
	Name     string
	Path     string // of the file or folder that it comes from
	Seed     uint64
	Exercise string            // only this exercise's checks; empty for all
	Files    map[string][]byte // over the solution; nil for the folder Path itself
	Wrong    bool              // it is a mistake
	Right    bool              // it is the solution, with the seed that NoticedFile is written with
	Judge    func(*check.Result) []string
}

// Verify runs every case, unless the day is not finished: then its problems are
// what is still to be done. They come in the order of the cases; err is that
// something could not be run at all.
func Verify(ctx context.Context, p Plan) ([]catalog.Problem, error) {
	cases, err := Cases(p)
	if err != nil {
		return nil, err
	}
	problems, err := p.static()
	if err != nil {
		return nil, err
	}
	if len(cases) == 0 {
		return append(problems, problem(p, p.Day.Dir, "it has no case whose name contains %q", p.Only)), nil
	}
	if unfinished, err := p.unfinished(); err != nil || len(unfinished) > 0 {
		return problems, err
	}
	p.Proof = &Proof{}
	var quoted []catalog.Problem // pages quote what takes long to run
	var quotedErr error
	var reading sync.WaitGroup
	reading.Go(func() { quoted, quotedErr = p.pages(ctx) })
	found, err := p.tryAll(ctx, cases)
	reading.Wait()
	problems = slices.Concat(problems, quoted, found)
	if err = errors.Join(quotedErr, err); err != nil {
		return problems, err
	}
	prove := p.Unproven
	if p.Only != "" || len(found) > 0 { // a case that went wrong, or was left out, proves nothing
		prove = p.compareNoticed
	}
	unproven, err := prove()
	return append(problems, unproven...), err
}

// tryAll runs cases, as many at a time as the plan allows.
func (p Plan) tryAll(ctx context.Context, cases []Case) ([]catalog.Problem, error) {
	found := make([][]catalog.Problem, len(cases))
	errs := make([]error, len(cases))
	var running sync.WaitGroup
	free := make(chan struct{}, max(1, p.Jobs))
	for i, c := range cases {
		free <- struct{}{}
		running.Go(func() {
			defer func() { <-free }()
			begun := time.Now()
			found[i], errs[i] = Try(ctx, p, c)
			if p.Notes != nil && errs[i] == nil {
				p.Notes(c.Name, time.Since(begun))
			}
		})
	}
	running.Wait()
	var problems []catalog.Problem
	for i := range cases {
		if errs[i] != nil {
			return nil, fmt.Errorf("trying %s: %w", cases[i].Name, errs[i])
		}
		problems = append(problems, found[i]...)
	}
	return problems, nil
}

// Static finds what is wrong with a day's files before anything is tried: what
// is still to be written, what nothing uses, what its pages quote, and checks
// that no mistake shows to work. When only some cases are asked for, it looks for
// no more than what keeps them from being tried.
func Static(ctx context.Context, p Plan) ([]catalog.Problem, error) {
	unfinished, err := p.unfinished()
	if err != nil {
		return nil, err
	}
	problems, err := p.static()
	if err != nil || len(unfinished) > 0 {
		return problems, err
	}
	quoted, err := p.pages(ctx)
	return append(quoted, problems...), err
}

// static is Static, without the pages.
func (p Plan) static() ([]catalog.Problem, error) {
	problems, err := p.unfinished()
	if err != nil || p.Only != "" {
		return problems, err
	}
	strays, err := p.strays()
	if err != nil {
		return nil, err
	}
	if _, err := attack.Load(p.Root, p.Day); err != nil { // they are tried by `make test-attacks`
		return nil, err
	}
	mistakes, err := catalog.Mistakes(p.Root, p.Day)
	if err != nil {
		return nil, err
	}
	return slices.Concat(problems, strays, uncovered(p.within(), mistakes)), nil
}

// pages looks at the day's page and at the text that is handed out with the
// exercises.
func (p Plan) pages(ctx context.Context) ([]catalog.Problem, error) {
	if p.Only != "" || p.Exercise != "" {
		return nil, nil
	}
	var all []catalog.Problem
	for _, f := range p.pageFiles() {
		problems, err := Pages{Root: p.Root, Daybook: p.Daybook, Update: p.Update}.Check(ctx, f)
		if err != nil {
			return nil, err
		}
		all = append(all, problems...)
	}
	return all, nil
}

func (p Plan) pageFiles() []string {
	files := []string{filepath.Join(p.Day.Dir, p.Day.Page)}
	if handedOut := filepath.Join(p.Day.Exercise, "README.md"); exists(handedOut) {
		files = append(files, handedOut)
	}
	return files
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Cases lists what is to be tried.
func Cases(p Plan) ([]Case, error) {
	number := fmt.Sprint(p.Day.Number)
	mistakes, err := catalog.Mistakes(p.Root, p.Day)
	if err != nil {
		return nil, err
	}
	variants, err := catalog.Variants(p.Root, p.Day)
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, seed := range seeds {
		cases = append(cases, Case{Name: fmt.Sprintf("solution with seed %d", seed), Path: filepath.Join("solutions", number), Seed: seed, Exercise: p.Exercise, Right: seed == seeds[0], Judge: passes})
	}
	cases = append(cases, Case{Name: "stubs", Path: filepath.Join("exercises", number), Seed: seeds[0], Exercise: p.Exercise, Judge: p.within().stubs})
	for _, m := range variants {
		cases = append(cases, changedCases(p, "variant", m, func(string) func(*check.Result) []string { return passes })...)
	}
	for _, m := range mistakes {
		cases = append(cases, changedCases(p, "mistake", m, func(string) func(*check.Result) []string {
			return func(r *check.Result) []string { return p.caught(m, r) }
		})...)
	}
	cases = slices.DeleteFunc(cases, func(c Case) bool { return !p.asked(c) })
	return cases, nil
}

// changedCases makes a case for the exercise whose files m changes, or one for
// the whole day when it changes more than one.
func changedCases(p Plan, kind string, m catalog.Mistake, judge func(exercise string) func(*check.Result) []string) []Case {
	exercise := ""
	if changed := p.Day.Changed(m); len(changed) == 1 {
		exercise = changed[0]
	}
	return []Case{{Name: kind + " " + m.Name, Path: m.Path, Seed: seeds[0], Exercise: exercise, Files: m.Files, Wrong: len(m.Fails) > 0, Judge: judge(exercise)}}
}

// uncovered reports the checks that no mistake shows to work.
func uncovered(p Plan, mistakes []catalog.Mistake) []catalog.Problem {
	var problems []catalog.Problem
	for _, c := range p.Day.Checks() {
		if !slices.ContainsFunc(mistakes, func(m catalog.Mistake) bool { return slices.Contains(m.Fails, c.ID) }) {
			problems = append(problems, problem(p, c.Script, "no mistake fails %s, so nothing shows that it works: add one to days/%d/mistakes", c.ID, p.Day.Number))
		}
	}
	return problems
}

func problem(p Plan, file, format string, args ...any) catalog.Problem {
	if rel, err := filepath.Rel(p.Root, file); err == nil && filepath.IsAbs(file) {
		file = rel
	}
	return catalog.Problem{File: filepath.ToSlash(file), Text: fmt.Sprintf(format, args...)}
}

// Try runs one case. The problems are what came out otherwise than expected; err
// is that it could not be run.
func Try(ctx context.Context, p Plan, c Case) ([]catalog.Problem, error) {
	dir := filepath.Join(p.Root, c.Path)
	if c.Files != nil {
		var err error
		if dir, err = p.layOut(c); err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
	}
	// What the case does not change is the solution's, which has a case of its own.
	plan := run.Plan{Day: p.Day, Root: p.Root, Exercise: c.Exercise, Dir: dir, Seed: c.Seed, Jobs: 1, OthersPass: c.Exercise != ""}
	result, err := run.Checks(ctx, plan, func(e run.Event) {
		if c.Right && e.Looked != nil {
			p.Proof.looked(e.Looked)
		}
	})
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if c.Wrong {
		p.Proof.failed(result)
	}
	var problems []catalog.Problem
	for _, text := range c.Judge(result) {
		problems = append(problems, problem(p, c.Path, "%s: %s", c.Name, text))
	}
	return problems, nil
}

// layOut makes a folder of the solution with a case's files over it.
func (p Plan) layOut(c Case) (string, error) {
	dir, err := os.MkdirTemp("", "daybook-case-")
	if err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	solution := filepath.Join(p.Root, "solutions", fmt.Sprint(p.Day.Number))
	tree, err := submission.LayOver(run.Source(p.Day, solution), dir)
	if err != nil {
		return dir, fmt.Errorf("laying out the solution: %w", err)
	}
	return dir, tree.Write(c.Files)
}
