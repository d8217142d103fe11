//go:build unix

package baseimage

import (
	"os/exec"
	"syscall"
	"time"
)

// endTogether puts cmd into a process group of its own, and asks the whole
// group to end when the context does. It is asked, not killed: mmdebstrap
// unmounts and removes what it made.
func endTogether(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
}
