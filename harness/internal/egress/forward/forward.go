// Package forward is the forward proxy that egress starts in a container: an
// http.Handler, and the log that it keeps of what was asked of it.
//
// Rules it keeps:
//   - An attempt is in the log before it is answered, refused or not.
//   - The log holds no user, password, query or fragment of any URL.
//   - Cut means cut: in that mode nothing here ever dials.
//   - Open means outward only. The container may share the host's network (see
//     egress.Start), where a build could otherwise reach what listens on the
//     host's loopback for the host's own use.
//   - With a list of what may be reached, nothing else is: no other name, no
//     other port, and no address that is not a public one.
//   - It imports neither the engine nor testcontainers, so that the program
//     made of it stays small.
//
// For example, to see what a command downloads:
//
//	log := forward.NewLog(os.Stdout)
//	handler, err := forward.New(forward.Config{Log: log})
//	…
//	http.ListenAndServe("127.0.0.1:3128", handler)
//	// HTTPS_PROXY=http://127.0.0.1:3128 go mod download
//	// {"time":"…","method":"CONNECT","target":"proxy.golang.org:443","allowed":true}
package forward

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/elazarl/goproxy"
	"golang.org/x/net/http/httpproxy"
)

const (
	// ReadyPath answers 200 when asked for directly, not through the proxy.
	ReadyPath = "/-/ready"

	// CutMessage is the reason of the refusal. Go's own tools print it, since
	// it is the status text: "Get "https://…": daybook: the network is cut …".
	CutMessage = "daybook: the network is cut for this rebuild"

	// ListMessage is the reason when something is not on the list.
	ListMessage = "daybook: this is not among what a build may reach"

	// MaxHeaderBytes is ample for a proxy request, whose header is a URL and a
	// token or two, and keeps a hostile build from filling our memory.
	MaxHeaderBytes = 16 << 10

	// ReadHeaderTimeout is for a client in a container on the same machine: one
	// that takes longer holds a connection open for its own sake.
	ReadHeaderTimeout = 10 * time.Second

	// answerTimeout is how long a server may think before it begins to answer;
	// module proxies that fetch a module for the first time can take a minute.
	answerTimeout = 2 * time.Minute
)

// Config says what a proxy does.
type Config struct {
	Cut      bool             // refuse everything
	Upstream httpproxy.Config // the proxies that an open one passes things on to
	Log      *Log             // where attempts are written
	Only     []Host           // nothing else is reached; nil lets everything outward be
}

// New gives the proxy as a handler. It fails when an upstream is one that it
// cannot use, see CheckUpstream.
func New(c Config) (http.Handler, error) {
	outward := &net.Dialer{Timeout: dialTimeout, Control: outwardOnly}
	if c.Only != nil {
		return newProxy(c, dialListed(c.Only, outward.DialContext))
	}
	return newProxy(c, outward.DialContext)
}

// newProxy is New with a way to reach everything that goes to no upstream.
func newProxy(c Config, direct dialFunc) (*proxy, error) {
	for _, url := range []string{c.Upstream.HTTPProxy, c.Upstream.HTTPSProxy} {
		if _, err := CheckUpstream(url); err != nil {
			return nil, err
		}
	}
	return &proxy{cut: c.Cut, only: c.Only, log: c.Log, open: passOn(newRoutes(c.Upstream, direct))}, nil
}

type proxy struct {
	cut  bool
	only []Host
	log  *Log
	open http.Handler
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	// A request to be passed on names its host; one to ourselves only a path.
	case r.URL.Host != "":
		why := p.refusal(r)
		p.log.attempt(r, why == "")
		if why != "" {
			refuse(w, r, why)
			return
		}
		p.open.ServeHTTP(w, r)
	case r.Method == http.MethodGet && r.URL.Path == ReadyPath:
		fmt.Fprintln(w, "ready")
	default:
		http.Error(w, "daybook: this is a forward proxy, and the request names no host", http.StatusBadRequest)
	}
}

// refusal is the reason for which a request is not passed on, or "".
func (p *proxy) refusal(r *http.Request) string {
	switch {
	case p.cut:
		return CutMessage
	case p.only != nil && !listed(p.only, r):
		return ListMessage
	}
	return ""
}

// refuse answers 403. A refused CONNECT has its reason in the status line,
// which net/http cannot write: clients never show the body of that answer.
func refuse(w http.ResponseWriter, r *http.Request, why string) {
	if r.Method == http.MethodConnect {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			defer conn.Close()
			writeAnswer(conn, http.StatusForbidden, why, why)
			return
		}
	}
	http.Error(w, why, http.StatusForbidden)
}

// passOn is goproxy over our own routes. What it would log itself is dropped:
// our log is the only one, and its messages quote URLs in full.
func passOn(routes *routes) http.Handler {
	g := goproxy.NewProxyHttpServer()
	g.Logger = log.New(io.Discard, "", 0)
	g.KeepAcceptEncoding = true // bodies pass as they are
	g.Tr = &http.Transport{
		Proxy:                 routes.forRequest,
		DialContext:           routes.dial,
		DisableCompression:    true,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: answerTimeout,
		IdleConnTimeout:       time.Minute,
	}
	g.ConnectDial = nil // goproxy's own reads the environment, and ignores NO_PROXY
	g.ConnectDialWithReq = routes.connect
	g.ConnectionErrHandler = func(w io.Writer, _ *goproxy.ProxyCtx, err error) {
		writeAnswer(w, http.StatusBadGateway, http.StatusText(http.StatusBadGateway), "daybook: "+err.Error())
	}
	g.OnResponse().DoFunc(func(resp *http.Response, ctx *goproxy.ProxyCtx) *http.Response {
		if resp != nil {
			return resp
		}
		return goproxy.NewResponse(ctx.Req, goproxy.ContentTypeText, http.StatusBadGateway, fmt.Sprintf("daybook: %v\n", ctx.Error))
	})
	return g
}

// writeAnswer writes a whole HTTP answer to a connection that is no longer
// net/http's. A client that has gone away is not our concern.
func writeAnswer(w io.Writer, code int, reason, body string) {
	fmt.Fprintf(w, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s\n",
		code, reason, len(body)+1, body)
}
