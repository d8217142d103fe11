//go:build !unix

package baseimage

import "os/exec"

// Stand-ins that need processes of this kind are built on Linux only.
func endTogether(*exec.Cmd) {}
