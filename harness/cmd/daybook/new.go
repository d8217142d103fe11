package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/scaffold"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
)

// newNew begins a day.
func newNew() *cobra.Command {
	var d scaffold.NewDay
	c := &cobra.Command{
		Use:   "new DAY --title TITLE",
		Short: "Begin a day: its page, an exercise, a check, a mistake (for authors)",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			root, err := workbook(c)
			if err != nil {
				return err
			}
			d.Number = args[0]
			written, err := scaffold.Day(root, d)
			return begun(c, args[0], written, err)
		},
	}
	c.Flags().StringVar(&d.Title, "title", "", "the day's title")
	c.Flags().StringVar(&d.Exercise, "exercise", "first", "the id of its first exercise")
	c.Flags().StringVar(&d.Check, "check", "greets-by-name", "the id of that exercise's first check")
	return c
}

// newNewCheck begins a check.
func newNewCheck() *cobra.Command {
	var n scaffold.NewCheck
	c := &cobra.Command{
		Use:   "new-check DAY EXERCISE CHECK",
		Short: "Begin a check: its entry in the manifest, and its scenario (for authors)",
		Args:  cobra.ExactArgs(3),
		RunE: func(c *cobra.Command, args []string) error {
			n.Exercise, n.ID = args[1], args[2]
			return inDay(c, args[0], func(root string, day *catalog.Day) ([]string, error) { return scaffold.Check(root, day, n) })
		},
	}
	c.Flags().StringVar(&n.Title, "title", "", "what is true when it passes, in one line (default: to be written)")
	return c
}

// newNewMistake begins a mistake.
func newNewMistake() *cobra.Command {
	var n scaffold.NewMistake
	c := &cobra.Command{
		Use:   "new-mistake DAY NAME",
		Short: "Begin a mistake, which proves that a check works (for authors)",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			n.Name = args[1]
			return inDay(c, args[0], func(root string, day *catalog.Day) ([]string, error) { return scaffold.Mistake(root, day, n) })
		},
	}
	c.Flags().StringVar(&n.Fails, "fails", "", "the check that must catch it (default: to be written)")
	return c
}

// inDay begins something in a day that there is.
func inDay(c *cobra.Command, number string, begin func(root string, day *catalog.Day) ([]string, error)) error {
	root, err := workbook(c)
	if err != nil {
		return err
	}
	day, err := catalog.Load(root, number, scenario.IsCommand)
	if err != nil {
		return err
	}
	written, err := begin(root, day)
	return begun(c, number, written, err)
}

// begun says which files were written, and what is to be done about them.
func begun(c *cobra.Command, number string, written []string, err error) error {
	var refused *scaffold.RefusedError
	if errors.As(err, &refused) {
		return &usageError{err}
	}
	if err != nil {
		return err
	}
	for _, path := range written {
		fmt.Fprintln(c.OutOrStdout(), path)
	}
	_, err = fmt.Fprintf(c.ErrOrStderr(), "`make verify DAY=%s` asks for what is to be written in them.\n", number)
	return err
}
