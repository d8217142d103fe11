package baseimage

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
)

// host is what of this machine goes into a stand-in.
type host struct {
	distribution string // "Debian" or "Ubuntu"
	codename     string // of its release: "bookworm"
	goRoot       string
	goVersion    string // without "go": "1.26.8"
	arch         string // of the Go toolchain's programs, in Go's words
}

// thisHost finds out. The error finishes the sentence "the registry cannot be
// reached, and …".
func thisHost(ctx context.Context, moduleDir string) (host, error) {
	if runtime.GOOS != "linux" {
		return host{}, errors.New("a stand-in can be built on Debian and Ubuntu only")
	}
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return host{}, fmt.Errorf("this machine's system is not known: %w", err)
	}
	h, err := parseOSRelease(string(text))
	if err != nil {
		return host{}, err
	}
	if err := h.askGo(ctx, moduleDir); err != nil {
		return host{}, err
	}
	return h, nil
}

// parseOSRelease reads the system's name and release from the text of
// /etc/os-release. A system that is built on Ubuntu or Debian and says on
// which release counts as that: its packages come from there.
func parseOSRelease(text string) (host, error) {
	known := map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), "="); ok {
			known[key] = strings.Trim(value, `"'`)
		}
	}
	switch {
	case known["UBUNTU_CODENAME"] != "":
		return host{distribution: "Ubuntu", codename: known["UBUNTU_CODENAME"]}, nil
	case known["ID"] == "debian" && known["VERSION_CODENAME"] != "":
		return host{distribution: "Debian", codename: known["VERSION_CODENAME"]}, nil
	case known["DEBIAN_CODENAME"] != "":
		return host{distribution: "Debian", codename: known["DEBIAN_CODENAME"]}, nil
	}
	system := known["PRETTY_NAME"]
	if system == "" {
		system = "this system"
	}
	return host{}, fmt.Errorf("a stand-in can be built on Debian and Ubuntu, not on %s", system)
}

// released matches the version of a released Go, not of one from its repository.
var released = regexp.MustCompile(`^go(\d+\.\d+(?:\.\d+)?)( |$)`)

// askGo asks the go command for its toolchain. It is asked in the module's
// folder, since a go.mod can choose another toolchain than the first in PATH.
func (h *host) askGo(ctx context.Context, moduleDir string) error {
	out, err := goCommand(ctx, moduleDir, nil, "env", "-json", "GOROOT", "GOVERSION", "GOHOSTARCH")
	if err != nil {
		return fmt.Errorf("this machine's Go cannot be found: %w", err)
	}
	var env struct{ GOROOT, GOVERSION, GOHOSTARCH string }
	if err := json.Unmarshal([]byte(out), &env); err != nil {
		return fmt.Errorf("reading what go env says: %w", err)
	}
	m := released.FindStringSubmatch(env.GOVERSION)
	if m == nil {
		return fmt.Errorf("this machine's Go, %q, is not a released one", env.GOVERSION)
	}
	h.goRoot, h.goVersion, h.arch = env.GOROOT, m[1], env.GOHOSTARCH
	return nil
}

// caBundles are where systems keep the certificates that they trust, the most
// particular first.
func caBundles() []string {
	return []string{
		os.Getenv("SSL_CERT_FILE"),
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/cert.pem",
	}
}

// hostCAs is this machine's bundle of certificates, or nil when it has none.
// The machine may trust more than Debian does, such as a company's proxy, and
// what is built in the stand-in has to get through that too.
func hostCAs() []byte {
	for _, path := range caBundles() {
		if text, err := os.ReadFile(path); path != "" && err == nil && len(text) > 0 {
			return text
		}
	}
	return nil
}
