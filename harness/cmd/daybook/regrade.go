package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/grade"
	"github.com/daybook-dev/daybook/harness/internal/intake"
	"github.com/daybook-dev/daybook/harness/internal/report"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
	"github.com/daybook-dev/daybook/harness/internal/ui"
)

// sideDir is the folder, in that of a batch, where it is graded again.
const sideDir = "regrade"

func newRegrade() *cobra.Command {
	var f gradeFlags
	var apply bool
	c := &cobra.Command{
		Use:   "regrade OUT PATH…",
		Short: "Grade again what was graded, and show before and after (for instructors)",
		Long: `Grades submissions of the batch in OUT again, with its seed and policies, into
OUT/` + sideDir + `, and shows for each what it came to before and comes to now. Nothing
in OUT is changed, unless --apply says so: then the new results replace the old
ones and the reports are written anew. What was graded again for a first look
is not graded once more for --apply. A submission that cannot be graded this
time keeps its grade.

PATH… are the submissions, or some of them, as they were given to grade.

Exit status: as that of grade, over what was graded again.`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error { return runRegrade(c, args, f, apply) },
	}
	c.Flags().BoolVar(&apply, "apply", false, "replace the old results")
	c.Flags().StringVar(&f.policyFile, "policy-file", "", "what is made of the points (default: as before)")
	c.Flags().StringVar(&f.roster, "roster", "", "who handed in what, as for grade")
	jobsFlag(c, &f)
	formatFlag(c, &f)
	return c
}

func runRegrade(c *cobra.Command, args []string, f gradeFlags, apply bool) error {
	root, err := workbook(c)
	if err != nil {
		return err
	}
	formats, err := formatsNamed(f.formats)
	if err != nil {
		return err
	}
	before, day, entries, err := toRegrade(root, args[0], args[1:], f)
	if err != nil {
		return err
	}
	store, err := grade.OpenStore(args[0])
	if err != nil {
		return err
	}
	defer store.Close()
	f.out, f.exercise, f.isolation = filepath.Join(args[0], sideDir), before.Plan.Exercise, before.Plan.Isolation
	s, err := begin(root, day, f)
	if err != nil {
		return err
	}
	defer s.close()
	s.grader.Seed, s.grader.Policy = before.Plan.Seed, before.Plan.Policy
	if err := s.arm(c.Context(), f); err != nil {
		return err
	}
	s.goOn = "the same command goes on"
	after, err := s.grade(c.Context(), entries, grade.Shard{}, true)
	if err != nil {
		return err
	}
	changes := grade.Compare(before.Grades, after.Grades)
	ui.Changes(c.OutOrStdout(), changes)
	if !apply {
		s.say.Note("nothing was changed in %s: the same with --apply does that", args[0])
	} else if err := applyChanges(store, args[0], changes, s.grader.Policy, formats); err != nil {
		return err
	}
	return batchStatus(after.Batch(), s.say)
}

// toRegrade reads the batch in out, its day, and the submissions at the paths.
func toRegrade(root, out string, paths []string, f gradeFlags) (*grade.Contents, *catalog.Day, []intake.Entry, error) {
	before, err := grade.Read(out)
	if err != nil {
		return nil, nil, nil, err
	}
	day, err := catalog.Load(root, strconv.Itoa(before.Plan.Day), scenario.IsCommand)
	if err != nil {
		return nil, nil, nil, err
	}
	entries, err := entriesOf(root, day, paths, f.roster, f.policyFile)
	if err != nil {
		return nil, nil, nil, err
	}
	return before, day, entries, known(before.Plan, out, entries)
}

// applyChanges replaces results of the batch in out and writes its reports anew.
// What was applied is removed from the side.
func applyChanges(store *grade.Store, out string, changes []grade.Change, policy *grade.Policy, formats []report.Format) error {
	signed, err := signedGrades(out)
	if err != nil {
		return err
	}
	if err := grade.Apply(store, changes, policy); err != nil {
		return err
	}
	if err := dropStale(signed); err != nil {
		return err
	}
	now, err := grade.Read(out)
	if err != nil {
		return err
	}
	if err := writeReports(out, now.Batch(), formats); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(out, sideDir)); err != nil {
		return fmt.Errorf("removing what was applied: %w", err)
	}
	return nil
}

// known wants the batch to have the submissions, and gives them the names and
// times that it knows where no roster does.
func known(plan grade.Plan, out string, entries []intake.Entry) error {
	for i := range entries {
		e := &entries[i]
		at := slices.IndexFunc(plan.Submissions, func(p grade.Planned) bool { return p.ID == e.ID })
		if at < 0 {
			return &usageError{fmt.Errorf("%s is not one of the submissions in %s: where a roster named them, give --roster; what is new is graded with grade --resume", e.ID, out)}
		}
		if e.Name == "" {
			e.Name = plan.Submissions[at].Name
		}
		if e.Submitted.IsZero() {
			e.Submitted = plan.Submissions[at].Submitted
		}
	}
	return nil
}
