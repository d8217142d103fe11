package sidecar

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// Program is the name of a command of ours that runs in containers: that of
// its folder in harness/cmd, and of the file that `make build` makes of it.
type Program string

// Relay moves bytes between a container and us, see package relay.
const Relay Program = "relay"

const (
	programPackages = "github.com/daybook-dev/daybook/harness/cmd/"

	lockPoll = 50 * time.Millisecond
)

// Binary gives the program for Linux on that architecture: the file beside the
// running executable, where `make build` puts it, or, when that is not there or
// is for another system, what the go command makes of the module in the working
// directory. The latter costs the go command's own look at what has changed;
// tests live by it, and people whose host is not Linux.
func (p Program) Binary(ctx context.Context, arch string) ([]byte, error) {
	if self, err := os.Executable(); err == nil {
		if program := p.ready(filepath.Dir(self), arch); program != nil {
			return program, nil
		}
	}
	program, err := p.compile(ctx, arch)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx) // called off, which no command mends
	}
	if err != nil {
		return nil, &check.Trouble{
			Message: fmt.Sprintf("there is no %s for linux/%s: %v", p, arch, err),
			Mend:    "run `make build` in Daybook's own folder",
		}
	}
	return program, nil
}

// ready is the program in that folder, or nil when there is none for arch.
func (p Program) ready(dir, arch string) []byte {
	program, err := os.ReadFile(filepath.Join(dir, string(p)))
	if err != nil || !p.runsOn(program, arch) {
		return nil
	}
	return program
}

// runsOn reports whether the program is this one, for Linux on arch, and static.
func (p Program) runsOn(program []byte, arch string) bool {
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil || info.Path != programPackages+string(p) {
		return false
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	return settings["GOOS"] == "linux" && settings["GOARCH"] == arch && settings["CGO_ENABLED"] == "0"
}

// compile builds the program into the user's cache folder, where the next
// build finds it up to date.
func (p Program) compile(ctx context.Context, arch string) (program []byte, err error) {
	dir, err := cacheDir()
	if err != nil {
		return nil, err
	}
	out := filepath.Join(dir, string(p)+"-linux-"+arch)
	lock := flock.New(out + ".lock") // go build -o is not safe for two at once
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return nil, fmt.Errorf("locking %s: %w", out, err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	// Trimmed of all that differs from machine to machine, so that the same
	// source has the same hash. The user's own GOFLAGS are not for this program.
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, programPackages+string(p))
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	cmd.WaitDelay = time.Second // a compiler of go's may hold the pipe when go is killed
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("running go build: %w: %s", err, strings.TrimSpace(string(said)))
	}
	if program, err = os.ReadFile(out); err != nil {
		return nil, fmt.Errorf("reading what go build made: %w", err)
	}
	return program, nil
}

// cacheDir makes and names the folder of this package in the user's cache.
func cacheDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's cache folder: %w", err)
	}
	dir := filepath.Join(cache, "daybook", "sidecar")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making a cache folder: %w", err)
	}
	return dir, nil
}
