package main

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/daybook-dev/daybook/harness/internal/author"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
)

// newVerify proves that a day is honest.
func newVerify() *cobra.Command {
	var plan author.Plan
	c := &cobra.Command{
		Use:   "verify DAY [EXERCISE]",
		Short: "Prove that a day's checks catch what they are for, and nothing else (for authors)",
		Args:  cobra.RangeArgs(1, 2),
		RunE:  func(c *cobra.Command, args []string) error { return runVerify(c, args, plan) },
	}
	c.Flags().BoolVar(&plan.Update, "update", false, "write the mistakes' findings anew")
	c.Flags().StringVar(&plan.Only, "only", "", "only the cases whose name contains this")
	// Two for each processor: half of a submission's time is waiting for containers
	// to start, to answer and to stop.
	c.Flags().IntVarP(&plan.Jobs, "jobs", "j", 2*runtime.NumCPU(), "submissions at a time")
	return c
}

func runVerify(c *cobra.Command, args []string, plan author.Plan) error {
	root, err := workbook(c)
	if err != nil {
		return err
	}
	day, err := catalog.Load(root, args[0], scenario.IsCommand)
	if err != nil {
		return err
	}
	plan.Root, plan.Day = root, day
	if len(args) > 1 {
		plan.Exercise = args[1]
		if err := hasExercise(day, plan.Exercise); err != nil {
			return err
		}
	}
	if plan.Daybook, err = os.Executable(); err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	plan.Notes = func(name string, took time.Duration) {
		fmt.Fprintf(os.Stderr, "  … tried in %4.1f s: %s\n", took.Seconds(), name)
	}
	problems, err := author.Verify(c.Context(), plan)
	if err != nil {
		return err
	}
	for _, p := range problems {
		fmt.Fprintln(c.OutOrStdout(), p)
	}
	if len(problems) > 0 {
		return verdictError{exitFailed}
	}
	part := ""
	if plan.Exercise != "" || plan.Only != "" {
		part = "what was tried of "
	}
	fmt.Fprintf(c.OutOrStdout(), "%sday %d holds: nothing to mend\n", part, day.Number)
	return nil
}
