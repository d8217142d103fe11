package forward

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
)

// Host is a server that a proxy with a list lets be reached.
type Host struct {
	Name string // or an IP address
	Port string // empty for those of HTTP and HTTPS
	// Private lets it have an address that is not a public one. It is for
	// servers that the owner of this machine has named himself.
	Private bool
}

// private ends the text of a Host that may be private.
const private = ",private"

// ParseHost reads what String writes.
func ParseHost(s string) (Host, error) {
	s, isPrivate := strings.CutSuffix(s, private)
	h := Host{Name: s, Private: isPrivate}
	if name, port, err := net.SplitHostPort(s); err == nil {
		h.Name, h.Port = name, port
	}
	if h.Name = canonical(h.Name); h.Name == "" {
		return h, errors.New("reading a host: it has no name")
	}
	return h, nil
}

// String gives the host as NAME, NAME:PORT or either with ",private" behind it.
func (h Host) String() string {
	s := h.Name
	if h.Port != "" {
		s = net.JoinHostPort(h.Name, h.Port)
	}
	if h.Private {
		s += private
	}
	return s
}

// canonical is a name as names are compared.
func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// listed reports whether a request is for a host on the list.
func listed(only []Host, r *http.Request) bool {
	name, port := r.URL.Hostname(), r.URL.Port()
	switch {
	case port != "":
	case r.Method == http.MethodConnect: // has to say it
		return false
	case r.URL.Scheme == "http":
		port = "80"
	case r.URL.Scheme == "https":
		port = "443"
	}
	_, ok := find(only, name, port)
	return ok
}

func find(only []Host, name, port string) (Host, bool) {
	for _, h := range only {
		right := port != "" && h.Port == port || h.Port == "" && (port == "443" || port == "80")
		if right && canonical(h.Name) == canonical(name) {
			return h, true
		}
	}
	return Host{}, false
}

// dialListed dials what is on the list; outward is for those that may be
// private. It looks at the list itself too, though a request was compared with
// it: what is dialled is what counts.
func dialListed(only []Host, outward dialFunc) dialFunc {
	public := &net.Dialer{Timeout: dialTimeout, Control: publicOnly}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		name, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		h, ok := find(only, name, port)
		switch {
		case !ok:
			return nil, errors.New(ListMessage)
		case h.Private:
			return outward(ctx, network, address)
		}
		return public.DialContext(ctx, network, address)
	}
}

// special are networks that are neither private nor what netip has a word for,
// and yet not the public internet.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),      // this network
	netip.MustParsePrefix("100.64.0.0/10"),  // shared by a provider's customers
	netip.MustParsePrefix("192.0.0.0/24"),   // protocols
	netip.MustParsePrefix("198.18.0.0/15"),  // benchmarks
	netip.MustParsePrefix("240.0.0.0/4"),    // reserved, and broadcast
	netip.MustParsePrefix("64:ff9b::/96"),   // translated to any IPv4 address
	netip.MustParsePrefix("64:ff9b:1::/48"), // the same, locally
	netip.MustParsePrefix("2002::/16"),      // holds any IPv4 address
	netip.MustParsePrefix("fec0::/10"),      // once what fc00::/7 is
}

// publicOnly refuses to dial what is not on the public internet, by the address
// that a name has in the end.
func publicOnly(network, address string, c syscall.RawConn) error {
	if err := outwardOnly(network, address, c); err != nil {
		return err
	}
	ip := netip.MustParseAddrPort(address).Addr().Unmap()
	refused := ip.IsPrivate() || ip.IsLinkLocalUnicast() || !ip.IsGlobalUnicast()
	for _, p := range special {
		refused = refused || p.Contains(ip)
	}
	if refused {
		return fmt.Errorf("the proxy does not connect to %s, which is not a public address", ip)
	}
	return nil
}
