package intake

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// renamedInTar puts another name of the same length into a tar.
func renamedInTar(t testing.TB, b []byte, from, to string) []byte {
	t.Helper()
	require.Len(t, to, len(from))
	at := bytes.Index(b, []byte(from))
	require.GreaterOrEqual(t, at, 0)
	b = bytes.Clone(b)
	copy(b[at:], to)
	sumTar(b[at : at+tarBlock])
	return b
}

// sumTar puts the right checksum into a tar's header.
func sumTar(h []byte) {
	copy(h[148:156], "        ")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:156], fmt.Sprintf("%06o\x00 ", sum))
}

// Parts of a zip's list: where a file's record begins, and the fields in it.
const (
	recordBegins  = "PK\x01\x02"
	endBegins     = "PK\x05\x06"
	flagsAt       = 8
	methodAt      = 10
	sumAt         = 16
	packedAt      = 20
	unpackedAt    = 24
	offsetAt      = 42
	endCountAt    = 8
	endAllCountAt = 10
	endSizeAt     = 12
)

// recordIn gives the n-th record of a zip's list, to be changed.
func recordIn(t testing.TB, b []byte, n int) []byte {
	t.Helper()
	for {
		at := bytes.Index(b, []byte(recordBegins))
		require.GreaterOrEqual(t, at, 0)
		if n == 0 {
			return b[at:]
		}
		b, n = b[at+1:], n-1
	}
}

func TestLyingZips(t *testing.T) {
	put32 := binary.LittleEndian.PutUint32
	for name, c := range map[string]struct {
		lie  func(t *testing.T, b []byte) []byte
		want string
	}{
		"claims fewer bytes than it has": {func(t *testing.T, b []byte) []byte {
			put32(recordIn(t, b, 0)[unpackedAt:], 5)
			return b
		}, "is damaged"},
		"claims more bytes than it has": {func(t *testing.T, b []byte) []byte {
			put32(recordIn(t, b, 0)[unpackedAt:], 500)
			return b
		}, "is damaged"},
		"claims gigabytes": {func(t *testing.T, b []byte) []byte {
			put32(recordIn(t, b, 1)[unpackedAt:], 0xfffffffe)
			return b
		}, "unpacks to too much"},
		"data behind its end": {func(t *testing.T, b []byte) []byte {
			put32(recordIn(t, b, 1)[packedAt:], uint32(len(b)))
			return b
		}, "would end behind the archive's end"},
		"another checksum": {func(t *testing.T, b []byte) []byte {
			put32(recordIn(t, b, 0)[sumAt:], 1)
			return b
		}, "is damaged"},
		"no file where it says": {func(t *testing.T, b []byte) []byte {
			put32(recordIn(t, b, 0)[offsetAt:], 3)
			return b
		}, "is damaged"},
		"the same data twice": {func(t *testing.T, b []byte) []byte {
			copy(recordIn(t, b, 1)[offsetAt:offsetAt+4], recordIn(t, b, 0)[offsetAt:])
			copy(recordIn(t, b, 1)[packedAt:packedAt+8], recordIn(t, b, 0)[packedAt:])
			return b
		}, "share their data"},
		"a password": {func(t *testing.T, b []byte) []byte {
			recordIn(t, b, 0)[flagsAt] |= encrypted
			return b
		}, "protected by a password"},
		"a way to pack of its own": {func(t *testing.T, b []byte) []byte {
			recordIn(t, b, 0)[methodAt] = 9 // "Deflate64", of Windows
			return b
		}, "compressed in a way that is not supported"},
		"another count": {func(_ *testing.T, b []byte) []byte {
			end := b[bytes.LastIndex(b, []byte(endBegins)):]
			end[endCountAt], end[endAllCountAt] = 77, 77
			return b
		}, "is damaged"},
		"cut off":            {func(_ *testing.T, b []byte) []byte { return b[:len(b)-30] }, "is damaged"},
		"its beginning only": {func(_ *testing.T, b []byte) []byte { return b[:8] }, "is damaged"},
		"a byte of the data": {func(_ *testing.T, b []byte) []byte {
			b[bytes.Index(b, []byte("Dockerfile"))+len("Dockerfile")+2] ^= 0x55
			return b
		}, "is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := opened(t, file(t, c.lie(t, zipBytes(t, work))), Options{})
			refusedFor(t, err, c.want)
		})
	}
}

