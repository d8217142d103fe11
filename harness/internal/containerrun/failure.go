package containerrun

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/sidecar"
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
func (c *Container) explain(ctx context.Context, err error) error {
	if c.held != nil { // without a network, nothing starts and nothing is answered
		if ours := c.held.Check(ctx); ours != nil {
			return errors.Join(ours, err)
		}
	}
	if errors.Is(err, sidecar.ErrBroken) {
		return fmt.Errorf("waiting for the service: %w", err)
	}
	if c.c == nil {
		return startError(err)
	}
	state, stateErr := c.c.State(ctx)
	if stateErr != nil {
		return startError(err)
	}
	f := &StartFailure{Log: c.logTail(ctx), ExitCode: state.ExitCode}
	switch {
	case state.Error != "":
		f.Reason = plain(state.Error)
	case !state.Running && state.Status != "created":
		f.Exited = true
		f.Reason = fmt.Sprintf("the process ended with status %d before it answered", state.ExitCode)
		if state.OOMKilled {
			f.Reason = fmt.Sprintf("the process used more than %d MiB of memory and was killed", memoryLimit>>20)
		}
	case state.Running && errors.Is(err, errSilent):
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
func (c *Container) logTail(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, AnswerLimit)
	defer cancel()
	const keep = 8 // lines
	rc, err := c.e.Client.ContainerLogs(ctx, c.c.GetContainerID(),
		client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: strconv.Itoa(keep)})
	if err != nil {
		return ""
	}
	defer rc.Close()
	var text tail
	_, _ = stdcopy.StdCopy(&text, &text, rc) // what there is, of a log that is being written
	lines := strings.Split(strings.TrimSpace(strings.ToValidUTF8(string(text), "\uFFFD")), "\n")
	return strings.Join(lines[max(0, len(lines)-keep):], "\n")
}

// tail is the last tailLimit bytes of what is written.
type tail []byte

const tailLimit = 16 << 10 // a stack trace or two

func (t *tail) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	*t = (*t)[max(0, len(*t)-tailLimit):]
	return len(p), nil
}
