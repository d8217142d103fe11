package sandbox

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
	"github.com/daybook-dev/daybook/harness/internal/goprogram"
)

func TestTry(t *testing.T) {
	e := enginetest.Connect(t)
	r, err := engine.NewRun()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.CleanUp(context.Background(), r.ID)); require.NoError(t, r.Close()) })
	host, err := goprogram.Find(t.Context(), filepath.Join(r.Dir))
	require.NoError(t, err)
	tree := filepath.Join(r.Dir, "tree")
	require.NoError(t, os.CopyFS(tree, os.DirFS("../../../exercises/148")))
	require.NoError(t, os.CopyFS(filepath.Join(tree, "cmd", "probe"), os.DirFS("../../../days/148/probes/buildinfo")))
	at := time.Now()
	lap := func(what string) { t.Log(what, time.Since(at)); at = time.Now() }
	seed, err := Prepare(t.Context(), e, Source{Run: r, Image: "golang:1.26", Host: host, Trees: []string{tree}})
	lap("prepare")
	require.NoError(t, err)
	p := seed.Programs(r)
	for i := range 2 {
		bin := filepath.Join(r.Dir, "app")
		require.NoError(t, p.Build(t.Context(), goprogram.Build{Dir: tree, Package: "./cmd/app", Out: bin}))
		lap("build")
		for range 3 {
			exit, err := p.Run(t.Context(), goprogram.Command{Path: bin, Dir: r.Dir, Args: []string{"version"}})
			require.NoError(t, err)
			lap("run")
			t.Logf("%+v %s %s", exit, exit.Stdout, exit.Stderr)
		}
		_ = i
	}
	exit, err := p.Go(t.Context(), tree, "mod", "download")
	require.NoError(t, err)
	t.Logf("%+v %s %s", exit, exit.Stdout, exit.Stderr)
	exit, err = p.Go(t.Context(), tree, "list", "-deps", "./...")
	require.NoError(t, err)
	t.Logf("%d %d %s", exit.Code, len(exit.Stdout), exit.Stderr)
	lap("go")
	exit, err = p.Get(t.Context(), tree, "github.com/spf13/pflag@v1.0.1")
	require.NoError(t, err)
	t.Logf("%+v %s %s", exit, exit.Stdout, exit.Stderr)
	lap("get")
	text, _ := os.ReadFile(filepath.Join(tree, "go.mod"))
	t.Log(string(text))
	exit, err = p.compiler.exec(t.Context(), command{args: []string{"sh", "-c", "df -h /daybook/*; df -i /daybook/*; du -sh /daybook/seed/*; find /daybook/tmp/cache | wc -l; touch /daybook/seed/x; find /daybook/seed -writable | head"}, env: compileEnv()})
	require.NoError(t, err)
	t.Logf("%d %s %s", exit.Code, exit.Stdout, exit.Stderr)
}
