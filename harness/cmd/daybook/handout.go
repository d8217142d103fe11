package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/handout"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
)

// newHandout makes the repository for learners.
func newHandout() *cobra.Command {
	var p handout.Plan
	c := &cobra.Command{
		Use:   "handout DAY --out DIR",
		Short: "Make the repository that learners get: without solutions, with the workflows that grade (for instructors)",
		Long: `Makes a folder that can be pushed as the repository that learners get: one day,
all that its checks need, and the workflows that grade. Solutions, known mistakes
and everything else that gives answers away is not in it; what git does not
track, or what nobody named, is not in it either.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if p.Out == "" {
				return &usageError{errors.New("say where to make it: --out DIR, which is not there yet, or empty")}
			}
			var err error
			if p.Root, err = workbook(c); err != nil {
				return err
			}
			if p.Day, err = catalog.Load(p.Root, args[0], scenario.IsCommand); err != nil {
				return err
			}
			if err := handout.Write(c.Context(), p); err != nil {
				return handoutError(err)
			}
			fmt.Fprintf(c.ErrOrStderr(), "%s is ready: git init there, and push it.\n", p.Out)
			return nil
		},
	}
	c.Flags().StringVar(&p.Out, "out", "", "the folder to make")
	c.Flags().StringSliceVar(&p.Workflows, "workflows", handout.Usual, "the workflows to put into it (daybook workflow lists them)")
	return c
}

// newWorkflow prints a workflow that is ready to be used.
func newWorkflow() *cobra.Command {
	var number string
	c := &cobra.Command{
		Use:   "workflow [NAME]",
		Short: "Print a workflow that grades, for GitHub, GitLab or Kubernetes; without a name, list them",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				for _, t := range handout.Templates {
					fmt.Fprintf(c.OutOrStdout(), "%-20s %s\n%-20s %s\n", t.Name, t.About, "", t.File)
				}
				return nil
			}
			day, err := dayOf(c, number)
			if err != nil {
				return err
			}
			text, err := handout.Workflow(args[0], day)
			if err != nil {
				return handoutError(err)
			}
			_, err = c.OutOrStdout().Write(text)
			return err
		},
	}
	c.Flags().StringVar(&number, "day", "", "the day to grade (default: the only one that there is)")
	return c
}

// dayOf loads the day of that number, or, for "", the workbook's only one.
func dayOf(c *cobra.Command, number string) (*catalog.Day, error) {
	root, err := workbook(c)
	if err != nil {
		return nil, err
	}
	if number == "" {
		days, err := catalog.List(root)
		if err != nil {
			return nil, err
		}
		if len(days) != 1 {
			return nil, &usageError{fmt.Errorf("say for which day: --day N; there is: %v", days)}
		}
		number = strconv.Itoa(days[0])
	}
	return catalog.Load(root, number, scenario.IsCommand)
}

// newGradeComment writes what is published below a pull request.
func newGradeComment() *cobra.Command {
	var changed string
	c := &cobra.Command{
		Use:   "grade-comment DAY REPORT --changed FILE",
		Short: "Write the comment on a pull request from a report that is not trusted (for the workflow that publishes)",
		Long: `Reads the one grade in the folder REPORT, which a pull request's own run may have
forged, as data, and writes a comment on it in Markdown: of the grade only
numbers and known words get into it. FILE is a JSON list of the files that the
pull request changes; if one of them is not a learner's, no grade is published.

Exit status: 0 a comment was written, be it that there is no grade; 2 bad usage.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if changed == "" {
				return &usageError{errors.New("say what the pull request changes: --changed FILE, a JSON list of names")}
			}
			day, err := dayOf(c, args[0])
			if err != nil {
				return err
			}
			names, err := readInput(changed, handout.ChangedLimit)
			if err != nil {
				return err
			}
			comment, err := handout.Comment(day, args[1], names)
			if err != nil {
				return handoutError(err)
			}
			fmt.Fprint(c.OutOrStdout(), comment)
			return nil
		},
	}
	c.Flags().StringVar(&changed, "changed", "", "a JSON list of the files that the pull request changes")
	return c
}

// handoutError gives errors the exit status that they stand for.
func handoutError(err error) error {
	var input *handout.InputError
	if errors.As(err, &input) {
		return &usageError{err}
	}
	return err
}
