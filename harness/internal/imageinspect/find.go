package imageinspect

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// FileLimit bounds the size in bytes of a file that is read out of an image.
// A Go service has some ten megabytes, a large one a hundred.
const FileLimit = 1 << 30

// Extract copies the file that a container sees at name to dst on this host.
func (i *Image) Extract(name, dst string) error {
	f, err := i.Stat(name)
	if err != nil {
		return err
	}
	img, err := tarball.ImageFromPath(i.path, nil)
	if err != nil {
		return fmt.Errorf("reading the saved image: %w", err)
	}
	layers, err := img.Layers()
	if err != nil {
		return fmt.Errorf("reading the image's layers: %w", err)
	}
	rc, err := uncompressed(layers[f.Layer])
	if err != nil {
		return fmt.Errorf("reading layer %d: %w", f.Layer, err)
	}
	defer rc.Close()
	tr := tar.NewReader(rc)
	for {
		h, err := tr.Next()
		if err != nil {
			return fmt.Errorf("finding %s in layer %d: %w", f.Path, f.Layer, err)
		}
		if clean(h.Name) == f.Path && h.Typeflag == tar.TypeReg {
			return write(dst, tr)
		}
	}
}

func write(dst string, from io.Reader) error {
	out, err := os.OpenFile(dst, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o700)
	if err != nil {
		return fmt.Errorf("extracting from the image: %w", err)
	}
	_, err = io.Copy(out, io.LimitReader(from, FileLimit))
	return errors.Join(err, out.Close())
}

// NotFoundError is a path at which an image has no file.
type NotFoundError struct{ Path string }

// Error names the path.
func (e *NotFoundError) Error() string { return fmt.Sprintf("the image has no file /%s", e.Path) }

// Stat finds the regular file that a container sees at name, through symbolic
// links. The error is a *NotFoundError when there is none.
func (i *Image) Stat(name string) (File, error) {
	top := map[string]File{}
	for _, f := range i.Top() {
		top[f.Path] = f
	}
	at := clean(name)
	const mostLinks = 40 // as Linux allows
	for range mostLinks {
		next, ok := follow(top, at)
		if !ok {
			f, there := top[at]
			if !there || f.Mode.IsDir() {
				break
			}
			if f.Link != "" {
				return i.linked(f)
			}
			return f, nil
		}
		at = next
	}
	return File{}, &NotFoundError{Path: clean(name)}
}

// follow puts the target in the place of the first link on the way to at.
func follow(top map[string]File, at string) (next string, ok bool) {
	for i := 0; i <= len(at); i++ {
		if i < len(at) && at[i] != '/' {
			continue
		}
		f, there := top[at[:i]]
		switch rest := at[i:]; {
		case !there || f.Mode&os.ModeSymlink == 0:
		case !path.IsAbs(f.Link):
			return clean(path.Join(path.Dir(f.Path), f.Link) + rest), true
		default:
			return clean(f.Link + rest), true
		}
	}
	return "", false
}

// linked gives the file of a hard link. It is in the same layer, and remains
// when a later layer replaces or removes what the link was made from.
func (i *Image) linked(f File) (File, error) {
	files := i.Layers[f.Layer].Files
	for n := len(files) - 1; n >= 0; n-- {
		if files[n].Path == clean(f.Link) && files[n].Sum != "" {
			return files[n], nil
		}
	}
	return File{}, &NotFoundError{Path: f.Path}
}
