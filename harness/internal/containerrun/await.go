package containerrun

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/sidecar"
)

// Why a service is not waited for any longer; explain says more.
var (
	errEnded  = errors.New("the container ended before it answered")
	errSilent = errors.New("the container did not answer in time")
)

// await waits until the service answers that it is ready, or the container
// ends, or ReadyLimit is over.
func (c *Container) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, ReadyLimit, errSilent)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() { stop(c.ended(ctx)) }()
	for {
		if ready, err := c.ready(ctx); err != nil || ready {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pollInterval):
		}
	}
}

// ready asks once. The error is ours; a service that does not answer is just
// not ready.
func (c *Container) ready(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, readyAnswerLimit)
	defer cancel()
	// Waiting inside for somebody to listen is cheaper than asking again.
	res, err := c.ask(ctx, c.opt.Ready, readyAnswerLimit)
	if err != nil {
		if errors.Is(err, sidecar.ErrBroken) && ctx.Err() == nil {
			return false, err
		}
		return false, nil
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK, nil
}

// ended waits until the container has ended, and says so, or why it cannot.
func (c *Container) ended(ctx context.Context) error {
	wait := c.e.Client.ContainerWait(ctx, c.c.GetContainerID(), client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case <-wait.Result:
		return errEnded
	case err := <-wait.Error: // also when ctx is done, which has a cause already
		return fmt.Errorf("waiting for the container's end: %w", err)
	}
}
