package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/egress/forward"
	"github.com/daybook-dev/daybook/harness/internal/engine"
)

// Gate is the only way out of a container that has no network: proxies that
// listen on sockets in a volume, of which an open one lets be reached what is on
// a list. Inside the container a relay leads an address on its loopback to each.
//
//	gate, err := egress.NewGate(ctx, e, run.ID, egress.ModuleServers(goproxy, gosumdb))
//	… start a container with gate.Mount() and a relay with gate.Forwards() …
//	proxy, err := gate.Start(ctx, egress.Cut)
type Gate struct {
	engine *engine.Engine
	runID  string
	volume string
	only   []forward.Host
}

// gateDir is where a gate's volume is in containers.
const gateDir = "/egress"

// volumeOptions make the volume one in memory, that holds a few sockets and no
// more, and that our proxies' user can write to.
var volumeOptions = map[string]string{"type": "tmpfs", "device": "tmpfs", "o": "size=64k,mode=0755,uid=65534,gid=65534"}

// addresses are where the proxies are reached inside, on the container's own
// loopback.
var addresses = map[Mode]string{Open: "127.0.0.2", Cut: "127.0.0.3"}

// NewGate makes a gate that lets only those hosts be reached. It has no proxy
// yet. Its volume has the run's label.
func NewGate(ctx context.Context, e *engine.Engine, runID string, only []forward.Host) (*Gate, error) {
	if len(only) == 0 {
		return nil, errors.New("making a gate: there is nothing to let through")
	}
	made, err := e.Client.VolumeCreate(ctx, client.VolumeCreateOptions{
		Driver: "local", DriverOpts: volumeOptions, Labels: map[string]string{engine.RunLabel: runID},
	})
	if err != nil {
		return nil, fmt.Errorf("making a volume for the egress proxies' sockets: %w", err)
	}
	return &Gate{engine: e, runID: runID, volume: made.Volume.Name, only: only}, nil
}

// Mount is what the container without a network needs to have mounted.
func (g *Gate) Mount() mount.Mount { return g.mount(true) }

func (g *Gate) mount(readOnly bool) mount.Mount {
	return mount.Mount{Type: mount.TypeVolume, Source: g.volume, Target: gateDir, ReadOnly: readOnly}
}

// Forwards are the rules for a relay in that container, as LISTEN=TARGET.
func (g *Gate) Forwards() []string {
	var rules []string
	for _, mode := range []Mode{Open, Cut} {
		rules = append(rules, fmt.Sprintf("%s=%s", net.JoinHostPort(addresses[mode], strconv.Itoa(proxyPort)), socket(mode)))
	}
	return rules
}

func socket(mode Mode) string { return "unix:" + gateDir + "/" + string(mode) + ".sock" }

// Start starts a proxy of the gate's and waits until it listens. There can be
// one of each mode. Its Address is where it is reached inside.
func (g *Gate) Start(ctx context.Context, mode Mode) (*Proxy, error) {
	where := &place{network: "none"}
	if mode == Open {
		var err error
		if where, err = placeFor(ctx, g.engine, mode); err != nil {
			return nil, fmt.Errorf("starting the egress proxy: %w", err)
		}
		for _, h := range g.only {
			where.args = append(where.args, "-only", h.String())
		}
	}
	where.listen, where.ip, where.port = socket(mode), addresses[mode], proxyPort
	where.mounts = []mount.Mount{g.mount(false)}
	p, err := start(ctx, g.engine, g.runID, mode, where)
	if err != nil {
		return nil, fmt.Errorf("starting the egress proxy: %w", err)
	}
	return p, nil
}

// Close removes the gate's volume, which no container may use any more.
func (g *Gate) Close(ctx context.Context) error {
	if _, err := g.engine.Client.VolumeRemove(ctx, g.volume, client.VolumeRemoveOptions{Force: true}); err != nil {
		return fmt.Errorf("removing the volume of the egress proxies' sockets: %w", err)
	}
	return nil
}

// ModuleServers are the servers that the go command asks for modules when
// GOPROXY and GOSUMDB are set so. What is only reached without a proxy
// ("direct") is not among them: that may be anything.
func ModuleServers(goproxy, gosumdb string) []forward.Host {
	var all []forward.Host
	for setting := range strings.FieldsFuncSeq(goproxy, func(r rune) bool { return r == ',' || r == '|' }) {
		all = appendServer(all, setting)
	}
	if name, rest, _ := strings.Cut(gosumdb, " "); gosumdb != "" && gosumdb != "off" {
		// The database is a name, with its key behind a plus sign, and perhaps
		// the URL under which it is found instead.
		name, _, _ = strings.Cut(name, "+")
		all = appendServer(all, "https://"+name)
		all = appendServer(all, strings.TrimSpace(rest))
	}
	return all
}

// usual are the servers that Go itself names. Their addresses are public.
var usual = []string{"proxy.golang.org", "sum.golang.org"}

func appendServer(all []forward.Host, setting string) []forward.Host {
	u, err := url.Parse(setting)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return all // "direct", "off", a folder, or nothing
	}
	h := forward.Host{Name: u.Hostname(), Port: u.Port(), Private: true}
	for _, name := range usual {
		if h.Name == name {
			h.Private = false
		}
	}
	return append(all, h)
}
