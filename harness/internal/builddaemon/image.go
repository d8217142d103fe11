package builddaemon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
	"github.com/daybook-dev/daybook/harness/internal/sidecar"
)

// imageRepo is the name of the daemon's images; the tag is the hash of what is
// in one.
const imageRepo = "daybook-buildkit"

// initProgram is what a daemon's container runs.
const initProgram sidecar.Program = "build-init"

// staleAfter is how old an image of other programs is when it is removed: none
// that a run which began with them still needs.
const staleAfter = 24 * time.Hour

// ensureImage makes the daemon's image, unless it is there: BuildKit's own image,
// and two programs of ours.
func ensureImage(ctx context.Context, e *engine.Engine, buildkit string) (ref string, err error) {
	dir, err := os.MkdirTemp("", "daybook-buildkit-")
	if err != nil {
		return "", fmt.Errorf("making a folder for the build daemon's image: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	base, err := e.Client.ImageInspect(ctx, buildkit)
	if err != nil {
		return "", fmt.Errorf("looking for the build daemon's base image: %w", err)
	}
	dockerfile := "FROM " + buildkit + "\nCOPY --chmod=555 " + string(initProgram) + " " + string(sidecar.Relay) + " /\n"
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n", base.ID, dockerfile)
	for _, p := range []sidecar.Program{initProgram, sidecar.Relay} {
		content, err := p.Binary(ctx, e.Arch)
		if err != nil {
			return "", err
		}
		sum.Write(content)
		if err := os.WriteFile(filepath.Join(dir, string(p)), content, 0o600); err != nil {
			return "", fmt.Errorf("writing a program of the build daemon's image: %w", err)
		}
	}
	ref = imageRepo + ":" + hex.EncodeToString(sum.Sum(nil)[:8])
	if _, err := e.Client.ImageInspect(ctx, ref); !cerrdefs.IsNotFound(err) {
		return ref, err
	}
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile), 0o600); err != nil {
		return "", fmt.Errorf("writing the build daemon's Dockerfile: %w", err)
	}
	if _, err := imagebuild.NewEngineBuilder(e).Build(ctx, imagebuild.Request{Dir: dir, Tag: ref}); err != nil {
		return "", fmt.Errorf("making the build daemon's image: %w", err)
	}
	removeStale(ctx, e, ref)
	return ref, nil
}

// removeStale removes images of other programs. It is housekeeping: what is in
// use, or does not go for another reason, stays until the next time.
func removeStale(ctx context.Context, e *engine.Engine, keep string) {
	list, err := e.Client.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("reference", imageRepo+":*")})
	if err != nil {
		return
	}
	for _, image := range list.Items {
		if time.Since(time.Unix(image.Created, 0)) < staleAfter {
			continue
		}
		for _, tag := range image.RepoTags {
			if tag != keep && strings.HasPrefix(tag, imageRepo+":") {
				_, _ = e.Client.ImageRemove(ctx, tag, client.ImageRemoveOptions{PruneChildren: true})
			}
		}
	}
}
