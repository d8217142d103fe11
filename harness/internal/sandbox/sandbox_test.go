//go:build unix

package sandbox

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
	"github.com/daybook-dev/daybook/harness/internal/goprogram"
)

// golang is the image of these tests.
const golang = "golang:1.26"

// ample is more than a program needs that ends by itself, on a busy machine.
const ample = 2 * time.Minute

// shared is the seed of all tests, made once: compiling it takes a while.
var shared struct {
	once   sync.Once
	engine *engine.Engine
	run    *engine.Run
	host   *goprogram.Toolchain
	seed   *Seed
	err    error
}

func TestMain(m *testing.M) {
	status := m.Run()
	if shared.run != nil {
		ctx := context.Background()
		err := shared.engine.CleanUp(ctx, shared.run.ID)
		left, listErr := shared.engine.Leftovers(ctx)
		for _, l := range left {
			if strings.HasPrefix(l, shared.run.ID) {
				err = fmt.Errorf("left behind: %s", l)
			}
		}
		if closeErr := shared.run.Close(); err != nil || listErr != nil || closeErr != nil {
			fmt.Fprintln(os.Stderr, "cleaning up:", err, listErr, closeErr)
			status = max(status, 1)
		}
	}
	os.Exit(status)
}

// lay makes a module of these files in the run's folder.
func lay(t *testing.T, r *engine.Run, files map[string]string) string {
	t.Helper()
	dir, err := os.MkdirTemp(r.Dir, "tree")
	require.NoError(t, err)
	all := map[string]string{"go.mod": "module example.com/m\n\ngo 1.26\n"}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

// ours are the programs that the tests run.
func ours(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for name, from := range map[string]string{"hostile/main.go": "../goprogram/testdata/hostile/main.go", "attack/main.go": "testdata/attack/main.go"} {
		text, err := os.ReadFile(from)
		require.NoError(t, err)
		files[name] = string(text)
	}
	return files
}

func prepare(t *testing.T) *Seed {
	t.Helper()
	e := enginetest.Connect(t)
	shared.once.Do(func() {
		shared.engine = e
		if shared.run, shared.err = engine.NewRun(); shared.err != nil {
			return
		}
		if shared.host, shared.err = goprogram.Find(context.Background(), shared.run.Dir); shared.err != nil {
			return
		}
		tree := lay(t, shared.run, ours(t))
		shared.seed, shared.err = Prepare(context.Background(), e, Source{Run: shared.run, Image: golang, Host: shared.host, Trees: []string{tree}})
	})
	require.NoError(t, shared.err)
	return shared.seed
}

// submission gives the sandbox of a submission, and the run that it is of. What
// is left on the engine when the run's things are removed fails the test.
func submission(t *testing.T) (*Programs, *engine.Run) {
	t.Helper()
	seed := prepare(t)
	r, err := engine.NewRun()
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, shared.engine.CleanUp(context.Background(), r.ID))
		for _, left := range enginetest.Leftovers(t, shared.engine) {
			assert.NotContains(t, left, r.ID)
		}
		require.NoError(t, r.Close())
	})
	return seed.Programs(r), r
}

// compiled gives a program of ours, compiled.
func compiled(t *testing.T, p *Programs, name string) string {
	t.Helper()
	tree, out := lay(t, p.run, ours(t)), filepath.Join(p.run.Dir, name)
	require.NoError(t, p.Build(t.Context(), goprogram.Build{Dir: tree, Package: "./" + name, Out: out}))
	return out
}

// runIn runs a program with HOME and TMPDIR as a scenario gives them.
func runIn(t *testing.T, p *Programs, limit time.Duration, program string, args ...string) *goprogram.Exit {
	t.Helper()
	exit, err := p.Run(t.Context(), goprogram.Command{Path: program, Dir: filepath.Dir(program), Args: args, Limit: limit, Env: []string{"HOME=" + p.run.Dir, "TMPDIR=" + p.run.Dir}})
	require.NoError(t, err)
	return exit
}

// A program ends in the sandbox as it ends on the host.
func TestRunIsAsOnTheHost(t *testing.T) {
	p, r := submission(t)
	inside := compiled(t, p, "hostile")
	outside := filepath.Join(r.Dir, "on-the-host")
	require.NoError(t, shared.host.Build(t.Context(), goprogram.Build{Dir: lay(t, r, ours(t)), Package: "./hostile", Out: outside}))
	for name, c := range map[string]struct {
		command goprogram.Command
		says    string // on standard error, among addresses that are other ones each time
	}{
		"says":            {command: goprogram.Command{Args: []string{"say", "a b", "$HOME", `"c"`, "*", "", "-x=y"}}},
		"exit status":     {command: goprogram.Command{Args: []string{"exit", "7"}}},
		"exits in init":   {command: goprogram.Command{Args: []string{"exit-in-init"}}},
		"killed":          {command: goprogram.Command{Args: []string{"kill-itself"}}},
		"nothing to read": {command: goprogram.Command{Args: []string{"echo"}}},
		"reads all":       {command: goprogram.Command{Args: []string{"echo"}, Stdin: []byte(strings.Repeat("0123456789", 50_000))}},
		"reads nothing":   {command: goprogram.Command{Args: []string{"nothing"}, Stdin: []byte(strings.Repeat("0123456789", 50_000))}},
		"the limit":       {command: goprogram.Command{Args: []string{"write", fmt.Sprint(goprogram.OutputLimit)}}},
		"one byte more":   {command: goprogram.Command{Args: []string{"write", fmt.Sprint(goprogram.OutputLimit + 1)}}},
		"environment":     {command: goprogram.Command{Args: []string{"env"}, Env: []string{"A=b c", "D=\n$E"}}},
		"panic":           {command: goprogram.Command{Args: []string{"panic"}}, says: "nil pointer dereference"},
		"address space":   {command: goprogram.Command{Args: []string{"take-memory"}}, says: "out of memory"},
	} {
		t.Run(name, func(t *testing.T) {
			c.command.Limit = ample
			there, here := c.command, c.command
			there.Path, there.Dir, here.Path, here.Dir = inside, r.Dir, outside, r.Dir
			want, err := shared.host.Run(t.Context(), here)
			require.NoError(t, err)
			got, err := p.Run(t.Context(), there)
			require.NoError(t, err)
			if c.says != "" {
				assert.Equal(t, want.Code, got.Code)
				assert.Contains(t, string(want.Stderr), c.says)
				assert.Contains(t, string(got.Stderr), c.says)
				return
			}
			if !want.TooMuch { // then it depends on how far it had come
				assert.Equal(t, want.Code, got.Code)
			}
			assert.Equal(t, strings.ReplaceAll(string(want.Stdout), "PWD="+r.Dir, "PWD="+treesDir), string(got.Stdout))
			assert.Equal(t, string(want.Stderr), string(got.Stderr))
			assert.Equal(t, want.TooMuch, got.TooMuch)
			assert.False(t, got.TimedOut)
			assert.Zero(t, got.OverMemory)
		})
	}
}

