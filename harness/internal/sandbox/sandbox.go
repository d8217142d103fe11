// Package sandbox compiles and runs what a learner wrote in containers, for
// work that may be hostile. It does what package goprogram does on the host,
// with the same limits and the same words, and gives the same verdicts.
//
// A submission has two containers. In the one, its code is compiled and never
// run; in the other, the compiled programs run, and nothing else. So no program
// of a learner's ever sees a compiler's cache, a source file or another
// submission. Both have no network, a read-only root file system, no
// capabilities, an unprivileged user, and limits on memory, processes, CPU and
// files; neither has a folder of the host's.
//
// Rules it keeps:
//   - Nothing that a learner wrote is run on the host, and no tool is that a
//     learner's file could direct. What comes back is bytes, bounded: standard
//     output and error, an exit status, and for a compiled program its file,
//     which is read here and not run.
//   - Modules are downloaded on the host, by its own go command, for modules of
//     ours alone (the exercise as handed out, a solution, an empty one).
//   - The compiler's cache and the modules come from a Seed: a volume that is
//     filled from files of ours and is then read-only to every submission. What
//     a submission compiles goes to a cache of its container's own.
//   - When a program has ended, or its time is up, nothing of it goes on running.
//   - A container that dies under a learner's program is that program's doing;
//     one that cannot be started is ours, and an error.
//
// For example:
//
//	seed, err := sandbox.Prepare(ctx, e, sandbox.Source{Run: batch, Image: "golang:1.26", Host: toolchain, Trees: []string{solved}})
//	…
//	programs := seed.Programs(run)
//	err = programs.Build(ctx, goprogram.Build{Dir: tree, Package: "./cmd/app", Out: bin})
//	exit, err := programs.Run(ctx, goprogram.Command{Path: bin, Args: []string{"version"}})
package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/goprogram"
)

// Programs compiles and runs the programs of one submission. It is a
// workbench.Programs; its methods may be called at the same time, and do their
// work one after the other, so that what they come to does not depend on it.
// Its containers are removed by engine.CleanUp with its run.
type Programs struct {
	seed     *Seed
	run      *engine.Run
	compiler *box
	runner   *box
	sent     map[string]*tree // what the compiler's container has, by the folder on the host
	gets     atomic.Int64
}

// Programs gives the sandbox of the submission that r judges. Its containers
// are started when they are first needed.
func (s *Seed) Programs(r *engine.Run) *Programs {
	p := &Programs{seed: s, run: r}
	p.compiler = newBox(s.engine, spec{runID: r.ID, image: s.image, seed: s.volume, seedReadOnly: true, compiles: true})
	p.compiler.begin = p.beginCompiler
	p.runner = newBox(s.engine, spec{runID: r.ID, image: s.image})
	return p
}

// Setting gives GOOS, which is what is compiled for, or a setting of the host's
// go command that says where modules come from.
func (p *Programs) Setting(name string) string {
	if name == "GOOS" {
		return p.seed.engine.OS
	}
	return p.seed.host.Setting(name)
}

// beginCompiler puts into a new compiler's container what every compile needs:
// a cache of its own that begins with the seed's, by links.
func (p *Programs) beginCompiler(ctx context.Context, b *box) error {
	p.sent = map[string]*tree{}
	const script = `mkdir -p "$HOME/.config/go/telemetry" && echo off >"$HOME/.config/go/telemetry/mode" && cp -as ` + seedCache + `/. "$GOCACHE"`
	out, err := b.exec(ctx, command{args: []string{shell, "-c", script}, env: compileEnv(), limit: goprogram.CompileTime})
	if err != nil {
		return err
	}
	if out.Code != 0 {
		return fmt.Errorf("filling the compiler's cache: %s", out.Stderr)
	}
	return nil
}

// Build compiles, and writes the program to b.Out, not to be run there. The
// error is a *goprogram.CompileError when the code is to blame.
func (p *Programs) Build(ctx context.Context, b goprogram.Build) error {
	// One command, since a file in between is in the way of the next compile.
	const script = `out="$1"; shift; "$@" && cat "$out"; status=$?; rm -f "$out"; exit $status`
	out := scratchDir + "/out"
	args := append([]string{shell, "-c", script, "sh", out, "go"}, b.Args(out)...)
	exit, err := p.compile(ctx, b.Dir, command{args: args, stdoutLimit: ProgramLimit, repository: b.VCS})
	if err != nil {
		return err
	}
	switch {
	case exit.TimedOut:
		return goprogram.TookTooLong()
	case exit.OverMemory > 0:
		return &goprogram.CompileError{Output: strings.TrimSpace(fmt.Sprintf("compiling needed more than %d MiB of memory\n%s", exit.OverMemory>>20, exit.Stderr))}
	case exit.TooMuch && len(exit.Stdout) >= ProgramLimit:
		return &goprogram.CompileError{Output: fmt.Sprintf("the compiled program is larger than %d MiB", ProgramLimit>>20)}
	case exit.Code != 0 || exit.TooMuch:
		if missing := p.modules(ctx, b.Dir); missing != nil {
			return missing
		}
		return &goprogram.CompileError{Output: strings.TrimSpace(string(exit.Stderr))}
	}
	// Not executable: it is here to be read, and to be run in a container.
	if err := os.WriteFile(b.Out, exit.Stdout, 0o600); err != nil {
		return fmt.Errorf("taking out the program: %w", err)
	}
	return nil
}

