package egress

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// setHost gives the test the host's proxy settings, and no others.
func setHost(t *testing.T, settings map[string]string) {
	t.Helper()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"} {
		t.Setenv(name, settings[name])
	}
}

func TestHostSettings(t *testing.T) {
	setHost(t, nil)
	require.Empty(t, HostSettings())

	setHost(t, map[string]string{
		"HTTP_PROXY":  "http://upper:1",
		"http_proxy":  "ann:s3cret@lower:1",
		"HTTPS_PROXY": "http://ann:s3cr@t@proxy:3128/",
		"NO_PROXY":    "localhost,.corp",
	})
	var shown []string
	for _, s := range HostSettings() {
		shown = append(shown, s.String())
	}
	require.Equal(t, []string{"http_proxy=***@lower:1", "HTTPS_PROXY=http://***@proxy:3128/", "NO_PROXY=localhost,.corp"}, shown)
}

func TestTakeSettings(t *testing.T) {
	for name, c := range map[string]struct {
		host, env map[string]string
		loopback  []string
	}{
		"unset": {nil, map[string]string{}, []string{}},
		"remote": {
			map[string]string{"https_proxy": "http://ann:s3cret@proxy:3128", "NO_PROXY": ".corp"},
			map[string]string{"HTTPS_PROXY": "http://ann:s3cret@proxy:3128", "NO_PROXY": ".corp"},
			[]string{},
		},
		"loopback": {
			map[string]string{"HTTP_PROXY": "127.0.0.1:8080", "HTTPS_PROXY": "http://proxy"},
			map[string]string{"HTTP_PROXY": "http://127.0.0.1:8080", "HTTPS_PROXY": "http://proxy"},
			[]string{"HTTP_PROXY"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			setHost(t, c.host)
			var p place
			loopback, err := p.takeSettings()
			require.NoError(t, err)
			require.Equal(t, c.env, p.env)
			found := []string{}
			for name := range loopback {
				found = append(found, name)
			}
			require.Equal(t, c.loopback, found)
		})
	}
}

func TestUnusableHostProxyIsTrouble(t *testing.T) {
	setHost(t, map[string]string{"https_proxy": "https://ann:s3cret@proxy"})
	_, err := new(place).takeSettings()
	var trouble *check.Trouble
	require.ErrorAs(t, err, &trouble)
	require.Equal(t, "the host's proxy https_proxy=https://***@proxy cannot be used: parsing a proxy's address: https:// is not supported, only http://", trouble.Message)
	require.Contains(t, trouble.Mend, "https_proxy")
}

func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.1.2.3": true, "::1": true, "::ffff:127.0.0.1": true, "localhost": true, "LocalHost.": true, "proxy.localhost": true,
		"10.0.0.1": false, "proxy": false, "localhost.corp": false, "": false, "fe80::1": false,
	} {
		require.Equal(t, want, isLoopback(host), "isLoopback(%q)", host)
	}
}
