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
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"
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
