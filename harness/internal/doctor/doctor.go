// Package doctor looks at the machine: what Daybook needs, whether it is
// there, and for each thing that is missing the one command that mends it.
//
// It changes nothing. Whatever it asks over the network is bounded in time.
//
//	for _, f := range doctor.Examine(ctx, root) {
//		fmt.Println(f.Name, f.State, f.Detail, f.Mend)
//	}
package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/go-units"

	"github.com/daybook-dev/daybook/harness/internal/baseimage"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/egress"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/goprogram"
)

// State is how a thing is.
type State string

const (
	// Good: it is there and will do.
	Good State = "ok"
	// Limited: checks can be run, but something will be slower or stood in for.
	Limited State = "note"
	// Missing: some checks cannot be run.
	Missing State = "missing"
)

// Found is one thing that was looked at.
type Found struct {
	Name   string
	State  State
	Detail string
	Mend   string // one command or sentence; empty when State is Good
}

const (
	// diskWanted, in bytes, is what a first run takes: a base image, its
	// unpacked layers, Go's caches and the images of a run.
	diskWanted = 4 << 30
	// registry is where pulled images come from when nothing else is said.
	registry = "https://registry-1.docker.io/v2/"
	// goWanted is the Go release that the exercises are written for.
	goWanted = "go1.26"
)

// Examine looks at everything, in the order in which a first run needs it. The
// images are those that the days build from.
func Examine(ctx context.Context, images []string) []Found {
	found := []Found{toolchain(ctx), git()}
	e, err := engine.Connect(ctx)
	if err != nil {
		found = append(found, missing("engine", err))
	} else {
		found = append(found, Found{Name: "engine", State: Good, Detail: e.String()})
		online := goprogram.Reach(ctx, registry)
		found = append(found, registryState(online))
		for _, ref := range images {
			found = append(found, image(ctx, e, ref, online == nil))
		}
		found = append(found, disk("engine's disk", e.RootDir))
	}
	if cache, err := os.UserCacheDir(); err == nil {
		found = append(found, disk("your cache's disk", cache))
	}
	return append(found, moduleProxy(ctx), hostProxy())
}

func missing(name string, err error) Found {
	var t *check.Trouble
	if errors.As(err, &t) {
		return Found{Name: name, State: Missing, Detail: t.Message, Mend: t.Mend}
	}
	return Found{Name: name, State: Missing, Detail: err.Error()}
}

func toolchain(ctx context.Context) Found {
	tc, err := goprogram.Find(ctx, os.TempDir())
	if err != nil {
		return missing("go", err)
	}
	if version := tc.Version; version != goWanted && !strings.HasPrefix(version, goWanted+".") && version < goWanted {
		return Found{Name: "go", State: Missing, Detail: version + " is older than the exercises ask for", Mend: "install " + goWanted + " or newer: https://go.dev/dl/"}
	}
	return Found{Name: "go", State: Good, Detail: tc.Version}
}

func git() Found {
	if _, err := exec.LookPath("git"); err != nil {
		return Found{Name: "git", State: Missing, Detail: "not on the PATH: the check vcs-revision needs it", Mend: "sudo apt-get install git"}
	}
	return Found{Name: "git", State: Good, Detail: "on the PATH"}
}

func registryState(online error) Found {
	if online == nil {
		return Found{Name: "registry", State: Good, Detail: "Docker Hub answers this host"}
	}
	return Found{Name: "registry", State: Limited, Detail: "Docker Hub does not answer, so images cannot be pulled", Mend: "nothing to do: on Debian and Ubuntu `make check` builds stand-ins"}
}

func image(ctx context.Context, e *engine.Engine, ref string, online bool) Found {
	f := Found{Name: ref}
	there, err := e.Client.ImageInspect(ctx, ref)
	switch {
	case err == nil && there.Config != nil && there.Config.Labels[baseimage.Label] != "":
		f.State, f.Detail, f.Mend = Limited, "a stand-in that was built here", "nothing to do; `make remove-stand-ins` removes it, to pull the real one when online"
	case err == nil:
		f.State, f.Detail = Good, "on the engine"
	case !cerrdefs.IsNotFound(err):
		return missing(ref, err)
	case online:
		f.State, f.Detail, f.Mend = Limited, "not on the engine yet; it will be pulled", "docker pull "+ref
	default:
		f.State, f.Detail, f.Mend = Limited, "not on the engine yet; a stand-in will be built", "it is made by the first `make check`"
	}
	return f
}

// disk looks at the space at path, or at the nearest folder above it that
// there is: an engine may be on another host.
func disk(name, path string) Found {
	for path != filepath.Dir(path) {
		if _, err := os.Stat(path); err == nil {
			break
		}
		path = filepath.Dir(path)
	}
	free, err := freeBytes(path)
	if err != nil {
		return Found{Name: name, State: Limited, Detail: "its free space cannot be read: " + err.Error(), Mend: "docker system df"}
	}
	detail := fmt.Sprintf("%s free at %s", units.HumanSize(float64(free)), path)
	if free < diskWanted {
		return Found{Name: name, State: Missing, Detail: detail + ", and a first run takes up to " + units.HumanSize(diskWanted), Mend: "docker system prune"}
	}
	return Found{Name: name, State: Good, Detail: detail}
}

func moduleProxy(ctx context.Context) Found {
	const name = "module proxy"
	tc, err := goprogram.Find(ctx, os.TempDir())
	if err != nil {
		return Found{Name: name, State: Limited, Detail: "not known without Go", Mend: "install Go first"}
	}
	setting := tc.Setting("GOPROXY")
	url := goprogram.ModuleProxy(setting)
	if url == "" {
		return Found{Name: name, State: Limited, Detail: "GOPROXY is " + setting, Mend: "go env -u GOPROXY"}
	}
	if err := goprogram.Reach(ctx, url); err != nil {
		return Found{Name: name, State: Missing, Detail: url + " does not answer: builds cannot download modules", Mend: "check HTTPS_PROXY and GOPROXY (`go env GOPROXY`)"}
	}
	return Found{Name: name, State: Good, Detail: url + " answers"}
}

// hostProxy tells of the host's proxy settings, which builds are given too.
func hostProxy() Found {
	var all []string
	for _, s := range egress.HostSettings() {
		all = append(all, s.String())
	}
	if len(all) == 0 {
		return Found{Name: "host's proxy", State: Good, Detail: "none set"}
	}
	return Found{Name: "host's proxy", State: Good, Detail: strings.Join(all, " ")}
}
