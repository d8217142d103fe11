// Package imageinspect reads facts out of an image's files. It needs no engine
// once the image has been saved, and it trusts nothing that the engine says of
// an image: neither its size, which differs from one image store to another,
// nor its history.
//
// The form that `docker save` writes has changed over the years (a folder a
// layer, an OCI layout, layers compressed or not), but manifest.json has named
// the config and the layers all along; go-containerregistry follows it and
// sniffs the compression.
//
//	img, err := imageinspect.Open("image.tar")
//	fmt.Println(img.Size(), img.Config.User)
package imageinspect

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"sort"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// FileLimit bounds the size in bytes of a file that is read out of an image.
// A Go service has some ten megabytes, a large one a hundred.
const FileLimit = 1 << 30

// Image is an image as its files say.
type Image struct {
	Config v1.Config
	Layers []Layer
	path   string
}

// Layer is one layer of an image, in the order in which they are laid.
type Layer struct {
	Size  int64 // bytes of its tar, uncompressed
	Made  string
	Files []File
}

// File is an entry of a layer.
type File struct {
	Path  string // without a leading slash; "" is never used
	Size  int64  // bytes
	Mode  os.FileMode
	Link  string // target of a link
	Sum   string // SHA-256 of a regular file's content, in hex
	Layer int    // which layer holds it, from 0
}

// Open reads the image that `docker save` wrote to path.
func Open(path string) (*Image, error) {
	img, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the saved image: %w", err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("reading the image's config: %w", err)
	}
	layers, err := img.Layers()
	if err != nil {
		return nil, fmt.Errorf("reading the image's layers: %w", err)
	}
	out := &Image{Config: config.Config, path: path}
	made := instructions(config.History)
	for i, l := range layers {
		layer, err := readLayer(l, i)
		if err != nil {
			return nil, fmt.Errorf("reading layer %d: %w", i, err)
		}
		if i < len(made) {
			layer.Made = made[i]
		}
		out.Layers = append(out.Layers, *layer)
	}
	return out, nil
}

// instructions gives, for each layer, the instruction that the history says
// made it. It serves to word a finding, never to decide one.
func instructions(history []v1.History) []string {
	var made []string
	for _, h := range history {
		if !h.EmptyLayer {
			made = append(made, strings.TrimSuffix(h.CreatedBy, " # buildkit"))
		}
	}
	return made
}

func readLayer(l v1.Layer, index int) (*Layer, error) {
	rc, err := uncompressed(l)
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	count := &counter{r: rc}
	layer := &Layer{}
	tr := tar.NewReader(count)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		f := File{Path: clean(h.Name), Size: h.Size, Mode: h.FileInfo().Mode(), Link: h.Linkname, Layer: index}
		if h.Typeflag == tar.TypeReg {
			sum := sha256.New()
			if _, err := io.Copy(sum, tr); err != nil {
				return nil, err
			}
			f.Sum = hex.EncodeToString(sum.Sum(nil))
		}
		if f.Path != "" {
			layer.Files = append(layer.Files, f)
		}
	}
	// What follows the last entry is padding, which is part of the size.
	if _, err := io.Copy(io.Discard, count); err != nil {
		return nil, err
	}
	layer.Size = count.n
	return layer, nil
}

// uncompressed reads a layer's tar. go-containerregistry looks at the first
// layer only to find out whether all are compressed.
func uncompressed(l v1.Layer) (io.ReadCloser, error) {
	rc, err := l.Uncompressed()
	if err != nil {
		return nil, err
	}
	peek := bufio.NewReader(rc)
	magic, err := peek.Peek(2)
	if err != nil || !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return &both{peek, rc}, nil // what is wrong with it is found in reading
	}
	unzipped, err := gzip.NewReader(peek)
	if err != nil {
		return nil, errors.Join(err, rc.Close())
	}
	return &both{unzipped, rc}, nil
}

// both reads from one and closes another.
type both struct {
	io.Reader
	io.Closer
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// clean gives an entry's path from the image's root, without a slash before it.
func clean(name string) string {
	return strings.TrimPrefix(path.Clean("/"+name), "/")
}

// Size is the sum of the layers' uncompressed bytes.
func (i *Image) Size() int64 {
	var sum int64
	for _, l := range i.Layers {
		sum += l.Size
	}
	return sum
}

// All lists the entries of every layer, what later layers hide included.
func (i *Image) All() []File {
	var all []File
	for _, l := range i.Layers {
		all = append(all, l.Files...)
	}
	return all
}

// Top gives what a container of the image sees: later layers hide what
// earlier ones hold, and whiteouts remove it. Sorted by path.
func (i *Image) Top() []File {
	seen := map[string]File{}
	for _, l := range i.Layers {
		for _, f := range l.Files {
			hide(seen, f)
		}
		for _, f := range l.Files {
			if strings.HasPrefix(path.Base(f.Path), whiteout) {
				continue
			}
			if old, ok := seen[f.Path]; ok && old.Mode.IsDir() && !f.Mode.IsDir() {
				remove(seen, f.Path+"/") // a file in the place of a folder
			}
			seen[f.Path] = f
		}
	}
	top := make([]File, 0, len(seen))
	for _, f := range seen {
		top = append(top, f)
	}
	sort.Slice(top, func(a, b int) bool { return top[a].Path < top[b].Path })
	return top
}

// whiteout begins the name of an entry that removes another one, see the OCI
// image layer specification.
const whiteout = ".wh."

func hide(seen map[string]File, f File) {
	dir, base := path.Split(f.Path)
	if !strings.HasPrefix(base, whiteout) {
		return
	}
	victim := dir + strings.TrimPrefix(base, whiteout)
	under := victim + "/"
	if base == ".wh..wh..opq" {
		victim, under = "", dir
	}
	delete(seen, victim)
	remove(seen, under)
}

// remove takes out all that is under a folder, whose name ends in a slash.
func remove(seen map[string]File, under string) {
	for p := range seen {
		if strings.HasPrefix(p, under) {
			delete(seen, p)
		}
	}
}

// Differences lists the files that a container of one image sees otherwise than
// a container of the other: what they hold, their mode, or that they are there
// at all. Times are not compared.
func Differences(a, b *Image) []string {
	type what struct {
		sum, link string
		mode      os.FileMode
	}
	in := func(img *Image) map[string]what {
		m := map[string]what{}
		for _, f := range img.Top() {
			m[f.Path] = what{f.Sum, f.Link, f.Mode}
		}
		return m
	}
	one, two := in(a), in(b)
	var differ []string
	for p, w := range one {
		if other, ok := two[p]; !ok || other != w {
			differ = append(differ, "/"+p)
		}
	}
	for p := range two {
		if _, ok := one[p]; !ok {
			differ = append(differ, "/"+p)
		}
	}
	sort.Strings(differ)
	return differ
}

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
