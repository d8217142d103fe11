//go:build !unix

package intake

import "os/exec"

// Where there are no process groups and no resource limits, the context's end
// kills the process alone.
func ownGroup(*exec.Cmd)           {}
func killGroup(*exec.Cmd)          {}
func boundMemory(*exec.Cmd, int64) {}
