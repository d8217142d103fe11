package egress

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/egress/forward"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
	"github.com/daybook-dev/daybook/harness/internal/sidecar"
)

// bench is an engine and a run on it, of which nothing is left after the test.
type bench struct {
	*testing.T
	engine *engine.Engine
	run    *engine.Run
}

func newBench(t *testing.T) *bench {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("these tests talk to containers on the bridge, which only a Linux host reaches")
	}
	e := enginetest.Connect(t)
	run, err := engine.NewRun()
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, e.CleanUp(context.Background(), run.ID))
		require.NoError(t, run.Close())
	})
	setHost(t, nil)
	return &bench{T: t, engine: e, run: run}
}

func (b *bench) start(mode Mode) *Proxy {
	b.Helper()
	p, err := Start(b.Context(), b.engine, b.run.ID, mode)
	require.NoError(b, err)
	return p
}

// startVia starts an open proxy whose host proxy is the given address.
func (b *bench) startVia(upstream string) *Proxy {
	b.Helper()
	setHost(b.T, map[string]string{"HTTP_PROXY": upstream, "HTTPS_PROXY": upstream})
	return b.start(Open)
}

func (b *bench) attempts(p *Proxy) []string {
	b.Helper()
	attempts, err := p.Attempts(b.Context())
	require.NoError(b, err)
	shown := []string{}
	for _, a := range attempts {
		require.False(b, a.Time.IsZero())
		shown = append(shown, fmt.Sprintf("%s %s %t", a.Method, a.Target, a.Allowed))
	}
	return shown
}

// listen starts a server on the host at the default bridge's gateway, where
// containers reach it.
func (b *bench) listen(name string) *httptest.Server {
	b.Helper()
	gateway, err := b.engine.BridgeGateway(b.Context())
	require.NoError(b, err)
	return serveOn(b.T, gateway.String(), name)
}

func serveOn(t *testing.T, ip, name string) *httptest.Server {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, name) }))
	server.Listener.Close()
	server.Listener = listener
	t.Cleanup(server.Close)
	return server
}

func address(p *Proxy) string {
	ip, port := p.Address()
	return fmt.Sprintf("http://%s:%d", ip, port)
}

// insecure is for servers of httptest, whose certificate names no address of ours.
func insecure() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

// get asks for a URL through the proxy: status and body, or the error.
func get(t *testing.T, p *Proxy, target string) string {
	t.Helper()
	proxyURL, err := url.Parse(address(p))
	require.NoError(t, err)
	transport := &http.Transport{Proxy: http.ProxyURL(proxyURL), TLSClientConfig: insecure()}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get(target)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return fmt.Sprintf("%d %s", resp.StatusCode, strings.TrimSpace(string(body)))
}

func TestCut(t *testing.T) {
	b := newBench(t)
	setHost(t, map[string]string{"HTTPS_PROXY": "https://not.usable"}) // and not used
	p := b.start(Cut)
	require.Empty(t, b.attempts(p))
	require.Equal(t, "403 "+forward.CutMessage, get(t, p, "http://example.com/x?token=s3cret"))
	require.Contains(t, get(t, p, "https://proxy.golang.org/"), forward.CutMessage)
	want := []string{"GET http://example.com/x false", "CONNECT proxy.golang.org:443 false"}
	require.Equal(t, want, b.attempts(p))
	require.Equal(t, want, b.attempts(p), "reading takes nothing away")

	require.NoError(t, p.Stop(t.Context()))
	require.NoError(t, p.Stop(t.Context()), "stopping twice")
	_, err := p.Attempts(t.Context())
	require.ErrorContains(t, err, "reading the egress proxy's log", "no list is better than a wrong one")
	_, err = b.engine.Client.ContainerInspect(t.Context(), p.id, client.ContainerInspectOptions{})
	require.True(t, cerrdefs.IsNotFound(err))
}

func TestOpen(t *testing.T) {
	b := newBench(t)
	plain, tls := b.listen("plain"), b.listen("tls")
	plain.Start()
	tls.StartTLS()
	p := b.start(Open)
	require.Equal(t, "200 plain", get(t, p, plain.URL))
	require.Equal(t, "200 tls", get(t, p, tls.URL+"/x"))
	require.Contains(t, get(t, p, "http://127.0.0.1:3128"+forward.ReadyPath), "502 ")
	require.Equal(t, []string{
		"GET " + plain.URL + "/ true",
		"CONNECT " + strings.TrimPrefix(tls.URL, "https://") + " true",
		"GET http://127.0.0.1:3128/-/ready true",
	}, b.attempts(p))
}

// The way of a RUN step: from a container on the bridge to a proxy on it.
func TestReachedFromAnotherContainer(t *testing.T) {
	b := newBench(t)
	cut := b.start(Cut)
	open := b.startVia(address(cut))
	require.Equal(t, "403 "+forward.CutMessage, get(t, open, "http://example.com/"))
	require.Contains(t, get(t, open, "https://example.com/"), "Bad Gateway")
	require.Equal(t, []string{"GET http://example.com/ false", "CONNECT example.com:443 false"}, b.attempts(cut))
	require.Equal(t, []string{"GET http://example.com/ true", "CONNECT example.com:443 true"}, b.attempts(open))
}

