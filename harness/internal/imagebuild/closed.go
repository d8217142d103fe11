package imagebuild

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// imageScheme begins the name of a source that is an image in a registry.
const imageScheme = "docker-image://"

// refuseSources refuses a definition that takes from where a closed build may
// not; see BuildKit.Images.
func (r *rewriter) refuseSources(def *pb.Definition) error {
	if r.images == nil {
		return nil
	}
	var refused *Failure
	var source string // the refused step's digest
	for _, dt := range def.Def {
		var op pb.Op
		if err := op.UnmarshalVT(dt); err != nil {
			return fmt.Errorf("decoding a step: %w", err)
		}
		if s := op.GetSource(); s != nil && refused == nil {
			if refused = r.refusal(s.Identifier); refused != nil {
				source = digest.FromBytes(dt).String()
			}
		}
		// A source has no line of its own: that of the step that takes it counts.
		for _, in := range op.Inputs {
			if refused != nil && refused.Line == 0 && in.Digest == source {
				refused.Line = lineOf(def, digest.FromBytes(dt))
			}
		}
	}
	if refused == nil {
		return nil
	}
	return refused
}

// refuseSource refuses one source, whose line is not known here.
func (r *rewriter) refuseSource(identifier string) error {
	if f := r.refusal(identifier); f != nil {
		return f
	}
	return nil
}

// refusal says why a source may not be used, or nil. What is in the build's own
// session may: the build context, and the images that we have.
func (r *rewriter) refusal(identifier string) *Failure {
	scheme, rest, _ := strings.Cut(identifier, "://")
	if r.images == nil || scheme == "local" || scheme == "oci-layout" {
		return nil
	}
	if ref, ok := strings.CutPrefix(identifier, imageScheme); ok {
		return notAmong(ref, r.images)
	}
	if scheme == "git" {
		identifier = rest
	}
	return &Failure{Reason: fmt.Sprintf("the builder itself would fetch %s, and here it has no network", identifier)}
}

// Refusal says why the Dockerfile of a closed build may not name an image, or
// nil when it may; see BuildKit.Images.
func Refusal(ref string, images map[string]StoredImage) *Failure {
	if _, ok := images[familiar(ref)]; ok {
		return nil
	}
	return notAmong(ref, images)
}

func notAmong(ref string, images map[string]StoredImage) *Failure {
	usable := append(slices.Sorted(maps.Keys(images)), "scratch")
	return &Failure{Reason: fmt.Sprintf("%s is not among the images that this build may use: %s", familiar(ref), strings.Join(usable, ", "))}
}

// familiar is an image's name as people write it.
func familiar(ref string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ref
	}
	return reference.FamiliarString(named)
}
