// Command probe-buildinfo asks a learner's package buildinfo one question. It is compiled in a copy of the learner's
// module, as cmd/probe-buildinfo, and run as a process of its own: the question comes on stdin, the answer goes to
// stdout, and whoever asked decides what the answer is worth.
//
//	echo '{"stamped":"","info":{"GoVersion":"go1.26.1","Main":{"Version":"v1.2.3"}}}' | probe-buildinfo
//
// Rules: one JSON document in, one out, exit 0. It never judges, and never recovers: a panic of the learner's is to be
// seen with its stack, and exits 2 as any Go program does. A question that makes no sense exits 3.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"example.com/day148/buildinfo"
)

type question struct {
	Stamped string           `json:"stamped"`
	Read    bool             `json:"read"` // call Read, which describes this process; info is then not used
	Info    *debug.BuildInfo `json:"info"` // otherwise call From with this
}

// answer repeats the fields of buildinfo.Info instead of marshalling one, so that what the fields say and what the
// learner's tags make of them can be judged apart.
type answer struct {
	Version      string          `json:"version"`
	GoVersion    string          `json:"go_version"`
	Revision     string          `json:"revision"`
	Time         string          `json:"time"`
	Modified     bool            `json:"modified"`
	CGOEnabled   string          `json:"cgo_enabled"`
	GOOS         string          `json:"goos"`
	GOARCH       string          `json:"goarch"`
	Dependencies []dependency    `json:"dependencies"`
	JSON         json.RawMessage `json:"json"`  // the learner's own JSON
	Given        given           `json:"given"` // what From was given
	Runtime      runtimeFacts    `json:"runtime"`
}

type dependency struct {
	Path    string `json:"path"`
	Version string `json:"version"`
}

// given is the build info before the call and after it: From does not change it.
type given struct {
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// runtimeFacts is what this very process was built by and for: the answers expected when there is no build info.
type runtimeFacts struct {
	GoVersion string `json:"go_version"`
	GOOS      string `json:"goos"`
	GOARCH    string `json:"goarch"`
}

func main() {
	// What the learner prints while looking for a bug goes to stderr and leaves the answer readable.
	stdout := os.Stdout
	os.Stdout = os.Stderr

	var q question
	in := json.NewDecoder(os.Stdin)
	in.DisallowUnknownFields()
	if err := in.Decode(&q); err != nil {
		refuse(err)
	}

	before := document(q.Info)
	var info buildinfo.Info
	if q.Read {
		info = buildinfo.Read(q.Stamped)
	} else {
		info = buildinfo.From(q.Info, q.Stamped)
	}

	a := report(info)
	a.Given = given{Before: before, After: document(q.Info)}
	if err := json.NewEncoder(stdout).Encode(a); err != nil {
		refuse(err)
	}
}

// document is v as JSON.
func document(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		refuse(err)
	}
	return text
}

func report(info buildinfo.Info) answer {
	deps := []dependency{}
	for _, d := range info.Dependencies {
		deps = append(deps, dependency{Path: d.Path, Version: d.Version})
	}
	return answer{
		Version:      info.Version,
		GoVersion:    info.GoVersion,
		Revision:     info.Revision,
		Time:         info.Time,
		Modified:     info.Modified,
		CGOEnabled:   info.CGOEnabled,
		GOOS:         info.GOOS,
		GOARCH:       info.GOARCH,
		Dependencies: deps,
		JSON:         document(info),
		Runtime:      runtimeFacts{GoVersion: runtime.Version(), GOOS: runtime.GOOS, GOARCH: runtime.GOARCH},
	}
}

func refuse(err error) {
	fmt.Fprintln(os.Stderr, "probe-buildinfo:", err)
	os.Exit(3)
}
