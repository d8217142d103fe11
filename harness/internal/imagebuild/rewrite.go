package imagebuild

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// nameKey is where the Dockerfile frontend keeps a step's name in its metadata.
const nameKey = "llb.customname"

// rewriter stands between the frontend and the engine: it notes which line of
// the Dockerfile each step comes from, and lets an Edit change RUN steps.
type rewriter struct {
	gateway.Client
	edit   Edit
	trace  *trace
	images map[string]StoredImage // see BuildKit

	mu  sync.Mutex
	err error // what the engine has answered calls with, where it was an error
}

// note keeps an error as the engine's.
func (r *rewriter) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = errors.Join(r.err, err)
}

// Solve edits the definition on its way to the engine.
func (r *rewriter) Solve(ctx context.Context, req gateway.SolveRequest) (*gateway.Result, error) {
	if req.Definition != nil {
		def, err := rewrite(req.Definition, r.edit)
		if err != nil {
			return nil, fmt.Errorf("editing the build's steps: %w", err)
		}
		if err := r.trace.learn(def); err != nil {
			return nil, fmt.Errorf("reading the build's steps: %w", err)
		}
		if err := r.refuseSources(def); err != nil {
			return nil, err
		}
		req.Definition = def
	}
	res, err := r.Client.Solve(ctx, req)
	r.note(err)
	return res, err
}

// ResolveSourceMetadata passes on, and notes an error as the engine's.
func (r *rewriter) ResolveSourceMetadata(ctx context.Context, op *pb.SourceOp, opt sourceresolver.Opt) (*sourceresolver.MetaResponse, error) {
	if err := r.refuseSource(op.Identifier); err != nil {
		return nil, err
	}
	res, err := r.Client.ResolveSourceMetadata(ctx, op, opt)
	r.note(err)
	return res, err
}

// ResolveImageConfig passes on, and notes an error as the engine's.
func (r *rewriter) ResolveImageConfig(ctx context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	if opt.OCILayoutOpt == nil { // it is not one that we have ourselves
		if err := r.refuseSource(imageScheme + ref); err != nil {
			return "", "", nil, err
		}
	}
	name, d, config, err := r.Client.ResolveImageConfig(ctx, ref, opt)
	r.note(err)
	return name, d, config, err
}

// rewrite applies edit to every RUN step of def. A step is named by the digest
// of its bytes and names its inputs by theirs, so a change runs on through all
// that follows; definitions list a step after its inputs.
func rewrite(def *pb.Definition, edit Edit) (*pb.Definition, error) {
	if edit == nil {
		return def, nil
	}
	out := &pb.Definition{Metadata: map[string]*pb.OpMetadata{}, Source: def.Source}
	renamed := map[string]string{}
	for _, dt := range def.Def {
		var op pb.Op
		if err := op.UnmarshalVT(dt); err != nil {
			return nil, fmt.Errorf("decoding a step: %w", err)
		}
		old := digest.FromBytes(dt).String()
		for _, in := range op.Inputs {
			if now, ok := renamed[in.Digest]; ok {
				in.Digest = now
			}
		}
		if exec := op.GetExec(); exec != nil {
			editRun(exec, def.Metadata[old].GetDescription()[nameKey], edit)
		}
		// Like the builder does it, which names the step again by what comes out:
		// the generated MarshalVT has maps in any order.
		changed, err := op.Marshal()
		if err != nil {
			return nil, fmt.Errorf("encoding a step: %w", err)
		}
		now := digest.FromBytes(changed).String()
		renamed[old] = now
		out.Def = append(out.Def, changed)
		if m, ok := def.Metadata[old]; ok {
			out.Metadata[now] = m
		}
	}
	out.Source = renameLocations(def.Source, renamed)
	return out, nil
}

func editRun(exec *pb.ExecOp, name string, edit Edit) {
	run := RunStep{Env: exec.Meta.Env, NoNet: exec.Network == pb.NetMode_NONE}
	edit(name, &run)
	exec.Meta.Env = run.Env
	if run.NoNet {
		exec.Network = pb.NetMode_NONE
	}
	if run.FreshCaches != "" {
		for _, m := range exec.Mounts {
			if m.CacheOpt != nil {
				m.CacheOpt.ID += "-" + run.FreshCaches
			}
		}
	}
}

func renameLocations(src *pb.Source, renamed map[string]string) *pb.Source {
	if src == nil {
		return nil
	}
	out := &pb.Source{Infos: src.Infos, Locations: map[string]*pb.Locations{}}
	for d, l := range src.Locations {
		if now, ok := renamed[d]; ok {
			d = now
		}
		out.Locations[d] = l
	}
	return out
}

// learn notes where the steps of def come from and what they fetch.
func (t *trace) learn(def *pb.Definition) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	sources := map[string]string{} // what is fetched, by the digest of its step
	for _, dt := range def.Def {
		var op pb.Op
		if err := op.UnmarshalVT(dt); err != nil {
			return fmt.Errorf("decoding a step: %w", err)
		}
		d := digest.FromBytes(dt)
		t.runs[d] = op.GetExec() != nil
		t.lines[d] = lineOf(def, d)
		if s := op.GetSource(); s != nil && fetched(s.Identifier) {
			sources[d.String()] = s.Identifier
		}
		// A source has no line of its own: that of the step that takes it counts.
		for _, in := range op.Inputs {
			if source, ok := sources[in.Digest]; ok {
				t.remote = append(t.remote, Remote{Source: source, Line: t.lines[d]})
			}
		}
	}
	return nil
}

// lineOf gives the line of the Dockerfile that a step comes from, or 0.
func lineOf(def *pb.Definition, d digest.Digest) int {
	l := def.GetSource().GetLocations()[d.String()]
	if l == nil || len(l.Locations) == 0 || len(l.Locations[0].Ranges) == 0 {
		return 0
	}
	return int(l.Locations[0].Ranges[0].Start.Line)
}

// fetched reports whether the builder goes to the network for a source on
// every build. Images are not among them: they are resolved on the engine.
func fetched(identifier string) bool {
	for _, scheme := range []string{"http://", "https://", "git://"} {
		if strings.HasPrefix(identifier, scheme) {
			return true
		}
	}
	return false
}
