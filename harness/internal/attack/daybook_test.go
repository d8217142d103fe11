package attack_test

import (
	"bytes"
	"crypto/rand"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/attack"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// What the environment may ask for. Attacks take long, and are run when asked.
const (
	askedFor = "DAYBOOK_ATTACKS"          // the folder with daybook and its other programs, compiled
	only     = "DAYBOOK_ATTACKS_ONLY"     // the attacks whose names match this
	sample   = "DAYBOOK_ATTACKS_SAMPLE"   // not empty: one attack of each kind, for where there is little time
	jobsOf   = "DAYBOOK_ATTACKS_JOBS"     // the numbers of jobs to try them with; "1 4" when empty
	classOf  = "DAYBOOK_ATTACKS_CLASS"    // how large a class is; see class_test.go
	exercise = "DAYBOOK_ATTACKS_EXERCISE" // the only exercise that a class is graded for; all when empty
	keep     = "DAYBOOK_ATTACKS_KEEP"     // a folder for a copy of the results and reports
	alone    = "DAYBOOK_ATTACKS_ALONE"    // not empty: nobody else uses the engine, so that all of it is looked at
)

// isolation is the policy under which all of this is run.
const isolation = "hostile"

// place is where a grading happens: a folder, nothing outside of which is to
// change, with an environment that leads there.
type place struct {
	dir   string
	bin   string // the programs that are tried: copies, since who develops compiles them again meanwhile
	env   []string
	mark  string // is in the environment of each process that is started
	owner string // begins the ids of the runs that are made
}

// The folders and files of a place.
const (
	homeDir  = "home"
	tmpDir   = "tmp"
	cacheDir = "cache"
	workDir  = "work"
	batchDir = "batch"
	runnerIO = "runner" // what GitHub's runner gives a step
)

var runnerFiles = []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH"}

// newPlace makes one, or skips the test where it was not asked for.
func newPlace(t *testing.T) *place {
	t.Helper()
	if os.Getenv(askedFor) == "" {
		t.Skipf("it takes long, and is run by `make test-attacks`")
	}
	enginetest.Connect(t)
	p := &place{dir: t.TempDir(), mark: "DAYBOOK_ATTACKS_MARK=" + rand.Text()}
	for _, name := range []string{homeDir, tmpDir, cacheDir, workDir, batchDir, runnerIO} {
		require.NoError(t, os.Mkdir(filepath.Join(p.dir, name), 0o755))
	}
	p.env = append(os.Environ(), p.mark, "HOME="+filepath.Join(p.dir, homeDir), "TMPDIR="+filepath.Join(p.dir, tmpDir),
		"XDG_CACHE_HOME="+filepath.Join(p.dir, cacheDir), "XDG_CONFIG_HOME="+filepath.Join(p.dir, homeDir),
		"GITHUB_ACTIONS=true", "CI_NODE_INDEX=", "JOB_COMPLETION_INDEX=")
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB"} {
		out, err := exec.Command("go", "env", name).Output()
		require.NoError(t, err)
		p.env = append(p.env, name+"="+strings.TrimSpace(string(out)))
	}
	for _, name := range runnerFiles {
		file := filepath.Join(p.dir, runnerIO, name)
		require.NoError(t, os.WriteFile(file, nil, 0o644))
		p.env = append(p.env, name+"="+file)
	}
	// The ids of runs begin with a name for the cache's folder.
	t.Setenv("XDG_CACHE_HOME", filepath.Join(p.dir, cacheDir))
	run, err := engine.NewRun()
	require.NoError(t, err)
	require.NoError(t, run.Close())
	p.bin = t.TempDir()
	require.NoError(t, os.CopyFS(p.bin, os.DirFS(os.Getenv(askedFor))), "`make test-attacks` compiles the programs")
	p.owner, _, _ = strings.Cut(run.ID, "-")
	return p
}

// graded is what a grading came to.
type graded struct {
	status         int
	stdout, stderr string
	out            string                  // its folder
	grades         map[string]*grade.Grade // by the name of what was handed in
}

// grading is a `daybook grade` of a folder, to be started.
func (p *place) grading(t *testing.T, submissions, out string, more ...string) *exec.Cmd {
	t.Helper()
	args := append([]string{"grade", theDay, submissions, "--root", root, "--policy", isolation, "--out", filepath.Join(p.dir, out)}, more...)
	cmd := exec.Command(filepath.Join(p.bin, "daybook"), args...)
	cmd.Dir, cmd.Env = filepath.Join(p.dir, workDir), p.env
	return cmd
}

// grade grades a folder, to the end.
func (p *place) grade(t *testing.T, submissions, out string, more ...string) *graded {
	t.Helper()
	return p.ended(t, p.grading(t, submissions, out, more...), out)
}

// ended runs a command that fills the folder out, and reads what it has left.
func (p *place) ended(t *testing.T, cmd *exec.Cmd, out string) *graded {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	g := &graded{status: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String(), out: filepath.Join(p.dir, out), grades: map[string]*grade.Grade{}}
	contents, err := grade.Read(g.out)
	require.NoError(t, err, "status %d\n%s%s", g.status, g.stdout, g.stderr)
	for i := range contents.Grades {
		own := &contents.Grades[i]
		g.grades[own.Submission.Source] = own
	}
	return g
}

// lay lays attacks out as a batch, and gives who handed in what. A learner whose
// id differs from another's in its case alone is in no roster, which would
// refuse it.
func (p *place) lay(t *testing.T, attacks []*attack.Attack) (roster string, by map[string]*attack.Attack) {
	t.Helper()
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	require.NoError(t, w.Write([]string{"id", "name", "file"}))
	taken := map[string]bool{}
	by = map[string]*attack.Attack{}
	for _, a := range attacks {
		sources, err := a.Lay(filepath.Join(p.dir, batchDir))
		require.NoError(t, err)
		for _, s := range sources {
			by[s.File] = a
			if lower := strings.ToLower(s.ID); !taken[lower] {
				taken[lower] = true
				require.NoError(t, w.Write([]string{s.ID, s.Name, s.File}))
			}
		}
	}
	w.Flush()
	require.NoError(t, w.Error())
	roster = filepath.Join(p.dir, "roster.csv")
	require.NoError(t, os.WriteFile(roster, text.Bytes(), 0o644))
	return roster, by
}

// verdict is what became of a submission, in a few lines that can be compared.
func verdict(g *grade.Grade) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %v of %v %s\n", g.Status, g.Points, g.MaxPoints, g.Reason)
	if g.Result == nil {
		return b.String()
	}
	for _, e := range g.Result.Exercises {
		for _, c := range e.Checks {
			fmt.Fprintf(&b, "%s %s\n", c.ID, c.Status)
		}
	}
	return b.String()
}
