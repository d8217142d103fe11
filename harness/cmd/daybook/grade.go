package main

import (
	"errors"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// gradeFlags are the flags of `daybook grade`, and of the commands that do a
// part of it.
type gradeFlags struct {
	out, isolation, shard, roster, policyFile, exercise, sign string
	formats                                                   []string
	seed                                                      uint64
	jobs                                                      int
	resume                                                    bool
}

func newGrade() *cobra.Command {
	var f gradeFlags
	c := &cobra.Command{
		Use:   "grade [DAY] PATH…",
		Short: "Grade one submission or many (for instructors)",
		Long: `Grades submissions: the same checks as check, over work that was handed in.

A PATH is a folder, a zip, a tar (also gz or zst), a git bundle or a git
repository (PATH@REVISION), or a folder of such: a folder that holds files of
the day itself, at its top or where the exercise lies in the workbook, is one
submission, and any other is a batch. Without DAY it is the workbook's only day.

With --out everything is kept there: plan.json, results/ID.json for each
submission, a report in each format, and for each learner those of their own in
learners/ID. A run that was stopped goes on with --resume, which does only what
is missing, was not graded, or depends on something that has changed since.

With --shard 2/4 it grades the second quarter; then 'daybook merge' puts the
parts together. All parts need the same --seed. The environment is asked, too:
CI_NODE_INDEX and CI_NODE_TOTAL (GitLab, from 1), or JOB_COMPLETION_INDEX
(Kubernetes, from 0) and JOB_COMPLETIONS, when there is an --out.

Exit status: 0 all were graded, whatever their points, 2 bad usage or bad
input, or a submission was refused, for which trying again does not help,
3 a submission could not be graded, which is not the learner's fault: try
again. Where there is both, it is 3.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runGrade(c, args, f) },
	}
	c.Flags().StringVar(&f.out, "out", "", "keep results and reports in this folder (default: only say what they come to)")
	c.Flags().StringVar(&f.isolation, "policy", trusted, "trusted, or hostile for work that may want to do harm")
	c.Flags().StringVar(&f.policyFile, "policy-file", "", "what is made of the points: lateness, required checks, a cap (YAML)")
	c.Flags().StringVar(&f.roster, "roster", "", "who handed in what: a CSV with the columns id, name, file, submitted")
	c.Flags().StringVar(&f.exercise, "exercise", "", "only the checks of this exercise")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "draw the same random values again (default: drawn anew, or the one that --out has)")
	c.Flags().StringVar(&f.shard, "shard", "", "only the i-th of n parts: i/n")
	c.Flags().StringVar(&f.sign, "sign", "", "sign each grade in --out with this private key (daybook keygen makes one)")
	c.Flags().BoolVar(&f.resume, "resume", false, "go on with what --out holds")
	jobsFlag(c, &f)
	formatFlag(c, &f)
	return c
}

func jobsFlag(c *cobra.Command, f *gradeFlags) {
	c.Flags().IntVarP(&f.jobs, "jobs", "j", runtime.NumCPU(), "checks at a time, over all submissions")
}

func formatFlag(c *cobra.Command, f *gradeFlags) {
	c.Flags().StringSliceVar(&f.formats, "format", nil, "the reports to write (default: all; without --out: the one to print): "+formatNames())
}

func runGrade(c *cobra.Command, args []string, f gradeFlags) error {
	root, err := workbook(c)
	if err != nil {
		return err
	}
	day, paths, err := dayAndPaths(root, args)
	if err != nil {
		return err
	}
	entries, err := entriesOf(root, day, paths, f.roster, f.policyFile, f.sign)
	if err != nil {
		return err
	}
	if err := outside(f.out, paths); err != nil {
		return err
	}
	formats, err := formatsNamed(f.formats)
	if err != nil {
		return err
	}
	printed, err := printable(f.formats, f.out != "", len(entries))
	if err != nil {
		return err
	}
	shard, err := shardOf(c, f)
	if err != nil {
		return err
	}
	key, err := signingKey(f)
	if err != nil {
		return err
	}
	s, err := begin(root, day, f)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.settle(c, f, shard); err != nil {
		return err
	}
	if f.resume && f.roster == "" && s.old != nil {
		recall(s.old, entries)
	}
	signed, err := signedGrades(s.out)
	if err != nil {
		return err
	}
	contents, err := s.grade(c.Context(), entries, shard, f.resume)
	if err != nil {
		return err
	}
	if s.asked {
		if err := dropStale(signed); err != nil {
			return err
		}
		if err := signContents(f.out, contents.Grades, key); err != nil {
			return err
		}
	}
	return s.deliver(c, contents.Batch(), len(entries) == 1, formats, printed)
}

// shardOf is the shard that the flag or the environment asks for.
func shardOf(c *cobra.Command, f gradeFlags) (grade.Shard, error) {
	switch {
	case f.out == "" && f.shard != "":
		return grade.Shard{}, &usageError{errors.New("--shard: a part needs an --out, to be merged from")}
	case c.Flags().Changed("shard"):
		return grade.ParseShard(f.shard)
	case f.out != "":
		return grade.ShardFrom(os.Getenv)
	}
	return grade.Shard{}, nil
}
