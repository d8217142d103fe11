package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/grade"
	"github.com/daybook-dev/daybook/harness/internal/intake"
	"github.com/daybook-dev/daybook/harness/internal/report"
	"github.com/daybook-dev/daybook/harness/internal/run"
	"github.com/daybook-dev/daybook/harness/internal/ui"
)

// session is a grading that has begun: its folders, and how to grade.
type session struct {
	root, out string // out is where results go; kept only if it was asked for
	asked     bool
	jobs      int
	scratch   *engine.Run
	store     *grade.Store
	say       *ui.Grading
	grader    *grade.Grader
	old       *grade.Plan // what the store had
	isolation *run.Isolation
	goOn      string // how to go on after it was stopped
}

// begin opens the folders. What can be said of flags alone is said before.
func begin(root string, day *catalog.Day, f gradeFlags) (*session, error) {
	if f.jobs < 1 {
		return nil, &usageError{fmt.Errorf("-j %d: at least one check at a time is wanted", f.jobs)}
	}
	if f.exercise != "" {
		if err := hasExercise(day, f.exercise); err != nil {
			return nil, err
		}
	}
	if err := grade.Pristine(day); err != nil {
		return nil, err
	}
	scratch, err := engine.NewRun()
	if err != nil {
		return nil, err
	}
	// Each run sweeps, too, but only where there is an engine.
	if err := engine.SweepFolders(); err != nil {
		fmt.Fprintln(os.Stderr, "  … could not remove all that an earlier run left:", err)
	}
	s := &session{root: root, out: f.out, asked: f.out != "", jobs: f.jobs, scratch: scratch, say: ui.NewGrading(os.Stderr), goOn: "--resume goes on"}
	if !s.asked {
		s.out = filepath.Join(scratch.Dir, "out")
	}
	s.grader = &grade.Grader{Day: day, Root: root, Check: run.Checks, Policy: &grade.Policy{}, Seed: f.seed, Listen: s.say.Listen}
	if s.grader.Dir, err = s.folder("submissions"); err != nil {
		s.close()
		return nil, err
	}
	if s.store, err = grade.OpenStore(s.out); err != nil {
		s.close()
		return nil, err
	}
	if s.old, err = s.store.Plan(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// folder makes a folder for files on the way.
func (s *session) folder(name string) (string, error) {
	dir := filepath.Join(s.scratch.Dir, name)
	const own = 0o700
	if err := os.MkdirAll(dir, own); err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	return dir, nil
}

// close removes what is not to stay. What cannot be removed now is swept by
// the next run.
func (s *session) close() {
	if s.store != nil {
		_ = s.store.Close()
	}
	if s.isolation != nil {
		s.isolation.Close()
	}
	_ = s.scratch.Close()
}

// settle decides on the seed, the policies and the exercise: by the flags, and
// otherwise by what was graded here before.
func (s *session) settle(c *cobra.Command, f gradeFlags, shard grade.Shard) error {
	seeded := c.Flags().Changed("seed")
	if s.old != nil && f.resume {
		if !seeded {
			s.grader.Seed, seeded = s.old.Seed, true
		}
		if !c.Flags().Changed("exercise") {
			f.exercise = s.old.Exercise
		}
		if !c.Flags().Changed("policy") {
			f.isolation = s.old.Isolation
		}
		s.grader.Policy = s.old.Policy
	}
	if !seeded {
		if shard.Of > 0 {
			return &usageError{fmt.Errorf("shard %s: say --seed, the same for every part, or they could not be merged", shard)}
		}
		s.grader.Seed = newSeed()
	}
	return s.arm(c.Context(), f)
}

// arm finds out what verdicts depend on here, and how submissions are kept apart
// from this machine.
func (s *session) arm(ctx context.Context, f gradeFlags) error {
	if f.policyFile != "" {
		policy, err := grade.LoadPolicy(f.policyFile, s.grader.Day)
		if err != nil {
			return err
		}
		s.grader.Policy = policy
	}
	if err := s.isolate(ctx, f.isolation, f.exercise); err != nil {
		return err
	}
	tmp, err := s.folder("toolchain")
	if err != nil {
		return err
	}
	images := &grade.EngineImages{Root: s.root, Notes: s.say.Note}
	s.grader.Basis, err = grade.BasisOf(ctx, s.grader.Day, f.exercise, f.isolation, tmp, images)
	return err
}

// grade grades, or goes on with it.
func (s *session) grade(ctx context.Context, entries []intake.Entry, shard grade.Shard, resume bool) (*grade.Contents, error) {
	plan, err := grade.NewPlan(s.grader, entries, shard)
	if err != nil {
		return nil, err
	}
	if shard.Of > 0 {
		s.say.Note("shard %s of %d submissions", shard, len(entries))
	}
	w := &grade.Work{Grader: s.grader, Store: s.store, Plan: plan, Entries: entries, Jobs: s.jobs, Resume: resume, Tell: s.say.Tell}
	contents, err := w.Run(ctx)
	if errors.Is(err, context.Canceled) && s.asked {
		return nil, fmt.Errorf("it was stopped; what was graded so far is in %s, and %s: %w", s.out, s.goOn, err)
	}
	return contents, err
}

// deliver keeps the reports, if anything is kept, prints one, and gives the
// status to exit with.
func (s *session) deliver(c *cobra.Command, b *grade.Batch, single bool, formats []report.Format, printed report.Format) error {
	if s.asked {
		if err := writeReports(s.out, b, formats); err != nil {
			return err
		}
		s.say.Note("results and reports are in %s", s.out)
	}
	if err := printReport(c.OutOrStdout(), b, single, printed); err != nil {
		return err
	}
	return batchStatus(b, s.say)
}

// batchStatus says what has no grade, and gives the status to exit with.
func batchStatus(b *grade.Batch, say *ui.Grading) error {
	count := map[grade.Status]int{}
	for _, g := range b.Grades {
		count[g.Status]++
	}
	if n := count[grade.Refused]; n > 0 {
		say.Note("refused: %d of %d. Their reasons are above; trying again does not help", n, len(b.Grades))
	}
	if n := count[grade.Ungraded]; n > 0 {
		say.Note("not graded: %d of %d, which is not about their work. Try again (with --resume only these are)", n, len(b.Grades))
		return verdictError{exitErrored}
	}
	if count[grade.Refused] > 0 {
		return verdictError{exitUsage}
	}
	return nil
}
