package egress

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/egress/forward"
	"github.com/daybook-dev/daybook/harness/internal/engine"
)

const (
	hostNetwork = "host"
	proxyPort   = 3128 // on the bridge, where each container has an address of its own

	// desktopHost is the name that Docker Desktop gives the host in containers.
	desktopHost = "host.docker.internal"
)

// Setting is one of the host's proxy settings, fit to be shown.
type Setting struct {
	Name  string // the variable, as it is spelt in the environment
	Value string // without user and password
}

// HostSettings tells which proxy settings of the host's environment open
// proxies honour. None is the usual case.
func HostSettings() []Setting {
	var found []Setting
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"} {
		if spelt, value := lookUp(name); value != "" {
			found = append(found, Setting{Name: spelt, Value: mask(value)})
		}
	}
	return found
}

// String gives the setting as an assignment.
func (s Setting) String() string { return s.Name + "=" + s.Value }

// lookUp finds a variable in either case; the lower one wins, as it does in
// curl and in Go's httpproxy.
func lookUp(name string) (spelt, value string) {
	for _, spelt := range []string{strings.ToLower(name), name} {
		if value := os.Getenv(spelt); value != "" {
			return spelt, value
		}
	}
	return name, ""
}

// mask hides user and password: either may be a token. It does so with values
// that are no URLs too, since those are the mistakes that get shown.
func mask(value string) string {
	at := strings.LastIndex(value, "@")
	if at < 0 {
		return value
	}
	scheme, _, ok := strings.Cut(value[:at], "://")
	if !ok {
		return "***" + value[at:]
	}
	return scheme + "://***" + value[at:]
}

// place is where a proxy runs and what it is told.
type place struct {
	network string // bridge, host or none
	listen  string
	env     map[string]string
	args    []string
	mounts  []mount.Mount
	ip      string // where it is reached, when that is known beforehand
	port    int
}

// placeFor puts a proxy on the default bridge, unless the host's own proxy is
// on the host's loopback: then it shares the host's network, from where it can
// reach that, and listens only where the bridge's containers see the host.
func placeFor(ctx context.Context, e *engine.Engine, mode Mode) (*place, error) {
	p := &place{network: engine.DefaultBridge, listen: ":" + strconv.Itoa(proxyPort)}
	if mode == Cut {
		return p, nil
	}
	loopback, err := p.takeSettings()
	if err != nil || len(loopback) == 0 {
		return p, err
	}
	desktop, err := sharesLoopback(ctx, e)
	if err != nil {
		return nil, err
	}
	if desktop {
		for name, u := range loopback {
			u.Host = desktopHost + ":" + orDefault(u.Port(), "80")
			p.env[name] = u.String()
		}
		return p, nil
	}
	gateway, err := e.BridgeGateway(ctx)
	if err != nil {
		return nil, err
	}
	p.network, p.listen = hostNetwork, net.JoinHostPort(gateway.String(), "0")
	return p, nil
}

// takeSettings copies the host's settings to the environment, and returns the
// upstreams that are on the host's loopback by their variables.
func (p *place) takeSettings() (loopback map[string]*url.URL, err error) {
	p.env, loopback = map[string]string{}, map[string]*url.URL{}
	if _, value := lookUp("NO_PROXY"); value != "" {
		p.env["NO_PROXY"] = value
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		spelt, value := lookUp(name)
		u, err := forward.CheckUpstream(value)
		if err != nil {
			return nil, &check.Trouble{
				Message: fmt.Sprintf("the host's proxy %s=%s cannot be used: %v", spelt, mask(value), err),
				Mend:    fmt.Sprintf("set %s to the proxy's http:// address, or unset it", spelt),
			}
		}
		if u == nil {
			continue
		}
		p.env[name] = u.String()
		if isLoopback(u.Hostname()) {
			loopback[name] = u
		}
	}
	return loopback, nil
}

func isLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// sharesLoopback reports whether containers get at the host's loopback by
// Docker Desktop's name for it (true) or through the host network (false). It
// is a Trouble when they cannot at all.
func sharesLoopback(ctx context.Context, e *engine.Engine) (desktop bool, err error) {
	info, err := e.Client.Info(ctx, client.InfoOptions{})
	if err != nil {
		return false, fmt.Errorf("asking the engine about itself: %w", err)
	}
	if strings.Contains(info.Info.OperatingSystem, "Docker Desktop") {
		return true, nil
	}
	why := ""
	if u, err := url.Parse(e.Client.DaemonHost()); err == nil && (u.Scheme == "tcp" || u.Scheme == "ssh") && !isLoopback(u.Hostname()) {
		why = "the engine is on another machine"
	}
	if slices.ContainsFunc(info.Info.SecurityOptions, func(o string) bool { return strings.HasPrefix(o, "name=rootless") }) {
		why = "the engine is rootless"
	}
	if why != "" {
		return false, &check.Trouble{
			Message: "the host's proxy listens on the host's loopback, which containers cannot reach: " + why,
			Mend:    "let the proxy listen on an address that containers reach, and set HTTP_PROXY and HTTPS_PROXY to it",
		}
	}
	return false, nil
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
