// Package egress gives the builds of a run a way out that is watched: a forward
// proxy in a container, which writes down every attempt to reach something. An
// open one passes things on, directly or through the host's own proxy; a cut
// one refuses everything. It is handed to RUN steps by the predefined proxy
// build arguments, which are no part of BuildKit's cache key.
//
// Rules it keeps:
//   - What the proxy was asked before Attempts was called is in its answer. A
//     proxy that cannot be read is an error, never an empty list.
//   - No password of the host's proxy settings is in a log, an error or the
//     image. (They are in the environment of an open proxy's container.)
//   - Nothing is published on the host: the proxy is reachable from the engine's
//     default bridge only, or, of a Gate, by a socket in a volume only.
//   - The container has the run's label, so that engine.CleanUp removes it. The
//     image stays, as a cache; its tag is the hash of the program in it.
//
// For example, to learn what a build downloads:
//
//	proxy, err := egress.Start(ctx, e, run.ID, egress.Cut)
//	…
//	defer proxy.Stop(ctx)
//	ip, port := proxy.Address() // for HTTP_PROXY=http://ip:port
//	… build …
//	attempts, err := proxy.Attempts(ctx) // CONNECT proxy.golang.org:443
package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/sidecar"
)

// Mode is what a proxy does with what it is asked for.
type Mode string

const (
	Open Mode = "open" // pass it on
	Cut  Mode = "cut"  // refuse it
)

// Attempt is something that somebody tried to reach through the proxy.
type Attempt struct {
	Time    time.Time
	Method  string // CONNECT, GET, …
	Target  string // host:port for CONNECT, else a URL without user, query and fragment
	Allowed bool
}

const (
	program = sidecar.Program("egress-proxy")
	// imageRepo is the name of all of our images; the tag is the hash of what is in one.
	imageRepo = "daybook-egress"

	startLimit = 30 * time.Second      // a start takes a third of a second; a busy machine many times that
	startPoll  = 20 * time.Millisecond // how often to look whether it has started
	stopLimit  = 30 * time.Second      // for removing a container that did not start

	// A proxy moves bytes and keeps none: 128 MiB is for a few thousand
	// connections at once, 64 tasks for the threads of Go's runtime.
	memoryLimit = 128 << 20
	tasksLimit  = 64
)

// Proxy is a proxy that runs.
type Proxy struct {
	engine *engine.Engine
	id     string // of its container
	ip     string
	port   int
}

// Start starts a proxy and waits until it listens.
func Start(ctx context.Context, e *engine.Engine, runID string, mode Mode) (*Proxy, error) {
	if mode != Open && mode != Cut {
		return nil, fmt.Errorf("starting the egress proxy: no such mode as %q", mode)
	}
	where, err := placeFor(ctx, e, mode)
	if err == nil {
		var p *Proxy
		if p, err = start(ctx, e, runID, mode, where); err == nil {
			return p, nil
		}
	}
	return nil, fmt.Errorf("starting the egress proxy: %w", err)
}

func start(ctx context.Context, e *engine.Engine, runID string, mode Mode, where *place) (*Proxy, error) {
	own, err := program.Image(ctx, e, imageRepo)
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
		testcontainers.WithCmd(append([]string{"-listen", where.listen, "-mode", string(mode)}, where.args...)...),
		testcontainers.WithEnv(where.env),
		testcontainers.WithLabels(map[string]string{engine.RunLabel: runID}),
		testcontainers.WithHostConfigModifier(func(h *container.HostConfig) { confine(h, where) }),
		testcontainers.WithWaitStrategyAndDeadline(startLimit, wait.ForLog(`"listening"`).WithPollInterval(startPoll)),
	)
	if c == nil {
		return nil, err
	}
	p := &Proxy{engine: e, id: c.GetContainerID()}
	if p.ip, p.port = where.ip, where.port; err == nil && p.ip == "" {
		err = p.locate(ctx, where)
	}
	if err != nil {
		return nil, p.abandon(ctx, err)
	}
	return p, nil
}

// confine takes from the container all that a proxy does not need.
func confine(h *container.HostConfig, where *place) {
	sidecar.Confine(h, where.network, memoryLimit, tasksLimit)
	h.Mounts = where.mounts
	// Said here since an engine may be set to a driver that cannot be read
	// back, or to throw away old lines: marks are counted, so none may go. The
	// proxy itself bounds its log to less than this.
	h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "100m", "max-file": "1"}}
}

// locate finds where the proxy is reached. It says itself what it listens on;
// on the bridge that is every address, of which the engine knows the one.
func (p *Proxy) locate(ctx context.Context, where *place) error {
	lines, err := p.log(ctx)
	if err != nil {
		return err
	}
	if len(lines) == 0 || lines[0].Listening == "" {
		return errors.New("finding its address: its log does not begin with it")
	}
	host, port, err := net.SplitHostPort(lines[0].Listening)
	if err != nil {
		return fmt.Errorf("finding its address: %w", err)
	}
	if p.port, err = strconv.Atoi(port); err != nil {
		return fmt.Errorf("finding its address: %w", err)
	}
	if p.ip = host; where.network == hostNetwork {
		return nil
	}
	c, err := p.engine.Client.ContainerInspect(ctx, p.id, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("finding its address: %w", err)
	}
	if c.Container.NetworkSettings != nil {
		if bridge := c.Container.NetworkSettings.Networks[engine.DefaultBridge]; bridge != nil && bridge.IPAddress.IsValid() {
			p.ip = bridge.IPAddress.String()
			return nil
		}
	}
	return errors.New("finding its address: the container has none on the default bridge")
}

// abandon removes a proxy that did not start, and adds to the error what it
// said itself.
func (p *Proxy) abandon(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	if said := p.complaint(ctx); said != "" {
		err = fmt.Errorf("%w (%s)", err, said)
	}
	return errors.Join(err, p.Stop(ctx))
}

// Address is where RUN steps reach the proxy, from the default bridge.
func (p *Proxy) Address() (ip string, port int) { return p.ip, p.port }

// Stop removes the proxy's container and with it the log. Stopping twice is
// not an error.
func (p *Proxy) Stop(ctx context.Context) error {
	_, err := p.engine.Client.ContainerRemove(ctx, p.id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil && !cerrdefs.IsNotFound(err) {
		return fmt.Errorf("stopping the egress proxy: %w", err)
	}
	return nil
}
