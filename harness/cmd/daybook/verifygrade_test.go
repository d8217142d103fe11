package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/attest"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// signedOnce is a grade with its envelope and key in files.
func signedOnce(t *testing.T) (g grade.Grade, envelope, public string) {
	t.Helper()
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	_, err := attest.NewKey(key)
	require.NoError(t, err)
	private, err := attest.ReadKey(key)
	require.NoError(t, err)
	sum := "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	g = grade.Grade{
		Schema: grade.Schema, Day: 7, Status: grade.Graded, Points: 3, MaxPoints: 3,
		Submission: grade.Submission{ID: "ada", Hash: sum}, Basis: grade.Basis{Toolchain: "go1.26.8", Seed: 9, Isolation: "hostile"},
		Result: &check.Result{Exercises: []check.ExerciseResult{{ID: "greet", Checks: []check.CheckResult{{ID: "greets", Status: check.Passed, Points: 3, MaxPoints: 3}}}}},
	}
	text, err := attest.Sign(&g, private)
	require.NoError(t, err)
	envelope = filepath.Join(dir, "ada.json.dsse")
	require.NoError(t, os.WriteFile(envelope, text, 0o644))
	return g, envelope, key + attest.PublicSuffix
}

// What grading again may come to, and what is then said.
func TestVerifyGradeAgain(t *testing.T) {
	signed, envelope, public := signedOnce(t)
	for name, v := range map[string]struct {
		again  func(*grade.Grade) error
		status int
		says   string
	}{
		"the same":         {func(*grade.Grade) error { return nil }, exitPassed, "Graded again, each check came out as was signed.\n"},
		"on another basis": {func(g *grade.Grade) error { g.Basis.Toolchain = "go1.26.9"; return nil }, exitPassed, "The basis is another one by now:\n  the toolchain: \"go1.26.8\" in the statement"},
		"another verdict":  {func(g *grade.Grade) error { g.Result = nil; return nil }, exitFailed, "greets is passed in the statement, and the grade has no such check"},
		"refused":          {func(g *grade.Grade) error { g.Status = grade.Refused; return nil }, exitFailed, `the status: "graded" in the statement, and "refused" in the grade`},
		"ungraded":         {func(g *grade.Grade) error { g.Status, g.Reason = grade.Ungraded, "no engine"; return nil }, exitErrored, "came to no verdict: no engine"},
		"not tried":        {func(*grade.Grade) error { return errors.New("the machine is on fire") }, exitErrored, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newVerifyGrade(func(_ context.Context, root, path string, st *attest.Statement) (*grade.Grade, error) {
				assert.Equal(t, "book", root)
				assert.Equal(t, "ada.zip", path)
				assert.Equal(t, uint64(9), st.Predicate.Basis.Seed)
				g := signed
				return &g, v.again(&g)
			})
			c.Flags().String("root", "book", "")
			assert.Equal(t, v.status, exitStatus(said(t, c, v.says, envelope, "--key", public, "--again", "ada.zip")))
		})
	}
}

// said runs a command, wants it to say something, and gives its error.
func said(t *testing.T, c *cobra.Command, says string, args ...string) error {
	t.Helper()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	err := c.ExecuteContext(t.Context())
	assert.Contains(t, out.String(), says)
	return err
}
