package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/daybook-dev/daybook/harness/internal/baseimage"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/doctor"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
)

// newRemoveStandIns removes the images that were built here instead of pulled.
func newRemoveStandIns() *cobra.Command {
	return &cobra.Command{
		Use:   "remove-stand-ins",
		Short: "Remove the base images that were built here because none could be pulled",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			e, err := engine.Connect(c.Context())
			if err != nil {
				return err
			}
			say := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
			removed, err := baseimage.NewProvider(e, say).RemoveStandIns(c.Context())
			for _, ref := range removed {
				fmt.Fprintln(c.OutOrStdout(), "removed", ref)
			}
			return err
		},
	}
}

// newDoctor looks at the machine.
func newDoctor() *cobra.Command {
	var brief bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look at this machine: what is there, and how to mend what is not",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if brief {
				return sayEngine(c)
			}
			return examine(c)
		},
	}
	c.Flags().BoolVar(&brief, "brief", false, "say in one line whether an engine answers")
	return c
}

// sayEngine tells those who run the tests which of them can be run.
func sayEngine(c *cobra.Command) error {
	e, err := engine.Connect(c.Context())
	if err != nil {
		fmt.Fprintf(c.OutOrStdout(), "The tests that need an engine are skipped: %v\n", err)
		return nil
	}
	fmt.Fprintln(c.OutOrStdout(), e)
	return nil
}

// examine prints what doctor finds. The status is exitErrored when something is
// missing.
func examine(c *cobra.Command) error {
	images, err := imagesOfDays(c)
	if err != nil {
		return err
	}
	worst := doctor.Good
	for _, f := range doctor.Examine(c.Context(), images) {
		fmt.Fprintf(c.OutOrStdout(), "%-8s %-20s %s\n", f.State, f.Name, f.Detail)
		if f.Mend != "" {
			fmt.Fprintf(c.OutOrStdout(), "%-8s %-20s to mend it: %s\n", "", "", f.Mend)
		}
		if f.State == doctor.Missing {
			worst = doctor.Missing
		}
	}
	if worst == doctor.Missing {
		return verdictError{exitErrored}
	}
	return nil
}

// imagesOfDays lists the images that the workbook's days build from.
func imagesOfDays(c *cobra.Command) ([]string, error) {
	root, err := workbook(c)
	if err != nil {
		return nil, err
	}
	days, err := catalog.List(root)
	if err != nil {
		return nil, err
	}
	var images []string
	for _, n := range days {
		day, err := catalog.Load(root, strconv.Itoa(n), scenario.IsCommand)
		if err != nil {
			return nil, err
		}
		for _, ref := range day.Images {
			if !slices.Contains(images, ref) {
				images = append(images, ref)
			}
		}
	}
	return images, nil
}
