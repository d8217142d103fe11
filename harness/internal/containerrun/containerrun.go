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
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/moby/moby/api/types/container"
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
