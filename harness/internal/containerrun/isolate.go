package containerrun

import (
	"context"
	"fmt"
	"path"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/sidecar"
)

const (
	// cpuLimit, in billionths of a processor: a small service needs a fraction
	// of one, and what it takes is taken from its neighbours.
	cpuLimit = 1e9
	// mostVolumes is how many volumes an image may declare. A small service
	// declares none; each is a folder that the engine copies on its host.
	mostVolumes = 8
)

// isolate starts what holds the network, and says how the container joins it.
//
// The network is ours and the service joins it, not the other way round: it is
// there before the service's first instruction, and after its last, so that a
// service that ends at once is told from a way to it that does not work. The
// relay is then in a container of its own, with limits and a process list of
// its own: no fork bomb keeps it from starting, and a count of the service's
// processes does not count it.
func (c *Container) isolate(ctx context.Context) ([]testcontainers.ContainerCustomizer, error) {
	image, err := c.e.Client.ImageInspect(ctx, c.opt.Image)
	if err != nil {
		return nil, fmt.Errorf("looking at the image: %w", err)
	}
	mounts, err := c.mounts(ctx, image.InspectResponse)
	if err != nil {
		return nil, err
	}
	if c.held, err = sidecar.Hold(ctx, c.e, c.opt.RunID); err != nil {
		return nil, err
	}
	return []testcontainers.ContainerCustomizer{
		testcontainers.WithConfigModifier(func(config *container.Config) {
			config.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}} // the image's own would start processes
		}),
		testcontainers.WithHostConfigModifier(func(h *container.HostConfig) {
			limit(h)
			h.NetworkMode = container.NetworkMode("container:" + c.held.ID)
			h.ReadonlyRootfs = true
			h.CapDrop = []string{"ALL"}
			h.NanoCPUs = cpuLimit
			h.IpcMode = container.IPCModeNone // no /dev/shm
			h.LogConfig.Config["max-file"] = "1"
			h.Mounts = append(h.Mounts, mounts...)
		}),
	}, nil
}

// mounts puts read-only volumes of ours where the image declares some, with
// what the image has there: the engine would make ones on its host that can be
// filled without limit.
func (c *Container) mounts(ctx context.Context, i image.InspectResponse) ([]mount.Mount, error) {
	if i.Config == nil {
		return nil, nil
	}
	if n := len(i.Config.Volumes); n > mostVolumes {
		return nil, &StartFailure{Reason: fmt.Sprintf("the image declares %d volumes, and may have %d", n, mostVolumes)}
	}
	seen := map[string]bool{}
	for at := range i.Config.Volumes {
		target := path.Clean(at)
		if !path.IsAbs(target) || target == "/" {
			return nil, &StartFailure{Reason: fmt.Sprintf("the image declares a volume at %q, where none can be", at)}
		}
		seen[target] = true
	}
	var all []mount.Mount
	for target := range seen {
		// Without a name it would be the engine's to remove, but could not be read-only.
		made, err := c.e.Client.VolumeCreate(ctx, client.VolumeCreateOptions{Labels: map[string]string{engine.RunLabel: c.opt.RunID}})
		if err != nil {
			return nil, fmt.Errorf("making a volume: %w", err)
		}
		c.volumes = append(c.volumes, made.Volume.Name)
		all = append(all, mount.Mount{Type: mount.TypeVolume, Source: made.Volume.Name, Target: target, ReadOnly: true})
	}
	return all, nil
}
