package containerrun_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/containerrun"
	"github.com/daybook-dev/daybook/harness/internal/engine"
)

// get asks for a path with values of one parameter.
func get(t *testing.T, c *containerrun.Container, path, parameter string, values ...string) string {
	t.Helper()
	answer, err := c.Get(t.Context(), path+"?"+url.Values{parameter: values}.Encode())
	require.NoError(t, err)
	require.Equal(t, 200, answer.Status)
	return string(answer.Body)
}

// listen takes TCP connections and UDP packets at an address of the host's.
func listen(t *testing.T, ip string) (targets []string) {
	t.Helper()
	tcp, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	require.NoError(t, err)
	t.Cleanup(func() { tcp.Close() })
	udp, err := net.ListenPacket("udp", tcp.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { udp.Close() })
	return []string{"tcp!" + tcp.Addr().String(), "udp!" + udp.LocalAddr().String()}
}

func TestIsolatedReachesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the host is on the default bridge only on Linux")
	}
	f := newFixture(t)
	gateway, err := f.e.BridgeGateway(t.Context())
	require.NoError(t, err)
	targets := listen(t, gateway.String())
	open, err := f.start(t, "", false)
	require.NoError(t, err)
	answer := get(t, open, "/reached", "target", targets...)
	for _, target := range targets {
		require.Contains(t, answer, "reached "+target, "from a container with a network it can be reached")
	}
	require.Contains(t, answer, "interface ")

	// Its neighbours, the host's other addresses, the world, by number and name.
	for _, c := range containersOf(t, f.e, f.run.ID) {
		for _, n := range c.NetworkSettings.Networks {
			targets = append(targets, "tcp!"+net.JoinHostPort(n.IPAddress.String(), "8080"), "udp!"+net.JoinHostPort(n.IPAddress.String(), "53"))
		}
	}
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range addresses {
		if ip := a.(*net.IPNet).IP; !ip.IsLoopback() && !ip.IsLinkLocalUnicast() {
			targets = append(targets, listen(t, ip.String())...)
		}
	}
	targets = append(targets, listen(t, "127.0.0.1")[0]) // its own loopback is another
	targets = append(targets, "tcp!169.254.169.254:80", "udp!169.254.169.254:53", "tcp![fd00:ec2::254]:80", "tcp!1.1.1.1:443",
		"udp!8.8.8.8:53", "udp![2001:4860:4860::8888]:53", "tcp!host.docker.internal:80", "example.com", "host.docker.internal", "gateway.docker.internal")
	for _, user := range []string{"65534:1234", "0:0"} {
		image := f.make(t, "user", "USER "+user)
		c, err := f.startImage(t, containerrun.Options{Image: image, Isolated: true})
		require.NoError(t, err)
		require.Empty(t, get(t, c, "/reached", "target", targets...), "as %s, of %v", user, targets)
	}
}

// containersOf gives a run's containers.
func containersOf(t *testing.T, e *engine.Engine, runID string) (all []container.Summary) {
	t.Helper()
	list, err := e.Client.ContainerList(t.Context(), client.ContainerListOptions{Filters: make(client.Filters).Add("label", engine.RunLabel+"="+runID)})
	require.NoError(t, err)
	return list.Items
}

func TestIsolatedIsConfined(t *testing.T) {
	f := newFixture(t)
	places := []string{"/", "/tmp", "/data", "/data/seed", "/dev/shm", "/etc/hosts", "/etc/resolv.conf", "/etc/hostname", "/service"}
	for _, user := range []string{"65534:1234", "0:0"} {
		image := f.make(t, "user", "USER "+user, "VOLUME /data", `VOLUME ["/data/", "/more"]`)
		c, err := f.startImage(t, containerrun.Options{Image: image, Isolated: true})
		require.NoError(t, err)
		const none = "0000000000000000"
		require.Equal(t, "CapPrm: "+none+"\nCapEff: "+none+"\nCapBnd: "+none+"\nCapAmb: "+none+"\nNoNewPrivs: 1", get(t, c, "/rights", ""))
		require.Empty(t, get(t, c, "/written", "path", places...))
		require.Equal(t, "what the image has there", get(t, c, "/read", "file", "/data/seed"))

		inspected, err := f.e.Client.ContainerInspect(t.Context(), c.ID(), client.ContainerInspectOptions{})
		require.NoError(t, err)
		host := inspected.Container.HostConfig
		require.EqualValues(t, 512<<20, host.Memory)
		require.EqualValues(t, 512<<20, host.MemorySwap)
		require.EqualValues(t, 256, *host.PidsLimit)
		require.EqualValues(t, 1e9, host.NanoCPUs)
		require.Equal(t, map[string]string{"max-size": "1m", "max-file": "1"}, host.LogConfig.Config)
		require.Empty(t, host.PortBindings)
		require.False(t, host.PublishAllPorts)
		require.Len(t, containersOf(t, f.e, f.run.ID), 2)
		c.Remove()
		require.Empty(t, left(t, f.e, f.run.ID), "neither containers nor volumes")
	}
	// Without isolation the same places can be written to: the question is a question.
	image := f.make(t, "user", "USER 0:0")
	c, err := f.startImage(t, containerrun.Options{Image: image})
	require.NoError(t, err)
	wrote := strings.Split(get(t, c, "/written", "path", places...), "\n")
	for _, place := range places[:len(places)-1] { // a program that runs is never written to
		require.Contains(t, wrote, "wrote "+place)
	}
}

