//go:build unix

package intake

import (
	"archive/tar"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/submission"
)

func TestFolderLeftOut(t *testing.T) {
	secret := filepath.Join(laid(t, t.TempDir(), []thing{{name: "secret", text: "s"}, {name: "d/Dockerfile", text: "s"}}), "secret")
	dir := laid(t, t.TempDir(), with(work,
		thing{name: "dockerfile", text: "FROM other\n"},
		thing{name: "link", flag: tar.TypeSymlink, link: secret},
		thing{name: "away", flag: tar.TypeSymlink, link: filepath.Join(filepath.Dir(secret), "d")},
		thing{name: ".git/objects/x", text: "x"},
		thing{name: "bad\nname"}, thing{name: "bad\xffname"}, thing{name: `back\slash`},
	))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	in, err := opened(t, dir, Options{})
	require.NoError(t, err)
	assert.Equal(t, workNames, in.Taken)
	assert.Equal(t, "FROM scratch\n", textAt(t, in.Dir, "Dockerfile"))
	reasons := why(in)
	for name, want := range map[string]string{
		"dockerfile": "must be called Dockerfile", "link": "a symbolic link", "away": "a symbolic link", ".git": "history", "pipe": "a named pipe",
		`"bad\nname"`: "control character", `"bad\xffname"`: "not UTF-8", `back\slash`: "backslash",
	} {
		assert.Contains(t, reasons[name], want, name)
		delete(reasons, name)
	}
	assert.Empty(t, reasons)
}

func TestFolderRefused(t *testing.T) {
	elsewhere := laid(t, t.TempDir(), work)
	deep := strings.Repeat("d/", depthLimit+1)
	for name, c := range map[string]struct {
		make func(t *testing.T, dir string)
		want string
	}{
		"a link": {func(t *testing.T, dir string) {
			laid(t, dir, []thing{{name: "Dockerfile", flag: tar.TypeSymlink, link: filepath.Join(elsewhere, "Dockerfile")}})
		}, "Dockerfile is a symbolic link"},
		"a link in it": {func(t *testing.T, dir string) {
			laid(t, dir, []thing{{name: "real", text: "x"}, {name: "Dockerfile", flag: tar.TypeSymlink, link: "real"}})
		}, "Dockerfile is a symbolic link"},
		"a linked folder": {func(t *testing.T, dir string) {
			laid(t, dir, []thing{work[0], {name: "envconfig", flag: tar.TypeSymlink, link: filepath.Join(elsewhere, "envconfig")}})
		}, "envconfig is a symbolic link, and a folder is wanted"},
		"a pipe": {func(t *testing.T, dir string) {
			require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "Dockerfile"), 0o600))
		}, "Dockerfile is a named pipe"},
		"too large": {func(t *testing.T, dir string) {
			laid(t, dir, []thing{{name: "Dockerfile", text: strings.Repeat("x", submission.FileLimit+1)}})
		}, "Dockerfile has more than"},
		"deep":  {func(t *testing.T, dir string) { laid(t, dir, with(work, thing{name: deep + "x"})) }, "folders in each other"},
		"empty": {func(*testing.T, string) {}, "is empty"},
		"too many": {func(t *testing.T, dir string) {
			for i := range entryLimit + 1 {
				f, err := os.Create(filepath.Join(dir, "f"+strings.Repeat("i", i%100)+string(rune('0'+i/100%10))+string(rune('a'+i/1000))))
				require.NoError(t, err)
				require.NoError(t, f.Close())
			}
		}, "more files than the 20000"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c.make(t, dir)
			_, err := opened(t, dir, Options{})
			refusedFor(t, err, c.want)
		})
	}
}

// Something takes the place of a file between the look and the reading.
func TestReplacedWhileRead(t *testing.T) {
	for name, replace := range map[string]func(path string) error{
		"by a link in the folder": func(path string) error { return os.Symlink("other", path) },
		"by a link elsewhere":     func(path string) error { return os.Symlink("/etc/passwd", path) },
		"by a pipe":               func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"by a folder":             func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := laid(t, t.TempDir(), []thing{{name: "other", text: "other"}})
			root, err := os.OpenRoot(dir)
			require.NoError(t, err)
			defer root.Close()
			require.NoError(t, replace(filepath.Join(dir, "Dockerfile")))
			_, err = openRegular(root, "Dockerfile")
			require.Error(t, err)
		})
	}
}

func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := laid(t, t.TempDir(), work)
	require.NoError(t, os.Chmod(filepath.Join(dir, "Dockerfile"), 0))
	_, err := opened(t, dir, Options{})
	inputError(t, err, "it cannot be read")
}

// What is handed in is only read, and what is written has a mode of its own.
func TestModes(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	in, err := opened(t, file(t, tarBytes(t, work)), Options{})
	require.NoError(t, err)
	assert.Equal(t, workNames, in.Taken) // opened looks at the modes
}
