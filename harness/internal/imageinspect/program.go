package imageinspect

import (
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Entry gives the path of the program that a container of the image starts: the
// first word of its ENTRYPOINT and CMD, looked up in WORKDIR and PATH as the
// engine does. The error is a *NotFoundError when nothing is there, or plain
// when the image names no program.
func (i *Image) Entry() (File, error) {
	argv := append(append([]string{}, i.Config.Entrypoint...), i.Config.Cmd...)
	if len(argv) == 0 {
		return File{}, fmt.Errorf("the image has neither ENTRYPOINT nor CMD")
	}
	name := argv[0]
	if strings.Contains(name, "/") {
		if !path.IsAbs(name) {
			name = path.Join("/", i.Config.WorkingDir, name)
		}
		return i.Stat(name)
	}
	for _, dir := range searchPath(i.Config) {
		if f, err := i.Stat(path.Join(dir, name)); err == nil {
			return f, nil
		}
	}
	return File{}, &NotFoundError{Path: name}
}

// searchPath is the image's PATH, or what the engine sets when it has none.
func searchPath(c v1.Config) []string {
	for _, kv := range c.Env {
		if value, ok := strings.CutPrefix(kv, "PATH="); ok {
			return strings.Split(value, ":")
		}
	}
	return strings.Split("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ":")
}

// Program is what an ELF executable says of itself.
type Program struct {
	Loader    string   // the dynamic loader it asks for; empty when static
	Libraries []string // the shared libraries it asks for
	Symbols   bool     // it has a symbol table
	Debug     []string // its debugging sections
	GoVersion string   // of the compiler, from the build info; empty when there is none
	Main      string   // path of the main package, from the build info
	Modules   []string // path@version of what it was built from, from the build info
}

// NotELFError is a program that is no Linux executable.
type NotELFError struct{ Reason string }

// Error says why it is none.
func (e *NotELFError) Error() string { return "it is not an ELF executable: " + e.Reason }

// ReadProgram reads the executable at path on this host. The error is a
// *NotELFError when it is not one.
func ReadProgram(path string) (*Program, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, &NotELFError{Reason: err.Error()}
	}
	defer f.Close()
	p := &Program{}
	for _, seg := range f.Progs {
		if seg.Type == elf.PT_INTERP && seg.Filesz < 4096 {
			buf := make([]byte, seg.Filesz)
			if _, err := seg.ReadAt(buf, 0); err != nil {
				return nil, &NotELFError{Reason: err.Error()}
			}
			p.Loader = strings.TrimRight(string(buf), "\x00")
		}
	}
	// An error here means that there is no dynamic section to read.
	p.Libraries, _ = f.ImportedLibraries()
	for _, s := range f.Sections {
		switch {
		case s.Type == elf.SHT_SYMTAB:
			p.Symbols = true
		case strings.HasPrefix(s.Name, ".debug_"), strings.HasPrefix(s.Name, ".zdebug_"):
			p.Debug = append(p.Debug, s.Name)
		}
	}
	if info, err := buildinfo.ReadFile(path); err == nil {
		p.GoVersion, p.Main = info.GoVersion, info.Path
		for _, m := range info.Deps {
			p.Modules = append(p.Modules, m.Path+"@"+m.Version)
		}
	}
	return p, nil
}

// Static reports whether the program runs without a loader or libraries.
func (p *Program) Static() bool { return p.Loader == "" && len(p.Libraries) == 0 }
