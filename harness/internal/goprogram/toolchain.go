package goprogram

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// Toolchain is the Go toolchain of this host.
type Toolchain struct {
	Version string // such as "go1.26.8"
	env     []string
	path    string
	home    string // a folder of its own
	vars    map[string]string
}

// wanted are the settings of the go command that are kept: where modules come
// from and where caches are. Flags and toolchain switches are not.
var wanted = []string{"GOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GONOPROXY", "GOINSECURE", "GOMODCACHE", "GOCACHE", "GOROOT", "GOVERSION", "GOAUTH"}

// Find finds the go command. The error is a *check.Trouble when there is none.
// Files of compiles go to tmp.
func Find(ctx context.Context, tmp string) (*Toolchain, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return nil, &check.Trouble{Message: "the go command is not on the PATH", Mend: "install Go 1.26 or newer: https://go.dev/dl/"}
	}
	cmd := exec.CommandContext(ctx, path, append([]string{"env", "-json"}, wanted...)...)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("asking go for its settings: %w", err)
	}
	tc := &Toolchain{path: path, home: tmp, vars: map[string]string{}}
	if err := json.Unmarshal(out, &tc.vars); err != nil {
		return nil, fmt.Errorf("reading go's settings: %w", err)
	}
	tc.Version = tc.vars["GOVERSION"]
	tc.vars["GOOS"] = runtime.GOOS // what is compiled for, whatever the user's own GOOS says
	if err := noTelemetry(tmp); err != nil {
		return nil, err
	}
	// A clean environment: a go/env file, GOFLAGS or a go.work of the user's
	// (or of the submission's) could run a program of its own in each compile.
	tc.env = []string{"GOENV=off", "GOWORK=off", "GOTOOLCHAIN=local", "CGO_ENABLED=0",
		"GOTMPDIR=" + tmp, "TMPDIR=" + tmp, "HOME=" + tmp, "XDG_CONFIG_HOME=" + filepath.Join(tmp, ".config"), "PATH=" + os.Getenv("PATH")}
	for _, name := range wanted {
		if v := tc.vars[name]; v != "" && name != "GOVERSION" {
			tc.env = append(tc.env, name+"="+v)
		}
	}
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); passedOn(name) {
			tc.env = append(tc.env, kv)
		}
	}
	return tc, nil
}

// noTelemetry switches go's telemetry off for the home folder at home. The
// setting is a file: GOTELEMETRY in the environment is only ever reported.
// Where it is on, go leaves a process behind that writes to that folder.
func noTelemetry(home string) error {
	for _, config := range []string{".config", filepath.Join("Library", "Application Support")} {
		dir := filepath.Join(home, config, "go", "telemetry")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("switching go's telemetry off: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, "mode"), []byte("off"), 0o644); err != nil {
			return fmt.Errorf("switching go's telemetry off: %w", err)
		}
	}
	return nil
}

// passedOn reports whether an environment variable of ours is needed to reach
// the module proxy.
func passedOn(name string) bool {
	switch strings.ToUpper(name) {
	case "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC", "SYSTEMROOT":
		return true
	}
	return false
}

// Setting gives one of the go command's settings, such as "GOPROXY".
func (tc *Toolchain) Setting(name string) string { return tc.vars[name] }

// With gives the same toolchain with other settings, each as NAME=VALUE.
func (tc *Toolchain) With(settings ...string) *Toolchain {
	other := *tc
	other.env = append(slices.Clone(tc.env), settings...) // of two, the last counts
	return &other
}

// Build is a request to compile one package.
type Build struct {
	Dir     string   // the module's root
	Package string   // such as "./cmd/app"
	Out     string   // where the executable goes
	Flags   []string // for go build
	VCS     bool     // stamp it with the state of the repository it is in
}

// Args gives the go command's arguments for b, with the executable going to out.
func (b Build) Args(out string) []string {
	vcs := "-buildvcs=false"
	if b.VCS {
		vcs = "-buildvcs=true"
	}
	return append(append([]string{"build", "-mod=readonly", vcs, "-o", out}, b.Flags...), b.Package)
}

// CompileError is a program that does not compile.
type CompileError struct{ Output string }

// Error gives the compiler's first complaint.
func (e *CompileError) Error() string {
	for line := range strings.Lines(e.Output) {
		if !strings.HasPrefix(line, "#") {
			return strings.TrimSpace(line)
		}
	}
	return "it does not compile"
}

// TookTooLong is what Build says when compiling was not done after CompileTime.
func TookTooLong() *CompileError {
	return &CompileError{Output: fmt.Sprintf("compiling was not done after %s", CompileTime)}
}

// NotDownloaded is what Build says when modules that go.mod names cannot be
// had; said is what the go command says to that.
func NotDownloaded(said []byte) *check.Trouble {
	return &check.Trouble{Message: "the modules that the exercise needs could not be downloaded:\n" + strings.TrimSpace(string(said)),
		Mend: "look at your network and at `go env GOPROXY`"}
}

// Build compiles. The error is a *CompileError when the code is to blame.
func (tc *Toolchain) Build(ctx context.Context, b Build) error {
	out, err := tc.Go(ctx, b.Dir, b.Args(b.Out)...)
	if err != nil {
		return err
	}
	if out.TimedOut {
		return TookTooLong()
	}
	if out.Code != 0 {
		if err := tc.modules(ctx, b.Dir); err != nil {
			return err
		}
		return &CompileError{Output: strings.TrimSpace(string(out.Stderr))}
	}
	return nil
}

// modules tells whether the modules that go.mod names can be had, so that a
// network that is down is not taken for code that does not compile. The error
// is a *check.Trouble when they cannot.
func (tc *Toolchain) modules(ctx context.Context, dir string) error {
	out, err := tc.Go(ctx, dir, "mod", "download")
	if err != nil {
		return err
	}
	if out.Code != 0 || out.TimedOut {
		return NotDownloaded(out.Stderr)
	}
	return nil
}

// Go runs the go command in dir, in the clean environment.
func (tc *Toolchain) Go(ctx context.Context, dir string, args ...string) (*Exit, error) {
	return Run(ctx, Command{Path: tc.path, Args: args, Dir: dir, Env: tc.env, Limit: CompileTime, Unlimited: true})
}

// Get adds a module, as path@version, to go.mod and go.sum in dir.
func (tc *Toolchain) Get(ctx context.Context, dir, module string) (*Exit, error) {
	return tc.Go(ctx, dir, "get", module)
}

// Git runs git in dir, with nothing of the user's own settings but with env.
func (tc *Toolchain) Git(ctx context.Context, dir string, env []string, args ...string) (*Exit, error) {
	env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + tc.home}, env...)
	exit, err := Run(ctx, Command{Path: "git", Args: args, Dir: dir, Env: append(env, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull), Unlimited: true})
	if err != nil && ctx.Err() == nil {
		return nil, &check.Trouble{Message: "git could not be run: " + err.Error(), Mend: "install git"}
	}
	return exit, err
}

// Run runs a program that Build made; see the function Run.
func (tc *Toolchain) Run(ctx context.Context, c Command) (*Exit, error) { return Run(ctx, c) }
