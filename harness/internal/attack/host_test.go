package attack_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/enginetest"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// written is the name of the files that attacks try to leave outside of where
// they are.
const written = "daybook-attack-written"

// view is what there is on the host before a grading.
type view struct {
	workbook, batch map[string]string // file to hash
	engine          map[string]bool   // what is on the engine
}

// look looks at the host.
func (p *place) look(t *testing.T) view {
	t.Helper()
	v := view{engine: onEngine(t), batch: listed(t, filepath.Join(p.dir, batchDir)), workbook: map[string]string{}}
	for _, dir := range []string{"exercises", "days", "solutions"} {
		sums, err := submission.Sums(filepath.Join(root, dir))
		require.NoError(t, err)
		for name, sum := range sums {
			v.workbook[dir+"/"+name] = sum
		}
	}
	return v
}

// listed is what is in a folder: names, kinds and sizes.
func listed(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && path != dir {
			all[strings.TrimPrefix(path, dir+"/")] = fmt.Sprint(info.Mode(), " ", info.ModTime())
			if info.Mode().IsRegular() {
				all[strings.TrimPrefix(path, dir+"/")] += fmt.Sprint(" ", info.Size())
			}
		}
		return err
	})
	require.NoError(t, err)
	return all
}

// onEngine is everything that is on the engine.
func onEngine(t *testing.T) map[string]bool {
	t.Helper()
	e := enginetest.Connect(t)
	all := map[string]bool{}
	containers, err := e.Client.ContainerList(t.Context(), client.ContainerListOptions{All: true})
	require.NoError(t, err)
	for _, c := range containers.Items {
		all[fmt.Sprint("container ", c.ID, " ", c.Image, " ", c.Names)] = true
	}
	networks, err := e.Client.NetworkList(t.Context(), client.NetworkListOptions{})
	require.NoError(t, err)
	for _, n := range networks.Items {
		all[fmt.Sprint("network ", n.ID, " ", n.Name)] = true
	}
	volumes, err := e.Client.VolumeList(t.Context(), client.VolumeListOptions{})
	require.NoError(t, err)
	for _, v := range volumes.Items {
		all["volume "+v.Name] = true
	}
	images, err := e.Client.ImageList(t.Context(), client.ImageListOptions{})
	require.NoError(t, err)
	for _, i := range images.Items {
		all[fmt.Sprint("image ", i.ID, " ", i.RepoTags)] = true
	}
	return all
}

// stays are the images that are kept for the next run: programs of ours, and
// bases, pulled or built as stand-ins.
var stays = []string{"[daybook-egress:", "[daybook-relay:", "[daybook-buildkit:", "[moby/buildkit:", "[docker/dockerfile:", "[golang:"}

// A container's processes are gone a moment after the container is.
const (
	endedWithin = 30 * time.Second
	lookEvery   = time.Second
)

// leftNothing checks that the host is as it was, but for what was asked for.
func (p *place) leftNothing(t *testing.T, before view) {
	t.Helper()
	after := p.look(t)
	assert.Equal(t, before.workbook, after.workbook, "the workbook")
	assert.Equal(t, before.batch, after.batch, "what was handed in")
	for _, dir := range []string{homeDir, tmpDir, workDir} {
		left := listed(t, filepath.Join(p.dir, dir))
		for name := range left { // the go command counts what it is asked for, there only
			if name == "go" || name == "go/telemetry" || strings.HasPrefix(name, "go/telemetry/") {
				delete(left, name)
			}
		}
		assert.Empty(t, left, "the folder %s", dir)
	}
	assert.Empty(t, listed(t, filepath.Join(p.dir, cacheDir, "daybook", "runs")), "the folders of runs")
	for _, name := range runnerFiles {
		text, err := os.ReadFile(filepath.Join(p.dir, runnerIO, name))
		assert.NoError(t, err)
		assert.Empty(t, string(text), name)
	}
	for _, dir := range []string{"/", os.TempDir(), "/tmp", "/var/tmp", "/dev/shm", p.dir, filepath.Dir(p.dir), root} {
		assert.NoFileExists(t, filepath.Join(dir, written))
		assert.NoFileExists(t, filepath.Join(dir, "bomb0"))
	}
	for _, l := range enginetest.Leftovers(t, enginetest.Connect(t)) {
		assert.False(t, strings.HasPrefix(l, p.owner+"-"), "it is left on the engine: %s", l)
	}
	if os.Getenv(alone) != "" {
		for what := range after.engine {
			ours := slices.ContainsFunc(stays, func(s string) bool { return strings.Contains(what, s) })
			assert.True(t, ours || before.engine[what], "it is left on the engine: %s", what)
		}
	}
	var left []string
	assert.Eventually(t, func() bool { left = p.processes(t); return len(left) == 0 }, endedWithin, lookEvery, "processes are left")
	assert.Empty(t, left, "processes")
}

// processes are those that a grading has started, and those of attacks, wherever
// they run. Containers' processes are seen here, too.
func (p *place) processes(t *testing.T) []string {
	t.Helper()
	var left []string
	dirs, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	for _, dir := range dirs {
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline")) // it may have ended meanwhile
		env, _ := os.ReadFile(filepath.Join(dir, "environ"))
		if bytes.Contains(env, []byte(p.mark)) || bytes.Contains(line, []byte("daybook-attack-")) {
			left = append(left, dir+": "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return left
}
