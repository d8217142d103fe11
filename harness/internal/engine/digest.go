package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/moby/client"
)

// Digest tells which image a name stands for: the digest by which its registry
// knows it, or the engine's id where it came from none.
func (e *Engine) Digest(ctx context.Context, ref string) (string, error) {
	found, err := e.Client.ImageInspect(ctx, ref)
	if err != nil {
		return "", fmt.Errorf("looking for %s on the engine: %w", ref, err)
	}
	return digestOf(found), nil
}

// digestOf picks the digest of an image. One image may have several, of the
// registries that it was seen in: the same one always counts.
func digestOf(found client.ImageInspectResult) string {
	var all []string
	for _, d := range found.RepoDigests {
		if _, digest, ok := strings.Cut(d, "@"); ok {
			all = append(all, digest)
		}
	}
	if len(all) == 0 {
		return found.ID
	}
	return slices.Min(all)
}
