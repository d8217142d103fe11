//go:build !unix

package attack

import "errors"

func mkfifo(string) error { return errors.ErrUnsupported }
