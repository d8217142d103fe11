package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/daybook-dev/daybook/harness/internal/grade"
	"github.com/daybook-dev/daybook/harness/internal/ui"
)

func newMerge() *cobra.Command {
	var f gradeFlags
	var partial bool
	c := &cobra.Command{
		Use:   "merge DIR… --out DIR",
		Short: "Put the parts of a graded batch together (for instructors)",
		Long: `Puts the parts of a batch together that 'daybook grade --shard' made: each DIR is
the --out of one. The order does not matter, nor how often a part is given, and
merged parts can be merged again. What --out holds already is one of the parts.

Nothing is written when the parts are of different plans, when two verdicts on
a submission differ, when verdicts were made with a different day, harness,
toolchain, image or limit, or when a submission is in none of them (unless
--partial). Of a submission that one part could not grade, another's verdict
counts.

Exit status: as that of grade, over the whole batch; 2 when they cannot be
merged.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runMerge(c, args, f, partial) },
	}
	c.Flags().StringVar(&f.out, "out", "", "the folder for results and reports")
	c.Flags().BoolVar(&partial, "partial", false, "merge although some submissions are in no part")
	formatFlag(c, &f)
	return c
}

func runMerge(c *cobra.Command, dirs []string, f gradeFlags, partial bool) error {
	if f.out == "" {
		return &usageError{errors.New("--out: say where the whole goes")}
	}
	formats, err := formatsNamed(f.formats)
	if err != nil {
		return err
	}
	parts, err := readParts(dirs)
	if err != nil {
		return err
	}
	store, err := grade.OpenStore(f.out)
	if err != nil {
		return err
	}
	defer store.Close()
	if plan, err := store.Plan(); err != nil {
		return err
	} else if plan != nil {
		own, err := grade.Read(f.out)
		if err != nil {
			return err
		}
		parts = append(parts, *own)
	}
	whole, err := grade.Merge(parts, partial)
	if err != nil {
		return err
	}
	if err := store.Fill(whole); err != nil {
		return err
	}
	if err := writeReports(f.out, whole.Batch(), formats); err != nil {
		return err
	}
	if err := printReport(c.OutOrStdout(), whole.Batch(), false, mustFormat("text")); err != nil {
		return err
	}
	return batchStatus(whole.Batch(), ui.NewGrading(os.Stderr))
}

func readParts(dirs []string) ([]grade.Contents, error) {
	var parts []grade.Contents
	for _, dir := range dirs {
		part, err := grade.Read(dir)
		if err != nil {
			return nil, err
		}
		parts = append(parts, *part)
	}
	return parts, nil
}
