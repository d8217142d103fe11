package attack_test

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/attack"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
)

// A class is as many submissions as DAYBOOK_ATTACKS_CLASS says, of which every
// fifth is hostile. Few of them differ: the same files get the same verdict, so
// that each needs to be graded alone once only.
const (
	classSize = 60
	everyNth  = 5
)

// honest and hostile are those that a class consists of, by turns: among the
// honest ones are all points and none, images that are built and such that are
// not, and among the hostile ones are those that are after their neighbours.
var (
	honest  = []string{"reference", "starter", "same-files", "cgo-beside-right-work", "test-files-beside-right-work"}
	hostile = []string{"poisons-the-compilers-cache", "leaves-a-daemon", "poisons-its-cache-mount", "memory-bomb", "writes-result-files", "run-fork-bomb"}
)

// class lays out a class, and gives what each of it is.
func (p *place) class(t *testing.T) map[string]*attack.Attack {
	t.Helper()
	_, corpus := corpus(t)
	size := classSize
	if asked := os.Getenv(classOf); asked != "" {
		var err error
		size, err = strconv.Atoi(asked)
		require.NoError(t, err, classOf)
	}
	named := func(list []string, i int) *attack.Attack {
		at := slices.IndexFunc(corpus, func(a *attack.Attack) bool { return a.Name == list[i%len(list)] })
		require.GreaterOrEqual(t, at, 0, "there is no attack %s", list[i%len(list)])
		copied := *corpus[at]
		return &copied
	}
	by := map[string]*attack.Attack{}
	for i := range size {
		a := named(honest, i-i/everyNth)
		if i%everyNth == everyNth-1 {
			a = named(hostile, i/everyNth)
		}
		a.HandedInBy = []string{fmt.Sprintf("learner-%02d", i)}
		sources, err := a.Lay(filepath.Join(p.dir, batchDir))
		require.NoError(t, err)
		by[sources[0].File] = a
	}
	return by
}

// seeded are the flags that every grading of a class has.
func seeded(more ...string) []string {
	flags := []string{"--seed", "7"}
	if only := os.Getenv(exercise); only != "" {
		flags = append(flags, "--exercise", only)
	}
	return append(flags, more...)
}

// times are the places of reports where times are, each with what is left.
var times = []struct {
	at   *regexp.Regexp
	left string
}{
	{regexp.MustCompile(`"(begun|duration_ms|duration|start|stop|execution_time)": ?("[^"]*"|[\d.]+)`), `"$1"`},
	{regexp.MustCompile(`\b(time|timestamp)="[^"]*"`), `$1`},
	{regexp.MustCompile(`<time [^>]*>[^<]*</time>`), `<time>`},
}

// untimed gives the files that a grading has written, but for times. Annotations
// have a random token.
func (g *graded) untimed(t *testing.T) map[string]string {
	t.Helper()
	all := g.texts(t)
	maps.DeleteFunc(all, func(name, _ string) bool {
		return slices.Contains([]string{"stdout", "stderr", ".lock"}, name) || filepath.Base(name) == "annotations.txt"
	})
	for name, text := range all {
		for _, x := range times {
			text = x.at.ReplaceAllString(text, x.left)
		}
		all[name] = text
	}
	return all
}

// sameFiles tells what differs between two gradings' files.
func sameFiles(t *testing.T, want, got map[string]string) {
	t.Helper()
	assert.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
	for name, text := range want {
		assert.Equal(t, text, got[name], name)
	}
}

// A class with hostile submissions in it: each verdict is the one that it gets
// alone; a grading that is killed and resumed, and one in four parts, come to the
// same reports.
func TestClass(t *testing.T) {
	p := newPlace(t)
	by := p.class(t)
	batch := filepath.Join(p.dir, batchDir)
	before := p.look(t)
	whole := p.grade(t, batch, "whole", seeded("-j", "4")...)
	require.Zero(t, whole.status, whole.stderr)
	require.Len(t, whole.grades, len(by))
	p.leftNothing(t, before)
	want := whole.untimed(t)

	t.Run("alone", func(t *testing.T) { p.eachAlone(t, by, whole) })
	t.Run("killed and resumed", func(t *testing.T) {
		p.killed(t, batch, len(by))
		resumed := p.grade(t, batch, "killed", "--resume", "-j", "4")
		require.Zero(t, resumed.status, resumed.stderr)
		require.Contains(t, resumed.stderr, ", as before")
		sameFiles(t, want, resumed.untimed(t))
		p.leftNothing(t, before)
	})
	t.Run("in four parts", func(t *testing.T) {
		args := []string{"merge", "--out", filepath.Join(p.dir, "merged")}
		for i := 1; i <= 4; i++ {
			out := fmt.Sprintf("part-%d", i)
			part := p.grade(t, batch, out, seeded("-j", "4", "--shard", fmt.Sprintf("%d/4", i))...)
			require.Zero(t, part.status, part.stderr)
			args = append(args, part.out)
		}
		cmd := exec.Command(filepath.Join(p.bin, "daybook"), args...)
		cmd.Dir, cmd.Env = filepath.Join(p.dir, workDir), p.env
		sameFiles(t, want, p.ended(t, cmd, "merged").untimed(t))
		p.leftNothing(t, before)
	})
}

// eachAlone grades one of each kind alone, and compares all of that kind with it.
func (p *place) eachAlone(t *testing.T, by map[string]*attack.Attack, whole *graded) {
	alone := map[string]string{} // by the attack's name
	for _, file := range slices.Sorted(maps.Keys(by)) {
		name := by[file].Name
		if _, done := alone[name]; !done {
			g := p.grade(t, filepath.Join(p.dir, batchDir, file), "alone-"+name, seeded("-j", "1")...)
			require.Len(t, g.grades, 1)
			alone[name] = verdict(g.grades[file])
		}
		assert.Equal(t, alone[name], verdict(whole.grades[file]), "%s, which is %s", file, name)
	}
}

// killed begins to grade, and kills the grading when half of it is done. What a
// killed one leaves on the engine is there to be swept.
func (p *place) killed(t *testing.T, batch string, size int) {
	t.Helper()
	cmd := p.grading(t, batch, "killed", seeded("-j", "4")...)
	progress, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	half := regexp.MustCompile(fmt.Sprintf(`^ *%d/%d `, size/2, size))
	found := false
	for lines := bufio.NewScanner(progress); !found && lines.Scan(); {
		found = half.MatchString(lines.Text())
	}
	assert.True(t, found, "it did not come to half of it")
	require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
	_, _ = io.Copy(io.Discard, progress)
	_ = cmd.Wait() // it was killed
	require.NoFileExists(t, filepath.Join(p.dir, "killed", "grade.json"))
	left := slices.DeleteFunc(enginetest.Leftovers(t, enginetest.Connect(t)), func(l string) bool { return !strings.HasPrefix(l, p.owner+"-") })
	require.NotEmpty(t, left, "a killed grading cannot clean up")
}