func TestImagesWithWrongVolumes(t *testing.T) {
	f := newFixture(t)
	var many []string
	for i := range 9 {
		many = append(many, fmt.Sprintf("VOLUME /data/%d", i))
	}
	for want, changes := range map[string][]string{
		"the image declares 9 volumes, and may have 8":                 many,
		`the image declares a volume at "/data/..", where none can be`: {"VOLUME /data/.."},
		`the image declares a volume at "relative", where none can be`: {"VOLUME relative"},
		`the image declares a volume at "/", where none can be`:        {"VOLUME /"},
	} {
		_, err := f.startImage(t, containerrun.Options{Image: f.make(t, "volumes", changes...), Isolated: true})
		require.Equal(t, containerrun.StartFailure{Reason: want}, failure(t, err))
	}
}

func TestHostileAnswersAreBounded(t *testing.T) {
	f := newFixture(t)
	either(t, func(t *testing.T, isolated bool) {
		c, err := f.start(t, "", isolated)
		require.NoError(t, err)
		answer, err := c.Get(t.Context(), "/body")
		require.NoError(t, err)
		require.Len(t, answer.Body, 1<<20-1, "1 MiB, without the space at its end")
		answer, err = c.Get(t.Context(), "/elsewhere")
		require.NoError(t, err)
		require.Equal(t, 302, answer.Status, "it is not followed")
		for path, want := range map[string]string{"/headers": "headers exceeded 65536 bytes", "/hints": "headers exceeded 65536 bytes", "/drip": "deadline exceeded"} {
			_, err = c.Get(t.Context(), path)
			require.Contains(t, failure(t, err).Reason, want)
		}
		answer, err = c.Get(t.Context(), "/still/there")
		require.NoError(t, err)
		require.Equal(t, "/still/there", string(answer.Body))
	})
}

func TestHostileServicesAreBounded(t *testing.T) {
	f := newFixture(t)
	// theirs is an answer, or none that the service is to blame for.
	theirs := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			failure(t, err)
		}
	}
	t.Run("fork bomb", func(t *testing.T) {
		c, err := f.start(t, "", true)
		require.NoError(t, err)
		_, err = c.Get(t.Context(), "/fork")
		theirs(t, err)
		for range 20 {
			_, err = c.Get(t.Context(), "/")
			theirs(t, err)
			processes, err := c.Processes(t.Context())
			if err == nil { // it may have ended by its own doing
				require.LessOrEqual(t, len(processes), 256)
			}
		}
		_, err = c.Stop(t.Context())
		require.NoError(t, err)
	})
	t.Run("memory bomb", func(t *testing.T) {
		c, err := f.start(t, "", true)
		require.NoError(t, err)
		_, err = c.Get(t.Context(), "/eat")
		require.Contains(t, failure(t, err).Reason, "GET /eat was not answered: ")
		stopped, err := c.Stop(t.Context())
		require.NoError(t, err)
		require.Equal(t, 137, stopped.ExitCode)
	})
	t.Run("endless log", func(t *testing.T) {
		c, err := f.start(t, "chatty", true)
		require.NoError(t, err)
		_, err = c.Get(t.Context(), "/")
		require.NoError(t, err)
		_, err = c.Get(t.Context(), "/hints")
		require.Contains(t, failure(t, err).Log, "blah blah")
		require.Less(t, len(failure(t, err).Log), 16<<10)
		stopped, err := c.Stop(t.Context())
		require.NoError(t, err)
		require.Equal(t, 0, stopped.ExitCode)
		require.Contains(t, stopped.Log, "blah blah")
	})
}

// When our part fails, the service is not to blame.
func TestBrokenRelayIsNoStartFailure(t *testing.T) {
	f := newFixture(t)
	c, err := f.start(t, "", true)
	require.NoError(t, err)
	for _, other := range containersOf(t, f.e, f.run.ID) {
		if other.ID != c.ID() {
			_, err := f.e.Client.ContainerKill(context.Background(), other.ID, client.ContainerKillOptions{Signal: "SIGKILL"})
			require.NoError(t, err)
		}
	}
	_, err = c.Get(t.Context(), "/")
	require.Error(t, err)
	var theirs *containerrun.StartFailure
	require.False(t, errors.As(err, &theirs), "%v", err)
	require.True(t, strings.HasPrefix(err.Error(), "asking for /: "), "%v", err)
}
