// Package containerrun starts images as containers and looks at what they do:
// whether they answer, as whom their process runs, how they stop.
//
// A container is judged from outside. Its user is what the engine's process
// list says, not what the image's config or the program claims. Every
// container bears its run's label and has limits.
//
//	c, err := containerrun.Start(ctx, e, containerrun.Options{
//		RunID: run.ID, Image: tag, Port: 8080, Ready: "/healthz",
//	})
//	defer c.Remove(ctx)
package containerrun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/daybook-dev/daybook/harness/internal/engine"
)

// Limits of a learner's container.
const (
	// ReadyLimit is how long a service may take until it answers. A Go service
	// takes milliseconds; the rest is for a machine that is busy.
	ReadyLimit = 20 * time.Second
	// AnswerLimit is how long one request may take.
	AnswerLimit = 10 * time.Second
	// StopLimit is how long a service may take to stop after SIGTERM before it
	// is killed: what `docker stop` waits.
	StopLimit = 10 * time.Second
	// pollInterval is the time between two questions whether a service is ready.
	pollInterval = 50 * time.Millisecond
	// memoryLimit, in bytes, and pidsLimit bound a container: a small service
	// uses some ten megabytes and a dozen threads.
	memoryLimit = 512 << 20
	pidsLimit   = 256
	// logLimit is how much of a container's log the engine keeps.
	logLimit = "1m"
	// bodyLimit is how many bytes of an answer are read.
	bodyLimit = 1 << 20
)

// Options say what to start.
type Options struct {
	RunID string
	Image string
	Env   map[string]string
	Port  int    // the TCP port in the container that is asked
	Ready string // the path that answers 200 when the service is ready
	// Declared publishes the ports that the image declares instead of Port
	// itself, as `docker run -P` does.
	Declared bool
}

// Container is a started container whose service answers.
type Container struct {
	c    *testcontainers.DockerContainer
	e    *engine.Engine
	base string // http://host:port
	opt  Options
}

// StartFailure is a container that did not come to answer, which is the
// image's doing.
type StartFailure struct {
	Reason   string // in one line
	ExitCode int    // when Exited
	Exited   bool
	Log      string // the last lines of what it printed
}

// Error gives the reason.
func (f *StartFailure) Error() string { return f.Reason }

// Start starts a container and waits until it answers. The error is a
// *StartFailure when the image is to blame.
func Start(ctx context.Context, e *engine.Engine, o Options) (*Container, error) {
	port := fmt.Sprintf("%d/tcp", o.Port)
	opts := []testcontainers.ContainerCustomizer{
		testcontainers.WithLabels(map[string]string{engine.RunLabel: o.RunID}),
		testcontainers.WithEnv(o.Env),
		testcontainers.WithHostConfigModifier(limit(o.Declared)),
	}
	if !o.Declared {
		opts = append(opts, testcontainers.WithExposedPorts(port))
	}
	// Once asked for, a container is made whether or not anybody waits for it:
	// giving up early would leave one that nobody knows of.
	making, cancel := context.WithTimeout(context.WithoutCancel(ctx), ReadyLimit)
	defer cancel()
	c, err := testcontainers.Run(making, o.Image, opts...)
	out := &Container{c: c, e: e, opt: o}
	if err == nil {
		err = out.await(ctx, port)
	}
	if err == nil {
		return out, nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	} else if own := (*StartFailure)(nil); !errors.As(err, &own) {
		err = explain(ctx, c, err)
	}
	remove(c)
	return nil, err
}

// await finds the published port and waits until the service answers there.
func (c *Container) await(ctx context.Context, port string) error {
	if err := c.locate(ctx, port); err != nil {
		return err
	}
	return wait.ForHTTP(c.opt.Ready).WithPort(port).WithStartupTimeout(ReadyLimit).
		WithPollInterval(pollInterval).WaitUntilReady(ctx, c.c)
}

// limit bounds a container, and publishes its declared ports when asked to.
func limit(declared bool) func(*container.HostConfig) {
	pids := int64(pidsLimit)
	return func(h *container.HostConfig) {
		h.Resources.Memory = memoryLimit
		h.Resources.MemorySwap = memoryLimit
		h.Resources.PidsLimit = &pids
		h.SecurityOpt = append(h.SecurityOpt, "no-new-privileges")
		h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": logLimit}}
		h.PublishAllPorts = declared
	}
}

