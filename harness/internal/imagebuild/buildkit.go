package imagebuild

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/frontend/dockerfile/builder"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/tonistiigi/fsutil"
)

// sharedKey lets BuildKit reuse the files of the build context that it has
// from an earlier build, and take only those that have changed.
const sharedKey = "daybook"

// BuildKit is a Builder that uses a BuildKit wherever it is: what builders have
// in common, and are made of.
type BuildKit struct {
	// Dial connects to it; the client is closed after the build.
	Dial func(context.Context) (*client.Client, error)
	// Export says what becomes of the image for a tag.
	Export func(tag string) client.ExportEntry
	// Images are those that a Dockerfile may name, when not nil: each by its
	// familiar name ("golang:1.26"), in one of Stores. Nothing else is fetched by
	// the builder: what else a build asks for is a *Failure.
	Images map[string]StoredImage
}

// StoredImage is an image that the client of a build has, and the builder
// takes from it.
type StoredImage struct {
	Store    content.Store
	Manifest string // its digest
}

// Build builds req; see Builder.
func (b BuildKit) Build(ctx context.Context, req Request) (*Built, error) {
	limit := req.Limit
	if limit == 0 {
		limit = TimeLimit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c, err := b.Dial(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	files, err := fsutil.NewFS(req.Dir)
	if err != nil {
		return nil, fmt.Errorf("opening the build context: %w", err)
	}
	sent := &recordingFS{FS: files, opened: map[string]bool{}}
	t := newTrace(cancel)
	status := make(chan *client.SolveStatus)
	read := make(chan struct{})
	go func() { defer close(read); t.read(status) }()
	// The frontend's own error is kept: on its way through the builder it would
	// lose the line that it is about.
	var frontendErr error
	frontend := func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
		r := &rewriter{Client: c, edit: req.Edit, trace: t, images: b.Images}
		res, err := builder.Build(ctx, r)
		var refused *Failure
		if err != nil && (r.err == nil || errors.As(err, &refused)) {
			frontendErr = err // nobody but the Dockerfile is left to blame
		}
		return res, err
	}
	_, err = c.Build(ctx, b.solveOpt(req, files, sent), "", frontend, status)
	<-read
	built := t.built()
	if frontendErr != nil && ctx.Err() == nil {
		return built, failedParse(frontendErr)
	}
	built.Sent = sent.names()
	return built, explain(ctx, err, built, t, limit, req.Dir)
}

func (b BuildKit) solveOpt(req Request, dockerfile, buildContext fsutil.FS) client.SolveOpt {
	attrs := map[string]string{
		// The frontend in this process is used whatever the syntax line says
		// (Analyze has refused foreign ones); BuildKit's frontend goes looking
		// for the named one only when it has no command line yet.
		"cmdline": "daybook",
		// Base images are made ready beforehand; the builder need not ask a registry.
		"image-resolve-mode": "local",
	}
	for name, value := range req.Args {
		attrs["build-arg:"+name] = value
	}
	var hosts []string
	for name, ip := range req.Hosts {
		hosts = append(hosts, name+"="+ip)
	}
	sort.Strings(hosts)
	if len(hosts) > 0 {
		attrs["add-hosts"] = strings.Join(hosts, ",")
	}
	opt := client.SolveOpt{
		LocalMounts:   map[string]fsutil.FS{"context": buildContext, "dockerfile": dockerfile},
		FrontendAttrs: attrs,
		SharedKey:     sharedKey,
		OCIStores:     map[string]content.Store{},
	}
	for ref, img := range b.Images {
		store := storeName(ref)
		attrs["context:"+ref] = "oci-layout://" + store + "@" + img.Manifest
		opt.OCIStores[store] = img.Store
	}
	if req.Tag != "" {
		opt.Exports = []client.ExportEntry{b.Export(req.Tag)}
	}
	return opt
}

var noStoreName = regexp.MustCompile(`[^a-z0-9]+`)

// storeName makes a name of an image's that may be one of a store: that is
// read as a repository's, without a tag.
func storeName(ref string) string { return "daybook/" + noStoreName.ReplaceAllString(ref, "-") }

// explain turns what BuildKit returned into a *Failure where the Dockerfile is
// to blame.
func explain(ctx context.Context, err error, built *Built, t *trace, limit time.Duration, dir string) error {
	if err == nil {
		return nil
	}
	if t.tooMuch != nil {
		return built.Unfinished("it printed without end, so the build was stopped")
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return built.Unfinished(fmt.Sprintf("the build was not done after %s, so it was stopped", limit))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if f := failureOf(err, built); f != nil {
		return f
	}
	if m := notAllowed.FindStringSubmatch(err.Error()); m != nil {
		return &Failure{Line: lineAsking(dir, m[1], m[2]), Reason: fmt.Sprintf("--%s=%s is not allowed: no RUN of a build gets that without the builder's owner saying so", m[1], m[2])}
	}
	return fmt.Errorf("building on the engine: %w", err)
}

// notAllowed is what BuildKit says of a RUN that asks for more than it was
// granted, see its entitlements.
var notAllowed = regexp.MustCompile(`(network|security)\.(host|insecure) is not allowed`)

// lineAsking is the line of the Dockerfile in dir that has the option, or 0.
func lineAsking(dir, option, value string) int {
	text, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
	if err != nil {
		return 0
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if strings.Contains(line, "--"+option+"="+value) {
			return n
		}
	}
	return 0
}

// Unfinished makes a Failure of the last step that was begun and not done. It
// has no Step when there is none.
func (b *Built) Unfinished(reason string) *Failure {
	f := &Failure{Reason: reason}
	for _, s := range b.Steps {
		if s.Line > 0 && (!s.Done || s.Error != "") && !s.Cached {
			f.Line, f.Step, f.Output = s.Line, shortStep(s.Name), tail(s.Output, outputTail)
		}
	}
	return f
}
