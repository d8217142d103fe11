package builddaemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/buildkit/client"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	docker "github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/sidecar"
)

const (
	stateDir = "/var/lib/buildkit"
	seedDir  = "/seed"
	socket   = "unix:/run/buildkit/buildkitd.sock"
)

// daemon is a BuildKit daemon in a container.
type daemon struct {
	engine *engine.Engine
	id     string // of the container
}

// spec says what a daemon is to be.
type spec struct {
	image    string
	runID    string
	state    []mount.Mount // where its state is; nil for memory
	seed     string        // the volume that its state begins with; empty for none
	mounts   []mount.Mount
	forwards []string // see egress.Gate
	cpus     int
	limits   limits
}

// limits are those that tests have smaller; see the constants for what each is.
type limits struct{ state, files, stepsMemory, image int64 }

var usualLimits = limits{state: stateLimit, files: filesLimit, stepsMemory: stepsMemory, image: imageLimit}

// startDaemon starts a daemon and waits until it answers.
func startDaemon(ctx context.Context, e *engine.Engine, s spec) (*daemon, error) {
	d, err := launch(ctx, e, s)
	if err != nil {
		return nil, fmt.Errorf("starting the build daemon: %w", err)
	}
	ready, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	c, err := d.dial(ready)
	if err == nil {
		_, err = c.ListWorkers(ready)
		err = errors.Join(err, c.Close())
	}
	if err != nil {
		if said := d.lastWords(context.WithoutCancel(ctx)); said != "" {
			err = fmt.Errorf("%w (%s)", err, said)
		}
		return nil, errors.Join(fmt.Errorf("starting the build daemon: %w", err), d.remove(ctx))
	}
	return d, nil
}

// launch makes the container. Once asked for, it is made whether or not anybody
// waits: giving up early would leave one that nobody knows of.
func launch(ctx context.Context, e *engine.Engine, s spec) (*daemon, error) {
	making, cancel := context.WithTimeout(context.WithoutCancel(ctx), startLimit)
	defer cancel()
	made, err := e.Client.ContainerCreate(making, docker.ContainerCreateOptions{
		Config: &container.Config{
			Image:      s.image,
			Entrypoint: append([]string{"/" + string(initProgram)}, s.initArgs()...),
			Cmd:        daemonArgs,
			Labels:     map[string]string{engine.RunLabel: s.runID},
		},
		HostConfig: s.hostConfig(),
	})
	if err != nil {
		return nil, err
	}
	d := &daemon{engine: e, id: made.ID}
	if _, err := e.Client.ContainerStart(making, d.id, docker.ContainerStartOptions{}); err != nil {
		return nil, errors.Join(err, d.remove(ctx))
	}
	return d, nil
}

// daemonArgs run BuildKit without all that it does not need here.
var daemonArgs = []string{
	"buildkitd", "--addr", strings.Replace(socket, ":", "://", 1), "--root", stateDir,
	"--containerd-worker=false", "--cdi-disabled",
	"--oci-worker-net", "host", // the container's, which has none
	"--oci-worker-snapshotter", "overlayfs",
	"--oci-worker-gc=false", // what is gone would be built again, and look like a cache that was not kept
}

func (s spec) initArgs() []string {
	args := []string{"-state", stateDir, "-steps-memory", strconv.FormatInt(s.limits.stepsMemory, 10), "-steps-tasks", strconv.Itoa(stepsTasks)}
	if s.seed != "" {
		args = append(args, "-seed", seedDir)
	}
	for _, f := range s.forwards {
		args = append(args, "-forward", f)
	}
	return args
}

// hostConfig is what the container may do: mount, as a daemon that lays layers
// over each other has to, and little else.
func (s spec) hostConfig() *container.HostConfig {
	tasks := int64(stepsTasks + daemonTasks)
	h := &container.HostConfig{
		NetworkMode:    "none",
		DNS:            []netip.Addr{netip.MustParseAddr("127.0.0.1")}, // the host's own is nobody's business
		ReadonlyRootfs: true,
		CapAdd:         []string{"SYS_ADMIN", "NET_ADMIN"}, // to mount, and to make a network namespace without a network
		SecurityOpt:    []string{"seccomp=unconfined", "apparmor=unconfined"},
		Tmpfs:          map[string]string{"/run": "exec,mode=755,size=64m", "/tmp": "mode=1777,size=64m"},
		Mounts:         append(s.state[:len(s.state):len(s.state)], s.mounts...),
		LogConfig:      container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "1m", "max-file": "1"}},
		Resources:      container.Resources{PidsLimit: &tasks, NanoCPUs: int64(s.cpus) * 1e9},
	}
	h.Memory = s.limits.stepsMemory + daemonMemory
	h.MemorySwap = h.Memory
	if s.state == nil {
		h.Tmpfs[stateDir] = fmt.Sprintf("exec,suid,dev,mode=700,size=%d,nr_inodes=%d", s.limits.state, s.limits.files)
	}
	if s.seed != "" {
		h.Mounts = append(h.Mounts, mount.Mount{Type: mount.TypeVolume, Source: s.seed, Target: seedDir, ReadOnly: true})
	}
	return h
}

// dial connects to the daemon, and waits for it to listen.
func (d *daemon) dial(ctx context.Context) (*client.Client, error) {
	relay := sidecar.Dialer{Engine: d.engine, Container: d.id, Wait: startLimit}
	c, err := client.New(ctx, "", client.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		return relay.Dial(ctx, socket)
	}))
	if err != nil {
		return nil, fmt.Errorf("connecting to the build daemon: %w", err)
	}
	return c, nil
}

// stop has the daemon end by itself, so that its databases are whole.
func (d *daemon) stop(ctx context.Context) error {
	seconds := int(stopLimit.Seconds())
	if _, err := d.engine.Client.ContainerStop(ctx, d.id, docker.ContainerStopOptions{Timeout: &seconds}); err != nil {
		return fmt.Errorf("stopping the build daemon: %w", err)
	}
	return nil
}

// remove ends the daemon. It is not an error when it is gone already.
func (d *daemon) remove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeLimit)
	defer cancel()
	_, err := d.engine.Client.ContainerRemove(ctx, d.id, docker.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil && !cerrdefs.IsNotFound(err) {
		return fmt.Errorf("removing the build daemon: %w", err)
	}
	return nil
}

// end waits a little for the container's end, of which the engine learns later
// than we do, and gives its state.
func (d *daemon) end(ctx context.Context) (*container.State, error) {
	waiting, cancel := context.WithTimeout(ctx, endLimit)
	defer cancel()
	wait := d.engine.Client.ContainerWait(waiting, d.id, docker.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case <-wait.Result:
	case <-wait.Error: // it may go on, and the engine says so below
	}
	found, err := d.engine.Client.ContainerInspect(ctx, d.id, docker.ContainerInspectOptions{})
	if err != nil {
		return nil, fmt.Errorf("looking at the build daemon: %w", err)
	}
	return found.Container.State, nil
}

// lastWords are the last lines that the daemon logged, in one; "" when they
// cannot be had.
func (d *daemon) lastWords(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, removeLimit)
	defer cancel()
	r, err := d.engine.Client.ContainerLogs(ctx, d.id, docker.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: "5"})
	if err != nil {
		return ""
	}
	defer r.Close()
	var said bytes.Buffer
	if _, err := stdcopy.StdCopy(&said, &said, io.LimitReader(r, 64<<10)); err != nil {
		return ""
	}
	return strings.Join(strings.Fields(said.String()), " ")
}
