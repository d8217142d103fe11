package forward

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// dialTimeout bounds each way of reaching something: a name, a connection, an
// upstream's consent. Longer, and a build seems to hang where it should fail.
const dialTimeout = 30 * time.Second

// CheckUpstream parses an upstream proxy's address, "" being none. Only plain
// HTTP proxies will do: in an image from scratch there are no certificates to
// know an https:// one by. The error does not quote the address, which may
// hold a password.
func CheckUpstream(address string) (*url.URL, error) {
	if address == "" {
		return nil, nil
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address // as curl, git and Go read it
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, errors.New("parsing a proxy's address: it is not a URL with a host")
	case u.Scheme != "http":
		return nil, fmt.Errorf("parsing a proxy's address: %s:// is not supported, only http://", u.Scheme)
	}
	return u, nil
}

// routes decides how a target is reached: directly or through which upstream.
type routes struct {
	choose    func(target *url.URL) (*url.URL, error)
	upstreams map[string]bool // their host:port
	direct    dialFunc
	upstream  dialFunc // free to dial loopback, where the host's own proxy may be
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func newRoutes(c httpproxy.Config, direct dialFunc) *routes {
	r := &routes{
		choose:    c.ProxyFunc(),
		upstreams: map[string]bool{},
		direct:    direct,
		upstream:  (&net.Dialer{Timeout: dialTimeout}).DialContext,
	}
	for _, address := range []string{c.HTTPProxy, c.HTTPSProxy} {
		if u, err := CheckUpstream(address); err == nil && u != nil {
			r.upstreams[hostPort(u)] = true
		}
	}
	return r
}

// forRequest chooses the upstream for a plain request.
func (r *routes) forRequest(req *http.Request) (*url.URL, error) { return r.choose(req.URL) }

// dial connects for plain requests. The transport dials upstreams and targets
// alike, so an upstream is known by its address.
func (r *routes) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if r.upstreams[address] {
		return r.upstream(ctx, network, address)
	}
	return r.direct(ctx, network, address)
}

// connect makes the far end of a CONNECT.
func (r *routes) connect(req *http.Request, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(req.Context(), dialTimeout)
	defer cancel()
	via, err := r.choose(&url.URL{Scheme: "https", Host: address})
	if err != nil {
		return nil, fmt.Errorf("choosing a proxy: %w", err)
	}
	if via == nil {
		return r.direct(ctx, network, address)
	}
	conn, err := r.upstream(ctx, network, hostPort(via))
	if err != nil {
		return nil, fmt.Errorf("connecting to the upstream proxy: %w", err)
	}
	tunnel, err := askForTunnel(ctx, conn, via.User, address)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return tunnel, nil
}

// askForTunnel sends CONNECT to the upstream proxy at the other end of conn.
func askForTunnel(ctx context.Context, conn net.Conn, user *url.Userinfo, address string) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
		defer conn.SetDeadline(time.Time{})
	}
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if user != nil {
		password, _ := user.Password()
		credentials := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
		req.Header.Set("Proxy-Authorization", "Basic "+credentials)
	}
	if err := req.Write(conn); err != nil {
		return nil, fmt.Errorf("asking the upstream proxy: %w", err)
	}
	buffered := bufio.NewReader(conn)
	resp, err := http.ReadResponse(buffered, req)
	if err != nil {
		return nil, fmt.Errorf("asking the upstream proxy: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("asking the upstream proxy: it answers %s", resp.Status)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && buffered.Buffered() > 0 {
		return &readAhead{TCPConn: tcp, buffered: buffered}, nil
	}
	return conn, nil
}

// readAhead is a connection of which some has been read already: a server that
// speaks first may do so in the same packet as the upstream's consent. It is
// still a TCP connection, of which goproxy can close one half.
type readAhead struct {
	*net.TCPConn
	buffered *bufio.Reader
}

func (c *readAhead) Read(p []byte) (int, error) { return c.buffered.Read(p) }

// WriteTo hides the TCP connection's own, which io.Copy would prefer to Read
// and which knows nothing of what is buffered.
func (c *readAhead) WriteTo(w io.Writer) (int64, error) { return c.buffered.WriteTo(w) }

// outwardOnly refuses to dial this machine itself, by the address that a name
// has in the end.
func outwardOnly(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("parsing %s: %w", address, err)
	}
	if ip := ap.Addr().Unmap(); ip.IsLoopback() || ip.IsUnspecified() {
		return errors.New("the proxy does not connect to its own loopback")
	}
	return nil
}

func hostPort(proxy *url.URL) string {
	port := proxy.Port()
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(proxy.Hostname(), port)
}
