package egress

import (
	"fmt"
	"maps"
)

// HostName is the name by which RUN steps know a proxy. It never changes, since
// BuildKit's cache keys hold the name of an extra host (and, where a Dockerfile
// declares the proxy variables, their value); the address behind it does.
const HostName = "daybook-egress"

// BuildArgs are args and the predefined build arguments that tell RUN steps of
// the proxy. What args says of those counts more.
func (p *Proxy) BuildArgs(args map[string]string) map[string]string {
	url := fmt.Sprintf("http://%s:%d", HostName, p.port)
	all := map[string]string{"HTTP_PROXY": url, "HTTPS_PROXY": url, "http_proxy": url, "https_proxy": url, "NO_PROXY": "", "no_proxy": ""}
	maps.Copy(all, args)
	return all
}

// Hosts are the extra hosts of a build that is given the proxy.
func (p *Proxy) Hosts() map[string]string { return map[string]string{HostName: p.ip} }
