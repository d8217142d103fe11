package workbench

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/egress"
	"github.com/daybook-dev/daybook/harness/internal/goprogram"
)

// unreached matches what a go command says when it is the network, and not the
// module, that is not there.
var unreached = regexp.MustCompile(`(?m)^.*(no such host|i/o timeout|connection refused|connection reset|network is unreachable|TLS handshake timeout|certificate signed by unknown authority|Bad Gateway|Service Unavailable|Gateway Time-?out|server misbehaving).*$`)

// notDownloaded gives the words in which a build says that it could not download
// modules, or "". A build that asked no module server for anything, or that was
// to do without, says nothing of that kind.
func (b *Bench) notDownloaded(ctx context.Context, mode egress.Mode, attempts []egress.Attempt, err error) string {
	var failed *check.Finding
	if mode != egress.Open || !errors.As(err, &failed) {
		return ""
	}
	said := unreached.FindString(failed.Got)
	if said == "" || !slices.ContainsFunc(attempts, func(a egress.Attempt) bool { return b.servesModules(ctx, a.Target) }) {
		return ""
	}
	return strings.TrimSpace(said)
}

// reachesModules reports whether this machine itself reaches the module proxy.
func (b *Bench) reachesModules(ctx context.Context) bool {
	tc, err := b.Toolchain(ctx)
	if err != nil {
		return false
	}
	proxy := goprogram.ModuleProxy(tc.Setting("GOPROXY"))
	return proxy != "" && goprogram.Reach(ctx, proxy) == nil
}

// servesModules reports whether a target is the module proxy or the checksum
// database.
func (b *Bench) servesModules(ctx context.Context, target string) bool {
	hosts := []string{"proxy.golang.org", "sum.golang.org"}
	if tc, err := b.Toolchain(ctx); err == nil {
		for setting := range strings.FieldsFuncSeq(tc.Setting("GOPROXY"), func(r rune) bool { return r == ',' || r == '|' }) {
			if u, err := url.Parse(setting); err == nil && u.Host != "" {
				hosts = append(hosts, u.Hostname())
			}
		}
	}
	for _, h := range hosts {
		if strings.HasPrefix(target, h+":") || strings.Contains(target, "://"+h) {
			return true
		}
	}
	return false
}
