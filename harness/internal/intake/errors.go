package intake

import (
	"archive/tar"
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// RefusedError is a submission that cannot be graded as it was handed in:
// trying again does not help, handing in another one does.
type RefusedError struct{ Message string }

// Error gives the message, a plain sentence for a person.
func (e *RefusedError) Error() string { return e.Message }

func refused(format string, args ...any) error {
	return &RefusedError{Message: fmt.Sprintf(format, args...)}
}

// InputError is something that the person who called has to put right: a path
// where nothing is, or a roster that cannot be used.
type InputError struct{ Message string }

// Error gives the message: a line for each problem, of a roster with the
// number of its line.
func (e *InputError) Error() string { return e.Message }

func unusable(format string, args ...any) error {
	return &InputError{Message: fmt.Sprintf(format, args...)}
}

// unreadable is an error of the file system about the file called name.
func unreadable(name string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return unusable("%s: it cannot be read: %v", name, err)
	}
	return fmt.Errorf("reading %s: %w", name, err)
}

// damaged is what the error of a decoder means. Ours, the context's and the
// file system's stay what they are; any other is about the bytes that were
// handed in.
func damaged(label string, err error) error {
	var (
		r *RefusedError
		i *InputError
		p *fs.PathError
	)
	switch {
	case err == nil, errors.As(err, &r), errors.As(err, &i),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &p):
		return fmt.Errorf("reading %s: %w", label, err)
	case errors.Is(err, zip.ErrAlgorithm):
		return refused("%s is compressed in a way that is not supported: make the archive again, as an ordinary zip or tar.gz", label)
	case errors.Is(err, tar.ErrHeader):
		return refused("%s is damaged, or holds something other than a tar archive: make it again", label)
	}
	return refused("%s is damaged (%v): make it again", label, err)
}
