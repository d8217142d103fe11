// Package scenario runs the txtar script of one check.
//
// A scenario is a testscript (see github.com/rogpeppe/go-internal) whose
// commands are ours: they build, start, ask and inspect, on the facts of the
// run's workbench. A command that does not find what it wants leaves a
// *check.Finding; one that cannot do its work leaves a *check.Trouble; and a
// command that is used wrongly is the author's trouble and says so. Nothing
// that a learner's program prints is taken for a verdict.
//
//	outcome := scenario.Run(ctx, c, bench)
//	switch outcome.Status() { … }
//
// The commands, with what they take, are in the table that Commands gives;
// `daybook commands` prints it.
package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/containerrun"
	"github.com/daybook-dev/daybook/harness/internal/workbench"
	"github.com/rogpeppe/go-internal/testscript"
)

// Outcome is what a scenario came to.
type Outcome struct {
	Finding *check.Finding // why the check failed
	Trouble *check.Trouble // why it could not be decided
	Advice  []string       // what is right but could be better
	Answers []Answer       // what was looked at, when it passed
	Step    int            // which of the scenario's commands the finding is of, from 1; 0 without one
}

// Status says the outcome in one word.
func (o Outcome) Status() check.Status {
	switch {
	case o.Trouble != nil:
		return check.Errored
	case o.Finding != nil:
		return check.Failed
	}
	return check.Passed
}

// session is the state of one scenario while it runs.
type session struct {
	ctx     context.Context
	check   check.Check
	bench   *workbench.Bench
	random  *workbench.Random
	ts      *testscript.TestScript
	err     error
	advice  []string
	because string
	want    string
	look    []check.Place

	programs  map[string]string // compiled programs by name
	probe     string            // the probe that ask asks
	tree      string            // the scenario's own copy of the tree, if it has one
	answer    any               // the last answer, as JSON
	raw       string            // the last answer, as it came
	source    string            // what gave it, in words
	image     *workbench.Image
	container *containerrun.Container // the scenario's own
	shared    *containerrun.Container // the run's
	rebuilt   *workbench.Rebuild
	edited    workbench.Edited
	called    int // commands
	answers   []Answer
	sampled   []string   // what the commands would fail at, see sample
	variables []variable // those that the scenario drew or set
}

type sessionKey struct{}

// Run runs the scenario of c. It returns when the scenario is over or ctx ends;
// in the latter case the outcome is a Trouble.
func Run(ctx context.Context, c check.Check, b *workbench.Bench) Outcome {
	s := &session{ctx: ctx, check: c, bench: b, random: b.Random(c.ID), programs: map[string]string{}}
	defer s.close()
	dir, err := b.NewFolder("scenario")
	if err != nil {
		return outcome(s, err)
	}
	t := &runner{}
	t.Run(c.ID, func(t testscript.T) {
		testscript.RunT(t, testscript.Params{
			Files:              []string{c.Script},
			Cmds:               commandTable(),
			WorkdirRoot:        dir,
			RequireUniqueNames: true,
			Setup: func(e *testscript.Env) error {
				e.Values[sessionKey{}] = s
				return nil
			},
		})
	})
	if s.err == nil && t.failed {
		s.err = fmt.Errorf("the scenario broke off:\n%s", strings.TrimSpace(t.log.String()))
	}
	if s.err == nil {
		s.err = s.whole()
	}
	return outcome(s, s.err)
}

// whole makes sure that a scenario that ended well ran all of its commands: a
// condition, or a command of testscript's own of the same name, can leave some
// out, and such a check could not fail.
func (s *session) whole() error {
	steps, err := Steps(s.check.Script)
	if err != nil {
		return err
	}
	if s.called != len(steps) {
		return &check.Trouble{Message: fmt.Sprintf("the scenario of %s ended after %d of its %d commands", s.check.ID, s.called, len(steps)), Mend: "its author has to see to it that every command is run"}
	}
	return nil
}

func (s *session) close() {
	if s.container != nil {
		s.container.Remove()
	}
}

// outcome sorts an error into the learner's and ours.
func outcome(s *session, err error) Outcome {
	o := Outcome{Advice: s.advice, Answers: s.answers}
	if len(s.sampled) > 0 {
		o.Answers = append(o.Answers, Answer{sampled: s.sampled})
	}
	var finding *check.Finding
	var trouble *check.Trouble
	switch {
	case err == nil:
	case s.ctx.Err() != nil:
		o.Trouble = &check.Trouble{Message: "it was stopped before it was done"}
	case errors.As(err, &finding):
		own := *finding
		if own.Look == nil {
			own.Look = []check.Place{}
		}
		o.Finding, o.Step = &own, s.called
	case errors.As(err, &trouble):
		o.Trouble = trouble
	default:
		o.Trouble = &check.Trouble{Message: err.Error()}
	}
	return o
}

// UsageError is a command that a scenario uses wrongly: the author's trouble.
type UsageError struct{ Command, Text string }

// Error gives the way in which the command is used.
func (e *UsageError) Error() string {
	return fmt.Sprintf("the scenario uses %s wrongly: %s", e.Command, e.Text)
}

// runner is the testscript.T of one scenario. Outside go test nobody else
// provides one.
type runner struct {
	failed bool
	log    strings.Builder
}

// Run runs f to its end; FailNow ends it early. A panic breaks the scenario off,
// and nothing else: whoever finds a mistake of ours ends no other's checks.
func (r *runner) Run(_ string, f func(testscript.T)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				r.failed = true
				r.Log("daybook itself broke:", p)
			}
		}()
		f(r)
	}()
	<-done
}

// FailNow ends the scenario.
func (r *runner) FailNow() { r.failed = true; runtime.Goexit() }

// Fatal logs and ends the scenario.
func (r *runner) Fatal(args ...any) { r.Log(args...); r.FailNow() }

// Skip ends the scenario. A check that would skip itself could not fail, so it
// counts as broken off.
func (r *runner) Skip(args ...any) { r.Fatal(args...) }

// Log keeps what testscript says, for a scenario that breaks off.
func (r *runner) Log(args ...any) { fmt.Fprintln(&r.log, args...) }

// Parallel does nothing: scenarios are scheduled by package run.
func (r *runner) Parallel() {}

// Verbose asks testscript not to log each command.
func (r *runner) Verbose() bool { return false }

// fail makes a finding, with the words that the script has set.
func (s *session) fail(want, got, because string, look ...check.Place) error {
	f := &check.Finding{Want: want, Got: got, Because: because, Look: look}
	if s.want != "" {
		f.Want = s.want
	}
	if s.because != "" {
		f.Because = s.because
	}
	if len(look) == 0 {
		f.Look = s.look
	}
	return f
}

// expand puts the scenario's variables into text.
func (s *session) expand(text string) string {
	return os.Expand(text, s.ts.Getenv)
}

// set gives a variable a value.
func (s *session) set(name, value string) {
	s.ts.Setenv(name, value)
	s.variables = append(s.variables, variable{"$" + name, value})
}

// file reads a file of the scenario's and puts the variables in.
func (s *session) file(name string) string { return s.expand(s.ts.ReadFile(name)) }
