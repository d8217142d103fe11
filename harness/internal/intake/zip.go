package intake

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// zipped is a zip. Names, sizes and kinds are those of its own list at its end,
// which is what other programs go by.
type zipped struct {
	unversioned
	file  *os.File
	zip   *zip.Reader
	label string
}

// metered bounds what is read while a zip's list is read into memory: the list
// may hold any number of files, whatever count it claims.
type metered struct {
	r    io.ReaderAt
	left int64 // bytes; no longer looked at when off is set
	off  bool
}

var errLongList = errors.New("its list of files is too long")

func (m *metered) ReadAt(p []byte, at int64) (int, error) {
	n, err := m.r.ReadAt(p, at)
	if m.left -= int64(n); m.left < 0 && !m.off {
		return 0, errLongList
	}
	return n, err
}

func openZip(f *os.File, label string) (*zipped, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, unreadable(label, err)
	}
	m := &metered{r: f, left: directoryLimit}
	z, err := zip.NewReader(m, info.Size())
	switch {
	case errors.Is(err, errLongList):
		return nil, refused("%s lists more files than the %d that may be handed in", label, entryLimit)
	case err != nil && !errors.Is(err, zip.ErrInsecurePath):
		return nil, damaged(label, err)
	}
	m.off = true
	return &zipped{file: f, zip: z, label: label}, sound(z, info.Size(), label)
}

func (z *zipped) close() error { return z.file.Close() }

// sound refuses a zip that claims what cannot be: more data than it has, the
// same data for several files, or more than an archive may unpack to.
func sound(z *zip.Reader, size int64, label string) error {
	if len(z.File) > entryLimit {
		return refused("%s lists more files than the %d that may be handed in", label, entryLimit)
	}
	type span struct{ from, to int64 }
	var spans []span
	var expanded uint64
	for _, f := range z.File {
		from, err := f.DataOffset()
		if err != nil {
			return damaged(label, err)
		}
		if f.CompressedSize64 > uint64(size) || from > size-int64(f.CompressedSize64) {
			return refused("%s is damaged (a file in it would end behind the archive's end): make it again", label)
		}
		if f.CompressedSize64 > 0 {
			spans = append(spans, span{from, from + int64(f.CompressedSize64)})
		}
		if f.UncompressedSize64 > expandedLimit {
			return tooMuch(label)
		}
		if expanded += f.UncompressedSize64; bomb(int64(expanded), size) {
			return tooMuch(label)
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return refused("%s has files that share their data, as archives made to overwhelm a reader do: make it again", label)
		}
	}
	return nil
}

// bomb reports whether expanded bytes are too many, or too many for an archive
// of which packed bytes were read.
func bomb(expanded, packed int64) bool {
	return expanded > expandedLimit || (expanded > ratioFloor && expanded/ratioLimit > packed)
}

func tooMuch(label string) error {
	return refused("%s unpacks to too much: the limits are %d MiB, and %d times the archive's own size", label, expandedLimit>>20, ratioLimit)
}

func (z *zipped) list(ctx context.Context) ([]entry, error) {
	entries := make([]entry, 0, len(z.zip.File))
	for _, f := range z.zip.File {
		entries = append(entries, entry{raw: cut(nameIn(f)), kind: kindOf(f.Mode()), size: int64(f.UncompressedSize64)})
	}
	return entries, ctx.Err()
}

// nameIn is the name of a file in a zip. One that is not marked as UTF-8, and
// is none, is in the character set that the format began with: folders with
// accents in their names come like that from Windows.
func nameIn(f *zip.File) string {
	if f.NonUTF8 && !utf8.ValidString(f.Name) {
		if name, err := charmap.CodePage437.NewDecoder().String(f.Name); err == nil {
			return name
		}
	}
	return f.Name
}

// encrypted is the flag of a file that is protected by a password.
const encrypted = 1

func (z *zipped) read(ctx context.Context, wanted map[int]bool, visit func(int, io.Reader) error) error {
	for i, f := range z.zip.File {
		if !wanted[i] {
			continue
		}
		if f.Flags&encrypted != 0 {
			return refused("%s is protected by a password: make it again without one", z.label)
		}
		r, err := f.Open()
		if err != nil {
			return damaged(z.label, err)
		}
		err = visit(i, watched{ctx, r})
		if err := errors.Join(err, r.Close()); err != nil {
			return damaged(z.label, err)
		}
	}
	return nil
}
