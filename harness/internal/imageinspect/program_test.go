package imageinspect

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEntry(t *testing.T) {
	files := layer(t, file("app", "a"), file("srv/app", "b"), file("usr/bin/app", "c"), file("opt/tool", "d"), folder("usr/local/bin/app"), link("run", "srv/app"))
	for name, c := range map[string]struct {
		config v1.Config
		want   string
	}{
		"ENTRYPOINT":                    {v1.Config{Entrypoint: []string{"/app", "-v"}}, "app"},
		"CMD":                           {v1.Config{Cmd: []string{"/srv/app"}}, "srv/app"},
		"ENTRYPOINT comes before CMD":   {v1.Config{Entrypoint: []string{"/app"}, Cmd: []string{"/srv/app"}}, "app"},
		"relative to WORKDIR":           {v1.Config{Entrypoint: []string{"./app"}, WorkingDir: "/srv"}, "srv/app"},
		"relative without WORKDIR":      {v1.Config{Entrypoint: []string{"srv/app"}}, "srv/app"},
		"on the PATH that is the rule":  {v1.Config{Entrypoint: []string{"app"}, WorkingDir: "/srv"}, "usr/bin/app"},
		"on the image's own PATH":       {v1.Config{Entrypoint: []string{"tool"}, Env: []string{"A=1", "PATH=/nowhere:/opt"}}, "opt/tool"},
		"the first of PATH":             {v1.Config{Entrypoint: []string{"app"}, Env: []string{"PATH=/srv:/usr/bin"}}, "srv/app"},
		"through a link":                {v1.Config{Entrypoint: []string{"/run"}}, "srv/app"},
		"not on PATH":                   {v1.Config{Entrypoint: []string{"tool"}}, ""},
		"not there":                     {v1.Config{Entrypoint: []string{"/bin/sh", "-c", "/app"}}, ""},
		"a folder":                      {v1.Config{Entrypoint: []string{"/srv"}}, ""},
		"its own PATH instead of rules": {v1.Config{Entrypoint: []string{"app"}, Env: []string{"PATH=/nowhere"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := open(t, c.config, files).Entry()
			if c.want == "" {
				var none *NotFoundError
				require.ErrorAs(t, err, &none)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got.Path)
		})
	}
	_, err := open(t, v1.Config{}, files).Entry()
	require.EqualError(t, err, "the image has neither ENTRYPOINT nor CMD")
}

// compile compiles a program for Linux, whatever this host is.
func compile(t *testing.T, source string, flags ...string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/m\n\ngo 1.26\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o644))
	out := filepath.Join(dir, "app")
	cmd := exec.Command("go", append(append([]string{"build", "-o", out}, flags...), ".")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=", "GOWORK=off")
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, string(text))
	return out
}

func TestReadProgram(t *testing.T) {
	const source = "package main\n\nfunc main() { println(1) }\n"
	version, err := exec.Command("go", "env", "GOVERSION").Output()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		flags          []string
		symbols, debug bool
	}{
		"as it comes":             {nil, true, true},
		"without debugging":       {[]string{"-ldflags=-w"}, true, false},
		"stripped":                {[]string{"-ldflags=-s -w"}, false, false},
		"stripped, by -s alone":   {[]string{"-ldflags=-s"}, false, false},
		"uncompressed debugging":  {[]string{"-ldflags=-compressdwarf=false"}, true, true},
		"trimmed is not stripped": {[]string{"-trimpath"}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := ReadProgram(compile(t, source, c.flags...))
			require.NoError(t, err)
			assert.True(t, p.Static())
			assert.Empty(t, p.Loader)
			assert.Empty(t, p.Libraries)
			assert.Equal(t, c.symbols, p.Symbols, "symbol table")
			assert.Equal(t, c.debug, len(p.Debug) > 0, "debugging sections: %v", p.Debug)
			assert.Equal(t, strings.TrimSpace(string(version)), p.GoVersion)
			assert.Equal(t, "example.com/m", p.Main)
			assert.Empty(t, p.Modules)
		})
	}
}

// A dynamic program, as forgetting CGO_ENABLED=0 makes it.
func TestReadDynamicProgram(t *testing.T) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("there is no C compiler here")
	}
	dir := t.TempDir()
	source, out := filepath.Join(dir, "main.c"), filepath.Join(dir, "app")
	require.NoError(t, os.WriteFile(source, []byte("#include <stdio.h>\nint main(void) { return puts(\"x\"); }\n"), 0o644))
	text, err := exec.Command(cc, "-o", out, source).CombinedOutput()
	require.NoError(t, err, string(text))
	p, err := ReadProgram(out)
	require.NoError(t, err)
	assert.False(t, p.Static())
	assert.Contains(t, p.Loader, "/ld-")
	assert.NotEmpty(t, p.Libraries)
	assert.Empty(t, p.GoVersion, "it is no Go program")
	assert.Empty(t, p.Main)
}

func TestNotELF(t *testing.T) {
	whole, err := os.ReadFile(compile(t, "package main\n\nfunc main() {}\n"))
	require.NoError(t, err)
	for name, text := range map[string]string{
		"empty": "", "a script": "#!/bin/sh\nexec /app\n", "only the magic number": "\x7fELF", "cut short": string(whole[:60]),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "app")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o755))
			_, err := ReadProgram(path)
			var foreign *NotELFError
			require.ErrorAs(t, err, &foreign)
			require.ErrorContains(t, err, "it is not an ELF executable: ")
		})
	}
}
