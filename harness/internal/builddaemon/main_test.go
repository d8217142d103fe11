package builddaemon

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

	"github.com/daybook-dev/daybook/harness/internal/baseimage"
	"github.com/daybook-dev/daybook/harness/internal/egress"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
)

// base is the image that Dockerfiles of these tests may name.
const base = "golang:1.26"

// grading is a seed that the tests share, as submissions do.
var grading struct {
	once sync.Once
	run  *engine.Run
	seed *Seed
	err  error
}

func TestMain(m *testing.M) {
	status := m.Run()
	if s := grading.seed; s != nil {
		if err := s.Close(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	if grading.run != nil {
		_ = grading.run.Close()
	}
	os.Exit(status)
}

// seeded returns the seed. Its warm build leaves a file in a cache mount.
func seeded(t *testing.T) *Seed {
	t.Helper()
	e := enginetest.Connect(t)
	grading.once.Do(func() { grading.err = seedFor(t, e) })
	require.NoError(t, grading.err)
	return grading.seed
}

func seedFor(t *testing.T, e *engine.Engine) (err error) {
	ctx := context.WithoutCancel(t.Context())
	bases := baseimage.NewProvider(e, t.Logf)
	buildkit, err := bases.DaemonImage(ctx)
	if err != nil {
		return err
	}
	for _, ref := range []string{buildkit, base} {
		if _, err := bases.Ensure(ctx, ref); err != nil {
			return err
		}
	}
	if grading.run, err = engine.NewRun(); err != nil {
		return err
	}
	begun := time.Now()
	grading.seed, err = Prepare(ctx, Config{
		Engine: e, RunID: grading.run.ID, Dir: grading.run.Dir, BuildKit: buildkit, Images: []string{base},
		Reach: egress.ModuleServers("https://proxy.golang.org,direct", "sum.golang.org"),
		Warm: func(ctx context.Context, b *Builder) error {
			dir := filepath.Join(grading.run.Dir, "warm")
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
			text := "FROM " + base + "\nRUN --mount=type=cache,target=/cache mkdir /cache/d && echo warm >/cache/d/f && chmod 705 /cache/d\n"
			if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(text), 0o600); err != nil {
				return err
			}
			_, err := b.Build(ctx, imagebuild.Request{Dir: dir})
			return err
		},
		Notes: t.Logf,
	})
	t.Logf("prepared in %s", time.Since(begun).Round(10*time.Millisecond))
	return err
}

// submission is a Builder of one submission, and a run for it. When the test is
// over, nothing of it may be left, without anybody sweeping up.
type submission struct {
	*Builder
	*testing.T
	run *engine.Run
}

func newSubmission(t *testing.T) *submission {
	t.Helper()
	seed := seeded(t)
	run, err := engine.NewRun()
	require.NoError(t, err)
	s := &submission{Builder: seed.NewBuilder(run.ID, run.Dir), T: t, run: run}
	t.Cleanup(func() {
		assert.NoError(t, s.Close(context.Background()))
		left, err := s.engine.Leftovers(context.Background())
		assert.NoError(t, err)
		for _, l := range left {
			if strings.HasPrefix(l, run.ID) && !strings.Contains(l, " image ") {
				t.Errorf("left on the engine: %s", l)
			}
		}
		files, err := filepath.Glob(filepath.Join(run.Dir, "image-*"))
		assert.NoError(t, err)
		assert.Empty(t, files, "images on their way are removed when they are there")
		assert.NoError(t, s.engine.CleanUp(context.Background(), run.ID)) // the images
		assert.NoError(t, run.Close())
	})
	return s
}

// tag is a name for an image of the submission's.
func (s *submission) tag() string { return engine.ImageName(s.run.ID, "test") }

// folder is a build context of files, given as names and contents.
func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		require.NoError(t, os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o755))
	}
	return dir
}

// build builds a Dockerfile of these lines.
func (s *submission) build(lines ...string) (*imagebuild.Built, error) {
	s.Helper()
	return s.Build(s.Context(), imagebuild.Request{Dir: folder(s.T, "Dockerfile", strings.Join(lines, "\n")+"\n")})
}

// fails builds a Dockerfile that is to fail.
func (s *submission) fails(limit time.Duration, lines ...string) *imagebuild.Failure {
	s.Helper()
	_, err := s.Build(s.Context(), imagebuild.Request{Dir: folder(s.T, "Dockerfile", strings.Join(lines, "\n")+"\n"), Limit: limit})
	var f *imagebuild.Failure
	require.ErrorAs(s, err, &f)
	s.Log(f)
	return f
}

// output is what the RUN steps of a build printed.
func output(b *imagebuild.Built) string {
	var all strings.Builder
	for _, s := range b.Steps {
		if s.Run {
			all.WriteString(s.Output)
		}
	}
	return all.String()
}
