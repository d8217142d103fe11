package workbench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/goprogram"
	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// lay writes files, by their paths below root.
func lay(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
}

// bench makes a workbench over a tree of these files, of which the learner
// edits those in parse/ and the Dockerfile. It has no engine.
func bench(t *testing.T, files map[string]string) *Bench {
	t.Helper()
	// Not t.TempDir: go's telemetry may still write there when the test is over.
	root, err := os.MkdirTemp("", "workbench")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	tree := filepath.Join(root, "submission")
	lay(t, tree, files)
	lay(t, filepath.Join(root, "day"), map[string]string{
		"probes/ask/main.go": "package main\n\nimport \"example.com/m/parse\"\n\nfunc main() { println(parse.It()) }\n",
	})
	return New(Config{
		Day:  &catalog.Day{Dir: filepath.Join(root, "day"), BuildArgs: map[string]string{"VERSION": "version", "FLAVOR": "plain"}},
		Run:  &engine.Run{ID: "test-0b7d1f", Dir: root},
		Tree: &submission.Tree{Dir: tree, Edited: map[string]bool{"parse/parse.go": true, "Dockerfile": false}},
		Seed: 7, EngineError: &check.Trouble{Message: "no engine here"},
	})
}

var module = map[string]string{
	"go.mod":         "module example.com/m\n\ngo 1.26\n",
	"parse/parse.go": "package parse\n\nfunc It() string { return \"it\" }\n",
}

// However many ask at once, a fact is made once, and all get the same.
func TestFactIsMadeOnce(t *testing.T) {
	for name, wrong := range map[string]error{"a value": nil, "an error": &check.Finding{Want: "w", Got: "g"}} {
		t.Run(name, func(t *testing.T) {
			var f fact[*int]
			_, _, made := f.peek()
			require.False(t, made)

			var count, waiting atomic.Int64
			const askers = 16
			values, errs := make([]*int, askers), make([]error, askers)
			var all sync.WaitGroup
			for i := range askers {
				all.Go(func() {
					waiting.Add(1)
					values[i], errs[i] = f.get(func() (*int, error) {
						for waiting.Load() < askers { // the others ask while it is being made
							runtime.Gosched()
						}
						n := int(count.Add(1))
						return &n, wrong
					})
				})
			}
			all.Wait()
			require.Equal(t, int64(1), count.Load())
			for i := range askers {
				assert.Same(t, values[0], values[i])
				assert.Equal(t, wrong, errs[i])
			}
			v, err, made := f.peek()
			assert.True(t, made)
			assert.Same(t, values[0], v)
			assert.Equal(t, wrong, err)
		})
	}
}

// Facts of other names do not wait for each other.
func TestFactsAreMadeOnceAName(t *testing.T) {
	var f facts[string]
	begun, count := make(chan struct{}), atomic.Int64{}
	var all sync.WaitGroup
	all.Go(func() {
		v, err := f.get("slow", func() (string, error) {
			<-begun // until the quick one is being made
			count.Add(1)
			return "slow's", nil
		})
		assert.NoError(t, err)
		assert.Equal(t, "slow's", v)
	})
	all.Go(func() {
		v, err := f.get("quick", func() (string, error) {
			close(begun)
			count.Add(1)
			return "quick's", errors.New("broken")
		})
		assert.EqualError(t, err, "broken")
		assert.Equal(t, "quick's", v)
	})
	all.Wait()
	v, err := f.get("slow", func() (string, error) { return "another", nil })
	require.NoError(t, err)
	require.Equal(t, "slow's", v)
	_, err = f.get("quick", func() (string, error) { return "another", nil })
	require.EqualError(t, err, "broken", "an error is kept like a value")
	require.Equal(t, int64(2), count.Load())
}

func TestFoldersAreOnesOwn(t *testing.T) {
	b := bench(t, module)
	var dirs sync.Map
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			dir, err := b.NewFolder("scenario")
			assert.NoError(t, err)
			_, there := dirs.LoadOrStore(dir, true)
			assert.False(t, there, "%s was given twice", dir)
			entries, err := os.ReadDir(dir)
			assert.NoError(t, err)
			assert.Empty(t, entries)
			assert.Equal(t, b.Run.Dir, filepath.Dir(dir))
		})
	}
	all.Wait()
}

