package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// RunLabel is the label that everything made on the engine carries, with the
// run's id as its value.
const RunLabel = "dev.daybook.run"

// imagePrefix begins the name of every image that belongs to one run.
const imagePrefix = "daybook-run-"

// ImageName gives the reference under which a run keeps its image called name.
func ImageName(runID, name string) string { return imagePrefix + runID + ":" + name }

// CleanUp removes every container, network, volume and image of the run with
// that id. It goes on after an error and returns all of them.
func (e *Engine) CleanUp(ctx context.Context, runID string) error {
	left, err := e.leftovers(ctx)
	if err != nil {
		return err
	}
	return left.remove(ctx, e.Client, func(id string) bool { return id == runID })
}

// Sweep removes what runs of this user on this host have left that are no
// longer alive.
func (e *Engine) Sweep(ctx context.Context, alive func(runID string) bool) error {
	left, err := e.leftovers(ctx)
	if err != nil {
		return err
	}
	return left.remove(ctx, e.Client, func(id string) bool { return !alive(id) })
}

// leftover is a thing on the engine that belongs to a run.
type leftover struct{ runID, id string }

type leftovers struct{ containers, networks, volumes, images []leftover }

// leftovers lists everything on the engine that belongs to any run.
func (e *Engine) leftovers(ctx context.Context) (*leftovers, error) {
	var l leftovers
	byLabel := make(client.Filters).Add("label", RunLabel)
	containers, err := e.Client.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: byLabel})
	if err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	for _, c := range containers.Items {
		l.containers = append(l.containers, leftover{c.Labels[RunLabel], c.ID})
	}
	networks, err := e.Client.NetworkList(ctx, client.NetworkListOptions{Filters: byLabel})
	if err != nil {
		return nil, fmt.Errorf("listing networks: %w", err)
	}
	for _, n := range networks.Items {
		l.networks = append(l.networks, leftover{n.Labels[RunLabel], n.ID})
	}
	volumes, err := e.Client.VolumeList(ctx, client.VolumeListOptions{Filters: byLabel})
	if err != nil {
		return nil, fmt.Errorf("listing volumes: %w", err)
	}
	for _, v := range volumes.Items {
		l.volumes = append(l.volumes, leftover{v.Labels[RunLabel], v.Name})
	}
	images, err := e.Client.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("reference", imagePrefix+"*")})
	if err != nil {
		return nil, fmt.Errorf("listing images: %w", err)
	}
	for _, i := range images.Items {
		for _, tag := range i.RepoTags {
			repo, _, _ := strings.Cut(strings.TrimPrefix(tag, "docker.io/library/"), ":")
			if id, ok := strings.CutPrefix(repo, imagePrefix); ok {
				l.images = append(l.images, leftover{id, tag})
			}
		}
	}
	return &l, nil
}

// remove removes what belongs to the runs that which chooses: containers
// first, since they hold on to the rest.
func (l *leftovers) remove(ctx context.Context, c *client.Client, which func(runID string) bool) error {
	var (
		mu   sync.Mutex
		errs []error
	)
	each := func(all []leftover, what string, rm func(id string) error) {
		var removing sync.WaitGroup
		for _, x := range all {
			if !which(x.runID) {
				continue
			}
			removing.Go(func() {
				if err := rm(x.id); err != nil && !cerrdefs.IsNotFound(err) && !cerrdefs.IsConflict(err) {
					mu.Lock()
					defer mu.Unlock()
					errs = append(errs, fmt.Errorf("removing %s %s: %w", what, x.id, err))
				}
			})
		}
		removing.Wait()
	}
	each(l.containers, "container", func(id string) error {
		_, err := c.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		return err
	})
	each(l.networks, "network", func(id string) error {
		_, err := c.NetworkRemove(ctx, id, client.NetworkRemoveOptions{})
		return err
	})
	each(l.volumes, "volume", func(id string) error {
		_, err := c.VolumeRemove(ctx, id, client.VolumeRemoveOptions{Force: true})
		return err
	})
	each(l.images, "image", func(id string) error {
		_, err := c.ImageRemove(ctx, id, client.ImageRemoveOptions{Force: true, PruneChildren: true})
		return err
	})
	return errors.Join(errs...)
}

// Leftovers lists what there is on the engine that belongs to any run: each as
// the run's id and what it is.
func (e *Engine) Leftovers(ctx context.Context) ([]string, error) {
	l, err := e.leftovers(ctx)
	if err != nil {
		return nil, err
	}
	var all []string
	for what, of := range map[string][]leftover{"container": l.containers, "network": l.networks, "volume": l.volumes, "image": l.images} {
		for _, x := range of {
			all = append(all, x.runID+" "+what+" "+x.id)
		}
	}
	return all, nil
}
