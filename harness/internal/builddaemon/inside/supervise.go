//go:build linux

package inside

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// Supervise runs a daemon as a child until it ends, and returns its status, 128
// and the signal's number when one ended it. When ctx is done it is asked to
// end. Process 1 inherits what the daemon leaves behind, and so takes note when
// that ends too.
func Supervise(ctx context.Context, program string, args ...string) (status int, err error) {
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting %s: %w", program, err)
	}
	defer context.AfterFunc(ctx, func() { _ = unix.Kill(cmd.Process.Pid, unix.SIGTERM) })()
	for {
		var ws unix.WaitStatus
		pid, err := unix.Wait4(-1, &ws, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, fmt.Errorf("waiting for %s: %w", program, err)
		case pid != cmd.Process.Pid:
		case ws.Signaled():
			return 128 + int(ws.Signal()), nil
		default:
			return ws.ExitStatus(), nil
		}
	}
}
