package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

func TestAnswerIn(t *testing.T) {
	checks := []check.Check{{ID: "builds"}, {ID: "starts"}, {ID: "1"}}
	for text, want := range map[string]string{"builds": "builds", " starts\t": "starts", "2": "starts", "1": "1", "": "", " ": "", "none": ""} {
		got, err := answerIn(text, checks)
		require.NoError(t, err, "%q", text)
		assert.Equal(t, want, got, "%q", text)
	}
	for _, text := range []string{"0", "4", "-1", "build", "Builds", "builds starts", "1.0"} {
		_, err := answerIn(text, checks)
		assert.EqualError(t, err, `"`+text+`" is no check of this exercise: give an id, a number from 1 to 3, or none`)
	}
}

func TestAsker(t *testing.T) {
	var prompts strings.Builder
	a := newAsker(t.Context(), strings.NewReader(" two \n\nlast"), &prompts)
	for _, want := range []string{"two", "", "last"} {
		got, err := a.line("? ")
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err := a.line("? ")
	require.ErrorIs(t, err, io.EOF)
	assert.Equal(t, "? ? ? ? ", prompts.String())
}

// Ctrl-C ends the waiting for a line that never comes.
func TestAskerIsInterrupted(t *testing.T) {
	in, out := io.Pipe()
	defer out.Close()
	ctx, cancel := context.WithCancel(t.Context())
	a := newAsker(ctx, in, io.Discard)
	cancel()
	_, err := a.line("? ")
	require.ErrorIs(t, err, context.Canceled)
}

// The command that is printed is one that can be pasted.
func TestCommandLine(t *testing.T) {
	c := newRoot()
	b, args, err := c.Find([]string{"break", "7"})
	require.NoError(t, err)
	require.NoError(t, b.ParseFlags(append(args, "--root", "/a b/it's", "--dir", "mine", "--seed", "3", "--why", "x")))
	self := os.Args[0]
	defer func() { os.Args[0] = self }()
	os.Args[0] = "bin/daybook"
	assert.Equal(t, `bin/daybook break 7 pack --root '/a b/it'\''s' --dir mine --seed 42`, commandLine(b, []string{"7", "pack"}, 42))
}

func TestUnansweredIsNoVerdict(t *testing.T) {
	for _, err := range []error{errNoTerminal, io.EOF, context.Canceled} {
		var v verdictError
		require.True(t, errors.As(unanswered(err, "daybook"), &v))
		assert.Equal(t, exitUsage, v.status)
	}
}
