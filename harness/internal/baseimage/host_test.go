package baseimage

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseOSRelease(t *testing.T) {
	for name, tt := range map[string]struct{ text, want, refused string }{
		"Debian":                 {text: "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n", want: "Debian bookworm"},
		"Ubuntu":                 {text: "VERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\nUBUNTU_CODENAME=noble\n", want: "Ubuntu noble"},
		"Mint":                   {text: "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\n", want: "Ubuntu noble"},
		"LMDE":                   {text: "ID=linuxmint\nID_LIKE=debian\nVERSION_CODENAME=faye\nDEBIAN_CODENAME=bookworm\n", want: "Debian bookworm"},
		"Fedora":                 {text: "PRETTY_NAME=\"Fedora Linux 43\"\nID=fedora\n", refused: "a stand-in can be built on Debian and Ubuntu, not on Fedora Linux 43"},
		"sid without a codename": {text: "PRETTY_NAME='Debian GNU/Linux'\nID=debian\n", refused: "a stand-in can be built on Debian and Ubuntu, not on Debian GNU/Linux"},
		"empty":                  {refused: "a stand-in can be built on Debian and Ubuntu, not on this system"},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := parseOSRelease(tt.text)
			if tt.refused != "" {
				require.EqualError(t, err, tt.refused)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, h.distribution+" "+h.codename)
		})
	}
}

func TestHostCAsAreThoseOfTheEnvironment(t *testing.T) {
	bundle := filepath.Join(t.TempDir(), "bundle.pem")
	require.NoError(t, os.WriteFile(bundle, []byte("a certificate"), 0o600))
	t.Setenv("SSL_CERT_FILE", bundle)
	assert.Equal(t, "a certificate", string(hostCAs()))
}

func TestParseTargets(t *testing.T) {
	debian := host{distribution: "Debian", codename: "bookworm"}
	assert.Equal(t, []string{
		source(debian, "http://mirror.example/pub/debian/", "bookworm"),
		source(debian, "http://mirror.example/debian-security/", "bookworm-security"),
	}, parseTargets(`http://mirror.example/pub/debian/ bookworm main
http://mirror.example/pub/debian/ bookworm main
http://mirror.example/pub/debian/ bookworm contrib
http://mirror.example/pub/debian/ bookworm-backports main
http://mirror.example/debian-security/ bookworm-security main
https://download.docker.com/linux/debian/ bookworm stable
https://packages.microsoft.com/debian/12/prod/ bookworm main
https://deb.nodesource.com/node_20.x/ nodistro main
`, debian))
	assert.Empty(t, parseTargets("http://security.ubuntu.com/ubuntu/ noble-security main\n", host{distribution: "Ubuntu", codename: "noble"}),
		"updates without what they update")
	assert.Len(t, defaultSources(debian), 3)
	assert.Contains(t, defaultSources(host{distribution: "Ubuntu", codename: "noble"})[0], "archive.ubuntu.com/ubuntu noble main")
}

func TestParseAptSettings(t *testing.T) {
	options, env := parseAptSettings(`APT "";
Acquire::Check-Valid-Until "false";
Acquire::http "";
Acquire::http::Proxy "http://cache.example:3142";
Acquire::http::Proxy::deb.example "DIRECT";
Acquire::Retries "3";
`)
	assert.Equal(t, []string{`Acquire::Check-Valid-Until "false"`}, options)
	assert.Equal(t, []string{"http_proxy=http://cache.example:3142"}, env)
}
