//go:build unix

// Command relay moves bytes in containers that have no other way to us, or none
// to others but this; see the packages sidecar, which starts it, and
// sidecar/relay, which it is made of.
//
//	relay forward LISTEN=TARGET...          pass connections on; the log is on stdout, one JSON object a line
//	relay dial [-wait 20s] [-framed] TARGET connect stdin and stdout to a target
//	relay hold                              do nothing but keep a container there
//
// LISTEN and TARGET are HOST:PORT, tcp:HOST:PORT or unix:PATH. SIGTERM ends it
// at once, with status 0. The other statuses are 1 when something failed, 2 when
// it was called wrongly, and 3 when nothing listens at the target of dial.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/daybook-dev/daybook/harness/internal/sidecar/relay"
)

// Exit statuses.
const (
	failed  = 1
	usage   = 2
	refused = 3
)

func main() {
	// First of all: as process 1 we would not get a signal that nobody awaits.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if len(os.Args) < 2 {
		misused(errors.New("say forward, dial or hold"))
	}
	var err error
	switch args := os.Args[2:]; os.Args[1] {
	case "forward":
		err = forward(ctx, args)
	case "dial":
		context.AfterFunc(ctx, func() { os.Exit(0) })
		err = dial(args)
	case "hold":
		relay.Hold(ctx)
	default:
		misused(fmt.Errorf("there is no %q: say forward, dial or hold", os.Args[1]))
	}
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "relay:", err)
	if errors.Is(err, relay.ErrRefused) {
		os.Exit(refused)
	}
	os.Exit(failed)
}

func misused(err error) {
	fmt.Fprintln(os.Stderr, "relay:", err)
	os.Exit(usage)
}

func forward(ctx context.Context, args []string) error {
	if len(args) == 0 {
		misused(errors.New("forward needs LISTEN=TARGET"))
	}
	var rules []relay.Rule
	for _, arg := range args {
		rule, err := relay.ParseRule(arg)
		if err != nil {
			misused(err)
		}
		rules = append(rules, rule)
	}
	return relay.Forward(ctx, os.Stdout, rules...)
}

func dial(args []string) error {
	flags := flag.NewFlagSet("dial", flag.ExitOnError)
	wait := flags.Duration("wait", 0, "how long to try again while nothing listens")
	framed := flags.Bool("framed", false, "both directions are in frames, see the package relay")
	_ = flags.Parse(args) // ends the program itself, with status 2
	if flags.NArg() != 1 {
		misused(errors.New("dial needs one TARGET"))
	}
	target, err := relay.ParseAddress(flags.Arg(0))
	if err != nil {
		misused(err)
	}
	if *framed {
		return relay.DialFramed(target, *wait, os.Stdin, os.Stdout)
	}
	return relay.Dial(target, *wait, os.Stdin, os.Stdout)
}
