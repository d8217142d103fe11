package scenario

import (
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/docker/go-units"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/imageinspect"
)

// imageCommands look at the image as files.
var imageCommands = []Command{
	{Name: "holds-only", Args: "PATTERN…", Judges: true, least: 0, most: -1, run: cmdHoldsOnly,
		Doc: "Fails when a layer holds a file that is neither the program that the image starts nor matches a PATTERN (path.Match; one that ends in / stands for all below it). What a later layer hides counts."},
	{Name: "static", Args: "", Judges: true, most: 0, run: cmdStatic,
		Doc: "Fails when the program that the image starts asks for a loader or a shared library."},
	{Name: "stripped", Args: "", Judges: true, most: 0, run: cmdStripped,
		Doc: "Fails when the program that the image starts has a symbol table or debugging sections."},
	{Name: "size", Args: "LIMIT", Judges: true, least: 1, most: 1, run: cmdSize,
		Doc: "Fails when the sum of the layers' uncompressed bytes is above LIMIT (such as 12MB)."},
}

// files are those of the run's image.
func (s *session) files() (*imageinspect.Image, error) {
	img, err := s.bench.Image(s.ctx)
	if err != nil {
		return nil, err
	}
	return s.bench.Files(s.ctx, img)
}

func cmdHoldsOnly(s *session, _ bool, patterns []string) error {
	sample(s, "holds-only", sampleFiles, func(path string) bool { return matches(patterns, path) })
	img, err := s.files()
	if err != nil {
		return err
	}
	b, err := s.bench.Binary(s.ctx)
	if err != nil {
		return err
	}
	var own, inherited []imageinspect.File
	base := s.bench.BaseLayers(s.ctx)
	for _, f := range img.All() {
		switch {
		case f.Mode.IsDir() || isProgram(f, b.File) || leadsTo(f, b.File.Path, img) || matches(patterns, f.Path):
		case f.Layer < base:
			inherited = append(inherited, f)
		default:
			own = append(own, f)
		}
	}
	if len(own)+len(inherited) == 0 {
		return nil
	}
	because := "Every layer ships, and what one layer holds stays in the image even when a later one removes it."
	var got []string
	if len(inherited) > 0 {
		got = append(got, count(inherited)+" of "+s.maker(img, inherited[0].Layer))
	}
	if len(own) > 0 {
		got = append(got, count(own)+": "+list(own, b.File))
		if made := s.maker(img, own[0].Layer); made != "" {
			because += " The first of these files came with " + made + "."
		}
	}
	return s.fail("the layers to hold /"+b.File.Path+" and little else", strings.Join(got, ", and "), because, s.bench.LineOf("COPY", "ADD"))
}

// count says how many files there are, and how large they are together.
func count(files []imageinspect.File) string {
	var bytes int64
	for _, f := range files {
		bytes += f.Size
	}
	word := "files"
	if len(files) == 1 {
		word = "file"
	}
	return fmt.Sprintf("%d more %s (%s)", len(files), word, units.HumanSize(float64(bytes)))
}

