package engine

import (
	"testing"

	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
)

func TestDigestOf(t *testing.T) {
	for name, c := range map[string]struct {
		digests []string
		want    string
	}{
		"a registry's": {[]string{"golang@sha256:bb"}, "sha256:bb"},
		"of several":   {[]string{"b/golang@sha256:cc", "a/golang@sha256:bb"}, "sha256:bb"},
		"built here":   {nil, "sha256:id"},
		"no digest":    {[]string{"<none>"}, "sha256:id"},
	} {
		t.Run(name, func(t *testing.T) {
			found := client.ImageInspectResult{InspectResponse: image.InspectResponse{ID: "sha256:id", RepoDigests: c.digests}}
			assert.Equal(t, c.want, digestOf(found))
		})
	}
}
