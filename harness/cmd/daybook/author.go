package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// newCommands lists the commands of scenarios, from their own table.
func newCommands() *cobra.Command {
	return &cobra.Command{
		Use:   "commands",
		Short: "List the commands that a check's scenario may use",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			for _, cmd := range scenario.Commands() {
				fmt.Fprintf(c.OutOrStdout(), "%s\n    %s\n", strings.TrimSpace(cmd.Name+" "+cmd.Args), cmd.Doc)
			}
			return nil
		},
	}
}

// newSum writes down an exercise as it is handed out.
func newSum() *cobra.Command {
	return &cobra.Command{
		Use:   "sum DAY",
		Short: "Write down the exercise's files as they are handed out (for authors)",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			root, err := workbook(c)
			if err != nil {
				return err
			}
			sums, err := submission.Sums(filepath.Join(root, "exercises", args[0]))
			if err != nil {
				return err
			}
			file := filepath.Join(root, "days", args[0], catalog.SumsFile)
			const readable = 0o644
			if err := os.WriteFile(file, catalog.FormatSums(sums), readable); err != nil {
				return fmt.Errorf("writing %s: %w", file, err)
			}
			return nil
		},
	}
}
