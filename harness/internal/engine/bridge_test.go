package engine

import (
	"net/netip"
	"testing"

	"github.com/moby/moby/api/types/network"
	"github.com/stretchr/testify/require"
)

func TestGatewayIn(t *testing.T) {
	subnet, gateway := netip.MustParsePrefix("172.17.0.0/16"), netip.MustParseAddr("172.17.9.9")
	six := network.IPAMConfig{Subnet: netip.MustParsePrefix("fd00::/64"), Gateway: netip.MustParseAddr("fd00::1")}
	for name, c := range map[string]struct {
		configs []network.IPAMConfig
		want    string
	}{
		"named":     {[]network.IPAMConfig{six, {Subnet: subnet, Gateway: gateway}}, "172.17.9.9"},
		"not named": {[]network.IPAMConfig{{Subnet: subnet}}, "172.17.0.1"},
		"none":      {[]network.IPAMConfig{six}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := gatewayIn(c.configs)
			if c.want == "" {
				require.ErrorContains(t, err, "finding the default bridge's gateway")
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got.String())
		})
	}
}
