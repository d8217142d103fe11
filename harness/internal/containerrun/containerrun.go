// Package containerrun starts images as containers and looks at what they do:
// whether they answer, as whom their process runs, how they stop.
//
// Rules it keeps:
//   - A container is judged from outside. Its user is what the engine's process
//     list says, not what the image's config or the program claims.
//   - Every container bears its run's label and has limits. An isolated one has
//     no network but its own loopback, nothing that it can write to but memory
//     within its limit, and no privileges.
//   - What does not start or answer because of the image is a *StartFailure, in
//     the same words whether isolated or not. Every other error is ours.
//   - What a service answers is bounded in size and time, and is not followed
//     elsewhere.
//
// For example:
//
//	c, err := containerrun.Start(ctx, e, containerrun.Options{
//		RunID: run.ID, Image: tag, Port: 8080, Ready: "/healthz",
//	})
//	defer c.Remove()
package containerrun

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/sidecar"
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
	// readyAnswerLimit is how long one such question may take, for a service
	// that does not answer what came too early.
	readyAnswerLimit = 5 * time.Second
	// memoryLimit, in bytes, and pidsLimit bound a container: a small service
	// uses some ten megabytes and a dozen threads.
	memoryLimit = 512 << 20
	pidsLimit   = 256
	// logLimit is how much of a container's log the engine keeps.
	logLimit = "1m"
	// headerLimit and bodyLimit are how many bytes of an answer are read.
	headerLimit = 64 << 10
	bodyLimit   = 1 << 20
)

// Options say what to start.
type Options struct {
	RunID string
	Image string
	Env   map[string]string
	Port  int    // the TCP port in the container that is asked
	Ready string // the path that answers 200 when the service is ready
	// Declared asks at Port only if the image declares it: not isolated, by
	// publishing the ports that the image declares instead of Port itself, as
	// `docker run -P` does.
	Declared bool
	// Isolated is for an image that may be hostile: no network, nothing
	// published, and no more than a small service needs.
	Isolated bool
}

// Container is a started container whose service answers.
type Container struct {
	c    *testcontainers.DockerContainer
	e    *engine.Engine
	base string // http://host:port
	opt  Options

	// When isolated:
	held    *sidecar.Held // the network
	volumes []string      // by name
}

// Start starts a container and waits until it answers. The error is a
// *StartFailure when the image is to blame.
func Start(ctx context.Context, e *engine.Engine, o Options) (*Container, error) {
	c := &Container{e: e, opt: o}
	err := c.start(ctx)
	if err == nil {
		return c, nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	} else if own := (*StartFailure)(nil); !errors.As(err, &own) {
		err = c.explain(ctx, err)
	}
	c.Remove()
	return nil, err
}

func (c *Container) start(ctx context.Context) error {
	opts := []testcontainers.ContainerCustomizer{
		testcontainers.WithLabels(map[string]string{engine.RunLabel: c.opt.RunID}),
		testcontainers.WithEnv(c.opt.Env),
	}
	if c.opt.Isolated {
		isolation, err := c.isolate(ctx)
		if err != nil {
			return err
		}
		opts = append(opts, isolation...)
	} else {
		opts = append(opts, testcontainers.WithHostConfigModifier(c.publish))
		if !c.opt.Declared {
			opts = append(opts, testcontainers.WithExposedPorts(c.port()))
		}
	}
	// Once asked for, a container is made whether or not anybody waits for it:
	// giving up early would leave one that nobody knows of.
	making, cancel := context.WithTimeout(context.WithoutCancel(ctx), ReadyLimit)
	defer cancel()
	var err error
	if c.c, err = testcontainers.Run(making, c.opt.Image, opts...); err != nil {
		return err
	}
	if err := c.locate(ctx); err != nil {
		return err
	}
	return c.await(ctx)
}

// port is the port in the engine's notation.
func (c *Container) port() string { return fmt.Sprintf("%d/tcp", c.opt.Port) }

// limit bounds a container.
func limit(h *container.HostConfig) {
	pids := int64(pidsLimit)
	h.Memory, h.MemorySwap = memoryLimit, memoryLimit
	h.PidsLimit = &pids
	h.SecurityOpt = append(h.SecurityOpt, "no-new-privileges")
	h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": logLimit}}
}

// publish bounds a container, and publishes its declared ports when that is
// asked for.
func (c *Container) publish(h *container.HostConfig) {
	limit(h)
	h.PublishAllPorts = c.opt.Declared
}

// locate finds where the service is reached.
func (c *Container) locate(ctx context.Context) error {
	if c.opt.Declared {
		if err := c.declared(ctx); err != nil {
			return err
		}
	}
	if c.opt.Isolated {
		c.base = fmt.Sprintf("http://127.0.0.1:%d", c.opt.Port)
		return nil
	}
	host, err := c.c.Host(ctx)
	if err != nil {
		return fmt.Errorf("finding the container's host: %w", err)
	}
	mapped, err := c.c.MappedPort(ctx, c.port())
	if err != nil {
		return fmt.Errorf("finding the container's port: %w", err)
	}
	c.base = fmt.Sprintf("http://%s:%d", host, mapped.Num())
	return nil
}

// declared is a *StartFailure when the image does not declare the port.
// (The published ports do not tell: a container that has ended has none.)
func (c *Container) declared(ctx context.Context) error {
	image, err := c.e.Client.ImageInspect(ctx, c.opt.Image)
	if err != nil {
		return fmt.Errorf("looking at the image: %w", err)
	}
	if image.Config != nil {
		if _, ok := image.Config.ExposedPorts[c.port()]; ok {
			return nil
		}
	}
	return &StartFailure{Reason: fmt.Sprintf("the image does not declare port %s", c.port())}
}

// Remove kills and removes the container, and what holds its network.
func (c *Container) Remove() {
	// What could not be removed is swept at the run's end.
	ctx, cancel := context.WithTimeout(context.Background(), AnswerLimit)
	defer cancel()
	if c.c != nil {
		_ = c.c.Terminate(ctx, testcontainers.StopTimeout(0))
	}
	if c.held != nil {
		_ = c.held.Remove(ctx)
	}
	for _, v := range c.volumes {
		_, _ = c.e.Client.VolumeRemove(ctx, v, client.VolumeRemoveOptions{Force: true})
	}
}

// ID is the engine's id of the container.
func (c *Container) ID() string { return c.c.GetContainerID() }
