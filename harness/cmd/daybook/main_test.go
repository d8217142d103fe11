package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/itchyny/gojq"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts run daybook as a program of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"daybook": main})
}

// TestScripts runs the command line as its users do. Scripts that need no
// engine are told of one that is not there.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":  status,
			"result":  result,
			"zipped":  zipped,
			"untimed": untimed,
		},
		Setup: func(e *testscript.Env) error {
			// Caches are the user's: an empty one costs half a minute a script.
			for _, name := range []string{"HOME", "GOCACHE", "GOMODCACHE", "GOPROXY", "XDG_CACHE_HOME"} {
				if v := os.Getenv(name); v != "" {
					e.Setenv(name, v)
				}
			}
			e.Setenv("ROOT", root)
			e.Setenv("NO_ENGINE", "unix://"+filepath.Join(e.WorkDir, "no-such-socket"))
			return nil
		},
	})
}

// status runs a program and fails unless it exits with the status: status 2
// daybook check 999. What it writes is in the files out.txt and err.txt.
func status(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	path, err := exec.LookPath(args[1])
	if err != nil {
		path = filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], args[1])
	}
	cmd := exec.Command(path, args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "GOCACHE", "GOMODCACHE", "GOPROXY", "XDG_CACHE_HOME", "DOCKER_HOST", "ROOT", "TMPDIR", "NO_COLOR"} {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("running %s: %v", args[1], err)
	}
	ts.Check(os.WriteFile(ts.MkAbs("out.txt"), []byte(stdout.String()), 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("err.txt"), []byte(stderr.String()), 0o644))
	if got := cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("status %d, want %d\n%s%s", got, want, stdout.String(), stderr.String())
	}
}

// result fails unless a jq query over the JSON in the file out.txt gives a
// value: result '.status' failed.
func result(ts *testscript.TestScript, _ bool, args []string) {
	q, err := gojq.Parse(args[0])
	ts.Check(err)
	var doc any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("out.txt")), &doc))
	v, _ := q.Run(doc).Next()
	got, isText := v.(string)
	if !isText {
		text, err := gojq.Marshal(v)
		ts.Check(err)
		got = string(text)
	}
	if got != args[1] {
		ts.Fatalf("%s is %s, want %s", args[0], got, args[1])
	}
}

// zipped makes a zip of a folder: zipped ada.zip folder.
func zipped(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	w := zip.NewWriter(f)
	ts.Check(w.AddFS(os.DirFS(ts.MkAbs(args[1]))))
	ts.Check(w.Close())
	ts.Check(f.Close())
}

// untimed writes all files below a folder into one, with their names and without
// times: untimed reports one.txt.
func untimed(ts *testscript.TestScript, _ bool, args []string) {
	all, err := withoutTimes(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(all), 0o644))
}