// The compiler says the same, by the same paths.
func TestBuildIsAsOnTheHost(t *testing.T) {
	p, r := submission(t)
	for name, files := range map[string]map[string]string{
		"undefined":       {"main.go": "package main\n\nfunc main() {\n\tnothing()\n}\n"},
		"another package": {"main.go": "package main\n\nimport \"example.com/m/parse\"\n\nfunc main() { parse.It() }\n", "parse/it.go": "package parse\n\nfunc It() string { return 1 }\n"},
		"no Go at all":    {"main.go": "\xff\x00garbage\n"},
		"no such module":  {"main.go": "package main\n\nimport _ \"example.org/none\"\n\nfunc main() {}\n"},
		"cgo":             {"main.go": "package main\n\n// #include \"/etc/passwd\"\nimport \"C\"\n\nfunc main() {}\n"},
		"embeds the host": {"main.go": "package main\n\nimport _ \"embed\"\n\n//go:embed ../../../etc/passwd\nvar s string\n\nfunc main() {}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			b := goprogram.Build{Dir: lay(t, r, files), Package: ".", Out: filepath.Join(r.Dir, "app")}
			var want, got *goprogram.CompileError
			require.ErrorAs(t, p.Build(t.Context(), b), &got)
			require.ErrorAs(t, shared.host.Build(t.Context(), b), &want)
			assert.Equal(t, want.Output, got.Output)
			assert.NoFileExists(t, b.Out)
		})
	}
}

// A module that the seed does not have is no fault of the code's.
func TestBuildWithoutItsModules(t *testing.T) {
	p, r := submission(t)
	dir := lay(t, r, map[string]string{"go.mod": "module example.com/m\n\ngo 1.26\n\nrequire github.com/google/uuid v1.6.0\n", "main.go": "package main\n\nimport _ \"github.com/google/uuid\"\n\nfunc main() {}\n",
		"go.sum": "github.com/google/uuid v1.6.0 h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=\ngithub.com/google/uuid v1.6.0/go.mod h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=\n"})
	err := p.Build(t.Context(), goprogram.Build{Dir: dir, Package: ".", Out: filepath.Join(r.Dir, "app")})
	require.ErrorContains(t, err, "the sandbox does not have the modules")

	exit, err := p.Get(t.Context(), dir, "github.com/spf13/pflag@v1.0.5")
	require.NoError(t, err)
	require.NotZero(t, exit.Code, "nor can it be had for a module that needs another one")
}

func TestGet(t *testing.T) {
	p, r := submission(t)
	dir := lay(t, r, map[string]string{"main.go": "package main\n\nfunc main() {}\n"})
	exit, err := p.Get(t.Context(), dir, "github.com/spf13/pflag@v1.0.5")
	require.NoError(t, err)
	require.Zero(t, exit.Code, "%s", exit.Stderr)
	for name, want := range map[string]string{"go.mod": "require github.com/spf13/pflag v1.0.5", "go.sum": "github.com/spf13/pflag v1.0.5 h1:"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Contains(t, string(text), want)
	}
}

// What is compiled in a repository has its state in it, also after a change.
func TestRepository(t *testing.T) {
	p, r := submission(t)
	dir := lay(t, r, map[string]string{"main.go": "package main\n\nimport \"runtime/debug\"\n\nfunc main() {\n\tbi, _ := debug.ReadBuildInfo()\n\tfor _, s := range bi.Settings {\n\t\tif s.Key == \"vcs.modified\" || s.Key == \"vcs.revision\" {\n\t\t\tprintln(s.Value)\n\t\t}\n\t}\n}\n"})
	who := []string{"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com"}
	revision := ""
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"commit", "-q", "-m", "it"}, {"rev-parse", "HEAD"}} {
		exit, err := p.Git(t.Context(), dir, who, args...)
		require.NoError(t, err)
		require.Zero(t, exit.Code, "%s", exit.Stderr)
		revision = string(exit.Stdout)
	}
	require.NoDirExists(t, filepath.Join(dir, ".git"))
	say := func() string {
		out := filepath.Join(r.Dir, "app")
		require.NoError(t, p.Build(t.Context(), goprogram.Build{Dir: dir, Package: ".", Out: out, VCS: true}))
		return string(runIn(t, p, ample, out).Stderr)
	}
	require.Equal(t, revision+"false\n", say())
	f, err := os.OpenFile(filepath.Join(dir, "main.go"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString("// changed\n")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Equal(t, revision+"true\n", say())
}
