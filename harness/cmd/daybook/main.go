// Command daybook checks what learners make of a day's exercises.
//
// It is a thin layer over the packages in harness/internal: it reads flags,
// calls, and turns what comes back into an exit status. `daybook help` lists
// what it can do.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
	"github.com/daybook-dev/daybook/harness/internal/intake"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// Exit statuses.
const (
	exitPassed  = 0
	exitFailed  = 1 // a check failed: the learner's work
	exitUsage   = 2 // bad usage or bad input
	exitErrored = 3 // we or the machine could not decide
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once, clean-up or not.
	context.AfterFunc(ctx, stop)
	err := newRoot().ExecuteContext(ctx)
	os.Exit(exitStatus(err))
}

// exitStatus says err on standard error and gives the status to exit with.
func exitStatus(err error) int {
	if err == nil {
		return exitPassed
	}
	var verdict verdictError
	if errors.As(err, &verdict) {
		return verdict.status
	}
	var (
		malformed *catalog.MalformedError
		noDay     *catalog.NoSuchDayError
		input     *submission.InputError
		grading   *grade.InputError
		handedIn  *intake.InputError
		usage     *usageError
	)
	if errors.As(err, &malformed) {
		fmt.Fprintf(os.Stderr, "daybook: the day's own files are malformed, which is for its author to mend:\n%v\n", err)
		return exitUsage
	}
	fmt.Fprintf(os.Stderr, "daybook: %v\n", err)
	if errors.As(err, &noDay) || errors.As(err, &input) || errors.As(err, &grading) || errors.As(err, &handedIn) || errors.As(err, &usage) {
		return exitUsage
	}
	return exitErrored
}

// verdictError carries the status of a run that has said everything already.
type verdictError struct{ status int }

// Error is never shown.
func (e verdictError) Error() string { return fmt.Sprintf("exit status %d", e.status) }

// verdict turns a result's status into the exit status.
func verdict(s check.Status) error {
	switch s {
	case check.Passed:
		return nil
	case check.Errored:
		return verdictError{exitErrored}
	}
	return verdictError{exitFailed}
}

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "daybook",
		Short:         "A workbook of days for learning Go and containers by doing",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().String("root", "", "the workbook's folder (default: the nearest one above that holds days/)")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return &usageError{errors.New(goWords.ReplaceAllString(err.Error(), ""))}
	})
	root.AddCommand(newCheck(), newBreak(), newDoctor(),
		newGrade(), newMerge(), newRegrade(), newKeygen(), newSign(), newVerifyGrade(gradeAgain), newHandout(), newWorkflow(), newGradeComment(),
		newVerify(), newCommands(), newSum(), newNew(), newNewCheck(), newNewMistake(), newRemoveStandIns())
	for _, c := range root.Commands() {
		if args := c.Args; args != nil {
			c.Args = func(c *cobra.Command, a []string) error {
				if err := args(c, a); err != nil {
					return &usageError{fmt.Errorf("%w; usage: %s", err, c.UseLine())}
				}
				return nil
			}
		}
	}
	return root
}

// workbook finds the workbook's folder.
func workbook(c *cobra.Command) (string, error) {
	given, err := c.Flags().GetString("root")
	if err != nil || given != "" {
		return given, err
	}
	wd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the workbook: %w", err)
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(filepath.Join(dir, "days")); err == nil && info.IsDir() {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", &usageError{fmt.Errorf("there is no workbook here: no folder above %s holds days/", wd)}
		}
	}
}

// goWords matches what strconv says of itself in front of what is wrong.
var goWords = regexp.MustCompile(`strconv\.\w+: parsing ".*": `)
