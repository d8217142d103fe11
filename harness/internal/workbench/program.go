package workbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/goprogram"
)

// Programs compiles the learner's code and runs what comes of it. Whatever a
// learner wrote is compiled and run through this alone, so that it can be done
// where it harms nobody. Folders and files are named by their paths on this
// host, and lie in the run's folder.
type Programs interface {
	// Build compiles. The error is a *goprogram.CompileError when the code is to
	// blame. The program may be fit only for being read here, and for Run.
	Build(ctx context.Context, b goprogram.Build) error
	// Go runs the go command in dir without a network. What it writes there
	// may be gone when it returns.
	Go(ctx context.Context, dir string, args ...string) (*goprogram.Exit, error)
	// Get adds a module, as path@version, to go.mod and go.sum in dir.
	Get(ctx context.Context, dir, module string) (*goprogram.Exit, error)
	// Git runs git in dir with env and nothing of the user's own settings. The
	// repository that it makes is there for Build and Git, but not to be read.
	Git(ctx context.Context, dir string, env []string, args ...string) (*goprogram.Exit, error)
	// Run runs a program that Build made. The error is ours: that it could not
	// be started, or ctx's own.
	Run(ctx context.Context, c goprogram.Command) (*goprogram.Exit, error)
	// Setting gives a setting: GOOS, which is what is compiled for, or one of
	// this host's that say where modules come from, such as GOPROXY.
	Setting(name string) string
}

// Toolchain is what compiles and runs the learner's code.
func (b *Bench) Toolchain(ctx context.Context) (Programs, error) {
	if b.Programs != nil {
		return b.Programs, nil
	}
	return b.toolchain.get(func() (Programs, error) {
		tmp, err := b.NewFolder("gotmp")
		if err != nil {
			return nil, err
		}
		tc, err := goprogram.Find(ctx, tmp)
		if err != nil {
			return nil, err // as an interface, a nil *Toolchain would not be nil
		}
		return tc, nil
	})
}

// Execute runs a program that Probe or Compile gave.
func (b *Bench) Execute(ctx context.Context, c goprogram.Command) (*goprogram.Exit, error) {
	tc, err := b.Toolchain(ctx)
	if err != nil {
		return nil, err
	}
	return tc.Run(ctx, c)
}

// Probe compiles the day's probe called name together with the learner's
// packages, and gives the program's path. The error is a *check.Finding when
// the learner's code does not compile.
func (b *Bench) Probe(ctx context.Context, name string) (string, error) {
	return b.programs.get("probe/"+name, func() (string, error) {
		tree, err := b.Copy()
		if err != nil {
			return "", err
		}
		pkg, err := PutProbe(b.Day, name, tree)
		if err != nil {
			return "", err
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

// PutProbe puts the day's probe called name into a tree, and gives the folder
// in cmd that it is in.
func PutProbe(day *catalog.Day, name, tree string) (pkg string, err error) {
	pkg = "probe-" + name
	text, err := os.ReadFile(filepath.Join(day.Dir, "probes", name, "main.go"))
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
	return pkg, nil
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
