package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// gitError is git's own failure, over what it was given to read.
type gitError struct{ said string }

func (e *gitError) Error() string { return "running git: " + e.said }

// environment is all that git gets. Nothing of the user's settings counts, it
// asks nobody, and it reaches nothing: no protocol is allowed, and objects that
// are missing are not fetched.
func (r *repository) environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.tmp, "LC_ALL=C", "GIT_DIR=" + r.dir(),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_SYSTEM=" + os.DevNull, "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_ATTR_NOSYSTEM=1", "GIT_NO_REPLACE_OBJECTS=1", "GIT_OPTIONAL_LOCKS=0",
		"GIT_ALLOW_PROTOCOL=none", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "GIT_PAGER=cat",
	}
}

// complaintLimit is how many bytes of git's complaints are kept: a few lines.
const complaintLimit = 4 << 10

// git runs git on our copy, under limits, and has use read its output. When use
// fails, git is ended. The error is that of use, a *gitError when git failed,
// a *check.Trouble, or the context's.
func (r *repository) git(ctx context.Context, stdin io.Reader, args []string, use func(out io.Reader) error) error {
	program, err := exec.LookPath("git")
	if err != nil {
		return &check.Trouble{Message: "the git command is not on the PATH", Mend: "install git, or hand in folders or archives"}
	}
	limited, cancel := context.WithDeadline(ctx, r.until)
	defer cancel()
	cmd := exec.CommandContext(limited, program, append([]string{"--no-pager"}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = r.tmp, r.environment(), stdin
	complaints := &bounded{limit: complaintLimit}
	cmd.Stderr = complaints
	boundMemory(cmd, gitMemory)
	ownGroup(cmd)
	// Something that git started and that holds a pipe must not hold us.
	cmd.WaitDelay = time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("running git: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("running git: %w", err)
	}
	useErr := use(out)
	if useErr != nil {
		cancel()
	}
	err = cmd.Wait()
	killGroup(cmd)
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return &check.Trouble{Message: fmt.Sprintf("git was not done with %s after %s", r.label, gitTime), Mend: "try again when the machine is less busy; if it is the same then, the repository is the reason"}
	case useErr != nil:
		return useErr
	case errors.As(err, &ended):
		return r.failure(ended, complaints.buf.String())
	case err != nil:
		return fmt.Errorf("running git: %w", err)
	}
	return nil
}

// machineWords are in git's complaints when the machine is to blame.
var machineWords = []string{"No space left", "Disk quota", "Too many open files", "unable to fork", "cannot fork", "Resource temporarily unavailable", "Read-only file system"}

func (r *repository) failure(ended *exec.ExitError, complaints string) error {
	for _, w := range machineWords {
		if strings.Contains(complaints, w) {
			return fmt.Errorf("running git: %s", strings.TrimSpace(complaints))
		}
	}
	said := ended.String()
	if said == "signal: killed" { // not by us, so by a machine that is short of memory
		return fmt.Errorf("running git: %s", said)
	}
	for line := range strings.Lines(complaints) {
		line = strings.TrimSpace(line)
		if first, rest, ok := strings.Cut(line, ": "); ok && (first == "fatal" || first == "error") {
			said = strings.ReplaceAll(rest, r.dir()+string(filepath.Separator), "")
			break
		}
	}
	return &gitError{said: shown(said)}
}

// output runs git and gives what it wrote, up to gitOutputLimit.
func (r *repository) output(ctx context.Context, args ...string) (string, error) {
	var b bytes.Buffer
	err := r.git(ctx, nil, args, func(out io.Reader) error {
		_, err := io.Copy(&b, io.LimitReader(out, gitOutputLimit+1))
		if err == nil && b.Len() > gitOutputLimit {
			return refused("%s has more branches and tags than can be looked at", r.label)
		}
		return err
	})
	return b.String(), err
}

// bounded keeps the first limit bytes.
type bounded struct {
	buf   bytes.Buffer
	limit int
}

func (b *bounded) Write(p []byte) (int, error) {
	b.buf.Write(p[:min(len(p), b.limit-b.buf.Len())])
	return len(p), nil
}
