package grade

import (
	"context"

	"github.com/daybook-dev/daybook/harness/internal/baseimage"
	"github.com/daybook-dev/daybook/harness/internal/engine"
)

// EngineImages are the images of the engine that there is. Those that are
// missing are brought once, before the first submission, so that all get the
// same ones.
type EngineImages struct {
	// Root is the workbook's folder.
	Root string
	// Notes is told, in a sentence, what is being waited for and what is not to
	// be had.
	Notes func(format string, args ...any)

	engine *engine.Engine
	bases  *baseimage.Provider
}

// Digest makes the image ready and tells which one it is. The error is a
// *check.Trouble when there is no engine.
func (i *EngineImages) Digest(ctx context.Context, ref string) (string, error) {
	digest, err := i.digest(ctx, ref)
	if err != nil && ctx.Err() == nil {
		i.Notes("%s could not be made ready: %v", ref, err)
	}
	return digest, err
}

func (i *EngineImages) digest(ctx context.Context, ref string) (string, error) {
	if i.engine == nil {
		e, err := engine.Connect(ctx)
		if err != nil {
			return "", err
		}
		i.engine, i.bases = e, baseimage.NewProvider(e, i.Notes)
		i.bases.ModuleDir = i.Root
	}
	if _, err := i.bases.Ensure(ctx, ref); err != nil {
		return "", err
	}
	return i.engine.Digest(ctx, ref)
}
