package workbench

import (
	"context"
	"fmt"
	"sync"

	"github.com/daybook-dev/daybook/harness/internal/egress"
)

// meter is a metering proxy that the builds of a run share: starting one takes a
// third of a second, and a run makes half a dozen builds.
type meter struct {
	proxy *egress.Proxy
	mu    sync.Mutex
	seen  int // how many attempts were read before
}

// meter gives the run's proxy of that mode.
func (b *Bench) meter(ctx context.Context, mode egress.Mode) (*meter, error) {
	return b.meters.get(string(mode), func() (*meter, error) {
		e, err := b.Reached()
		if err != nil {
			return nil, err
		}
		var proxy *egress.Proxy
		if b.Metered != nil {
			proxy, err = b.Metered.Proxy(ctx, mode)
		} else {
			proxy, err = egress.Start(ctx, e, b.Run.ID, mode)
		}
		if err != nil {
			return nil, fmt.Errorf("starting the metering proxy: %w", err)
		}
		return &meter{proxy: proxy}, nil
	})
}

// begin gives the mark from which on attempts belong to a build that begins now,
// or to another one that is going on at the same time. Builds with the way out
// cut are made one after the other.
func (m *meter) begin() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen
}

// since tells what was attempted since begin.
func (m *meter) since(ctx context.Context, begin int) ([]egress.Attempt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all, err := m.proxy.Attempts(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading what was reached for: %w", err)
	}
	m.seen = len(all)
	return all[begin:], nil
}