// list names the first few files.
func list(files []imageinspect.File, program imageinspect.File) string {
	const show = 6
	var names []string
	for _, f := range files[:min(show, len(files))] {
		name := "/" + f.Path
		if f.Path == program.Path {
			name += " (another one, which a later layer hides)"
		}
		names = append(names, name)
	}
	if len(files) > show {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// isProgram reports whether f is the program: in the layer that a container sees
// it in, or the same again in another. Another file in its place, which a later
// layer hides, is not.
func isProgram(f, program imageinspect.File) bool {
	return f.Path == program.Path && f.Sum == program.Sum
}

// maker says what made a layer: the image that the last stage begins from, or an
// instruction.
func (s *session) maker(img *imageinspect.Image, layer int) string {
	if a, err := s.bench.Analysis(s.ctx); err == nil && layer < s.bench.BaseLayers(s.ctx) {
		return fmt.Sprintf("%s, which line %d begins from", familiar(a.Base), a.BaseLine)
	}
	if made := img.Layers[layer].Made; made != "" {
		return "`" + clip(made) + "`"
	}
	return ""
}

// familiar is an image's name as people write it.
func familiar(ref string) string { return strings.TrimPrefix(ref, "docker.io/library/") }

// leadsTo reports whether f is a symbolic link to the program.
func leadsTo(f imageinspect.File, program string, img *imageinspect.Image) bool {
	if f.Mode&os.ModeSymlink == 0 {
		return false
	}
	target, err := img.Stat(f.Path)
	return err == nil && target.Path == program
}

func matches(patterns []string, name string) bool {
	for _, p := range patterns {
		if strings.HasSuffix(p, "/") && strings.HasPrefix(name, p) {
			return true
		}
		if ok, err := path.Match(p, name); ok && err == nil {
			return true
		}
	}
	return false
}

func cmdStatic(s *session, _ bool, _ []string) error {
	b, err := s.bench.Binary(s.ctx)
	if err != nil {
		return err
	}
	if b.Program.Static() {
		return nil
	}
	return s.fail("/"+b.File.Path+" to need no other file to start", "it asks for "+needed(b.Program), dynamicBecause, s.buildLine())
}

const dynamicBecause = "With cgo on, packages such as net link the C library dynamically: the program then begins by loading ld-linux and libc, which an empty image does not have. CGO_ENABLED=0 in the build leaves C out. (golang images have a C compiler, so cgo is on there unless it is turned off.)"

// needed lists what a dynamic program asks for.
func needed(p *imageinspect.Program) string {
	all := p.Libraries
	if p.Loader != "" {
		all = append([]string{"the loader " + p.Loader}, all...)
	}
	return strings.Join(all, ", ")
}

// buildLine is the last RUN line that calls the go command's build.
func (s *session) buildLine() check.Place {
	if img, err := s.bench.Image(s.ctx); err == nil {
		for _, step := range img.Built.Steps {
			if step.Run && (strings.Contains(step.Name, "go build") || strings.Contains(step.Name, "go install")) {
				return check.Place{File: "Dockerfile", Line: step.Line}
			}
		}
	}
	return s.bench.LineOf("RUN")
}

func cmdStripped(s *session, _ bool, _ []string) error {
	b, err := s.bench.Binary(s.ctx)
	if err != nil {
		return err
	}
	var has []string
	if b.Program.Symbols {
		has = append(has, "a symbol table")
	}
	if len(b.Program.Debug) > 0 {
		has = append(has, fmt.Sprintf("debugging information (%s, …)", b.Program.Debug[0]))
	}
	if len(has) == 0 {
		return nil
	}
	return s.fail("/"+b.File.Path+" without a symbol table and debugging information", "it has "+strings.Join(has, " and "),
		"The linker flag -s leaves the symbol table out and -w the DWARF debugging information: a third of the size, and stack traces stay readable. They go into -ldflags of the go build that makes this program; a later -ldflags replaces an earlier one, GOFLAGS included.", s.buildLine())
}

func cmdSize(s *session, _ bool, args []string) error {
	limit, err := units.FromHumanSize(args[0])
	if err != nil {
		return &UsageError{Command: "size", Text: err.Error()}
	}
	within := func(bytes int64) bool { return bytes <= limit }
	sampleSizes(s, "size", within)
	img, err := s.files()
	if err != nil {
		return err
	}
	if within(img.Size()) {
		return nil
	}
	largest, which := int64(0), 0
	for i, l := range img.Layers {
		if l.Size > largest {
			largest, which = l.Size, i
		}
	}
	got := fmt.Sprintf("%d layers with %s", len(img.Layers), units.HumanSize(float64(img.Size())))
	because := fmt.Sprintf("The largest layer has %s.", units.HumanSize(float64(largest)))
	if made := s.maker(img, which); made != "" {
		because = fmt.Sprintf("The largest layer has %s and came with %s.", units.HumanSize(float64(largest)), made)
	}
	return s.fail("the layers to have at most "+args[0]+" together, uncompressed", got, because, s.bench.LineOf("COPY", "ADD", "FROM"))
}
