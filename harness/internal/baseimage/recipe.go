package baseimage

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/distribution/reference"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// What can be stood in for, by full name.
const (
	golangRepo   = "docker.io/library/golang"
	frontendRepo = "docker.io/docker/dockerfile"
	daemonRepo   = "docker.io/moby/buildkit"
)

// recipe is how to make a stand-in. make writes its files below dir.
type recipe struct {
	kind  string // the value of Label; also names the lock
	key   string // of two recipes with the same key, the images are the same
	takes string // how long it takes, for people
	make  func(ctx context.Context, dir string) (v1.Image, error)
}

// recipeFor finds the recipe of a stand-in for an image. The error finishes
// the sentence "the registry cannot be reached, and …".
func (p *Provider) recipeFor(ctx context.Context, named reference.Named) (*recipe, error) {
	tagged, ok := named.(reference.Tagged)
	if _, digested := named.(reference.Digested); digested || !ok {
		return nil, errors.New("an image that is pinned by its digest has no stand-in")
	}
	switch named.Name() {
	case golangRepo:
		return p.golangRecipe(ctx, tagged.Tag())
	case frontendRepo:
		if !frontendTag.MatchString(tagged.Tag()) {
			return nil, errors.New("the stand-in is for docker/dockerfile:1")
		}
		return p.frontendRecipe(ctx)
	case daemonRepo:
		return p.daemonRecipe(ctx, tagged.Tag())
	}
	return nil, errors.New("there are stand-ins for golang, docker/dockerfile:1 and moby/buildkit only")
}

// frontendTag matches the tags of the stable frontend, each of which can do
// what the ones before it can.
var frontendTag = regexp.MustCompile(`^(latest|1(\.\d+){0,2})$`)

// golangTags are the tags that the official image of a Go version has on a
// Debian release: 1.26.8 is also 1.26, 1 and latest.
func golangTags(goVersion, codename string) []string {
	parts := strings.Split(goVersion, ".")
	var tags []string
	for n := len(parts); n > 0; n-- {
		version := strings.Join(parts[:n], ".")
		tags = append(tags, version, version+"-"+codename)
	}
	return append(tags, "latest", codename)
}

// checkGolangTag returns an error that says which tags there can be.
func checkGolangTag(tag string, h host) error {
	if slices.Contains(golangTags(h.goVersion, h.codename), tag) {
		return nil
	}
	return fmt.Errorf("this machine's Go %s can stand in for golang:%s, not for golang:%s", h.goVersion, majorMinor(h.goVersion), tag)
}

// majorMinor cuts a version to its first two numbers.
func majorMinor(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}
