// Package goprogram compiles and runs Go programs that are not ours.
//
// What links a learner's code is never believed: it is a process of its own,
// under limits, and only what comes out of it is looked at. A process is ended
// together with everything that it started.
//
//	tc, err := goprogram.Find(ctx)
//	err = tc.Build(ctx, goprogram.Build{Dir: tree, Package: "./cmd/app", Out: bin})
//	out, err := goprogram.Run(ctx, goprogram.Command{Path: bin, Args: []string{"version"}})
package goprogram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// Limits of a process that is not ours.
const (
	// CompileTime is how long the go command may take. Compiling a service with
	// all of net/http from an empty cache takes 20 s on two slow cores.
	CompileTime = 3 * time.Minute
	// RunTime is how long a program may take to answer. It has microseconds of
	// work to do; the rest is for a machine that is busy.
	RunTime = 10 * time.Second
	// OutputLimit is how many bytes of a stream are read before a process is
	// ended. Answers have some kilobytes.
	OutputLimit = 1 << 20
	// MemoryLimit bounds a process's address space, in bytes. The Go runtime
	// reserves several hundred megabytes without using them.
	MemoryLimit = 4 << 30
)

// Toolchain is the Go toolchain of this host.
type Toolchain struct {
	Version string // such as "go1.26.8"
	env     []string
	path    string
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
	tc := &Toolchain{path: path, vars: map[string]string{}}
	if err := json.Unmarshal(out, &tc.vars); err != nil {
		return nil, fmt.Errorf("reading go's settings: %w", err)
	}
	tc.Version = tc.vars["GOVERSION"]
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

// Build is a request to compile one package.
type Build struct {
	Dir     string   // the module's root
	Package string   // such as "./cmd/app"
	Out     string   // where the executable goes
	Flags   []string // for go build
	VCS     bool     // stamp it with the state of the repository it is in
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

// Build compiles. The error is a *CompileError when the code is to blame.
func (tc *Toolchain) Build(ctx context.Context, b Build) error {
	vcs := "-buildvcs=false"
	if b.VCS {
		vcs = "-buildvcs=true"
	}
	args := append([]string{"build", "-mod=readonly", vcs, "-o", b.Out}, b.Flags...)
	out, err := tc.Go(ctx, b.Dir, append(args, b.Package)...)
	if err != nil {
		return err
	}
	if out.TimedOut {
		return &CompileError{Output: fmt.Sprintf("compiling was not done after %s", CompileTime)}
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
		return &check.Trouble{Message: "the modules that the exercise needs could not be downloaded:\n" + strings.TrimSpace(string(out.Stderr)),
			Mend: "look at your network and at `go env GOPROXY`"}
	}
	return nil
}

// Go runs the go command in dir, in the clean environment.
func (tc *Toolchain) Go(ctx context.Context, dir string, args ...string) (*Exit, error) {
	return Run(ctx, Command{Path: tc.path, Args: args, Dir: dir, Env: tc.env, Limit: CompileTime, Unlimited: true})
}

// Command is a program to run. Its environment is Env and nothing else.
type Command struct {
	Path      string
	Args      []string
	Dir       string
	Env       []string
	Stdin     []byte
	Limit     time.Duration // instead of RunTime, when not 0
	Unlimited bool          // do not bound its memory: for compilers, which are ours
}

// Exit is how a program ended and what it wrote.
type Exit struct {
	Code           int // the exit status; -1 when a signal ended it
	Stdout, Stderr []byte
	TimedOut       bool // it was ended at the limit
	TooMuch        bool // it was ended because it wrote more than OutputLimit
}

// Run runs a program to its end. The error is ours: that it could not be
// started, or ctx's own.
func Run(ctx context.Context, c Command) (*Exit, error) {
	limit := c.Limit
	if limit == 0 {
		limit = RunTime
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(limited, c.Path, c.Args...)
	// The shell that bounds the memory would turn this into an exit status.
	if _, err := exec.LookPath(c.Path); err != nil {
		return nil, fmt.Errorf("running %s: %w", filepath.Base(c.Path), err)
	}
	if !c.Unlimited {
		boundMemory(cmd, MemoryLimit)
	}
	// Not nil: that would be the environment of ours.
	cmd.Dir, cmd.Env, cmd.Stdin = c.Dir, append([]string{}, c.Env...), bytes.NewReader(c.Stdin)
	stdout, stderr := &bounded{stop: cancel}, &bounded{stop: cancel}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	ownGroup(cmd)
	// A grandchild that holds the pipe must not hold us.
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	killGroup(cmd)
	exit := &Exit{Stdout: stdout.buf.Bytes(), Stderr: stderr.buf.Bytes(), TooMuch: stdout.full || stderr.full}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	exit.TimedOut = !exit.TooMuch && errors.Is(limited.Err(), context.DeadlineExceeded)
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) && !exit.TooMuch && !exit.TimedOut && !errors.Is(err, exec.ErrWaitDelay) {
		return nil, fmt.Errorf("running %s: %w", filepath.Base(c.Path), err)
	}
	exit.Code = cmd.ProcessState.ExitCode()
	return exit, nil
}

// bounded keeps the first OutputLimit bytes, and calls stop at more.
type bounded struct {
	buf  bytes.Buffer
	full bool
	stop func()
}

func (b *bounded) Write(p []byte) (int, error) {
	room := OutputLimit - b.buf.Len()
	b.buf.Write(p[:min(room, len(p))])
	if len(p) > room {
		b.full = true
		b.stop()
	}
	return len(p), nil
}