// modules tells whether the seed has the modules that go.mod in dir names. The
// error is a *check.Trouble when it has not.
func (p *Programs) modules(ctx context.Context, dir string) error {
	exit, err := p.Go(ctx, dir, "mod", "download")
	if err != nil {
		return err
	}
	if exit.Code != 0 {
		return &check.Trouble{Message: "the sandbox does not have the modules that go.mod names:\n" + strings.TrimSpace(string(exit.Stderr)),
			Mend: "what is compiled there may use the modules of the exercise and of the solution, and no others"}
	}
	return nil
}

// Go runs the go command in a copy of dir. What it writes stays in the
// container.
func (p *Programs) Go(ctx context.Context, dir string, args ...string) (*goprogram.Exit, error) {
	return p.compile(ctx, dir, command{args: append([]string{"go"}, args...)})
}

// Git runs git in a copy of dir, which stays in the container as a repository.
func (p *Programs) Git(ctx context.Context, dir string, env []string, args ...string) (*goprogram.Exit, error) {
	env = append([]string{"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null"}, env...)
	return p.compile(ctx, dir, command{args: append([]string{"git"}, args...), env: env, limit: goprogram.RunTime, repository: args[0] != "init", makesRepository: args[0] == "init"})
}

// Run runs a program that Build made. HOME and TMPDIR, where they name the
// run's folder, are a folder in the container that the program may write to.
func (p *Programs) Run(ctx context.Context, c goprogram.Command) (*goprogram.Exit, error) {
	inside, err := p.inside(c.Path)
	if err != nil {
		return nil, err
	}
	dir, err := p.inside(c.Dir)
	if err != nil {
		return nil, err
	}
	release, err := p.runner.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	wrapped := command{args: append(bounded(c.Unlimited), append([]string{inside}, c.Args...)...), dir: dir, limit: c.Limit, untrusted: true}
	for _, kv := range c.Env {
		wrapped.env = append(wrapped.env, p.insideEnv(kv))
	}
	for again := false; ; again = true {
		err := p.runner.place(ctx, c.Path, inside)
		if err == nil {
			var exit *goprogram.Exit
			wrapped.stdin = bytes.NewReader(c.Stdin)
			if exit, err = p.runner.exec(ctx, wrapped); err == nil {
				exit.Stderr = p.outside(exit.Stderr)
				return exit, nil
			}
		}
		// A container that is gone, or is full, may be made anew once.
		if p.runner.drop(); again || ctx.Err() != nil {
			return nil, err
		}
	}
}

// bounded begins the command line of a program: what earlier ones wrote is
// thrown away, and the limit on the address space is lowered, as on the host.
func bounded(unlimited bool) []string {
	script := `/bin/rm -rf ` + scratchDir + `/* 2>/dev/null; `
	if !unlimited {
		script += fmt.Sprintf(`ulimit -v %d 2>/dev/null; `, int64(goprogram.MemoryLimit)>>10)
	}
	return []string{shell, "-c", script + `exec "$@"`, "sh"}
}

// errGone is a container that was not there any more when something was to be
// run in it.
var errGone = errors.New("the sandbox's container is gone")

// compile runs a command of ours in the copy of dir in the compiler's container.
func (p *Programs) compile(ctx context.Context, dir string, c command) (*goprogram.Exit, error) {
	release, err := p.compiler.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	c.env = append(compileEnv(), c.env...)
	if c.limit == 0 {
		c.limit = goprogram.CompileTime
	}
	for again := false; ; again = true {
		if c.dir, err = p.send(ctx, dir, c.repository); err == nil {
			var exit *goprogram.Exit
			if exit, err = p.compiler.exec(ctx, c); err == nil {
				p.sent[dir].repository = p.sent[dir].repository || c.makesRepository && exit.Code == 0
				exit.Stderr = p.outside(exit.Stderr)
				return exit, nil
			}
		}
		// One that is gone, or full of other copies, may be made anew once.
		if again || ctx.Err() != nil || !errors.Is(err, errGone) && !errors.Is(err, errNotPut) {
			return nil, err
		}
		p.compiler.drop()
	}
}

// take gives a file that is in the container.
func (b *box) take(ctx context.Context, path string) ([]byte, error) {
	exit, err := b.exec(ctx, command{args: []string{"cat", path}, env: compileEnv(), limit: goprogram.RunTime})
	if err != nil {
		return nil, err
	}
	if exit.Code != 0 || exit.TooMuch {
		return nil, fmt.Errorf("taking out %s: %s", path, exit.Stderr)
	}
	return exit.Stdout, nil
}
