package sandbox

import (
	"context"
	"fmt"
	"strconv"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/go-units"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/engine"
)

// Limits of a container. They are limits, not reservations: a learner's program
// uses some ten megabytes.
const (
	// programMemory is what programs may use. Less than goprogram.MemoryLimit,
	// which counts what is reserved and never touched.
	programMemory = 1 << 30
	// compileMemory is what the go command may use: the linker takes 200 MB for
	// a service with all of net/http.
	compileMemory = 2 << 30
	// treesLimit is for copies of the tree, and for compiled programs of 6 MB: a
	// day needs a dozen of each. The largest submission that is taken has 200 MB.
	treesLimit = 512 << 20
	// scratchLimit is for what programs write, and cacheLimit for what the go
	// command does: its cache beyond the seed, and what it links.
	scratchLimit, cacheLimit = 64 << 20, 512 << 20
	// filesLimit is how many files there may be: each costs the kernel memory.
	filesLimit = 1 << 16
	// tasksLimit is for the threads of a Go program, or of a few compilers.
	tasksLimit = 256
	// programCPUs leave the others to neighbours, whatever a program does; a
	// compiler has two. In thousand millionths. (With one, Go's runtime still
	// runs two threads at a time, as it does with two.)
	programCPUs, compileCPUs = 1e9, 2e9
	// openFiles is what a program may have open.
	openFiles = 1024

	// ProgramLimit is how large a compiled program may be, in bytes.
	ProgramLimit = 64 << 20
	// startLimit bounds the start of a container, which takes half a second, and
	// stopLimit its removal: the engine may be busy.
	startLimit, stopLimit = time.Minute, time.Minute
)

// Where things are in a container.
const (
	treesDir   = "/daybook/run" // stands for the run's folder
	scratchDir = "/daybook/tmp"
	seedDir    = "/daybook/seed"
	seedCache  = seedDir + "/build"
	seedMod    = seedDir + "/mod"
)

// nobody is the user in the containers; root, who has no capability there, owns
// what programs are not to change.
const (
	nobody = "65534"
	root   = "0"
)

// spec says what a box is for.
type spec struct {
	runID        string
	image        string
	seed         string // volume
	seedReadOnly bool
	compiles     bool // the go command's files and memory, not a program's
	user         string
}

// box is a container that is made when it is needed, and anew when it has died.
// Its methods are called by one at a time; see lock.
type box struct {
	engine *engine.Engine
	spec   spec
	begin  func(ctx context.Context, b *box) error // fills a new container

	turn   chan struct{}    // holds a token while somebody works in the box
	id     string           // of the container; empty when there is none
	placed map[string]stamp // programs that are in it
	killed int              // processes that were ended for want of memory, so far
}

func newBox(e *engine.Engine, s spec) *box {
	if s.user == "" {
		s.user = nobody
	}
	return &box{engine: e, spec: s, turn: make(chan struct{}, 1)}
}

// lock waits for the box to be free.
func (b *box) lock(ctx context.Context) (release func(), err error) {
	select {
	case b.turn <- struct{}{}:
		return func() { <-b.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// memory is what processes in the container may use, in bytes.
func (b *box) memory() int64 {
	if b.spec.compiles {
		return compileMemory
	}
	return programMemory
}

// ensure sees to it that there is a container.
func (b *box) ensure(ctx context.Context) error {
	if b.id != "" {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// Once asked for, a container is made whether or not anybody waits for it:
	// giving up early would leave one that nobody knows of.
	making, cancel := context.WithTimeout(context.WithoutCancel(ctx), startLimit)
	defer cancel()
	made, err := b.engine.Client.ContainerCreate(making, b.options())
	if err != nil {
		return fmt.Errorf("making the sandbox's container: %w", err)
	}
	b.id, b.placed, b.killed = made.ID, map[string]stamp{}, 0
	if _, err = b.engine.Client.ContainerStart(making, b.id, client.ContainerStartOptions{}); err != nil {
		err = fmt.Errorf("starting the sandbox's container: %w", err)
	} else if b.begin != nil {
		err = b.begin(ctx, b)
	}
	if err != nil {
		b.drop()
	}
	return err
}

// options are the container's.
func (b *box) options() client.ContainerCreateOptions {
	tasks := int64(tasksLimit)
	owner, scratch := root, scratchLimit
	if b.spec.compiles {
		owner, scratch = b.spec.user, cacheLimit
	}
	memory := b.memory() + treesLimit + int64(scratch) // its files are in memory too
	host := &container.HostConfig{
		NetworkMode:    "none",
		ReadonlyRootfs: true,
		CapDrop:        []string{"ALL"},
		SecurityOpt:    []string{"no-new-privileges"},
		IpcMode:        container.IPCModeNone, // and with it no /dev/shm to fill
		LogConfig:      container.LogConfig{Type: "none"},
		Resources: container.Resources{
			Memory: memory, MemorySwap: memory, NanoCPUs: b.cpus(), PidsLimit: &tasks,
			Ulimits: []*units.Ulimit{{Name: "core"}, {Name: "nofile", Soft: openFiles, Hard: openFiles}},
		},
		Tmpfs: map[string]string{
			treesDir:   tmpfs(treesLimit, owner, "0755"),
			scratchDir: tmpfs(scratch, b.spec.user, "0700"),
		},
	}
	if b.spec.seed != "" {
		host.Mounts = []mount.Mount{{Type: mount.TypeVolume, Source: b.spec.seed, Target: seedDir, ReadOnly: b.spec.seedReadOnly}}
	}
	return client.ContainerCreateOptions{HostConfig: host, Config: &container.Config{
		Image: b.spec.image, User: b.spec.user + ":" + b.spec.user, WorkingDir: "/",
		// The first process does nothing. It ignores SIGCHLD, and so the kernel
		// itself forgets the processes that are left to it; and since it is the
		// first, none in the container can end it.
		Entrypoint:      []string{"/usr/bin/env", "--ignore-signal=CHLD", "sleep", "infinity"},
		Labels:          map[string]string{engine.RunLabel: b.spec.runID},
		NetworkDisabled: true,
	}}
}

// cpus are not more than the engine's host has, which an engine refuses.
func (b *box) cpus() int64 {
	if b.spec.compiles && b.engine.CPUs > 1 {
		return compileCPUs
	}
	return programCPUs
}

func tmpfs(size int, owner, mode string) string {
	return "rw,exec,nosuid,nodev,size=" + strconv.Itoa(size) + ",nr_inodes=" + strconv.Itoa(filesLimit) + ",mode=" + mode + ",uid=" + owner + ",gid=" + owner
}

// drop removes the container; the next use makes another one.
func (b *box) drop() {
	if b.id == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	// What cannot be removed now is removed with the run.
	_, _ = b.engine.Client.ContainerRemove(ctx, b.id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	b.id = ""
}

// death says whether the container has died, and if so, whether for want of
// memory. The error says that the engine does not know.
func (b *box) death(ctx context.Context) (dead, memory bool, err error) {
	found, err := b.engine.Client.ContainerInspect(ctx, b.id, client.ContainerInspectOptions{})
	if cerrdefs.IsNotFound(err) {
		return true, false, errGone // somebody has removed it: not a program's doing
	}
	if err != nil {
		return false, false, fmt.Errorf("looking at the sandbox's container: %w", err)
	}
	state := found.Container.State
	return !state.Running, state.OOMKilled, nil
}
