package workbench

import (
	"context"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/containerrun"
	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
)

// StartContainer starts an image of the run's (its image, when tag is empty) with PORT set to port (unset when declared,
// so that the service's default and the image's EXPOSE have to agree) and env
// besides, and waits until ready is answered.
func (b *Bench) StartContainer(ctx context.Context, tag, port, ready string, env map[string]string, declared bool) (*containerrun.Container, error) {
	if tag == "" {
		img, err := b.Image(ctx)
		if err != nil {
			return nil, err
		}
		tag = img.Tag
	}
	e, err := b.Reached()
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	maps.Copy(all, env)
	if !declared {
		all["PORT"] = port
	}
	return containerrun.Start(ctx, e, containerrun.Options{
		RunID: b.Run.ID, Image: tag, Env: all, Port: n, Ready: ready, Declared: declared, Isolated: b.IsolateServices,
	})
}

// LineOf gives the line of the tree's Dockerfile that holds the last of the
// given instructions, to point at in a finding.
func (b *Bench) LineOf(instructions ...string) check.Place {
	p := check.Place{File: "Dockerfile"}
	text, err := os.ReadFile(filepath.Join(b.Tree.Dir, "Dockerfile"))
	if err != nil {
		return p
	}
	re := regexp.MustCompile(`(?i)^\s*(` + strings.Join(instructions, "|") + `)\b`)
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if re.MatchString(line) {
			p.Line = n
		}
	}
	return p
}

// defaultProxy is what GOPROXY is when nobody has set it, see `go help
// environment`.
const defaultProxy = "https://proxy.golang.org,direct"

// reachableInside reports whether a GOPROXY setting begins with a server that a
// RUN step can get at: not a folder of the host's, and not its loopback, which
// is another one inside.
func reachableInside(setting string) bool {
	first, _, _ := strings.Cut(setting, ",")
	u, err := url.Parse(first)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback())
}

// withProxySettings adds the host's own module proxy settings to each RUN step
// that does not set them, after edit. A RUN step knows nothing of the host:
// behind a company's proxy it would ask one that it cannot reach.
func (b *Bench) withProxySettings(ctx context.Context, edit imagebuild.Edit) imagebuild.Edit {
	var extra []string
	if tc, err := b.Toolchain(ctx); err == nil { // without Go there are no settings to pass on
		if v := tc.Setting("GOPROXY"); v != defaultProxy && reachableInside(v) {
			for _, name := range []string{"GOPROXY", "GOSUMDB", "GONOSUMDB"} {
				if v := tc.Setting(name); v != "" {
					extra = append(extra, name+"="+v)
				}
			}
		}
	}
	if len(extra) == 0 {
		return edit
	}
	return func(step string, run *imagebuild.RunStep) {
		for _, kv := range extra {
			name, _, _ := strings.Cut(kv, "=")
			if !slices.ContainsFunc(run.Env, func(have string) bool { return strings.HasPrefix(have, name+"=") }) {
				run.Env = append(run.Env, kv)
			}
		}
		if edit != nil {
			edit(step, run)
		}
	}
}
