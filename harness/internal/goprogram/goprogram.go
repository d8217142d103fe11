// Package goprogram compiles and runs Go programs that are not ours.
//
// What links a learner's code is never believed: it is a process of its own,
// under limits, and only what comes out of it is looked at. A process is ended
// together with everything that it started.
//
//	tc, err := goprogram.Find(ctx)
//	err = tc.Build(ctx, goprogram.Build{Dir: tree, Package: "./cmd/app", Out: bin})
//	out, err := goprogram.Run(ctx, goprogram.Command{Path: bin, Args: []string{"version"}})
package goprogram

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"
)

// Limits of a process that is not ours.
const (
	// CompileTime is how long the go command may take. Compiling a service with
	// all of net/http from an empty cache takes 20 s on two slow cores.
	CompileTime = 3 * time.Minute
	// RunTime is how long a program may take to answer. It has microseconds of
	// work to do; the rest is for a machine that is busy.
	RunTime = 10 * time.Second
	// OutputLimit is how many bytes of a stream are read before a process is
	// ended. Answers have some kilobytes.
	OutputLimit = 1 << 20
	// MemoryLimit bounds a process's address space, in bytes. The Go runtime
	// reserves several hundred megabytes without using them.
	MemoryLimit = 4 << 30
)

// Command is a program to run. Its environment is Env and nothing else.
type Command struct {
	Path      string
	Args      []string
	Dir       string
	Env       []string
	Stdin     []byte
	Limit     time.Duration // instead of RunTime, when not 0
	Unlimited bool          // do not bound its memory: for compilers, which are ours
}

// Exit is how a program ended and what it wrote.
type Exit struct {
	Code           int // the exit status; -1 when a signal ended it
	Stdout, Stderr []byte
	TimedOut       bool // it was ended at the limit
	TooMuch        bool // it was ended because it wrote more than OutputLimit
	// OverMemory is how many bytes it had, when it was ended because it used them
	// all; 0 when it was not. A program that was refused memory says so itself.
	OverMemory int64
}

// Run runs a program to its end. The error is ours: that it could not be
// started, or ctx's own.
func Run(ctx context.Context, c Command) (*Exit, error) {
	limit := c.Limit
	if limit == 0 {
		limit = RunTime
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(limited, c.Path, c.Args...)
	// The shell that bounds the memory would turn this into an exit status.
	if _, err := exec.LookPath(c.Path); err != nil {
		return nil, fmt.Errorf("running %s: %w", filepath.Base(c.Path), err)
	}
	if !c.Unlimited {
		boundMemory(cmd, MemoryLimit)
	}
	// Not nil: that would be the environment of ours.
	cmd.Dir, cmd.Env, cmd.Stdin = c.Dir, append([]string{}, c.Env...), bytes.NewReader(c.Stdin)
	stdout, stderr := &bounded{stop: cancel}, &bounded{stop: cancel}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	ownGroup(cmd)
	// A grandchild that holds the pipe must not hold us.
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	killGroup(cmd)
	exit := &Exit{Stdout: stdout.buf.Bytes(), Stderr: stderr.buf.Bytes(), TooMuch: stdout.full || stderr.full}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	exit.TimedOut = !exit.TooMuch && errors.Is(limited.Err(), context.DeadlineExceeded)
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) && !exit.TooMuch && !exit.TimedOut && !errors.Is(err, exec.ErrWaitDelay) {
		return nil, fmt.Errorf("running %s: %w", filepath.Base(c.Path), err)
	}
	exit.Code = cmd.ProcessState.ExitCode()
	return exit, nil
}

// bounded keeps the first OutputLimit bytes, and calls stop at more.
type bounded struct {
	buf  bytes.Buffer
	full bool
	stop func()
}

func (b *bounded) Write(p []byte) (int, error) {
	room := OutputLimit - b.buf.Len()
	b.buf.Write(p[:min(room, len(p))])
	if len(p) > room {
		b.full = true
		b.stop()
	}
	return len(p), nil
}
