package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/goprogram"
)

const (
	shell = "/bin/sh"
	// holdLimit is how long we wait for a stream that is held open when the
	// program itself has ended.
	holdLimit = time.Second
	// pollFirst and pollLast are how often the engine is asked whether a program
	// has ended: at first often, since most take milliseconds.
	pollFirst, pollLast = 2 * time.Millisecond, 200 * time.Millisecond
	// settleLimit is how long it may take to end what a program left running.
	// It takes a tenth of a second, on a busy engine many times that; after it,
	// the whole container is removed.
	settleLimit = 30 * time.Second
	// signalled is what is added to a signal's number in an exit status.
	signalled, lastSignal = 128, 64
)

// command is what is run in a box. Its environment is env and nothing else.
type command struct {
	args        []string
	dir         string // in the container
	env         []string
	user        string // nobody, unless it is said
	stdin       io.Reader
	limit       time.Duration // instead of goprogram.RunTime
	stdoutLimit int           // in bytes, instead of goprogram.OutputLimit
	untrusted   bool          // a learner's: what it leaves running is ended
	// repository says that it needs the one that git init, which
	// makesRepository, has made there.
	repository, makesRepository bool
}

// exec runs a command to its end. The error is errGone when there is no
// container any more, and it has not begun; otherwise it is ours, or ctx's own.
func (b *box) exec(ctx context.Context, c command) (*goprogram.Exit, error) {
	id, err := b.create(ctx, c)
	if err != nil {
		return nil, err
	}
	if c.limit == 0 {
		c.limit = goprogram.RunTime
	}
	// The engine's own time is not the program's.
	limited, cancel := context.WithTimeout(ctx, startLimit+c.limit)
	defer cancel()
	s, err := b.attach(limited, id, c, cancel)
	if err != nil {
		return nil, err
	}
	state, err := b.await(limited, id, s, c.limit)
	exit := &goprogram.Exit{Code: -1, TooMuch: s.stdout.full() || s.stderr.full()}
	exit.TimedOut = !exit.TooMuch && errors.Is(err, errTime)
	if ctx.Err() != nil {
		b.drop() // nobody waits for what it does
		s.close()
		return nil, ctx.Err()
	}
	if err == nil && state.PID == 0 {
		s.close()
		return nil, fmt.Errorf("starting a process in the sandbox: %s", bytes.TrimSpace(append(s.stdout.bytes(), s.stderr.bytes()...)))
	}
	if err == nil {
		exit.Code = code(state.ExitCode)
	} else if !exit.TimedOut && !exit.TooMuch {
		b.drop() // whatever it is doing
		s.close()
		return nil, fmt.Errorf("waiting for a process in the sandbox: %w", err)
	}
	err = b.after(ctx, c, exit, err != nil || s.held)
	s.close()
	exit.Stdout, exit.Stderr = s.stdout.bytes(), s.stderr.bytes()
	return exit, err
}

// create makes the command known to the engine.
func (b *box) create(ctx context.Context, c command) (string, error) {
	user := c.user
	if user == "" {
		user = b.spec.user
	}
	// The image's own environment is left out by env, which finds the program too.
	args := append([]string{"/usr/bin/env", "-i", "--"}, append(c.env, c.args...)...)
	made, err := b.engine.Client.ExecCreate(ctx, b.id, client.ExecCreateOptions{User: user + ":" + user, WorkingDir: c.dir, Cmd: args,
		AttachStdin: c.stdin != nil, AttachStdout: true, AttachStderr: true})
	if cerrdefs.IsNotFound(err) || cerrdefs.IsConflict(err) {
		return "", errGone
	}
	if err != nil {
		return "", fmt.Errorf("asking for a process in the sandbox: %w", err)
	}
	return made.ID, nil
}

// attach starts the command and reads its streams.
func (b *box) attach(ctx context.Context, id string, c command, stop func()) (*streams, error) {
	attached, err := b.engine.Client.ExecAttach(ctx, id, client.ExecAttachOptions{})
	if cerrdefs.IsNotFound(err) || cerrdefs.IsConflict(err) {
		return nil, errGone
	}
	if err != nil {
		return nil, fmt.Errorf("starting a process in the sandbox: %w", err)
	}
	limit := c.stdoutLimit
	if limit == 0 {
		limit = goprogram.OutputLimit
	}
	s := &streams{conn: attached, closed: make(chan struct{}), stdout: &stream{limit: limit, stop: stop}, stderr: &stream{limit: goprogram.OutputLimit, stop: stop}}
	if c.stdin != nil {
		go func() {
			_, _ = io.Copy(attached.Conn, c.stdin) // a program need not read all
			_ = attached.CloseWrite()
		}()
	}
	go func() {
		defer close(s.closed)
		_, _ = stdcopy.StdCopy(s.stdout, s.stderr, attached.Reader) // ends when the streams do, or are closed
	}()
	return s, nil
}

