package containerrun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/sidecar"
)

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
	res, err := c.ask(ctx, path, 0)
	if errors.Is(err, sidecar.ErrBroken) {
		return nil, fmt.Errorf("asking for %s: %w", path, err)
	} else if err != nil {
		return nil, &StartFailure{Reason: fmt.Sprintf("GET %s was not answered: %v", path, err), Log: c.logTail(context.WithoutCancel(ctx))}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, bodyLimit))
	if errors.Is(err, sidecar.ErrBroken) {
		return nil, fmt.Errorf("asking for %s: %w", path, err)
	} else if err != nil {
		return nil, &StartFailure{Reason: fmt.Sprintf("the answer to GET %s broke off: %v", path, err)}
	}
	return &Answer{Status: res.StatusCode, Body: bytes.TrimSpace(body)}, nil
}

// ask asks for path and gives the answer to it, be it that it is to be found
// elsewhere. When isolated, it waits so long for something that listens.
func (c *Container) ask(ctx context.Context, path string, wait time.Duration) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return nil, err
	}
	// Never by a proxy, and never with a connection left open that a graceful
	// stop would wait for.
	transport := &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: headerLimit}
	if c.held != nil {
		dialer := c.held.Dialer()
		dialer.Wait = wait
		transport.DialContext = dialer.DialContext
	}
	return transport.RoundTrip(req)
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
	return &Stopped{ExitCode: state.ExitCode, Killed: state.ExitCode == killed, Took: took, Log: c.logTail(ctx)}, nil
}
