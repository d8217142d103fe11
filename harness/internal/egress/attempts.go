package egress

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/egress/forward"
)

const (
	markPoll  = 10 * time.Millisecond
	markLimit = 10 * time.Second // it takes milliseconds, on a busy engine perhaps a second
)

// Attempts tells what was asked of the proxy so far, in order.
//
// The engine copies a container's output to its log in its own time, so the
// log may be behind. The proxy is therefore told to write a mark: once that is
// in the log, so is everything from before. Not to be called twice at once.
func (p *Proxy) Attempts(ctx context.Context) ([]Attempt, error) {
	lines, err := p.logUpToNow(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the egress proxy's log: %w", err)
	}
	attempts := []Attempt{}
	for _, line := range lines {
		if a := line.Attempt; a != nil {
			attempts = append(attempts, Attempt{Time: line.Time, Method: a.Method, Target: a.Target, Allowed: a.Allowed})
		}
	}
	return attempts, nil
}

func (p *Proxy) logUpToNow(ctx context.Context) ([]forward.Line, error) {
	ctx, cancel := context.WithTimeout(ctx, markLimit)
	defer cancel()
	lines, err := p.log(ctx)
	if err != nil {
		return nil, err
	}
	before := marks(lines)
	// A signal reaches the container on every engine; its ready page does not,
	// where the bridge is in a virtual machine. A dead proxy is an error here.
	if _, err := p.engine.Client.ContainerKill(ctx, p.id, client.ContainerKillOptions{Signal: "SIGUSR1"}); err != nil {
		return nil, fmt.Errorf("asking for a mark: %w", err)
	}
	for {
		if lines, err = p.log(ctx); err != nil {
			return nil, err
		}
		if marks(lines) > before {
			return lines, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for a mark: %w", context.Cause(ctx))
		case <-time.After(markPoll):
		}
	}
}

func marks(lines []forward.Line) (n int) {
	for _, line := range lines {
		if line.Mark {
			n++
		}
	}
	return n
}

// log reads what the engine has of the proxy's log.
func (p *Proxy) log(ctx context.Context) ([]forward.Line, error) {
	stdout, _, err := p.output(ctx)
	if err != nil {
		return nil, err
	}
	return forward.ReadLog(stdout)
}

// complaint is what the proxy wrote to stderr, in one line; "" when nothing.
func (p *Proxy) complaint(ctx context.Context) string {
	_, stderr, err := p.output(ctx)
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(stderr.String()), " ")
}

func (p *Proxy) output(ctx context.Context) (stdout, stderr *bytes.Buffer, err error) {
	r, err := p.engine.Client.ContainerLogs(ctx, p.id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return nil, nil, fmt.Errorf("reading the container's output: %w", err)
	}
	defer r.Close()
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	if _, err := stdcopy.StdCopy(stdout, stderr, r); err != nil && err != io.ErrUnexpectedEOF {
		return nil, nil, fmt.Errorf("reading the container's output: %w", err)
	}
	return stdout, stderr, nil
}