func TestCopy(t *testing.T) {
	b := bench(t, module)
	one, err := b.Copy()
	require.NoError(t, err)
	lay(t, one, map[string]string{"parse/parse.go": "changed", "new.go": "new"})
	two, err := b.Copy()
	require.NoError(t, err)
	for _, dir := range []string{two, b.Tree.Dir} {
		text, err := os.ReadFile(filepath.Join(dir, "parse/parse.go"))
		require.NoError(t, err)
		require.Equal(t, module["parse/parse.go"], string(text), "what a check changes in its copy is seen nowhere else")
		require.NoFileExists(t, filepath.Join(dir, "new.go"))
	}
}

func TestWithoutAnEngine(t *testing.T) {
	b := bench(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})
	defer b.Close() // with nothing to close
	_, err := b.Reached()
	require.Equal(t, b.EngineError, err)
	for name, ask := range map[string]func() error{
		"image":  func() error { _, err := b.Image(t.Context()); return err },
		"binary": func() error { _, err := b.Binary(t.Context()); return err },
		"service": func() error {
			_, err := b.Service(t.Context(), "/")
			return err
		},
		"rebuild": func() error { _, err := b.Rebuild(t.Context(), Edited{}); return err },
	} {
		t.Run(name, func(t *testing.T) {
			var trouble *check.Trouble
			require.ErrorAs(t, ask(), &trouble, "that there is no engine is not the learner's doing")
			require.Equal(t, "no engine here", trouble.Message)
		})
	}
}

func TestProbe(t *testing.T) {
	b := bench(t, module)
	path, err := b.Probe(t.Context(), "ask")
	require.NoError(t, err)
	exit, err := goprogram.Run(t.Context(), goprogram.Command{Path: path, Env: []string{"HOME=" + b.Run.Dir}})
	require.NoError(t, err)
	require.Equal(t, "it\n", string(exit.Stderr))
	require.NoDirExists(t, filepath.Join(b.Tree.Dir, "cmd"), "the tree itself gets no probe")

	again, err := b.Probe(t.Context(), "ask")
	require.NoError(t, err)
	require.Equal(t, path, again)

	_, err = b.Probe(t.Context(), "nowhere")
	require.ErrorIs(t, err, os.ErrNotExist)
	var finding *check.Finding
	require.False(t, errors.As(err, &finding), "a probe that the day does not have is not the learner's failure")
}

// The compiler's own message, with the learner's file and line.
func TestProbeOfCodeThatDoesNotCompile(t *testing.T) {
	b := bench(t, map[string]string{"go.mod": module["go.mod"], "parse/parse.go": "package parse\n\nfunc It() string { return 1 }\n"})
	_, err := b.Probe(t.Context(), "ask")
	var finding *check.Finding
	require.ErrorAs(t, err, &finding)
	require.Equal(t, "the code to compile", finding.Want)
	require.Equal(t, "# example.com/m/parse\nparse/parse.go:3:27: cannot use 1 (untyped int constant) as string value in return statement", finding.Got)
	require.Equal(t, []check.Place{{File: "parse/parse.go", Line: 3}}, finding.Look)
}

func TestMine(t *testing.T) {
	b := bench(t, module)
	assert.True(t, b.Mine("parse/parse.go"))
	assert.True(t, b.Mine("Dockerfile"), "also one that is as it was handed out")
	assert.False(t, b.Mine("go.mod"))
}

