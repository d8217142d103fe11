package intake

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// tarball is a tar, as it is or compressed. It is read through twice, once to
// see what there is and once to take some of it: which folder the day's files
// are in is known at the end only.
type tarball struct {
	unversioned
	file  *os.File
	label string
	form  form
	names []string // as they were listed
}

func (t *tarball) close() error { return t.file.Close() }

// counted counts the bytes that are read from r.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// inflating is what comes out of a decoder, until that is too much.
type inflating struct {
	out    counted
	packed *counted
	label  string
}

func (i *inflating) Read(p []byte) (int, error) {
	n, err := i.out.Read(p)
	if bomb(i.out.n, i.packed.n) {
		return 0, tooMuch(i.label)
	}
	return n, err
}

// open gives the bytes of the tar from its beginning, and what ends that.
func (t *tarball) open(ctx context.Context) (io.Reader, func(), error) {
	if _, err := t.file.Seek(0, io.SeekStart); err != nil {
		return nil, nil, unreadable(t.label, err)
	}
	packed := &counted{r: watched{ctx, t.file}}
	unpacked := &inflating{packed: packed, label: t.label}
	switch t.form {
	case asGzip:
		z, err := gzip.NewReader(bufio.NewReader(packed))
		if err != nil {
			return nil, nil, damaged(t.label, err)
		}
		unpacked.out.r = z
		return unpacked, func() {}, nil
	case asZstd:
		// One decoder that works while it is read from, not ahead of it.
		z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(windowLimit))
		if err != nil {
			return nil, nil, damaged(t.label, err)
		}
		unpacked.out.r = z
		return unpacked, z.Close, nil
	}
	unpacked.out.r = packed
	return unpacked, func() {}, nil
}

// each calls visit with every entry of the tar, by its number.
func (t *tarball) each(ctx context.Context, visit func(i int, h *tar.Header, r io.Reader) error) error {
	unpacked, end, err := t.open(ctx)
	if err != nil {
		return err
	}
	defer end()
	r := tar.NewReader(unpacked)
	for i := 0; ; i++ {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return damaged(t.label, err)
		}
		if i == entryLimit {
			return refused("%s has more than %d files and folders", t.label, entryLimit)
		}
		if err := visit(i, h, r); err != nil {
			return damaged(t.label, err)
		}
	}
	// The checksum of what was compressed comes after the end of the tar. What
	// follows that is padding.
	if _, err := io.Copy(io.Discard, unpacked); err != nil && !errors.Is(err, gzip.ErrHeader) && !errors.Is(err, zstd.ErrMagicMismatch) {
		return damaged(t.label, err)
	}
	return nil
}

func (t *tarball) list(ctx context.Context) ([]entry, error) {
	var entries []entry
	t.names = nil
	err := t.each(ctx, func(_ int, h *tar.Header, _ io.Reader) error {
		e := entry{raw: cut(h.Name), kind: kindIn(h), size: h.Size}
		t.names = append(t.names, e.raw)
		entries = append(entries, e)
		return nil
	})
	return entries, err
}

// kindIn is the kind of an entry of a tar. What only describes other entries,
// as git does with the commit that an archive is of, counts as a folder: it is
// nothing that could be taken or missed.
func kindIn(h *tar.Header) kind {
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse:
		if len(h.Name) > 0 && h.Name[len(h.Name)-1] == '/' {
			return folder
		}
		return regular
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return folder
	case tar.TypeSymlink:
		return symlink
	case tar.TypeLink:
		return hardlink
	case tar.TypeChar, tar.TypeBlock:
		return device
	case tar.TypeFifo:
		return pipe
	}
	return special
}

func (t *tarball) read(ctx context.Context, wanted map[int]bool, visit func(int, io.Reader) error) error {
	return t.each(ctx, func(i int, h *tar.Header, r io.Reader) error {
		if i >= len(t.names) || cut(h.Name) != t.names[i] || (wanted[i] && kindIn(h) != regular) {
			return errChanged
		}
		if !wanted[i] {
			return nil
		}
		return visit(i, r)
	})
}
