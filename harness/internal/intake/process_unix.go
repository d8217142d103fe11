//go:build unix

package intake

import (
	"fmt"
	"os/exec"
	"syscall"
)

// ownGroup puts cmd into a process group of its own, and has the whole group
// killed when the context ends.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// killGroup ends what cmd has left running in its group.
func killGroup(cmd *exec.Cmd) {
	// The group is usually empty by now, which is no trouble.
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

// boundMemory has cmd started by a shell that first lowers the limit on the
// address space. Where the system has no such limit, time and sizes still hold.
func boundMemory(cmd *exec.Cmd, bytes int64) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		return
	}
	script := fmt.Sprintf(`ulimit -v %d 2>/dev/null; exec "$0" "$@"`, bytes>>10)
	cmd.Args = append([]string{shell, "-c", script, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = shell
}
