package intake

import (
	"archive/tar"
	"errors"
	"strings"
	"testing"
)

// FuzzOpen hands in any bytes at all. What always holds is checked by opened:
// nothing is written outside of the folder, and in it only regular files that
// may be edited, within their limits, and none at all on an error. An error is
// the submission's, never ours.
func FuzzOpen(f *testing.F) {
	all := with(under("alice", work), thing{name: "../Dockerfile"}, thing{name: "/Dockerfile"}, thing{name: `a\b`}, thing{name: "alice/dockerfile"},
		thing{name: "alice/buildinfo", flag: tar.TypeDir}, thing{name: "alice/link", flag: tar.TypeSymlink, link: "../../.."},
		thing{name: "__MACOSX/alice/._Dockerfile"}, thing{name: strings.Repeat("d/", 40) + "x"})
	for _, pack := range forms {
		f.Add(pack(f, work))
		f.Add(pack(f, all))
		f.Add(pack(f, with(work, thing{name: "Dockerfile"})))
	}
	f.Add(tarBytes(f, with(work, thing{name: "envconfig/x.go", flag: tar.TypeLink, link: "Dockerfile"})))
	f.Fuzz(func(t *testing.T, data []byte) {
		if strings.HasPrefix(string(data), "# v") {
			t.Skip("bundles are git's to read, in a process of its own for each input")
		}
		_, err := opened(t, file(t, data), Options{})
		var refused *RefusedError
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("it is not the submission that is blamed: %v", err)
		}
	})
}
