package sandbox

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/daybook-dev/daybook/harness/internal/goprogram"
)

// Get adds a module, as path@version, to go.mod and go.sum in dir.
//
// The host's go command downloads it, with what it needs, for an empty module
// of ours: it never sees a file of the learner's. The go.mod in dir is then
// changed in the container, which has no network, from those files.
func (p *Programs) Get(ctx context.Context, dir, module string) (*goprogram.Exit, error) {
	empty := filepath.Join(p.run.Dir, fmt.Sprintf("get-%d", p.gets.Add(1)))
	if err := os.MkdirAll(empty, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(empty, "go.mod"), []byte("module daybook.invalid/get\n"), 0o600); err != nil {
		return nil, fmt.Errorf("writing go.mod: %w", err)
	}
	modules, err := p.seed.download(ctx, []string{empty}, "get", module)
	if err != nil {
		return nil, err
	}
	release, err := p.compiler.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	return p.getInside(ctx, dir, module, modules)
}

// getInside changes go.mod and go.sum in dir's copy, and takes them out.
func (p *Programs) getInside(ctx context.Context, dir, module, modules string) (*goprogram.Exit, error) {
	to, err := p.send(ctx, dir, false)
	if err != nil {
		return nil, err
	}
	proxy := scratchDir + "/proxy"
	if err := p.compiler.unpackFolder(ctx, modules, proxy); err != nil {
		return nil, err
	}
	// The seed's modules cannot be added to; so a cache of its own, filled from them.
	env := append(compileEnv(), "GOMODCACHE="+scratchDir+"/modules", "GOPROXY=file://"+proxy+",file://"+seedMod+"/cache/download")
	exit, err := p.compiler.exec(ctx, command{args: []string{"go", "get", module}, dir: to, env: env, limit: goprogram.CompileTime})
	if err != nil || exit.Code != 0 {
		return exit, err
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := p.compiler.take(ctx, to+"/"+name)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return nil, fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return exit, nil
}
