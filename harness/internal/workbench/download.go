package workbench

import (
	"context"
	"net/url"
	"regexp"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/egress"
)

// unreached matches what a go command says when it is the network, and not the
// module, that is not there.
var unreached = regexp.MustCompile(`(?m)^.*(no such host|i/o timeout|connection refused|connection reset|network is unreachable|TLS handshake timeout|certificate signed by unknown authority|Bad Gateway|Service Unavailable|Gateway Time-?out|server misbehaving).*$`)

// notDownloaded tells a build that failed because modules could not be
// downloaded from one that failed by itself. The first is the network's doing,
// so it is a *check.Trouble; otherwise it is nil.
func (b *Bench) notDownloaded(ctx context.Context, attempts []egress.Attempt, failed *check.Finding) error {
	said := unreached.FindString(failed.Got)
	if said == "" {
		return nil
	}
	for _, a := range attempts {
		if b.servesModules(ctx, a.Target) {
			return &check.Trouble{Message: "the build could not download modules: " + strings.TrimSpace(said), Mend: "`make doctor` looks at the network"}
		}
	}
	return nil
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