// A zip64 can claim any size at all.
func TestLyingZip64(t *testing.T) {
	text := []byte("FROM scratch\n")
	for name, c := range map[string]struct {
		packed, unpacked uint64
		want             string
	}{
		"unpacks to exabytes":    {uint64(len(text)), 1 << 62, "unpacks to too much"},
		"a negative size":        {uint64(len(text)), 1<<64 - 2, "unpacks to too much"},
		"exabytes of data":       {1 << 62, uint64(len(text)), "would end behind the archive's end"},
		"a negative size packed": {1<<64 - 2, uint64(len(text)), "would end behind the archive's end"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			w := zip.NewWriter(&b)
			f, err := w.CreateRaw(&zip.FileHeader{Name: "Dockerfile", CRC32: crc32.ChecksumIEEE(text), CompressedSize64: c.packed, UncompressedSize64: c.unpacked})
			require.NoError(t, err)
			_, err = f.Write(text)
			require.NoError(t, err)
			require.NoError(t, w.Close())
			_, err = opened(t, file(t, b.Bytes()), Options{})
			refusedFor(t, err, c.want)
		})
	}
}

// More files than the count in a zip's end can say, which is taken modulo 65,536.
func TestManyFilesInZip(t *testing.T) {
	for name, c := range map[string]struct{ files, length int }{
		"one too many":        {entryLimit + 1, 6},
		"a long list":         {directoryLimit/60_000 + 1, 60_000},
		"more than 16 bits":   {1<<16 + 1, 6},
		"so many as fit in 0": {1 << 16, 6},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			w := zip.NewWriter(&b)
			for i := range c.files {
				_, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%0*d", c.length, i)})
				require.NoError(t, err)
			}
			require.NoError(t, w.Close())
			_, err := opened(t, file(t, b.Bytes()), Options{})
			refusedFor(t, err, "more files than the 20000 that may be handed in")
		})
	}
}

func TestZipBomb(t *testing.T) {
	// Nothing of it would be taken, and it is refused all the same.
	_, err := opened(t, file(t, zipBytes(t, with(work, thing{name: "zeros", text: strings.Repeat("\x00", ratioFloor+1)}))), Options{})
	refusedFor(t, err, "100 times the archive's own size")
	_, err = opened(t, file(t, zipBytes(t, with(work, thing{name: "zeros", text: strings.Repeat("\x00", ratioFloor/2)}))), Options{})
	require.NoError(t, err)
}

// Windows writes names in the character set of the country, and does not say so.
func TestOldZipNames(t *testing.T) {
	b := zipBytes(t, under("Xbung 1", work))
	b = bytes.ReplaceAll(b, []byte("Xbung 1"), []byte("\x9abung 1")) // Ü, in code page 437
	in, err := opened(t, file(t, b), Options{})
	require.NoError(t, err)
	assert.Equal(t, workNames, in.Taken)
}

