package imagebuild

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Analysis is what a Dockerfile says, found without an engine or a network.
type Analysis struct {
	Warnings []Warning // what BuildKit's own lint says
	Images   []string  // base images that the final stage is built from, in full ("docker.io/library/golang:1.26")
	Base     string    // the image that the final stage is FROM, through other stages; empty for scratch
	BaseLine int       // the line of that FROM
}

// Warning is one thing that BuildKit's lint remarks on.
type Warning struct {
	Rule   string // such as "JSONArgsRecommended"
	Detail string
	URL    string
	Line   int
}

// Analyze reads the Dockerfile in dir and works out what it says for a build
// with args. The error is a *Failure when the file is not one that can be
// built. The lint is asked for everything: a `# check=` line that would
// silence it is not obeyed.
func Analyze(ctx context.Context, dir string, args map[string]string) (*Analysis, error) {
	text, err := readDockerfile(dir)
	if err != nil {
		return nil, err
	}
	if err := refuseForeignSyntax(text); err != nil {
		return nil, err
	}
	if err := refuseExpansion(text, args); err != nil {
		return nil, err
	}
	r := &nameResolver{}
	opt := convertOpt(text, args, r)
	linted, err := dockerfile2llb.DockerfileLint(ctx, outspoken(text), opt)
	if err != nil {
		return nil, failedParse(err)
	}
	a := &Analysis{}
	for _, w := range linted.Warnings {
		line := 0
		if rs := w.Location.GetRanges(); len(rs) > 0 {
			line = int(rs[0].Start.Line)
		}
		a.Warnings = append(a.Warnings, Warning{Rule: w.RuleName, Detail: w.Detail, URL: w.URL, Line: line})
	}
	// The lint goes through every stage; only the last one's images are wanted.
	r.refs = nil
	converted, err := dockerfile2llb.Dockerfile2LLB(ctx, text, opt)
	if err != nil {
		return nil, failedParse(err)
	}
	a.Images = r.refs
	def, err := converted.State.Marshal(ctx)
	if err != nil {
		return nil, fmt.Errorf("encoding the build's steps: %w", err)
	}
	a.Base, a.BaseLine, err = baseOf(def.ToPB())
	return a, err
}

func readDockerfile(dir string) ([]byte, error) {
	path := filepath.Join(dir, "Dockerfile")
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Failure{Reason: "there is no file named Dockerfile"}
	case err != nil:
		return nil, fmt.Errorf("reading the Dockerfile: %w", err)
	case !info.Mode().IsRegular():
		return nil, &Failure{Reason: "Dockerfile is not a regular file"}
	case info.Size() > DockerfileLimit:
		return nil, &Failure{Reason: fmt.Sprintf("the Dockerfile has %d bytes, and the limit is %d", info.Size(), DockerfileLimit)}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the Dockerfile: %w", err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, &Failure{Reason: "the Dockerfile is empty"}
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return nil, &Failure{Line: 1 + bytes.Count(text[:i], []byte("\n")), Reason: "the Dockerfile holds a NUL byte, so it is not a text file"}
	}
	return text, nil
}

