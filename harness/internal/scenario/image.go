package scenario

import (
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/docker/go-units"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/imageinspect"
	"github.com/daybook-dev/daybook/harness/internal/workbench"
)

// imageCommands look at the image as files.
var imageCommands = []Command{
	{Name: "holds-only", Args: "PATTERN…", least: 0, most: -1, run: cmdHoldsOnly,
		Doc: "Fails when a layer holds a file that is neither the program that the image starts nor matches a PATTERN (path.Match; one that ends in / stands for all below it). What a later layer hides counts."},
	{Name: "static", Args: "", most: 0, run: cmdStatic,
		Doc: "Fails when the program that the image starts asks for a loader or a shared library."},
	{Name: "stripped", Args: "", most: 0, run: cmdStripped,
		Doc: "Fails when the program that the image starts has a symbol table or debugging sections."},
	{Name: "size", Args: "LIMIT", least: 1, most: 1, run: cmdSize,
		Doc: "Fails when the sum of the layers' uncompressed bytes is above LIMIT (such as 12MB)."},
}

func cmdHoldsOnly(s *session, _ bool, patterns []string) error {
	img, err := s.bench.Image(s.ctx)
	if err != nil {
		return err
	}
	b, err := s.bench.Binary(s.ctx)
	if err != nil {
		return err
	}
	var extra []imageinspect.File
	var bytes int64
	for _, f := range img.Files.All() {
		if f.Mode.IsDir() || isProgram(f, b.File) || leadsTo(f, b.File.Path, img.Files) || matches(patterns, f.Path) {
			continue
		}
		extra = append(extra, f)
		bytes += f.Size
	}
	if len(extra) == 0 {
		return nil
	}
	const show = 6
	var names []string
	for _, f := range extra[:min(show, len(extra))] {
		name := "/" + f.Path
		if f.Path == b.File.Path {
			name += " (another one, which a later layer hides)"
		}
		names = append(names, name)
	}
	files := "files"
	if len(extra) == 1 {
		files = "file"
	}
	got := fmt.Sprintf("%d more %s (%s): %s", len(extra), files, units.HumanSize(float64(bytes)), strings.Join(names, ", "))
	if len(extra) > show {
		got += ", …"
	}
	because := "Every layer ships, and what one layer holds stays in the image even when a later one removes it."
	if made := s.maker(img, extra[0].Layer); made != "" {
		because += " The first of these files came with " + made + "."
	}
	return s.fail("the layers to hold /"+b.File.Path+" and little else", got, because, s.bench.LineOf("COPY", "ADD"))
}

// isProgram reports whether f is the program: in the layer that a container sees
// it in, or the same again in another. Another file in its place, which a later
// layer hides, is not.
func isProgram(f, program imageinspect.File) bool {
	return f.Path == program.Path && f.Sum == program.Sum
}

// maker says what made a layer: the image that the last stage begins from, or an
// instruction.
func (s *session) maker(img *workbench.Image, layer int) string {
	if a, err := s.bench.Analysis(s.ctx); err == nil && layer < s.bench.BaseLayers(s.ctx) {
		return fmt.Sprintf("%s, which line %d begins from", a.Base, a.BaseLine)
	}
	if made := img.Files.Layers[layer].Made; made != "" {
		return "`" + clip(made) + "`"
	}
	return ""
}

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
	img, err := s.bench.Image(s.ctx)
	if err != nil {
		return err
	}
	if img.Files.Size() <= limit {
		return nil
	}
	largest, which := int64(0), 0
	for i, l := range img.Files.Layers {
		if l.Size > largest {
			largest, which = l.Size, i
		}
	}
	got := fmt.Sprintf("%d layers with %s", len(img.Files.Layers), units.HumanSize(float64(img.Files.Size())))
	because := fmt.Sprintf("The largest layer has %s.", units.HumanSize(float64(largest)))
	if made := s.maker(img, which); made != "" {
		because = fmt.Sprintf("The largest layer has %s and came with %s.", units.HumanSize(float64(largest)), made)
	}
	return s.fail("the layers to have at most "+args[0]+" together, uncompressed", got, because, s.bench.LineOf("COPY", "ADD", "FROM"))
}
