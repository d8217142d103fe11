package engine

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// DefaultBridge is the network that containers and RUN steps are on when
// nothing else is said.
const DefaultBridge = "bridge"

// BridgeGateway finds the address on the default bridge of the host that the
// engine runs on.
func (e *Engine) BridgeGateway(ctx context.Context) (netip.Addr, error) {
	n, err := e.Client.NetworkInspect(ctx, DefaultBridge, client.NetworkInspectOptions{})
	if err != nil {
		return netip.Addr{}, fmt.Errorf("finding the default bridge: %w", err)
	}
	return gatewayIn(n.Network.IPAM.Config)
}

func gatewayIn(configs []network.IPAMConfig) (netip.Addr, error) {
	for _, c := range configs {
		if c.Gateway.Is4() {
			return c.Gateway, nil
		}
		// Older engines leave out the gateway that they chose themselves,
		// which is the subnet's first address.
		if c.Subnet.IsValid() && c.Subnet.Addr().Is4() {
			return c.Subnet.Masked().Addr().Next(), nil
		}
	}
	return netip.Addr{}, fmt.Errorf("finding the default bridge's gateway: none in %v", configs)
}

// hostOverride is where testcontainers is told on which host ports are
// published.
const hostOverride = "TESTCONTAINERS_HOST_OVERRIDE"

// preferLocalhost tells testcontainers that published ports are on localhost
// when this process lives in the engine's own network. Testcontainers guesses
// from a file named /.dockerenv, which is also on machines that were made from
// an image and are no containers.
func (e *Engine) preferLocalhost(ctx context.Context) error {
	if os.Getenv(hostOverride) != "" {
		return nil
	}
	gateway, err := e.BridgeGateway(ctx)
	if err != nil {
		return nil // an engine without the default bridge: testcontainers' guess stands
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return fmt.Errorf("listing this host's addresses: %w", err)
	}
	for _, a := range addresses {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr() == gateway {
			return os.Setenv(hostOverride, "localhost")
		}
	}
	return nil
}
