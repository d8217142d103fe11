package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/daybook-dev/daybook/harness/internal/breakage"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/run"
	"github.com/daybook-dev/daybook/harness/internal/ui"
)

// none is the answer that no check will catch it.
const none = catalog.NoID

// breakFlags are the flags of `daybook break`.
type breakFlags struct {
	dir, mistake, answer, why string
	seed                      uint64
	answered                  bool // --answer was given, and says something
	jobs                      int
}

func newBreak() *cobra.Command {
	var f breakFlags
	c := &cobra.Command{
		Use:   "break DAY [EXERCISE]",
		Short: "Break a day that you have solved, and say which check will notice",
		Long: `Plants a known mistake in a copy of your work, shows what was changed, asks
which check will catch it and why, and then runs the checks on the copy. Where
your work does not pass, a right answer of the day's own is broken. Your files
are only read. Without a terminal the answer comes from --answer and --why.

Exit status: 0 the answer was right, 1 it was not, 2 bad usage or bad input, or
no answer, 3 something could not be decided, which is not the learner's fault.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			f.answered = strings.TrimSpace(f.answer) != ""
			err := runBreak(c, args, f)
			if errors.Is(err, context.Canceled) {
				return errors.New("stopped before it was decided")
			}
			return err
		},
	}
	c.Flags().StringVar(&f.dir, "dir", "", "the work to break a copy of (default: exercises/DAY)")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "draw the same mistake and random values again (default: drawn anew)")
	c.Flags().StringVar(&f.mistake, "mistake", "", "this one of days/DAY/mistakes, instead of one that is drawn")
	c.Flags().StringVar(&f.answer, "answer", "", "the check that will catch it: its id or its number, or \"none\"")
	c.Flags().StringVar(&f.why, "why", "", "why it will")
	c.Flags().IntVarP(&f.jobs, "jobs", "j", runtime.NumCPU(), "checks at a time")
	return c
}

func runBreak(c *cobra.Command, args []string, f breakFlags) error {
	drawn, err := draw(c, args, f)
	if err != nil {
		return err
	}
	if f.answered { // before anything takes time
		if f.answer, err = answerIn(f.answer, drawn.Checks); err != nil {
			return &usageError{fmt.Errorf("--answer %w", err)}
		}
	}
	q, err := drawn.Plant(c.Context(), progress())
	if err != nil {
		return err
	}
	defer q.Close() // what cannot be removed now is swept by the next run
	text := ui.NewText(os.Stdout, os.Stderr, ui.ColorFor(os.Stdout))
	text.Question(q)
	if !f.answered {
		if f.answer, f.why, err = ask(c.Context(), q, f.why); err != nil {
			return unanswered(err, commandLine(c, args, q.Plan.Seed))
		}
	}
	listen := progress()
	listen(run.Event{Note: "running the checks on the copy"})
	result, err := q.Try(c.Context(), listen)
	if err != nil {
		return err
	}
	return say(text, q, result, f)
}

// progress gives a listener that says what is being waited for. It says a
// sentence once, so each run has one of its own.
func progress() func(run.Event) {
	return ui.NewText(io.Discard, os.Stderr, ui.ColorFor(os.Stderr)).Listen
}

// say says what the checks made of the mistake, and gives the exit status.
func say(text *ui.Text, q *breakage.Question, r *check.Result, f breakFlags) error {
	o := breakage.Compare(r, f.answer)
	if q.Ground != breakage.Own && !o.Errored && len(o.Failed) == 0 {
		return &check.Trouble{
			Message: fmt.Sprintf("no check catches the mistake %s in the day's own solution, which is for the day's author to mend", q.Mistake.Name),
			Mend:    fmt.Sprintf("make verify DAY=%d ARGS=\"--only %s\"", q.Plan.Day.Number, q.Mistake.Name),
		}
	}
	text.Answered(q, r, o, f.why)
	switch {
	case o.Errored:
		return verdictError{exitErrored}
	case !o.Right:
		return verdictError{exitFailed}
	}
	return nil
}

// draw draws a mistake, of those that can be asked on this machine.
func draw(c *cobra.Command, args []string, f breakFlags) (*breakage.Drawn, error) {
	plan, err := planOf(c, args, checkFlags{dir: f.dir, seed: f.seed, jobs: f.jobs})
	if err != nil {
		return nil, err
	}
	_, noEngine := engine.Connect(c.Context())
	if err := c.Context().Err(); err != nil {
		return nil, err
	}
	drawn, err := breakage.Draw(breakage.Plan{Plan: plan, Mistake: f.mistake, NoEngine: noEngine})
	var nothing *breakage.NoneError
	if errors.As(err, &nothing) {
		return nil, &usageError{err}
	}
	return drawn, err
}

// answerIn gives the id of the check that text names by its id or by its number
// in the list, or "" for none of them.
func answerIn(text string, checks []check.Check) (string, error) {
	text = strings.TrimSpace(text)
	if slices.ContainsFunc(checks, func(c check.Check) bool { return c.ID == text }) {
		return text, nil
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(checks) {
		return checks[n-1].ID, nil
	}
	if text == "" || text == none {
		return "", nil
	}
	return "", fmt.Errorf("%q is no check of this exercise: give an id, a number from 1 to %d, or %s", text, len(checks), none)
}

// errNoTerminal is that there is nobody to ask.
var errNoTerminal = errors.New("standard input is no terminal")

// ask asks for an answer and a reason. The error is errNoTerminal, io.EOF when
// the input ended before an answer, or that ctx has ended.
func ask(ctx context.Context, q *breakage.Question, why string) (answer, reason string, err error) {
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return "", "", errNoTerminal
	}
	in := newAsker(ctx, os.Stdin, os.Stderr)
	fmt.Fprintln(os.Stderr)
	for {
		text, err := in.line("Its number or id (Enter alone: none of them): ")
		if err != nil {
			return "", "", err
		}
		if answer, err = answerIn(text, q.Checks); err == nil {
			break
		}
		fmt.Fprintln(os.Stderr, err)
	}
	if why != "" {
		return answer, why, nil
	}
	reason, err = in.line("Why? (one line) ")
	if errors.Is(err, io.EOF) { // no reason is a reason too
		err = nil
	}
	return answer, reason, err
}

// unanswered says how the same question can be answered. Its status is that of
// bad usage: nothing was decided, and nothing is wrong.
func unanswered(err error, command string) error {
	if errors.Is(err, errNoTerminal) {
		fmt.Printf("\nThere is no terminal to ask on. Answer with a check's id or number, or %s:\n", none)
	} else {
		fmt.Fprintln(os.Stderr)
		fmt.Print("\nNothing was answered. The same question can be answered with:\n")
	}
	fmt.Printf("  %s --answer CHECK --why 'REASON'\n", command)
	return verdictError{exitUsage}
}

// plainWord is what a shell takes as it is.
var plainWord = regexp.MustCompile(`^[\w./:=@%+,-]+$`)

// commandLine is this command as it would be typed, with the seed.
func commandLine(c *cobra.Command, args []string, seed uint64) string {
	words := append([]string{os.Args[0], "break"}, args...)
	for _, name := range []string{"root", "dir", "mistake"} {
		if f := c.Flag(name); f.Changed {
			words = append(words, "--"+name, f.Value.String())
		}
	}
	words = append(words, "--seed", strconv.FormatUint(seed, 10))
	for i, w := range words {
		if !plainWord.MatchString(w) {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
