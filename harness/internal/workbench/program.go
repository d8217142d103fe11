package workbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/goprogram"
)

// Probe compiles the day's probe called name together with the learner's
// packages, and gives the program's path. The error is a *check.Finding when
// the learner's code does not compile.
func (b *Bench) Probe(ctx context.Context, name string) (string, error) {
	return b.programs.get("probe/"+name, func() (string, error) {
		tree, err := b.Copy()
		if err != nil {
			return "", err
		}
		pkg := "probe-" + name
		text, err := os.ReadFile(filepath.Join(b.Day.Dir, "probes", name, "main.go"))
		if err != nil {
			return "", fmt.Errorf("reading the probe: %w", err)
		}
		dir := filepath.Join(tree, "cmd", pkg)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", fmt.Errorf("making a folder: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, "main.go"), text, 0o644); err != nil {
			return "", fmt.Errorf("writing the probe: %w", err)
		}
		// Nobody looks into a probe with a debugger, and linking is half of the work.
		noDebugInfo := []string{"-ldflags=-w"}
		return b.Compile(ctx, goprogram.Build{Dir: tree, Package: "./cmd/" + pkg, Flags: noDebugInfo, Out: filepath.Join(tree, pkg+".bin")})
	})
}

// Program compiles a package of the tree that is judged, with flags for go
// build, and gives the program's path. Checks that want the same program share
// it. The error is a *check.Finding when the code does not compile.
func (b *Bench) Program(ctx context.Context, pkg string, flags []string) (string, error) {
	return b.programs.get(fmt.Sprintf("program %s %q", pkg, flags), func() (string, error) {
		dir, err := b.NewFolder("program")
		if err != nil {
			return "", err
		}
		return b.Compile(ctx, goprogram.Build{Dir: b.Tree.Dir, Package: pkg, Flags: flags, Out: filepath.Join(dir, path.Base(pkg))})
	})
}

// Compile compiles and gives the program's path. The error is a *check.Finding
// with the compiler's own words when the code is to blame.
func (b *Bench) Compile(ctx context.Context, build goprogram.Build) (string, error) {
	tc, err := b.Toolchain(ctx)
	if err != nil {
		return "", err
	}
	err = tc.Build(ctx, build)
	var broken *goprogram.CompileError
	if errors.As(err, &broken) {
		return "", &check.Finding{
			Want:    "the code to compile",
			Got:     goprogram.Shorten(broken.Output, build.Dir),
			Because: "Nothing can be tried before it compiles. The lines above are the compiler's own; start with the first. Where they name a file under cmd/, which is given, a name or a signature that it counts on has changed.",
			Look:    goprogram.PlacesIn(broken.Output, build.Dir, b.Mine),
		}
	}
	return build.Out, err
}
