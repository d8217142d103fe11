//go:build unix

package intake

import (
	"os"
	"syscall"
)

// readOnly is how files that are not ours are opened: a pipe that took a
// file's place must not make us wait for a writer, nor a link lead elsewhere.
const readOnly = os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_NOFOLLOW
