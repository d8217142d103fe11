package egress

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/daybook-dev/daybook/harness/internal/egress/forward"
)

func TestModuleServers(t *testing.T) {
	public := func(names ...string) (all []forward.Host) {
		for _, n := range names {
			all = append(all, forward.Host{Name: n})
		}
		return all
	}
	own := forward.Host{Name: "goproxy.corp", Port: "3000", Private: true}
	for _, c := range []struct {
		goproxy, gosumdb string
		want             []forward.Host
	}{
		{"https://proxy.golang.org,direct", "sum.golang.org", public("proxy.golang.org", "sum.golang.org")},
		{"http://goproxy.corp:3000|https://proxy.golang.org", "off", append([]forward.Host{own}, public("proxy.golang.org")...)},
		{"file:///modules,off", "", nil},
		{"direct", "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8 http://goproxy.corp:3000/sumdb", append(public("sum.golang.org"), own)},
	} {
		assert.Equal(t, c.want, ModuleServers(c.goproxy, c.gosumdb), c.goproxy)
	}
}
