package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/daybook-dev/daybook/harness/internal/attest"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// publicKeyVariable names the file of the key that grades are verified with when
// no --key is given.
const publicKeyVariable = "DAYBOOK_PUBLIC_KEY"

// regrader grades the submission at path again, as a statement says that it was
// graded: the same day and exercise of the workbook at root, the same isolation,
// the same seed. The error is that it could not be tried at all.
type regrader func(ctx context.Context, root, path string, st *attest.Statement) (*grade.Grade, error)

// verifyFlags are the flags of `daybook verify-grade`.
type verifyFlags struct{ key, grade, again string }

// newVerifyGrade verifies a signed grade.
func newVerifyGrade(again regrader) *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify-grade ENVELOPE",
		Short: "Verify a signed grade, compare it with a grade's file, or grade again and compare",
		Long: `Verifies that a key has signed what an envelope (GRADE.json.dsse) holds, and says
what that is. With --grade, the file must be the grade that was signed. With
--again, the submission is graded again with the same seed, and each check must
come out as was signed; where the basis is another one by now (a newer Go, say),
that is told.

Exit status: 0 all holds, 1 the signature or a comparison fails, 2 bad usage or
bad input, 3 grading again did not come to a verdict.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return attestError(verifyGrade(c, args[0], f, again))
		},
	}
	c.Flags().StringVar(&f.key, "key", os.Getenv(publicKeyVariable), "the public key that must have signed (default: $"+publicKeyVariable+")")
	c.Flags().StringVar(&f.grade, "grade", "", "the grade's file, which must be what was signed")
	c.Flags().StringVar(&f.again, "again", "", "the submission, to be graded again and compared")
	return c
}

func verifyGrade(c *cobra.Command, file string, f verifyFlags, again regrader) error {
	if f.key == "" {
		return &usageError{fmt.Errorf("say whose signature it should be: --key PUBLIC-KEY, or $%s", publicKeyVariable)}
	}
	pub, err := attest.ReadPublicKey(f.key)
	if err != nil {
		return err
	}
	envelope, err := readInput(file, attest.EnvelopeLimit)
	if err != nil {
		return err
	}
	st, err := attest.Verify(envelope, pub)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	out := c.OutOrStdout()
	sayStatement(out, st)
	if f.grade != "" {
		g, err := readGrade(f.grade)
		if err != nil {
			return err
		}
		if err := sayDifferences(out, f.grade+" is the grade that was signed", f.grade+" is not what was signed", attest.Matches(st, g)); err != nil {
			return err
		}
	}
	if f.again != "" {
		return compareAgain(c, f.again, st, again)
	}
	return nil
}

// sayStatement says what was signed.
func sayStatement(out io.Writer, st *attest.Statement) {
	p := st.Predicate
	passed := 0
	for _, v := range p.Checks {
		if v.Points == v.MaxPoints {
			passed++
		}
	}
	fmt.Fprintf(out, "The signature is good: %s, day %d, %g of %g points, %d of %d checks pass.\n", oneLine(st.Name), p.Day, p.Points, p.MaxPoints, passed, len(p.Checks))
	fmt.Fprintf(out, "Graded %s by %s with %s, seed %d, %s.\n", p.Graded.UTC().Format("2006-01-02 15:04 MST"), oneLine(p.Basis.Harness), oneLine(p.Basis.Toolchain), p.Basis.Seed, oneLine(p.Basis.Isolation))
	for _, l := range p.Lines {
		fmt.Fprintf(out, "  %8g  %s\n", l.Points, oneLine(l.Text))
	}
}

// oneLine gives text without what could draw on a terminal.
func oneLine(text string) string {
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}

// sayDifferences says the one or the other, and gives the exit status.
func sayDifferences(out io.Writer, same, differs string, all []string) error {
	if len(all) == 0 {
		fmt.Fprintf(out, "%s.\n", same)
		return nil
	}
	fmt.Fprintf(out, "%s:\n", differs)
	for _, d := range all {
		fmt.Fprintf(out, "  %s\n", d)
	}
	return verdictError{exitFailed}
}

// compareAgain grades again, and compares what comes out.
func compareAgain(c *cobra.Command, path string, st *attest.Statement, again regrader) error {
	root, err := workbook(c)
	if err != nil {
		return err
	}
	g, err := again(c.Context(), root, path, st)
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	if g.Status == grade.Ungraded {
		fmt.Fprintf(c.ErrOrStderr(), "daybook: grading %s again came to no verdict: %s\n", path, oneLine(g.Reason))
		return verdictError{exitErrored}
	}
	if basis := attest.BasisDiffers(st, g); len(basis) > 0 {
		fmt.Fprintln(out, "The basis is another one by now:")
		for _, d := range basis {
			fmt.Fprintf(out, "  %s\n", d)
		}
	}
	return sayDifferences(out, "Graded again, each check came out as was signed", "Graded again, it did not come out as was signed", attest.VerdictDiffers(st, g))
}
