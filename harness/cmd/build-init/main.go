//go:build linux

// Command build-init is the first program of a build daemon's container: it
// lays out the daemon's state, limits its RUN steps, opens their only way out
// and starts it. See the packages builddaemon, which starts the container, and
// builddaemon/inside, which this is made of.
//
//	build-init [-seed DIR] [-state DIR] [-steps-memory BYTES] [-steps-tasks N] [-forward LISTEN=TARGET]… PROGRAM [ARGUMENT…]
//
// Its status is the program's, or 1 when something failed before. SIGTERM is
// passed on.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/daybook-dev/daybook/harness/internal/builddaemon/inside"
	"github.com/daybook-dev/daybook/harness/internal/sidecar/relay"
)

func main() {
	// First of all: as process 1 we would not get a signal that nobody awaits.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	var limits inside.Limits
	var rules []relay.Rule
	seed := flag.String("seed", "", "the state of an earlier daemon to begin with, a `folder`")
	state := flag.String("state", "/var/lib/buildkit", "the daemon's own state, a `folder`")
	flag.Int64Var(&limits.Memory, "steps-memory", 0, "what RUN steps may use together, in `bytes`")
	flag.IntVar(&limits.Tasks, "steps-tasks", 0, "how `many` processes and threads RUN steps may be together")
	flag.Func("forward", "pass connections on, `LISTEN=TARGET`; may be repeated", func(s string) error {
		rule, err := relay.ParseRule(s)
		rules = append(rules, rule)
		return err
	})
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	status, err := run(ctx, *seed, *state, limits, rules, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "build-init:", err)
		status = 1
	}
	os.Exit(status)
}

func run(ctx context.Context, seed, state string, limits inside.Limits, rules []relay.Rule, program []string) (int, error) {
	if seed != "" {
		if err := inside.LayOut(seed, state); err != nil {
			return 0, err
		}
	}
	if err := inside.LimitSteps(limits); err != nil {
		return 0, err
	}
	// A daemon whose way out is closed would blame the learner's network.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if len(rules) > 0 {
		go func() {
			if err := relay.Forward(ctx, os.Stdout, rules...); err != nil {
				cancel(err)
			}
		}()
	}
	status, err := inside.Supervise(ctx, program[0], program[1:]...)
	if cause := context.Cause(ctx); err == nil && ctx.Err() != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return status, err
}
