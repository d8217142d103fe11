// Package buildinfo says what exactly the running binary is, from two sources: the version that the linker stamped
// into package main, and the debug.BuildInfo that the go command writes into every binary it builds from a module.
//
// Read does the reading and From does the thinking. A test can therefore give From any build info it likes, where
// Read only ever sees that of the test binary itself.
package buildinfo

import (
	"runtime"
	"runtime/debug"
)

// Info describes one binary.
//
// No key has omitempty: "modified": false is a statement about the build, and leaving the key out would be silence.
type Info struct {
	Version      string       `json:"version"`
	GoVersion    string       `json:"go_version"`
	Revision     string       `json:"revision"`
	Time         string       `json:"time"`
	Modified     bool         `json:"modified"`
	CGOEnabled   string       `json:"cgo_enabled"`
	GOOS         string       `json:"goos"`
	GOARCH       string       `json:"goarch"`
	Dependencies []Dependency `json:"dependencies"`
}

// Dependency is one module that was linked into the binary.
type Dependency struct {
	Path    string `json:"path"`
	Version string `json:"version"`
}

// Read describes the running binary. stamped is the value of the variable that the linker may have set.
func Read(stamped string) Info {
	bi, ok := debug.ReadBuildInfo()
	if !ok {
		bi = nil // so that From has one way, not two, to hear that there is none
	}
	return From(bi, stamped)
}

// From describes the binary that bi was read from; bi is nil when it carries no build info.
func From(bi *debug.BuildInfo, stamped string) Info {
	if bi == nil {
		// The version of the runtime is that of the compiler (they are one release), and a running program was
		// built for the platform it runs on. Nothing else can be known.
		return Info{
			Version:      chooseVersion(stamped, ""),
			GoVersion:    runtime.Version(),
			GOOS:         runtime.GOOS,
			GOARCH:       runtime.GOARCH,
			Dependencies: []Dependency{},
		}
	}

	// A map gives "" for a key that is not there, which is the answer wanted for a setting that was not recorded.
	settings := make(map[string]string, len(bi.Settings))
	for _, s := range bi.Settings {
		settings[s.Key] = s.Value
	}
	return Info{
		Version:      chooseVersion(stamped, bi.Main.Version),
		GoVersion:    bi.GoVersion,
		Revision:     settings["vcs.revision"],
		Time:         settings["vcs.time"],
		Modified:     settings["vcs.modified"] == "true",
		CGOEnabled:   settings["CGO_ENABLED"],
		GOOS:         settings["GOOS"],
		GOARCH:       settings["GOARCH"],
		Dependencies: dependencies(bi.Deps),
	}
}

// chooseVersion prefers what a person decided (the stamp) to what the go command worked out.
func chooseVersion(stamped, module string) string {
	switch {
	case stamped != "":
		return stamped
	case module != "" && module != "(devel)": // "(devel)" is the go command's way of saying that it does not know
		return module
	default:
		return "unknown"
	}
}

func dependencies(modules []*debug.Module) []Dependency {
	// Not `var deps []Dependency`: JSON has null for a nil slice, and who reads the document wants a list to loop over.
	deps := make([]Dependency, 0, len(modules))
	for _, m := range modules {
		dep := Dependency{Path: m.Path, Version: m.Version}
		if m.Replace != nil {
			// The path is the one that import statements name; the version is that of the code that was compiled.
			dep.Version = m.Replace.Version
		}
		deps = append(deps, dep)
	}
	return deps
}
