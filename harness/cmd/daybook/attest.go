package main

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/daybook-dev/daybook/harness/internal/attest"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

const (
	// envelopeSuffix is what an envelope's file is called after its grade's.
	envelopeSuffix = ".dsse"
	// gradeLimit is the most bytes of a grade's file: each finding is cut at a few
	// kilobytes, and a day has some dozens of checks.
	gradeLimit = 64 << 20
)

// newKeygen makes a key to sign grades with.
func newKeygen() *cobra.Command {
	return &cobra.Command{
		Use:   "keygen FILE",
		Short: "Make a key to sign grades with: FILE, to be kept secret, and FILE.pub, to be given away",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := attest.NewKey(args[0])
			if err != nil {
				return attestError(err)
			}
			fmt.Fprintf(c.OutOrStdout(), "key      %s\nsecret   %s\npublic   %s\n", id, args[0], args[0]+attest.PublicSuffix)
			return nil
		},
	}
}

// newSign signs grades that are there.
func newSign() *cobra.Command {
	var keyFile string
	c := &cobra.Command{
		Use:   "sign --key FILE GRADE.json…",
		Short: "Sign grades: beside each, GRADE.json.dsse says what was decided, on which basis",
		Long: `Signs each grade with an ed25519 key (from daybook keygen, or ssh-keygen without
a passphrase): an in-toto statement in a DSSE envelope is written beside it.
Only a submission that was graded has something to sign; the others are named.

Exit status: 0 what was graded is signed, 2 bad usage or bad input (no grade, no
key), 3 a submission is ungraded: grade it again, then sign it.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if keyFile == "" {
				return &usageError{errors.New("say which key to sign with: --key FILE (daybook keygen makes one)")}
			}
			return attestError(signAll(c.OutOrStdout(), keyFile, args))
		},
	}
	c.Flags().StringVar(&keyFile, "key", "", "the private key to sign with")
	return c
}

// signAll signs the grades in files, as far as there is something to sign. The
// error names the files that are no grades; one that is bad does not stop the
// others.
func signAll(out io.Writer, keyFile string, files []string) error {
	key, err := attest.ReadKey(keyFile)
	if err != nil {
		return err
	}
	var failed []error
	ungraded := false
	for _, file := range files {
		status, err := signOne(file, key)
		switch {
		case err != nil:
			failed = append(failed, err)
		case status == grade.Graded:
			fmt.Fprintln(out, file+envelopeSuffix)
		default:
			fmt.Fprintf(os.Stderr, "daybook: %s is not signed: the submission is %s\n", file, status)
			ungraded = ungraded || status == grade.Ungraded
		}
	}
	if len(failed) == 0 && ungraded {
		return verdictError{exitErrored}
	}
	return errors.Join(failed...)
}

// signOne signs the grade in a file if the submission was graded, and gives its
// status.
func signOne(file string, key ed25519.PrivateKey) (grade.Status, error) {
	g, err := readGrade(file)
	if err != nil {
		return "", err
	}
	if g.Status != grade.Graded {
		return g.Status, nil
	}
	envelope, err := attest.Sign(g, key)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return g.Status, writeEnvelope(file+envelopeSuffix, envelope)
}

// signingKey reads the key of --sign before anything is graded. It is nil when
// nothing is to be signed.
func signingKey(f gradeFlags) (ed25519.PrivateKey, error) {
	if f.sign == "" {
		return nil, nil
	}
	if f.out == "" {
		return nil, &usageError{errors.New("--sign: what is signed is kept in --out")}
	}
	key, err := attest.ReadKey(f.sign)
	return key, attestError(err)
}

// signContents signs those of a batch's grades that are graded, beside their
// results. Without a key it does nothing.
func signContents(out string, grades []grade.Grade, key ed25519.PrivateKey) error {
	for i := range grades {
		g := &grades[i]
		if key == nil || g.Status != grade.Graded {
			continue
		}
		envelope, err := attest.Sign(g, key)
		if err != nil {
			return attestError(err)
		}
		if err := writeEnvelope(grade.ResultFile(out, g.Submission.ID)+envelopeSuffix, envelope); err != nil {
			return err
		}
	}
	return nil
}

// writeEnvelope writes a file that gets its name when it is whole.
func writeEnvelope(file string, envelope []byte) error {
	out, err := newOutput(file)
	if err != nil {
		return err
	}
	defer out.discard()
	if _, err := out.Write(envelope); err != nil {
		return fmt.Errorf("writing an envelope: %w", err)
	}
	return out.keep()
}

func readGrade(file string) (*grade.Grade, error) {
	text, err := readInput(file, gradeLimit)
	if err != nil {
		return nil, err
	}
	g, err := attest.ReadGrade(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return g, nil
}

// readInput reads a file that the caller named, of at most limit bytes.
func readInput(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, &usageError{err}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, &usageError{err}
	}
	if int64(len(text)) > limit {
		return nil, &usageError{fmt.Errorf("%s has more than %d bytes, which is the limit", file, limit)}
	}
	return text, nil
}

// attestError gives errors the exit status that they stand for: a signature
// that is none is the verdict asked for, and said here.
func attestError(err error) error {
	var (
		wrong *attest.SignatureError
		input *attest.InputError
	)
	switch {
	case errors.As(err, &wrong):
		fmt.Fprintf(os.Stderr, "daybook: %v\n", err)
		return verdictError{exitFailed}
	case errors.As(err, &input):
		return &usageError{err}
	}
	return err
}

// signedGrades gives the grades of the batch in out that are signed: by their
// files, what is in them.
func signedGrades(out string) (map[string][]byte, error) {
	dir := filepath.Dir(grade.ResultFile(out, ""))
	envelopes, err := fs.Glob(os.DirFS(dir), "*"+envelopeSuffix)
	if err != nil {
		return nil, fmt.Errorf("looking for signatures: %w", err)
	}
	signed := map[string][]byte{}
	for _, envelope := range envelopes {
		file := filepath.Join(dir, strings.TrimSuffix(envelope, envelopeSuffix))
		if signed[file], err = os.ReadFile(file); err != nil {
			return nil, fmt.Errorf("reading a signed grade: %w", err)
		}
	}
	return signed, nil
}

// dropStale removes the signatures of grades that are no longer what was signed,
// and says so.
func dropStale(signed map[string][]byte) error {
	for _, file := range slices.Sorted(maps.Keys(signed)) {
		now, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("reading a signed grade: %w", err)
		}
		if bytes.Equal(now, signed[file]) {
			continue
		}
		if err := os.Remove(file + envelopeSuffix); err != nil {
			return fmt.Errorf("removing a signature: %w", err)
		}
		fmt.Fprintf(os.Stderr, "daybook: %s has changed, so its signature was removed: daybook sign makes one\n", file)
	}
	return nil
}
