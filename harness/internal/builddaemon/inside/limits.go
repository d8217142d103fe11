//go:build linux

package inside

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Limits are what the RUN steps of a daemon may use together.
type Limits struct {
	Memory int64 // in bytes, with the files that they write to a tmpfs; 0 for the container's own limit
	Tasks  int   // processes and threads; 0 for the container's own limit
}

const (
	cgroups = "/sys/fs/cgroup"
	// stepsGroup is where BuildKit puts the groups of RUN steps.
	stepsGroup = "buildkit"
	// ownGroup is for the processes that were there before, where the kernel
	// allows none beside groups of others.
	ownGroup = "init"
)

// LimitSteps makes the control group that RUN steps will be in, with limits.
// The engine gives the groups to containers read-only; RUN steps get them so
// from runc.
func LimitSteps(l Limits) error {
	if err := makeWritable(); err != nil {
		return fmt.Errorf("making the control groups writable: %w", err)
	}
	settings, err := prepare(l)
	if err != nil {
		return fmt.Errorf("making a control group for RUN steps: %w", err)
	}
	for _, s := range settings {
		if s.value <= 0 {
			continue
		}
		err := os.WriteFile(s.file, []byte(strconv.FormatInt(s.value, 10)), 0)
		if err != nil && !s.optional {
			return fmt.Errorf("limiting RUN steps: %w", err)
		}
	}
	return nil
}

// makeWritable mounts the control groups again, writable.
func makeWritable() error {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 5 || fields[4] != cgroups && !strings.HasPrefix(fields[4], cgroups+"/") {
			continue
		}
		const flags = unix.MS_REMOUNT | unix.MS_BIND | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
		if err := unix.Mount("", fields[4], "", flags, ""); err != nil {
			return fmt.Errorf("mounting %s: %w", fields[4], err)
		}
	}
	return nil
}

// setting is a file of a control group, and what is written to it.
type setting struct {
	file     string
	value    int64
	optional bool // kernels can be without it
}

// prepare makes the group, of one hierarchy (v2) or several (v1).
func prepare(l Limits) ([]setting, error) {
	if _, err := os.Stat(filepath.Join(cgroups, "cgroup.controllers")); err == nil {
		group := filepath.Join(cgroups, stepsGroup)
		return []setting{
			{file: filepath.Join(group, "memory.max"), value: l.Memory},
			{file: filepath.Join(group, "pids.max"), value: int64(l.Tasks)},
		}, delegate(group)
	}
	memory, pids := filepath.Join(cgroups, "memory", stepsGroup), filepath.Join(cgroups, "pids", stepsGroup)
	return []setting{
		{file: filepath.Join(memory, "memory.limit_in_bytes"), value: l.Memory},
		{file: filepath.Join(memory, "memory.memsw.limit_in_bytes"), value: l.Memory, optional: true},
		{file: filepath.Join(pids, "pids.max"), value: int64(l.Tasks)},
	}, errors.Join(mkdir(memory), mkdir(pids))
}

// delegate makes a group with the controllers that its parent has. The kernel
// gives none to the children of a group that has processes of its own, so those
// have to go into a group first.
func delegate(group string) error {
	own := filepath.Join(cgroups, ownGroup)
	if err := errors.Join(mkdir(own), mkdir(group)); err != nil {
		return err
	}
	procs, err := os.ReadFile(filepath.Join(cgroups, "cgroup.procs"))
	if err != nil {
		return err
	}
	for pid := range strings.FieldsSeq(string(procs)) {
		if err := os.WriteFile(filepath.Join(own, "cgroup.procs"), []byte(pid), 0); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	controllers, err := os.ReadFile(filepath.Join(cgroups, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for c := range strings.FieldsSeq(string(controllers)) {
		for _, parent := range []string{cgroups, group} {
			if err := os.WriteFile(filepath.Join(parent, "cgroup.subtree_control"), []byte("+"+c), 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func mkdir(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}
