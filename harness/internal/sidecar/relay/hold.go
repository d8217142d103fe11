//go:build unix

package relay

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Hold waits until ctx is done. As process 1 of a container it inherits the
// processes whose parents have ended, and so takes note when they end too:
// otherwise they would stay, as zombies, and count against the container's
// limit.
func Hold(ctx context.Context) {
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	defer signal.Stop(children)
	for {
		select {
		case <-ctx.Done():
			return
		case <-children: // one signal may stand for many
			for {
				pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
				if pid <= 0 && err != syscall.EINTR {
					break
				}
			}
		}
	}
}