// locate finds where the service's port is published.
func (c *Container) locate(ctx context.Context, port string) error {
	host, err := c.c.Host(ctx)
	if err != nil {
		return fmt.Errorf("finding the container's host: %w", err)
	}
	mapped, err := c.c.MappedPort(ctx, port)
	if err != nil {
		if c.opt.Declared && c.c.IsRunning() {
			return &StartFailure{Reason: fmt.Sprintf("the image does not declare port %s", port)}
		}
		return fmt.Errorf("finding the container's port: %w", err)
	}
	c.base = fmt.Sprintf("http://%s:%d", host, mapped.Num())
	return nil
}

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

// remove removes a container that may be nil, whatever became of ctx.
func remove(c *testcontainers.DockerContainer) {
	if c == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), AnswerLimit)
	defer cancel()
	// What could not be removed is swept at the run's end.
	_ = c.Terminate(ctx, testcontainers.StopTimeout(0))
}

// Remove kills and removes the container.
func (c *Container) Remove() { remove(c.c) }

// Answer is what a service answered.
type Answer struct {
	Status int
	Body   []byte
}

// Get asks the service for path. The error is a *StartFailure when nothing
// answers.
func (c *Container) Get(ctx context.Context, path string) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, AnswerLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", path, err)
	}
	// Never by a proxy, and never with a connection left open that a graceful
	// stop would wait for.
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, &StartFailure{Reason: fmt.Sprintf("GET %s was not answered: %v", path, err), Log: logTail(context.WithoutCancel(ctx), c.c)}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, bodyLimit))
	if err != nil {
		return nil, &StartFailure{Reason: fmt.Sprintf("the answer to GET %s broke off: %v", path, err)}
	}
	return &Answer{Status: res.StatusCode, Body: bytes.TrimSpace(body)}, nil
}

// Process is one process of a container, as the engine lists it.
type Process struct {
	UID, GID int
	Command  string
}

// Processes lists the container's processes with their real user and group
// numbers, process 1 first.
func (c *Container) Processes(ctx context.Context) ([]Process, error) {
	top, err := c.e.Client.ContainerTop(ctx, c.c.GetContainerID(), client.ContainerTopOptions{Arguments: []string{"-eo", "pid,uid,gid,args"}})
	if err != nil {
		return nil, fmt.Errorf("listing the container's processes: %w", err)
	}
	var all []Process
	for _, row := range top.Processes {
		if len(row) < 4 {
			return nil, fmt.Errorf("listing the container's processes: a row has %d columns", len(row))
		}
		uid, err := strconv.Atoi(row[1])
		if err != nil {
			return nil, fmt.Errorf("reading a process's user: %w", err)
		}
		gid, err := strconv.Atoi(row[2])
		if err != nil {
			return nil, fmt.Errorf("reading a process's group: %w", err)
		}
		all = append(all, Process{UID: uid, GID: gid, Command: row[3]})
	}
	if len(all) == 0 {
		return nil, &StartFailure{Reason: "the container has no process left"}
	}
	return all, nil
}

// Stopped is how a container ended after SIGTERM.
type Stopped struct {
	ExitCode int
	Killed   bool // it took longer than StopLimit and was killed
	Took     time.Duration
	Log      string
}

// Stop sends SIGTERM, waits, and says how the container ended.
func (c *Container) Stop(ctx context.Context) (*Stopped, error) {
	seconds := int(StopLimit / time.Second)
	begin := time.Now()
	_, err := c.e.Client.ContainerStop(ctx, c.c.GetContainerID(), client.ContainerStopOptions{Signal: "SIGTERM", Timeout: &seconds})
	if err != nil && !cerrdefs.IsNotModified(err) {
		return nil, fmt.Errorf("stopping the container: %w", err)
	}
	took := time.Since(begin)
	state, err := c.c.State(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking how the container ended: %w", err)
	}
	const killed = 128 + 9 // the exit status of a process that SIGKILL ended
	return &Stopped{ExitCode: state.ExitCode, Killed: state.ExitCode == killed, Took: took, Log: logTail(ctx, c.c)}, nil
}