// errTime is a process whose time is up.
var errTime = errors.New("its time is up")

// await waits until the process has ended and its streams are closed: but for
// those, only as long as holdLimit. The error is errTime when it is still
// running at limit after its start; otherwise it is ctx's, or the engine's.
func (b *box) await(ctx context.Context, id string, s *streams, limit time.Duration) (client.ExecInspectResult, error) {
	closed := s.closed
	var held, up <-chan time.Time
	for wait := pollFirst; ; wait = min(2*wait, pollLast) {
		select {
		case <-closed:
			closed, wait = nil, pollFirst
		case <-held:
			s.held = true
			closed = nil
		case <-up:
			return client.ExecInspectResult{}, errTime
		case <-ctx.Done():
			return client.ExecInspectResult{}, ctx.Err()
		case <-time.After(wait):
		}
		state, err := b.engine.Client.ExecInspect(ctx, id, client.ExecInspectOptions{})
		if err == nil && state.PID != 0 && up == nil {
			up = time.After(limit)
		}
		switch {
		case err != nil:
			return state, err
		case state.Running:
		case closed == nil:
			return state, nil
		case held == nil:
			held = time.After(holdLimit)
		}
	}
}

// code is an exit status as goprogram gives it: -1 when a signal ended it.
func code(status int) int {
	if status > signalled && status <= signalled+lastSignal {
		return -1
	}
	return status
}

// after ends what the command has left running, and finds out whether it was
// ended for want of memory. A container that cannot be cleaned is removed.
func (b *box) after(ctx context.Context, c command, exit *goprogram.Exit, leftRunning bool) error {
	if exit.Code == 0 && !leftRunning && (!c.untrusted || b.alone(ctx)) {
		return nil
	}
	killed, err := b.settle(ctx)
	if err != nil {
		return b.lost(ctx, c, exit)
	}
	if killed > b.killed && exit.Code != 0 && !exit.TimedOut && !exit.TooMuch {
		exit.OverMemory = b.memory()
	}
	b.killed = killed
	return nil
}

// lost removes a container that could not be cleaned, and says whose doing that
// is: one that is full of processes, or has died, is a learner's program's,
// unless it was removed by somebody else.
func (b *box) lost(ctx context.Context, c command, exit *goprogram.Exit) error {
	dead, memory, err := b.death(ctx)
	b.drop()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case !dead:
		return nil
	case memory:
		exit.OverMemory = b.memory()
	case !c.untrusted:
		return errors.New("the sandbox's container died while the go command was running in it")
	}
	exit.Code = -1
	return nil
}

// alone reports whether the container's first process is its only one, as the
// engine says. (It counts processes too, but in some versions once a second.)
func (b *box) alone(ctx context.Context) bool {
	top, err := b.engine.Client.ContainerTop(ctx, b.id, client.ContainerTopOptions{Arguments: []string{"-o", "pid"}})
	return err == nil && len(top.Processes) == 1
}

// oomKills matches what the kernel says of a group of processes, in either of
// the forms that there are.
var oomKills = regexp.MustCompile(`(?m)^oom_kill (\d+)$`)

// settle ends everything in the container but its first process, and tells how
// many have ever been ended there for want of memory. One signal to all of a
// user's processes leaves no time to a process that keeps making others. That
// all are gone is asked of the engine: what is said in the container may be said
// by anybody.
func (b *box) settle(ctx context.Context) (killed int, err error) {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	const script = `kill -9 -1 2>/dev/null; cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null; exit 0`
	id, err := b.create(ctx, command{args: []string{shell, "-c", script}})
	if err != nil {
		return 0, err
	}
	s, err := b.attach(ctx, id, command{}, cancel)
	if err != nil {
		return 0, err
	}
	defer s.close()
	state, err := b.await(ctx, id, s, settleLimit)
	if err == nil && (state.PID == 0 || state.ExitCode != 0) {
		err = fmt.Errorf("ending what is left in the sandbox: %s%s", s.stdout.bytes(), s.stderr.bytes())
	}
	for err == nil && !b.alone(ctx) { // what was killed takes a moment to go
		err = pause(ctx, pollFirst)
	}
	if m := oomKills.FindSubmatch(s.stdout.bytes()); m != nil {
		killed, _ = strconv.Atoi(string(m[1])) // digits, by the pattern
	}
	return killed, err
}

// pause waits for d, or for ctx's end, which is the error.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
