package run

import (
	"context"
	"errors"
	"sync"

	"github.com/daybook-dev/daybook/harness/internal/builddaemon"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/sandbox"
	"github.com/daybook-dev/daybook/harness/internal/workbench"
)

// Isolation keeps submissions that may be hostile apart from this machine and
// from each other. It is made once for many runs.
type Isolation struct {
	engine   *engine.Engine
	run      *engine.Run
	programs *sandbox.Seed
	builds   *builddaemon.Seed // nil when no image is to be built
}

// Isolate makes ready what hostile runs of the day have in common, with what
// builds images only when images are asked for. It belongs to r, which has to
// stay open until Close. The error is a *check.Trouble, or ours.
func Isolate(ctx context.Context, r *engine.Run, root string, day *catalog.Day, images bool, notes func(format string, args ...any)) (*Isolation, error) {
	e, err := engine.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.Sweep(ctx, engine.Alive); err != nil && ctx.Err() == nil {
		notes("could not remove all that an earlier run left: %v", err)
	}
	notes("making ready what keeps submissions apart, which takes a minute or two")
	i := &Isolation{engine: e, run: r}
	var sandboxErr, buildsErr error
	var preparing sync.WaitGroup
	preparing.Go(func() { i.programs, sandboxErr = PrepareSandbox(ctx, e, r, root, day, notes) })
	if images {
		preparing.Go(func() { i.builds, buildsErr = PrepareBuilds(ctx, e, r, root, day, notes) })
	}
	preparing.Wait()
	if err := errors.Join(sandboxErr, buildsErr); err != nil {
		i.Close()
		return nil, err
	}
	return i, nil
}

// Apply has a run over a hostile submission done in isolation.
func (i *Isolation) Apply(p *Plan) {
	p.IsolateServices = true
	p.Programs = func(r *engine.Run) workbench.Programs { return i.programs.Programs(r) }
	if i.builds != nil {
		p.Builds = func(r *engine.Run) workbench.Metered { return i.builds.NewBuilder(r.ID, r.Dir) }
	}
}

// Close removes what Isolate made. What cannot be removed now is swept by the
// next run.
func (i *Isolation) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), cleanUpLimit)
	defer cancel()
	if i.builds != nil {
		_ = i.builds.Close(ctx)
	}
	_ = i.engine.CleanUp(ctx, i.run.ID)
}
