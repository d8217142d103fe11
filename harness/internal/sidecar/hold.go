package sidecar

import (
	"context"
	"errors"
	"fmt"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/daybook-dev/daybook/harness/internal/engine"
)

const (
	relayRepo = "daybook-relay"

	startLimit  = 30 * time.Second // a start takes a third of a second; a busy machine many times that
	removeLimit = 30 * time.Second // for removing a container that did not start

	// A connection is a process with a buffer or two and half a dozen tasks:
	// these are for some thirty at once.
	holdMemory = 256 << 20
	holdTasks  = 256
	// holdCPUs, in billionths, keeps what a hostile service sends from taking
	// more of the machine than the service itself may.
	holdCPUs = 1e9
)

// Confine takes from a container of ours all that it does not need, and bounds
// it: memory in bytes, swap included, and tasks. The network is a Docker
// network mode.
func Confine(h *container.HostConfig, network string, memory, tasks int64) {
	h.NetworkMode = container.NetworkMode(network)
	h.ReadonlyRootfs = true
	h.CapDrop = []string{"ALL"}
	h.SecurityOpt = []string{"no-new-privileges"}
	h.Memory, h.MemorySwap = memory, memory
	h.PidsLimit = &tasks
}

// Held is a container that holds a network for others to join.
type Held struct {
	ID     string
	engine *engine.Engine
}

// Hold starts a container with nothing in it but the relay, which waits, and
// with no network but a loopback of its own. Another container that joins its
// network (mode container:ID) has no other either, and is reached by Dialer. The
// container bears the run's label.
func Hold(ctx context.Context, e *engine.Engine, runID string) (*Held, error) {
	h, err := hold(ctx, e, runID)
	if err != nil {
		return nil, fmt.Errorf("starting a container that holds a network: %w", err)
	}
	return h, nil
}

func hold(ctx context.Context, e *engine.Engine, runID string) (*Held, error) {
	own, err := Relay.Image(ctx, e, relayRepo)
	if err != nil {
		return nil, err
	}
	image, release, err := own.Hold(ctx, e)
	if err != nil {
		return nil, err
	}
	defer release()
	// Once asked for, a container is made whether or not anybody waits for it:
	// giving up early would leave one that nobody knows of.
	making, cancel := context.WithTimeout(context.WithoutCancel(ctx), startLimit)
	defer cancel()
	c, err := testcontainers.Run(making, image,
		testcontainers.WithCmd("hold"),
		testcontainers.WithLabels(map[string]string{engine.RunLabel: runID}),
		testcontainers.WithHostConfigModifier(func(h *container.HostConfig) {
			Confine(h, "none", holdMemory, holdTasks)
			h.NanoCPUs = holdCPUs
		}),
	)
	if c == nil {
		return nil, err
	}
	h := &Held{ID: c.GetContainerID(), engine: e}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		removing, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeLimit)
		defer cancel()
		return nil, errors.Join(err, h.Remove(removing))
	}
	return h, nil
}

// Dialer connects to what listens in the network.
func (h *Held) Dialer() Dialer { return Dialer{Engine: h.engine, Container: h.ID} }

// Check is an error when the container does not run any more, which is nobody's
// doing who has joined its network.
func (h *Held) Check(ctx context.Context) error {
	c, err := h.engine.Client.ContainerInspect(ctx, h.ID, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("looking at the container that holds a network: %w", err)
	}
	if s := c.Container.State; s == nil || !s.Running {
		return errors.New("the container that holds a network has ended")
	}
	return nil
}

// Remove kills and removes the container. Removing twice is not an error.
func (h *Held) Remove(ctx context.Context) error {
	_, err := h.engine.Client.ContainerRemove(ctx, h.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil && !cerrdefs.IsNotFound(err) {
		return fmt.Errorf("removing the container that holds a network: %w", err)
	}
	return nil
}
