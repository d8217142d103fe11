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
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

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
