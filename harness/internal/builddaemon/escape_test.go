package builddaemon

import (
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/egress"
	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
)

// hostListeners are servers on this machine, on every address of it, and where
// they are reached from elsewhere. The test itself has reached each.
func hostListeners(t *testing.T, s *submission) (ways []string) {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	all := []string{"127.0.0.1", "::1"}
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLinkLocalUnicast() && !p.Addr().IsLoopback() {
			all = append(all, p.Addr().String())
		}
	}
	gateway, err := s.engine.BridgeGateway(t.Context())
	require.NoError(t, err)
	all = append(all, gateway.String())
	for _, a := range all {
		target := net.JoinHostPort(a, port)
		if c, err := net.Dial("tcp", target); err == nil { // ::1 is not there on every machine
			c.Close()
			ways = append(ways, target)
		}
	}
	require.GreaterOrEqual(t, len(ways), 2, "the host can reach itself")
	return ways
}

// ways are all that a RUN step could try, without those by way of the proxies.
func ways(hosts []string) []string {
	all := []string{
		"interface:",
		"tcp:1.1.1.1:443", "tcp:8.8.8.8:53", // direct
		"tcp:[2606:4700:4700::1111]:443", "tcp:[::ffff:1.1.1.1]:443", // IPv6
		"dns:8.8.8.8:proxy.golang.org", "dns:127.0.0.11:proxy.golang.org", "name:proxy.golang.org", // DNS
		"tcp:169.254.169.254:80", "tcp:[fd00:ec2::254]:80", // metadata
		"tcp:172.17.0.1:2375", "tcp:host.docker.internal:80", // the engine's host
		"unix:/run/buildkit/buildkitd.sock", "unix:/var/run/docker.sock", "unix:/egress/open.sock", // who could do more
		"unix:@/containerd-shim/moby", "unix:@/org/freedesktop/systemd1/notify",
	}
	for _, h := range hosts {
		all = append(all, "tcp:"+h)
	}
	return all
}

// proxied are requests that the open proxy has to refuse, at address.
func proxied(address string, hosts []string) []string {
	var all []string
	for _, target := range append([]string{
		"example.com:443", "github.com:443", "169.254.169.254:80", "10.0.0.1:443", "[::1]:443", "127.0.0.1:3128", "127.0.0.3:3128", "1.1.1.1:443",
		"proxy.golang.org:22", "proxy.golang.org.evil.example:443", "evil-proxy.golang.org:443", "localhost:443",
	}, hosts...) {
		all = append(all, "connect:"+address+","+target, "get:"+address+",http://"+target+"/")
	}
	return append(all, "get:"+address+",http://proxy.golang.org:8080/", "get:"+address+",ftp://proxy.golang.org/")
}

// No RUN step reaches anything but the module servers, whatever it tries.
func TestNoRunStepGetsOut(t *testing.T) {
	s := newSubmission(t)
	open, err := s.Proxy(t.Context(), egress.Open)
	require.NoError(t, err)
	cut, err := s.Proxy(t.Context(), egress.Cut)
	require.NoError(t, err)
	hosts := hostListeners(t, s)
	const openAt, cutAt = "127.0.0.2:3128", "127.0.0.3:3128"
	barred := append(ways(hosts), proxied(openAt, hosts)...)
	barred = append(barred, "connect:"+cutAt+",proxy.golang.org:443", "get:"+cutAt+",http://proxy.golang.org/")
	let := []string{"connect:" + openAt + ",proxy.golang.org:443", "connect:" + egress.HostName + ":3128,proxy.golang.org:443"}

	dir := folder(t, "Dockerfile", "FROM "+base+"\nCOPY reach /\nRUN /reach '"+strings.Join(append(barred, let...), "' '")+"'\n"+
		"RUN --network=none /reach '"+strings.Join(let, "' '")+"'\n")
	compile(t, "./testdata/reach", filepath.Join(dir, "reach"))
	built, err := s.Build(t.Context(), imagebuild.Request{Dir: dir, Args: open.BuildArgs(nil), Hosts: open.Hosts()})
	require.NoError(t, err)
	runs := built.Executed()
	require.Len(t, runs, 2)
	for _, way := range barred {
		assert.Contains(t, runs[0].Output, way+": not reached", "the step must not get there")
	}
	for _, way := range let {
		assert.Contains(t, runs[0].Output, way+": reached\n", "the modules' servers have to be reached")
		assert.Contains(t, runs[1].Output, way+": not reached", "--network=none has no proxy either")
	}

	attempts, err := open.Attempts(t.Context())
	require.NoError(t, err)
	allowed := 0
	for _, a := range attempts {
		if a.Allowed {
			allowed++
			assert.Equal(t, "proxy.golang.org:443", a.Target)
		}
	}
	assert.Equal(t, len(let), allowed)
	assert.GreaterOrEqual(t, len(attempts), len(proxied(openAt, hosts)), "what was refused is written down too")
	attempts, err = cut.Attempts(t.Context())
	require.NoError(t, err)
	assert.Len(t, attempts, 2)
}

