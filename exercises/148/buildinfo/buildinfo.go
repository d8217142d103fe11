// Package buildinfo answers a question that every deployed binary gets asked sooner or later: what exactly are you?
//
// There are two sources. The linker can write a version into a variable of package main (-X main.version=v1.2.3), and
// the go command writes a debug.BuildInfo into every binary that it builds from a module: the Go version, the
// settings of the build, the revision of the source, and the version of each dependency.
//
// This file is yours to write. The comment of each declaration is its contract, and the checks judge nothing else.
// The numbered TODOs are an order to work in; `make check DAY=148` tells you how far you have come.
package buildinfo

import "runtime/debug"

// Info describes one binary. As JSON it is an object with exactly the keys
//
//	version, go_version, revision, time, modified, cgo_enabled, goos, goarch, dependencies
//
// and every key is there whatever its value: a program that reads the JSON must be able to tell "not modified" from
// "does not say".
//
// TODO 7: give each field its key, with struct tags.
type Info struct {
	Version      string       // what this build is called; never empty
	GoVersion    string       // the Go release that built it, such as "go1.26.1"
	Revision     string       // the commit it was built from; empty when not recorded
	Time         string       // when that commit was made, as recorded (RFC 3339); empty when not recorded
	Modified     bool         // whether the source differed from that commit
	CGOEnabled   string       // "0" or "1", as recorded; empty when not recorded
	GOOS         string       // the operating system it was built for
	GOARCH       string       // the processor it was built for
	Dependencies []Dependency // the modules linked into it; as JSON a list even when there are none, never null
}

// Dependency is one module that was linked into the binary. As JSON its keys are path and version.
//
// TODO 8: struct tags here too.
type Dependency struct {
	Path    string
	Version string
}

// Read describes the running binary. stamped is the version that the linker wrote into the program, or "" if it wrote
// none; package buildinfo cannot see the variable main.version, so its caller passes it in.
//
// TODO 1: get the build info of the running binary from package runtime/debug, and leave the rest to From. What does
// debug.ReadBuildInfo say of a binary that carries none?
func Read(stamped string) Info {
	return Info{}
}

// From describes the binary that bi was read from. bi is nil when a binary carries no build info. From does not
// change bi.
//
//   - Version is stamped, unless that is empty; then the version of the main module, if the go command knew a real one
//     (neither "" nor "(devel)"); and otherwise "unknown".
//   - GoVersion is the one in bi.
//   - Revision, Time and Modified come from the settings vcs.revision, vcs.time and vcs.modified.
//   - CGOEnabled, GOOS and GOARCH come from the settings CGO_ENABLED, GOOS and GOARCH. A setting that is not in bi
//     leaves its field at its zero value.
//   - Dependencies has every module of bi.Deps, in the same order. The code of a replaced module (a replace directive in
//     go.mod) came from elsewhere: it keeps its own Path, and its Version is that of its replacement.
//   - When bi is nil, the running program still knows three of these facts: GoVersion, GOOS and GOARCH come from
//     package runtime. The version follows the rule above, and there are no dependencies.
//
// TODO 2: the version. It has three sources, in order.
// TODO 3: the Go version.
// TODO 4: the settings. They are a list of keys and values; a key that you do not know is not an error.
// TODO 5: the dependencies. Which field of a debug.Module says that it was replaced?
// TODO 6: a bi that is nil.
// TODO 9: print the JSON of an Info without dependencies. Is "dependencies" a list?
func From(bi *debug.BuildInfo, stamped string) Info {
	return Info{}
}