func TestTarTroubles(t *testing.T) {
	plain := tarBytes(t, work)
	big := func(name string) []byte { // a tar that claims a large file and has little of it
		b := tarBytes(t, []thing{{name: name, text: "x"}})
		copy(b[124:136], "77777777777\x00") // 8 GiB
		sumTar(b[:tarBlock])
		return b
	}
	flipped := gzipped(t, plain)
	flipped[len(flipped)-6] ^= 1 // in the checksum
	zeros := tarBytes(t, with(work, thing{name: "zeros", text: strings.Repeat("\x00", 2*ratioFloor)}))
	var longNames []thing
	for range 3 {
		longNames = append(longNames, thing{name: strings.Repeat("n", 900<<10)})
	}
	var entries []thing
	for i := range entryLimit + 1 {
		entries = append(entries, thing{name: fmt.Sprintf("%06d", i)})
	}
	for name, c := range map[string]struct {
		bytes []byte
		want  string // "" is none
	}{
		"cut off in a file":      {plain[:700], "is damaged"},
		"no end":                 {bytes.TrimRight(plain, "\x00"), "is damaged"},
		"no end marker":          {plain[:len(plain)-2*tarBlock], "is damaged"},
		"gzip, cut off":          {gzipped(t, plain)[:60], "is damaged"},
		"gzip, another checksum": {flipped, "is damaged"},
		"gzip, padded":           {append(gzipped(t, plain), make([]byte, 512)...), ""},
		"gzip of no tar":         {gzipped(t, []byte(strings.Repeat("FROM scratch\n", 100))), "something other than a tar"},
		"gzip of a zip":          {gzipped(t, zipBytes(t, work)), "is damaged"},
		"gzip of nothing":        {gzipped(t, nil), "is damaged"},
		"zstd, cut off":          {zstandard(t, plain)[:40], "is damaged"},
		"a file of 8 GiB":        {big("Dockerfile"), "is damaged"},
		"another of 8 GiB":       {big("core"), "is damaged"},
		"a bomb, gzip":           {gzipped(t, zeros), "100 times the archive's own size"},
		"a bomb, zstd":           {zstandard(t, zeros), "100 times the archive's own size"},
		"no bomb":                {zeros, ""},
		"a large window":         {zstandardStream(t, plain, 4*windowLimit), "is damaged"},
		"long names":             {tarBytes(t, with(longNames, work...)), ""},
		"too many files":         {gzipped(t, tarBytes(t, entries)), "more files than the 20000"},
	} {
		t.Run(name, func(t *testing.T) {
			in, err := opened(t, file(t, c.bytes), Options{})
			if c.want != "" {
				refusedFor(t, err, c.want)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, workNames, in.Taken)
		})
	}
}

// zstandardStream packs without telling the size, so that the window counts.
func zstandardStream(t testing.TB, b []byte, window int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithWindowSize(window), zstd.WithSingleSegment(false))
	require.NoError(t, err)
	for range 2 {
		_, err = w.Write(b)
		require.NoError(t, err)
		require.NoError(t, w.Flush())
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// Git says in an archive which commit it is of: nothing to take, nor to miss.
func TestGlobalHeader(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": "0123"}}))
	require.NoError(t, w.Flush())
	b.Write(tarBytes(t, work))
	in, err := opened(t, file(t, b.Bytes()), Options{})
	require.NoError(t, err)
	assert.Empty(t, in.LeftOut)
}

// A sparse file has holes, which are read as zeros, and counts with them.
func TestSparse(t *testing.T) {
	sparse := func(size int64) []byte {
		b := tarBytes(t, []thing{{name: "Dockerfile"}})
		h := b[:tarBlock]
		copy(h[257:265], "ustar  \x00") // GNU's own format
		h[156] = tar.TypeGNUSparse
		copy(h[124:136], "00000000000\x00")              // bytes that are there
		copy(h[386:398], fmt.Sprintf("%011o\x00", size)) // one part, at the end,
		copy(h[398:410], "00000000000\x00")              // without bytes
		copy(h[483:495], fmt.Sprintf("%011o\x00", size)) // bytes with the holes
		sumTar(h)
		return b
	}
	in, err := opened(t, file(t, sparse(1000)), Options{})
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("\x00", 1000), textAt(t, in.Dir, "Dockerfile"))
	_, err = opened(t, file(t, sparse(submission.FileLimit+1)), Options{})
	refusedFor(t, err, "has more than")
}
