package containerrun

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/testcontainers/testcontainers-go"
)

// StartFailure is a container that did not come to answer, which is the
// image's doing.
type StartFailure struct {
	Reason   string // in one line
	ExitCode int    // when Exited
	Exited   bool
	Running  bool   // it runs, and does not answer
	Log      string // the last lines of what it printed
}

// Error gives the reason.
func (f *StartFailure) Error() string { return f.Reason }

// explain tells the image's doing from ours when a container did not start.
func explain(ctx context.Context, c *testcontainers.DockerContainer, err error) error {
	if c == nil {
		return startError(err)
	}
	state, stateErr := c.State(ctx)
	if stateErr != nil {
		return startError(err)
	}
	f := &StartFailure{Log: logTail(ctx, c), ExitCode: state.ExitCode}
	switch {
	case state.Error != "":
		f.Reason = plain(state.Error)
	case !state.Running && state.Status != "created":
		f.Exited = true
		f.Reason = fmt.Sprintf("the process ended with status %d before it answered", state.ExitCode)
		if state.OOMKilled {
			f.Reason = fmt.Sprintf("the process used more than %d MiB of memory and was killed", memoryLimit>>20)
		}
	case state.Running:
		f.Running = true
		f.Reason = fmt.Sprintf("the process runs, but did not answer within %s", ReadyLimit)
	default:
		return startError(err)
	}
	return f
}

// startError is what the engine says when it cannot even start the process. The
// runtime's own complaints are about the image; the rest is ours.
func startError(err error) error {
	msg := err.Error()
	for _, theirs := range []string{"OCI runtime", "failed to create task", "no command specified", "unable to find user", "exec: "} {
		if strings.Contains(msg, theirs) {
			return &StartFailure{Reason: plain(msg)}
		}
	}
	return fmt.Errorf("starting a container: %w", err)
}

// plain takes the layers of wrapping off what a runtime says.
func plain(msg string) string {
	for _, cut := range []string{"starting container process caused: ", "unable to start container process: ", "error during container init: ", "Error response from daemon: "} {
		if i := strings.LastIndex(msg, cut); i >= 0 {
			msg = msg[i+len(cut):]
		}
	}
	line, _, _ := strings.Cut(strings.TrimSpace(msg), "\n")
	return strings.TrimSuffix(line, ": unknown")
}

// logTail is the end of what the container printed.
func logTail(ctx context.Context, c *testcontainers.DockerContainer) string {
	rc, err := c.Logs(ctx)
	if err != nil {
		return ""
	}
	defer rc.Close()
	const most = 16 << 10 // a stack trace or two
	text, _ := io.ReadAll(io.LimitReader(rc, most))
	lines := strings.Split(strings.TrimSpace(strings.ToValidUTF8(string(text), "\uFFFD")), "\n")
	const keep = 8
	return strings.Join(lines[max(0, len(lines)-keep):], "\n")
}
