package intake

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// kind is what an entry is, in words that go into a sentence.
type kind string

const (
	regular   kind = "a regular file"
	folder    kind = "a folder"
	symlink   kind = "a symbolic link"
	hardlink  kind = "a hard link"
	device    kind = "a device"
	pipe      kind = "a named pipe"
	submodule kind = "a git submodule"
	special   kind = "a special file"
)

// kindOf is the kind of a file by its mode.
func kindOf(mode fs.FileMode) kind {
	switch {
	case mode.IsRegular():
		return regular
	case mode.IsDir():
		return folder
	case mode&fs.ModeSymlink != 0:
		return symlink
	case mode&fs.ModeDevice != 0:
		return device
	case mode&fs.ModeNamedPipe != 0:
		return pipe
	}
	return special
}

// entry is one thing that a source holds.
type entry struct {
	raw  string // its name as the source has it, cut off after nameLimit
	kind kind
	size int64 // in bytes, as the source claims; -1 where it is not known
}

// cut bounds what is kept of a name. It keeps enough for clean to see that it
// is too long.
func cut(name string) string {
	if len(name) > nameLimit {
		return name[:nameLimit+1]
	}
	return name
}

// source is what was handed in, whatever its form.
type source interface {
	// list gives everything that the source holds, in its order. The error is a
	// *RefusedError when that is beyond a limit.
	list(ctx context.Context) ([]entry, error)
	// read calls visit with the contents of the entries that list gave at the
	// wanted indexes, in any order.
	read(ctx context.Context, wanted map[int]bool, visit func(i int, r io.Reader) error) error
	// version is the commit that is read, and its time; "" outside of git.
	version() (commit string, at time.Time)
	close() error
}

// unversioned is the version of a source that is not git's.
type unversioned struct{}

func (unversioned) version() (string, time.Time) { return "", time.Time{} }

// openSource opens what lies at path by what it is.
func openSource(ctx context.Context, path, revision string) (source, error) {
	label := filepath.Base(path)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, unusable("%s: there is no such file or folder", path)
	case err != nil:
		return nil, unreadable(path, err)
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, refused("%s is a symbolic link, and links are never followed: hand in what it points to", label)
	case info.IsDir():
		return openFolder(ctx, path, revision)
	case !info.Mode().IsRegular():
		return nil, refused("%s is %s, and a folder or an archive is wanted", label, kindOf(info.Mode()))
	case info.Size() > archiveLimit:
		return nil, refused("%s has %d bytes, and the limit is %d", label, info.Size(), int64(archiveLimit))
	}
	f, err := os.OpenFile(path, readOnly, 0)
	if err != nil {
		return nil, unreadable(path, err)
	}
	src, err := openFile(ctx, f, label, revision)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return src, nil
}

// openFolder opens a folder: as a repository where it is a bare one or a
// revision is asked for, and otherwise as the files that lie in it.
func openFolder(ctx context.Context, path, revision string) (source, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	git := gitFolder(root)
	switch {
	case git == "" && revision != "":
		err = unusable("%s: it is no git repository, so it has no revision %s", path, revision)
	case git == "." || revision != "":
		var src source
		if src, err = openRepository(ctx, root, git, filepath.Base(path), revision); err == nil {
			return src, root.Close() // all that is read has been copied
		}
	default:
		return &tree{root: root, path: path}, nil
	}
	return nil, errors.Join(err, root.Close())
}

// form is how a file is packed.
type form string

const (
	asZip    form = "zip"
	asTar    form = "tar"
	asGzip   form = "gzip"
	asZstd   form = "zstd"
	asBundle form = "bundle"
	asOther  form = "" // an archive that we do not read
	asNone   form = "none"
)

// signatures are how files of a form begin.
var signatures = []struct {
	begins string
	form   form
}{
	{"PK\x03\x04", asZip}, {"PK\x05\x06", asZip}, {"PK\x07\x08", asZip},
	{"\x1f\x8b", asGzip}, {"\x28\xb5\x2f\xfd", asZstd},
	{"# v2 git bundle\n", asBundle}, {"# v3 git bundle\n", asBundle},
	{"7z\xbc\xaf\x27\x1c", asOther}, {"Rar!\x1a\x07", asOther}, {"\xfd7zXZ\x00", asOther}, {"BZh", asOther},
}

// sniff tells how a file is packed, by how it begins.
func sniff(head []byte) form {
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.begins)) {
			return s.form
		}
	}
	if len(head) < tarBlock {
		return asNone
	}
	// A tar has no signature that all have, and a checksum in every header;
	// one without files is all zeros.
	_, err := tar.NewReader(bytes.NewReader(head)).Next()
	if errors.Is(err, tar.ErrHeader) {
		return asNone
	}
	return asTar // or it ends where its first header ends, which is not known yet
}

// tarBlock is the size of a tar's header in bytes.
const tarBlock = 512

// openFile opens an archive or a bundle, and closes f with it.
func openFile(ctx context.Context, f *os.File, label, revision string) (source, error) {
	head := make([]byte, tarBlock)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, unreadable(label, err)
	}
	as := sniff(head[:n])
	if revision != "" && as != asBundle {
		return nil, unusable("%s: it is no git repository or bundle, so it has no revision %s", label, revision)
	}
	switch as {
	case asZip:
		return openZip(f, label)
	case asTar, asGzip, asZstd:
		return &tarball{file: f, label: label, form: as}, nil
	case asBundle:
		return openBundle(ctx, f, label, revision)
	case asOther:
		return nil, refused("%s is an archive of a kind that is not supported: make a zip or a tar.gz of the folder", label)
	}
	if n == 0 {
		return nil, refused("%s is empty: it has no bytes", label)
	}
	return nil, refused("%s is no archive: hand in a folder, or a zip, a tar or a git bundle of one", label)
}
