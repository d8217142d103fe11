//go:build unix

package goprogram

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// lay writes files, by their paths below root.
func lay(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o755))
	}
}

// module lays out a module of these files, which are below its root.
func module(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	lay(t, dir, map[string]string{"go.mod": "module example.com/m\n\ngo 1.26\n"})
	lay(t, dir, files)
	return dir
}

func find(t *testing.T) *Toolchain {
	t.Helper()
	tc, err := Find(t.Context(), folder(t))
	require.NoError(t, err)
	return tc
}

// folder gives a folder for the go command's own files. Unlike t.TempDir it
// does not insist on removing all: go's telemetry, a process in a session of
// its own, may still be writing when the test is over.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "goprogram")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// elsewhere gives the test a home of its own, with the caches where they are.
func elsewhere(t *testing.T) (home string) {
	t.Helper()
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	require.NoError(t, err)
	caches := strings.Fields(string(out))
	require.Len(t, caches, 2)
	t.Setenv("GOCACHE", caches[0])
	t.Setenv("GOMODCACHE", caches[1])
	home = folder(t)
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
	return home
}

const hello = "package main\n\nfunc main() { println(\"hello\") }\n"

func TestFind(t *testing.T) {
	tc := find(t)
	assert.Equal(t, runtime.Version(), tc.Version, "the go command that runs this test")
	t.Setenv("GOPROXY", "https://proxy.example.com")
	assert.Equal(t, "https://proxy.example.com", find(t).Setting("GOPROXY"))
}

func TestFindWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Find(t.Context(), t.TempDir())
	var trouble *check.Trouble
	require.ErrorAs(t, err, &trouble, "it is the machine's, not the learner's")
	require.Equal(t, "the go command is not on the PATH", trouble.Message)
	require.Contains(t, trouble.Mend, "https://go.dev/dl/")
}

func TestBuildAndRun(t *testing.T) {
	dir := module(t, map[string]string{"cmd/app/main.go": "package main\n\nvar version = \"none\"\n\nfunc main() { println(version) }\n"})
	out := filepath.Join(t.TempDir(), "app")
	require.NoError(t, find(t).Build(t.Context(), Build{Dir: dir, Package: "./cmd/app", Out: out, Flags: []string{"-ldflags=-X main.version=v1.2.3"}}))
	exit, err := Run(t.Context(), Command{Path: out, Limit: ample, Env: []string{"HOME=" + dir}})
	require.NoError(t, err)
	require.Equal(t, "v1.2.3\n", string(exit.Stderr))
}

// go/env in the user's configuration, which another submission may have
// written, and GOFLAGS could make each compile run a program.
func TestBuildRunsNobodysTools(t *testing.T) {
	home := elsewhere(t)
	ran := filepath.Join(home, "ran")
	lay(t, home, map[string]string{"tool": "#!/bin/sh\necho \"$@\" >>" + ran + "\nexec \"$@\"\n"})
	flags := "-toolexec=" + filepath.Join(home, "tool")
	for name, set := range map[string]func(t *testing.T){
		"go/env":  func(t *testing.T) { lay(t, home, map[string]string{"config/go/env": "GOFLAGS=" + flags + "\n"}) },
		"GOFLAGS": func(t *testing.T) { t.Setenv("GOFLAGS", flags) },
		"GOENV": func(t *testing.T) {
			lay(t, home, map[string]string{"my-env": "GOFLAGS=" + flags + "\n"})
			t.Setenv("GOENV", filepath.Join(home, "my-env"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.RemoveAll(filepath.Join(home, "config")))
			set(t)
			out, err := exec.Command("go", "env", "GOFLAGS").Output()
			require.NoError(t, err)
			require.Contains(t, string(out), flags, "the user's own go command obeys it")

			dir := module(t, map[string]string{"main.go": hello})
			require.NoError(t, find(t).Build(t.Context(), Build{Dir: dir, Package: ".", Out: filepath.Join(dir, "app")}))
			require.NoFileExists(t, ran, "the tool was run")
		})
	}
}

