package attack

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// thing is one entry as it is written.
type thing struct {
	name, kind, to string
	text           []byte
}

// things are the entries that parts stand for.
func (a *Attack) things(parts []Part) ([]thing, error) {
	var all []thing
	for _, p := range parts {
		if p.Work != nil {
			for _, name := range slices.Sorted(maps.Keys(a.Files)) {
				all = append(all, thing{name: *p.Work + name, kind: "file", text: p.dressed(a.Files[name])})
			}
			continue
		}
		t := thing{name: p.Name, kind: p.Type, to: p.To, text: bytes.Repeat([]byte(p.Text), max(1, p.Times))}
		if t.kind == "" {
			t.kind = "file"
		}
		if p.Pack != "" {
			whole := ""
			inner, err := a.things([]Part{{Work: &whole}})
			if err != nil {
				return nil, err
			}
			if t.text, err = packed(p.Pack, inner); err != nil {
				return nil, err
			}
		}
		all = append(all, t)
	}
	return all, nil
}

// dressed is a file's text as the part wants it.
func (p Part) dressed(text []byte) []byte {
	if p.CRLF {
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	}
	if p.BOM {
		text = append([]byte("\ufeff"), text...)
	}
	return text
}

// bytes makes the archive or the file that is described.
func (a *Attack) bytes() ([]byte, error) {
	d := a.Archive
	if d.Kind == "file" {
		return bytes.Repeat([]byte(d.Text), max(1, d.Times)), nil
	}
	things, err := a.things(d.Entries)
	if err != nil {
		return nil, err
	}
	b, err := packed(d.Kind, things)
	if err != nil {
		return nil, err
	}
	for _, f := range d.Lies {
		if err := f.tell(b); err != nil {
			return nil, err
		}
	}
	if d.Cut > len(b) {
		return nil, fmt.Errorf("cutting %d bytes off %d", d.Cut, len(b))
	}
	return b[:len(b)-d.Cut], nil
}

// packed makes an archive.
func packed(kind string, things []thing) ([]byte, error) {
	var b bytes.Buffer
	var out io.WriteCloser = open{&b}
	switch kind {
	case "zip":
		err := zipped(&b, things)
		return b.Bytes(), err
	case "tar.gz":
		out = gzip.NewWriter(&b)
	case "tar.zst":
		z, err := zstd.NewWriter(&b)
		if err != nil {
			return nil, fmt.Errorf("compressing: %w", err)
		}
		out = z
	}
	if err := tarred(out, things); err != nil {
		return nil, err
	}
	if err := out.Close(); err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	return b.Bytes(), nil
}

// open is a writer that nothing closes.
type open struct{ io.Writer }

func (open) Close() error { return nil }

// modes are those that zips say their entries have.
var modes = map[string]fs.FileMode{"file": 0, "dir": fs.ModeDir, "symlink": fs.ModeSymlink, "device": fs.ModeDevice, "fifo": fs.ModeNamedPipe}

func zipped(out io.Writer, things []thing) error {
	w := zip.NewWriter(out)
	for _, t := range things {
		// A name that is not UTF-8 is not marked as such.
		h := &zip.FileHeader{Name: t.name, Method: zip.Deflate}
		h.SetMode(modes[t.kind] | 0o755)
		if t.kind == "dir" {
			h.Name = strings.TrimSuffix(t.name, "/") + "/"
		}
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write(append([]byte(t.to), t.text...))
		}
		if err != nil {
			return fmt.Errorf("zipping %q: %w", t.name, err)
		}
	}
	return w.Close()
}

// flags are the types of a tar's entries.
var flags = map[string]byte{"file": tar.TypeReg, "dir": tar.TypeDir, "symlink": tar.TypeSymlink, "hardlink": tar.TypeLink, "device": tar.TypeBlock, "fifo": tar.TypeFifo}

func tarred(out io.Writer, things []thing) error {
	w := tar.NewWriter(out)
	for _, t := range things {
		h := &tar.Header{Name: t.name, Typeflag: flags[t.kind], Linkname: t.to, Mode: 0o755, Size: int64(len(t.text)), Format: tar.FormatPAX}
		err := w.WriteHeader(h)
		if err == nil {
			_, err = w.Write(t.text)
		}
		if err != nil {
			return fmt.Errorf("packing %q into a tar: %w", t.name, err)
		}
	}
	return w.Close()
}

// recordBegins begins the record of a file in a zip's list.
const recordBegins = "PK\x01\x02"

// record gives the n-th record of a zip's list, to be changed.
func record(b []byte, n int) ([]byte, error) {
	for i := 0; ; i++ {
		at := bytes.Index(b, []byte(recordBegins))
		if at < 0 {
			return nil, fmt.Errorf("lying about entry %d: the zip has %d", n, i)
		}
		if b = b[at:]; i == n {
			return b, nil
		}
		b = b[len(recordBegins):]
	}
}

// tell puts the lie into a zip.
func (f False) tell(b []byte) error {
	r, err := record(b, f.Entry)
	if err != nil {
		return err
	}
	at := fields[f.Field]
	if f.As != nil {
		other, err := record(b, *f.As)
		if err == nil {
			copy(r[at.at:at.at+at.size], other[at.at:])
		}
		return err
	}
	value := binary.LittleEndian.AppendUint32(nil, *f.Value)
	copy(r[at.at:at.at+at.size], value)
	return nil
}
