package imagebuild

import (
	"context"
	"fmt"
	"net"

	"github.com/moby/buildkit/client"

	"github.com/daybook-dev/daybook/harness/internal/engine"
)

// EngineBuilder builds with the BuildKit inside a Docker engine. Its images
// are on the engine when Build returns.
type EngineBuilder struct{ engine *engine.Engine }

// NewEngineBuilder returns a Builder that uses e.
func NewEngineBuilder(e *engine.Engine) *EngineBuilder { return &EngineBuilder{engine: e} }

// Build builds req; see Builder.
func (b *EngineBuilder) Build(ctx context.Context, req Request) (*Built, error) {
	return BuildKit{Dial: b.dial, Export: export}.Build(ctx, req)
}

func export(tag string) client.ExportEntry {
	return client.ExportEntry{Type: "moby", Attrs: map[string]string{"name": tag}}
}

func (b *EngineBuilder) dial(ctx context.Context) (*client.Client, error) {
	c, err := client.New(ctx, "",
		client.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return b.engine.Client.DialHijack(ctx, "/grpc", "h2c", nil)
		}),
		client.WithSessionDialer(func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			return b.engine.Client.DialHijack(ctx, "/session", proto, meta)
		}))
	if err != nil {
		return nil, fmt.Errorf("connecting to the engine's BuildKit: %w", err)
	}
	return c, nil
}