// refuseForeignSyntax allows docker/dockerfile only: a `# syntax=` line names
// a program that is given the whole build.
func refuseForeignSyntax(text []byte) error {
	ref, _, at, ok := parser.DetectSyntax(text)
	if !ok {
		return nil
	}
	line := 0
	if len(at) > 0 {
		line = at[0].Start.Line
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err == nil && slices.Contains([]string{"docker.io/docker/dockerfile", "docker.io/docker/dockerfile-upstream"}, named.Name()) {
		return nil
	}
	return &Failure{Line: line, Reason: fmt.Sprintf("the syntax line names %q, a program that would be given the whole build; only docker/dockerfile is let", ref)}
}

// silencing matches a `# check=` line: at the top of a Dockerfile it speaks for
// the file, above a FROM for the stage.
var silencing = regexp.MustCompile(`(?mi)^[ \t]*#[ \t]*check[ \t]*=[^\r\n]*`)

// outspoken is text with its `# check=` lines made to silence nothing. They
// stay directives: those of other directives below them would not count
// otherwise.
func outspoken(text []byte) []byte {
	return silencing.ReplaceAll(text, []byte("# check=error=false"))
}

func convertOpt(text []byte, args map[string]string, r llb.ImageMetaResolver) dockerfile2llb.ConvertOpt {
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	opt := dockerfile2llb.ConvertOpt{
		SourceMap:      &llb.SourceMap{Filename: "Dockerfile", Language: "Dockerfile", Data: text, Definition: &llb.Definition{}},
		MetaResolver:   r,
		TargetPlatform: &platform,
	}
	opt.BuildArgs = args
	opt.BuildPlatforms = []ocispecs.Platform{platform}
	return opt
}

func failedParse(err error) error {
	f := &Failure{Reason: firstLine(err.Error())}
	var own *Failure // of the rewriter, which does not know the line
	if errors.As(err, &own) {
		f = own
	}
	if f.Line > 0 {
		return f
	}
	for _, source := range errdefs.Sources(err) {
		for _, r := range source.Ranges {
			f.Line = int(r.Start.Line)
		}
	}
	var located *parser.LocationError
	if errors.As(err, &located) && len(located.Locations) > 0 && len(located.Locations[0]) > 0 {
		f.Line = located.Locations[0][0].Start.Line
	}
	f.Reason = strings.TrimPrefix(f.Reason, fmt.Sprintf("dockerfile parse error on line %d: ", f.Line))
	return f
}

// anyImage is the config that nameResolver gives for every image. It names a
// layer because the frontend takes an image without any for scratch.
const anyImage = `{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:0000000000000000000000000000000000000000000000000000000000000000"]}}`

// nameResolver answers for every image with the same one, and notes its name.
type nameResolver struct{ refs []string }

// ResolveImageConfig notes ref.
func (r *nameResolver) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	if !slices.Contains(r.refs, ref) {
		r.refs = append(r.refs, ref)
	}
	return ref, "", []byte(anyImage), nil
}

// baseOf follows the root filesystem of a definition's last step down to what
// it began with: an image, or nothing.
func baseOf(def *pb.Definition) (image string, line int, err error) {
	ops := map[string]*pb.Op{}
	var last *pb.Op
	for _, dt := range def.Def {
		op := &pb.Op{}
		if err := op.UnmarshalVT(dt); err != nil {
			return "", 0, fmt.Errorf("decoding a step: %w", err)
		}
		ops[digest.FromBytes(dt).String()], last = op, op
	}
	// The last entry names the step whose output is the build's result.
	if last == nil || len(last.Inputs) == 0 {
		return "", 0, nil
	}
	in := last.Inputs[0]
	for {
		op := ops[in.Digest]
		if s := op.GetSource(); s != nil {
			if l := def.GetSource().GetLocations()[in.Digest]; l != nil && len(l.Locations) > 0 && len(l.Locations[0].Ranges) > 0 {
				line = int(l.Locations[0].Ranges[0].Start.Line)
			}
			return strings.TrimPrefix(s.Identifier, "docker-image://"), line, nil
		}
		root := rootInput(op, in.Index)
		if root < 0 {
			return "", 0, nil
		}
		in = op.Inputs[root]
	}
}

// rootInput gives which input of op its output number out is laid over, and -1
// when it begins from nothing.
func rootInput(op *pb.Op, out int64) int64 {
	switch {
	case op.GetExec() != nil:
		for _, m := range op.GetExec().Mounts {
			if m.Output == out {
				return m.Input
			}
		}
	case op.GetFile() != nil:
		for i, a := range op.GetFile().Actions {
			if a.Output == out {
				return fileRoot(op, int64(i))
			}
		}
	case op.GetMerge() != nil && len(op.GetMerge().Inputs) > 0:
		return op.GetMerge().Inputs[0].Input
	case op.GetDiff() != nil:
		return -1
	}
	return -1
}

// fileRoot follows a file operation's actions, which build on one another, to
// the operation's own input. An action's input beyond the operation's inputs
// is another action's result.
func fileRoot(op *pb.Op, action int64) int64 {
	actions := op.GetFile().Actions
	for {
		in := actions[action].Input
		if in < int64(len(op.Inputs)) {
			return in
		}
		action = in - int64(len(op.Inputs))
	}
}