func TestHostProxyOnLoopback(t *testing.T) {
	b := newBench(t)
	// The host's own proxy: one of ours, in this process, that asks for a password.
	var asked sync.Map
	handler, err := forward.New(forward.Config{Log: forward.NewLog(io.Discard)})
	require.NoError(t, err)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Method, r.Header.Get("Proxy-Authorization"))
		handler.ServeHTTP(w, r)
	}))
	defer upstream.Close()
	plain, tls, private := b.listen("plain"), b.listen("tls"), serveOn(t, "127.0.0.1", "private")
	plain.Start()
	tls.StartTLS()
	private.Start()

	p := b.startVia(strings.Replace(upstream.URL, "http://", "http://ann:s3cret@", 1))
	gateway, err := b.engine.BridgeGateway(t.Context())
	require.NoError(t, err)
	ip, _ := p.Address()
	require.Equal(t, gateway.String(), ip)
	// A container on the bridge goes through it: that is the chain of the two.
	chained := b.startVia(address(p))
	for _, via := range []*Proxy{p, chained} {
		asked.Clear()
		require.Equal(t, "200 plain", get(t, via, plain.URL))
		require.Equal(t, "200 tls", get(t, via, tls.URL))
		for _, method := range []string{"GET", "CONNECT"} {
			credentials, _ := asked.Load(method)
			require.Equal(t, "Basic YW5uOnMzY3JldA==", credentials, method)
		}
	}
	require.Contains(t, get(t, p, private.URL), "502 ", "what listens on the host's loopback is not for builds")
	require.Contains(t, get(t, p, strings.Replace(private.URL, "http:", "https:", 1)), "Bad Gateway")

	require.Len(t, b.attempts(p), 6)
	stdout, stderr, err := p.output(t.Context())
	require.NoError(t, err)
	require.NotContains(t, stdout.String()+stderr.String(), "s3cret")
}

func TestNoProxyIsKept(t *testing.T) {
	b := newBench(t)
	plain := b.listen("plain")
	plain.Start()
	setHost(t, map[string]string{"http_proxy": "http://192.0.2.1:1", "no_proxy": "172.16.0.0/12,10.0.0.0/8,192.168.0.0/16"})
	require.Equal(t, "200 plain", get(t, b.start(Open), plain.URL))
}

func TestNothingIsMissedInAHurry(t *testing.T) {
	b := newBench(t)
	p := b.start(Cut)
	const clients, each = 10, 30
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := range each {
				get(t, p, fmt.Sprintf("http://example.com/%d/%d", c, i))
			}
		})
	}
	wg.Wait()
	require.Len(t, b.attempts(p), clients*each)
}

func TestStartsAtOnce(t *testing.T) {
	b := newBench(t)
	var proxies [4]*Proxy
	var wg sync.WaitGroup
	for i := range proxies {
		wg.Go(func() {
			p, err := Start(t.Context(), b.engine, b.run.ID, Cut)
			if err != nil {
				t.Error(err)
			}
			proxies[i] = p
		})
	}
	wg.Wait()
	for _, p := range proxies {
		require.NotNil(t, p)
		require.Contains(t, get(t, p, "http://example.com/"), "403 ")
		require.Len(t, b.attempts(p), 1, "each has a log of its own")
	}
}

func TestDeadProxyIsAnError(t *testing.T) {
	b := newBench(t)
	p := b.start(Cut)
	_, err := b.engine.Client.ContainerStop(t.Context(), p.id, client.ContainerStopOptions{})
	require.NoError(t, err)
	c, err := b.engine.Client.ContainerInspect(t.Context(), p.id, client.ContainerInspectOptions{})
	require.NoError(t, err)
	require.Zero(t, c.Container.State.ExitCode, "SIGTERM ended it, no kill was needed")
	_, err = p.Attempts(t.Context())
	require.ErrorContains(t, err, "reading the egress proxy's log: asking for a mark")
}

func TestContainerIsConfined(t *testing.T) {
	b := newBench(t)
	p := b.start(Open)
	c, err := b.engine.Client.ContainerInspect(t.Context(), p.id, client.ContainerInspectOptions{})
	require.NoError(t, err)
	config, host := c.Container.Config, c.Container.HostConfig
	require.Equal(t, b.run.ID, config.Labels[engine.RunLabel])
	require.Equal(t, sidecar.Nobody, config.User)
	require.True(t, host.ReadonlyRootfs)
	require.Equal(t, []string{"ALL"}, host.CapDrop)
	require.Equal(t, []string{"no-new-privileges"}, host.SecurityOpt)
	require.EqualValues(t, memoryLimit, host.Memory)
	require.EqualValues(t, tasksLimit, *host.PidsLimit)
	require.Empty(t, host.PortBindings, "nothing is published")
	require.False(t, host.PublishAllPorts)
}

func TestUnknownMode(t *testing.T) {
	_, err := Start(t.Context(), nil, "", "half-open")
	require.ErrorContains(t, err, `no such mode as "half-open"`)
}
