package baseimage

import (
	"runtime"
	"strings"
	"testing"

	"github.com/distribution/reference"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/engine"
)

func TestGolangTagsOfAMachine(t *testing.T) {
	h := host{distribution: "Debian", codename: "bookworm", goVersion: "1.26.8"}
	for _, tag := range []string{"1", "1.26", "1.26.8", "latest", "1-bookworm", "1.26-bookworm", "1.26.8-bookworm", "bookworm"} {
		assert.NoError(t, checkGolangTag(tag, h), tag)
	}
	for _, tag := range []string{"1.26-alpine", "alpine", "1.26-trixie", "1.27", "1.26.7", "1.2", "2", "1.26.8-windowsservercore", "1.26rc1", "tip"} {
		err := checkGolangTag(tag, h)
		require.Error(t, err, tag)
		assert.Equal(t, "this machine's Go 1.26.8 can stand in for golang:1.26, not for golang:"+tag, err.Error())
	}
}

func TestRecipesThereAre(t *testing.T) {
	p := NewProvider(&engine.Engine{Arch: runtime.GOARCH}, nil)
	daemon, err := p.DaemonImage(t.Context())
	require.NoError(t, err)
	version := strings.TrimPrefix(daemon, "moby/buildkit:")
	require.Regexp(t, `^v\d+\.\d+\.\d+$`, version)
	for _, tt := range []struct{ ref, kind, refused string }{
		{"docker/dockerfile:1", "dockerfile", ""},
		{"docker.io/docker/dockerfile", "dockerfile", ""},
		{"docker/dockerfile:latest", "dockerfile", ""},
		{"docker/dockerfile:1.7", "dockerfile", ""},
		{"docker/dockerfile:1.7.1", "dockerfile", ""},
		{"docker/dockerfile:1-labs", "", "the stand-in is for docker/dockerfile:1"},
		{"docker/dockerfile:2", "", "the stand-in is for docker/dockerfile:1"},
		{"docker/dockerfile-upstream:master", "", "there are stand-ins for golang, docker/dockerfile:1 and moby/buildkit only"},
		{"moby/buildkit:latest", "", "the stand-in is for moby/buildkit:" + version + ", not for :latest"},
		{"moby/buildkit:" + version, "buildkit", ""},
		{"alpine", "", "there are stand-ins for golang, docker/dockerfile:1 and moby/buildkit only"},
		{"ghcr.io/library/golang:1.26", "", "there are stand-ins for golang, docker/dockerfile:1 and moby/buildkit only"},
		{"golang:1.26@sha256:0000000000000000000000000000000000000000000000000000000000000000", "", "an image that is pinned by its digest has no stand-in"},
	} {
		t.Run(tt.ref, func(t *testing.T) {
			named, err := reference.ParseNormalizedNamed(tt.ref)
			require.NoError(t, err)
			r, err := p.recipeFor(t.Context(), reference.TagNameOnly(named))
			if tt.refused != "" {
				require.EqualError(t, err, tt.refused)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.kind, r.kind)
		})
	}
}