func TestLineOf(t *testing.T) {
	const text = "FROM a\r\n# ENTRYPOINT no\nENTRYPOINT [\"/one\"]\n\n  entrypoint [\"/two\"]\nCMD [\"x\"]\nCMDS\nRUN echo ENTRYPOINT\n"
	for name, c := range map[string]struct {
		instructions []string
		want         check.Place
	}{
		"the last":      {[]string{"ENTRYPOINT"}, check.Place{File: "Dockerfile", Line: 5}},
		"of several":    {[]string{"ENTRYPOINT", "CMD"}, check.Place{File: "Dockerfile", Line: 6}},
		"the first too": {[]string{"FROM"}, check.Place{File: "Dockerfile", Line: 1}},
		"none":          {[]string{"USER"}, check.Place{File: "Dockerfile"}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, bench(t, map[string]string{"Dockerfile": text}).LineOf(c.instructions...))
		})
	}
	assert.Equal(t, check.Place{File: "Dockerfile"}, bench(t, nil).LineOf("FROM"), "without a Dockerfile there is no line")
}

func TestProxySettingsReachRunSteps(t *testing.T) {
	t.Setenv("GOPROXY", "https://proxy.example.com")
	t.Setenv("GOSUMDB", "off")
	t.Setenv("GONOSUMDB", "")
	b := bench(t, module)
	step := imagebuild.RunStep{Env: []string{"A=1", "GOSUMDB=sum.golang.org"}}
	b.withProxySettings(t.Context(), nil)("RUN go build", &step)
	require.Equal(t, []string{"A=1", "GOSUMDB=sum.golang.org", "GOPROXY=https://proxy.example.com"}, step.Env, "what a step sets itself is left to it")

	edited := false
	b.withProxySettings(t.Context(), func(string, *imagebuild.RunStep) { edited = true })("RUN go build", &imagebuild.RunStep{})
	require.True(t, edited, "the caller's own edit is made too")

	t.Setenv("GOPROXY", defaultProxy)
	require.Nil(t, bench(t, module).withProxySettings(t.Context(), nil), "what is Go's own way is not said again")
}

func TestAddGoFlag(t *testing.T) {
	for name, c := range map[string]struct{ env, want []string }{
		"none":          {nil, []string{"GOFLAGS=-v"}},
		"others":        {[]string{"A=1", "MYGOFLAGS=-x"}, []string{"A=1", "MYGOFLAGS=-x", "GOFLAGS=-v"}},
		"beside a flag": {[]string{"GOFLAGS=-mod=readonly", "A=1"}, []string{"GOFLAGS=-mod=readonly -v", "A=1"}},
		"empty":         {[]string{"GOFLAGS="}, []string{"GOFLAGS=-v"}},
	} {
		t.Run(name, func(t *testing.T) {
			before := fmt.Sprint(c.env)
			assert.Equal(t, c.want, addGoFlag(c.env, "-v"))
			assert.Equal(t, before, fmt.Sprint(c.env), "the step's own environment is left as it is")
		})
	}
}

func TestCompiled(t *testing.T) {
	known := map[string]bool{"fmt": true, "internal/abi": true, "example.com/m/parse": true, "github.com/Some/Thing.v2": true}
	steps := []imagebuild.Step{
		{Name: "one", Output: "go: downloading github.com/Some/Thing.v2 v2.0.0\ninternal/abi\nfmt\n"},
		{Name: "two", Output: "fmt: not alone\n fmt\nhello\nerrors\n# example.com/m/parse\n"},
		{Name: "three"},
		{Name: "four", Output: "github.com/Some/Thing.v2\nexample.com/m/parse"},
	}
	require.Equal(t, []string{"example.com/m/parse", "fmt", "github.com/Some/Thing.v2", "internal/abi"}, compiled(steps, known),
		"lines that are a known import path and nothing else")
	require.Empty(t, compiled(steps, nil))
	require.Empty(t, compiled(nil, known))
}

func TestPackagesAndModule(t *testing.T) {
	b := bench(t, map[string]string{"go.mod": "// the module\nmodule example.com/m // is it\n\ngo 1.26\n", "parse/parse.go": "package parse\n\nimport _ \"errors\"\n"})
	require.Equal(t, "example.com/m", b.module())
	known, err := b.packages(t.Context())
	require.NoError(t, err)
	require.True(t, known["example.com/m/parse"])
	require.True(t, known["errors"], "what it imports")
	require.True(t, known["internal/abi"], "and what that imports")
	require.False(t, known["net/http"])
	require.Empty(t, bench(t, nil).module())
}