// The go command gets its modules through the proxy, and the attempts say so.
func TestModulesAreDownloaded(t *testing.T) {
	s := newSubmission(t)
	for _, mode := range []egress.Mode{egress.Open, egress.Cut} {
		p, err := s.Proxy(t.Context(), mode)
		require.NoError(t, err)
		dir := folder(t, "Dockerfile", "FROM "+base+"\nRUN go mod download -x golang.org/x/text@v0.14.0 # "+string(mode)+"\n")
		_, err = s.Build(t.Context(), imagebuild.Request{Dir: dir, Args: p.BuildArgs(nil), Hosts: p.Hosts()})
		attempts, attemptsErr := p.Attempts(t.Context())
		require.NoError(t, attemptsErr)
		require.NotEmpty(t, attempts)
		assert.Equal(t, "proxy.golang.org:443", attempts[0].Target)
		assert.Equal(t, mode == egress.Open, attempts[0].Allowed)
		if mode == egress.Open {
			require.NoError(t, err)
			continue
		}
		var f *imagebuild.Failure
		require.ErrorAs(t, err, &f)
		assert.Contains(t, f.Output, "the network is cut")
	}
}

// Nobody gets more than a RUN step has.
func TestNoEntitlements(t *testing.T) {
	s := newSubmission(t)
	for option, line := range map[string]string{"--network=host": "RUN --network=host true", "--security=insecure": "RUN --security=insecure true"} {
		f := s.fails(0, "FROM "+base, line)
		assert.Equal(t, 2, f.Line)
		assert.Contains(t, f.Reason, option+" is not allowed")
	}
}

// What a RUN step has of the daemon's container: none of its rights, and nothing
// to change the daemon's limits or the machine with.
func TestWhatARunStepHas(t *testing.T) {
	s := newSubmission(t)
	built, err := s.build("FROM "+base,
		"RUN grep -E '^(CapEff|Seccomp):' /proc/self/status",
		"RUN for f in $(find /sys/fs/cgroup -name '*limit_in_bytes' -o -name 'pids.max' -o -name memory.max -o -name release_agent); do if echo 1 2>/dev/null >$f; then echo wrote $f; fi; done",
		"RUN mount -t tmpfs none /mnt 2>/dev/null && echo mounted; unshare -m true 2>/dev/null && echo unshared; echo 1 2>/dev/null >/proc/sys/vm/drop_caches && echo wrote; true",
		"RUN for m in 8:0 253:0 254:0 259:0; do mknod /d b ${m%:*} ${m#*:} && head -c1 /d 2>/dev/null && echo read $m; rm -f /d; done; ls /seed /egress /run/buildkit 2>/dev/null; true",
	)
	require.NoError(t, err)
	assert.Equal(t, "CapEff:\t00000000a80425fb\nSeccomp:\t2\n", output(built), "the rights of Docker's own containers, and nothing came of the rest")
}

func compile(t *testing.T, pkg, out string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-o", out, pkg)
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, string(said))
}