// cgo would put files of this host into the compiler's complaints.
func TestBuildReadsNoFilesOfTheHost(t *testing.T) {
	t.Setenv("CGO_ENABLED", "1")
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("s3cret token here\n"), 0o600))
	dir := module(t, map[string]string{"main.go": "package main\n\n// #include \"" + secret + "\"\nimport \"C\"\n\nfunc main() {}\n"})
	err := find(t).Build(t.Context(), Build{Dir: dir, Package: ".", Out: filepath.Join(dir, "app")})
	var broken *CompileError
	require.ErrorAs(t, err, &broken)
	require.NotContains(t, broken.Output, "s3cret")
	require.Contains(t, broken.Output, "build constraints exclude all Go files")
}

func TestBuildKeepsToItsModule(t *testing.T) {
	dir := module(t, map[string]string{"inner/go.mod": "module example.com/inner\n\ngo 1.26\n", "inner/main.go": hello,
		"go.work": "go 1.26\n\nuse .\n", "main.go": "package main\n\nfunc main() { does not compile }\n"})
	inner := filepath.Join(dir, "inner")
	require.NoError(t, find(t).Build(t.Context(), Build{Dir: inner, Package: ".", Out: filepath.Join(inner, "app")}), "a go.work around it does not count")

	lay(t, inner, map[string]string{"go.mod": "module example.com/inner\n\ngo 1.99\n"})
	err := find(t).Build(t.Context(), Build{Dir: inner, Package: ".", Out: filepath.Join(inner, "app")})
	require.ErrorContains(t, err, "GOTOOLCHAIN=local", "no other toolchain is fetched for it")
}

func TestCompileError(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		first string
		look  []check.Place
	}{
		"an undefined name": {
			map[string]string{"main.go": "package main\n\nimport \"example.com/m/parse\"\n\nfunc main() { parse.It() }\n",
				"parse/it.go": "package parse\n\nfunc It() {\n\tnothing()\n}\n"},
			"parse/it.go:4:2: undefined: nothing", []check.Place{{File: "parse/it.go", Line: 4}},
		},
		"two files": {
			map[string]string{"main.go": "package main\n\nimport \"example.com/m/parse\"\n\nfunc main() { parse.It() }\n",
				"parse/a.go": "package parse\n\nvar x int = \"a\"\n", "parse/b.go": "package parse\n\nfunc It() {\n\tvar unused int\n}\n"},
			"parse/a.go:3:13: cannot use \"a\" (untyped string constant) as int value in variable declaration",
			[]check.Place{{File: "parse/a.go", Line: 3}, {File: "parse/b.go", Line: 4}},
		},
		"no Go at all": {
			map[string]string{"main.go": "package main\n\nimport \"example.com/m/parse\"\n\nfunc main() { parse.It() }\n", "parse/it.go": "\xff\x00garbage\n"},
			"", []check.Place{{File: "parse/it.go", Line: 1}},
		},
		"a given file that counts on another name": {
			map[string]string{"main.go": "package main\n\nimport \"example.com/m/parse\"\n\nfunc main() { parse.That() }\n", "parse/it.go": "package parse\n"},
			"./main.go:5:21: undefined: parse.That", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := module(t, c.files)
			err := find(t).Build(t.Context(), Build{Dir: dir, Package: ".", Out: filepath.Join(dir, "app")})
			var broken *CompileError
			require.ErrorAs(t, err, &broken)
			if c.first != "" {
				assert.Equal(t, c.first, broken.Error())
			}
			assert.NotContains(t, broken.Output, dir, "the copy's folder is nothing to the learner")
			assert.Equal(t, c.look, PlacesIn(broken.Output, dir, func(file string) bool { return strings.HasPrefix(file, "parse/") }))
			assert.NoFileExists(t, filepath.Join(dir, "app"))
		})
	}
}

// CRLF and a byte order mark are no mistake.
func TestBuildTakesCRLFAndBOM(t *testing.T) {
	dir := module(t, map[string]string{"main.go": "\ufeff" + strings.ReplaceAll(hello, "\n", "\r\n")})
	require.NoError(t, find(t).Build(t.Context(), Build{Dir: dir, Package: ".", Out: filepath.Join(dir, "app")}))
}

func TestCompileErrorWithoutWords(t *testing.T) {
	require.Equal(t, "it does not compile", (&CompileError{Output: "# example.com/m\n"}).Error())
}
