//go:build unix

package attack

import "golang.org/x/sys/unix"

func mkfifo(path string) error {
	const readable = 0o644
	return unix.Mkfifo(path, readable)
}
