package scenario

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/egress"
	"github.com/daybook-dev/daybook/harness/internal/goprogram"
	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
	"github.com/daybook-dev/daybook/harness/internal/imageinspect"
	"github.com/daybook-dev/daybook/harness/internal/workbench"
)

// rebuildCommands build again, after a change or after none.
var rebuildCommands = []Command{
	{Name: "rebuild", Args: "FILE TEXT", least: 2, most: 2, run: cmdRebuild,
		Doc: "Edits FILE of the exercise to hold the scenario's file TEXT (with ${edit} put in), and builds again: once with the network cut by a proxy that says what was asked of it, once with the steps that ran having no network at all. Judges nothing yet."},
	{Name: "reached-nothing", Args: "", Judges: true, most: 0, run: cmdReachedNothing,
		Doc: "Fails when the rebuild tried to reach something, or needs a network. Then sets edit to what the edit says, for start to show."},
	{Name: "recompiled-nothing", Args: "", Judges: true, most: 0, run: cmdRecompiledNothing,
		Doc: "Fails when the rebuild compiled packages that the edit has not changed."},
	{Name: "same-again", Args: "", Judges: true, most: 0, run: cmdSameAgain,
		Doc: "Runs every RUN step again and fails when the image's files are not the same, byte for byte."},
	{Name: "require", Args: "IMPORT VERSION FILE", Judges: true, least: 3, most: 3, run: cmdRequire,
		Doc: "Adds a module that the exercise does not have yet, and a FILE of the exercise that imports it, in a copy; builds that with the network there, and fails unless the module is in the program."},
}

func cmdRebuild(s *session, _ bool, args []string) error {
	text := s.ts.ReadFile(args[1])
	s.edited = workbench.Edited{File: args[0], Text: func(value string) []byte {
		return []byte(strings.ReplaceAll(text, "${edit}", value))
	}}
	var err error
	s.rebuilt, err = s.bench.Rebuild(s.ctx, s.edited)
	return err
}

func (s *session) hasRebuilt(command string) error {
	if s.rebuilt == nil {
		return &UsageError{Command: command, Text: "rebuild comes before it"}
	}
	return nil
}

func cmdReachedNothing(s *session, _ bool, _ []string) error {
	if err := s.hasRebuilt("reached-nothing"); err != nil {
		return err
	}
	r := s.rebuilt
	const want = "the build to succeed after one edited file, with the network cut"
	ran := r.Cut.Built.Executed()
	if len(r.Cut.Attempts) > 0 {
		got := "it reached for " + targets(r.Cut.Attempts)
		line := 0
		if n := len(ran); n > 0 {
			line = ran[n-1].Line
			got += fmt.Sprintf(" in line %d: %s", line, clip(ran[n-1].Name))
		}
		because, cause := s.whyRunAgain(r, line)
		return s.fail(want, got, because, places(line, cause)...)
	}
	if len(r.Cut.Built.Remote) > 0 {
		remote := r.Cut.Built.Remote[0]
		return s.fail(want, "the builder itself asks for "+remote.Source+" in every build",
			"ADD of a URL is looked up again each time, cached or not. What a build needs from elsewhere belongs into a module or an image.", check.Place{File: "Dockerfile", Line: remote.Line})
	}
	for _, f := range []*check.Finding{r.CutError, r.NoNetError} {
		if f == nil {
			continue
		}
		got := "the rebuild failed: " + f.Got
		because := f.Because
		if f == r.NoNetError {
			got = "the metering proxy was asked for nothing, but with no network at all " + got
			because = "Something in this step goes to the network by a way that steps around the proxy settings that every build gets. It has to do without in a rebuild."
		}
		return s.fail(want, got, because, f.Look...)
	}
	s.image = r.NoNet
	s.set("edit", r.Values[1])
	return nil
}

func targets(attempts []egress.Attempt) string {
	var all []string
	for _, a := range attempts {
		if t := a.Method + " " + a.Target; !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	const show = 3
	if len(all) > show {
		return strings.Join(all[:show], ", ") + fmt.Sprintf(" and %d more", len(all)-show)
	}
	return strings.Join(all, ", ")
}

// whyRunAgain says why the step at line was run again and did not find what it
// needs, and names the line to blame: an earlier RUN that was not run again and
// left nothing where this step looks, or else the first copy of a file that was
// edited.
func (s *session) whyRunAgain(r *workbench.Rebuild, line int) (because string, cause int) {
	for _, step := range r.Cut.Built.Steps {
		if step.Line == line && asksAnew.MatchString(step.Name) {
			return "This step asks which versions there are each time it is run. Versions are decided before the build, in go.mod and go.sum; the build downloads those.", 0
		}
	}
	for _, step := range slices.Backward(r.Cut.Built.Steps) {
		if step.Cached && step.Line > 0 && step.Line < line && fetches.MatchString(step.Name) {
			return fmt.Sprintf("Line %d (%s) was not run again, but what it fetched is not where line %d looks. What it wrote into a cache mount is no part of a layer: only a step with the same mount finds it.", step.Line, clip(step.Name), line), step.Line
		}
	}
	for _, step := range r.Cut.Built.Steps {
		if step.Line > 0 && step.Line < line && !step.Cached && copies.MatchString(step.Name) {
			return fmt.Sprintf("Line %d (%s) copies a file that was edited, so everything after it is run again, the download too. Copy what decides the modules first, download, and copy the source after that.", step.Line, clip(step.Name)), step.Line
		}
	}
	return "A step that is run again after each edit must find everything that it needs in an earlier layer or in a cache mount.", 0
}

// asksAnew matches the names of RUN steps whose go command looks for versions.
var asksAnew = regexp.MustCompile(`^\[[^\]]*\] RUN .*\bgo (get|mod tidy|(install|run) \S+@)`)

// fetches matches the names of RUN steps whose go command fetches modules.
var fetches = regexp.MustCompile(`^\[[^\]]*\] RUN .*\bgo (mod|get|build|install|list)\b`)

// copies matches the names of steps that copy files.
var copies = regexp.MustCompile(`^\[[^\]]*\] (COPY|ADD) `)

func places(lines ...int) []check.Place {
	var all []check.Place
	for _, l := range lines {
		if l > 0 {
			all = append(all, check.Place{File: "Dockerfile", Line: l})
		}
	}
	return all
}

func cmdRecompiledNothing(s *session, _ bool, _ []string) error {
	if err := s.hasRebuilt("recompiled-nothing"); err != nil {
		return err
	}
	r := s.rebuilt
	if r.CutError != nil && len(r.Compiled) == 0 && r.Cold == 0 {
		return r.CutError
	}
	const because = "Without the compiler's cache each build begins from nothing. `RUN --mount=type=cache,target=…` keeps a folder from build to build without putting it into a layer; the go command's is GOCACHE, /root/.cache/go-build when nothing else is said and the user is root."
	const want = "a rebuild after one edited file to compile only what changed"
	if len(r.Recompiled) > 0 {
		got := "it began to compile again what had not changed, such as the package " + r.Recompiled[0]
		return s.fail(want, got, because, s.buildLine())
	}
	// A rebuild that finds its cache takes a fraction of the time of one that
	// does not: a tenth, as measured. Half leaves room for a busy machine.
	if r.Cold > 0 && r.Warm > r.Cold/2 {
		return s.fail(want, fmt.Sprintf("its RUN steps took %.1f s, and %.1f s with empty caches", r.Warm.Seconds(), r.Cold.Seconds()), because, s.buildLine())
	}
	return nil
}

func cmdSameAgain(s *session, _ bool, _ []string) error {
	first, err := s.bench.Image(s.ctx)
	if err != nil {
		return err
	}
	nonce, err := s.random.Draw("hex")
	if err != nil {
		return err
	}
	// Another environment makes it another step for the builder. With a seed that
	// was used before, both come from its cache: two results all the same, each
	// made by running the step.
	again := func(_ string, run *imagebuild.RunStep) {
		run.Env = append(run.Env, "DAYBOOK_AGAIN="+nonce)
	}
	second, err := s.bench.Build(s.ctx, "again-"+s.check.ID, s.bench.Tree.Dir, egress.Open, again)
	if err != nil {
		return err
	}
	defer s.bench.Forget(second)
	was, err := s.bench.Files(s.ctx, first)
	if err != nil {
		return err
	}
	is, err := s.bench.Files(s.ctx, second)
	if err != nil {
		return err
	}
	differ := imageinspect.Differences(was, is)
	if len(differ) == 0 {
		return nil
	}
	return s.fail("a second build of the same files to give the same files", "these differ: "+clip(strings.Join(differ, ", ")),
		"Something that is not in the build context gets into the image: the time, a random number, a version looked up on the way. Two people who build the same commit should get the same bytes.", s.buildLine())
}

func cmdRequire(s *session, _ bool, args []string) error {
	module, version, file := args[0], args[1], args[2]
	if _, err := s.bench.Image(s.ctx); err != nil {
		return err
	}
	tree, err := s.bench.Copy()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tree, filepath.FromSlash(file)), []byte(s.file(filepath.Base(file))), 0o644); err != nil {
		return err
	}
	tc, err := s.bench.Toolchain(s.ctx)
	if err != nil {
		return err
	}
	exit, err := tc.Get(s.ctx, tree, module+"@"+version)
	if err != nil {
		return err
	}
	if exit.Code != 0 || exit.TimedOut {
		return &check.Trouble{Message: fmt.Sprintf("the module %s, which this check adds, could not be fetched: %s", module, clip(goprogram.Shorten(string(exit.Stderr), tree))), Mend: "check that this machine reaches its module proxy: `make doctor`"}
	}
	img, err := s.bench.Build(s.ctx, "require", tree, egress.Open, nil)
	var failed *check.Finding
	if errors.As(err, &failed) {
		return s.fail("the build to succeed after "+module+" was added to go.mod, go.sum and the source", "it failed: "+failed.Got,
			"The build has to fetch what go.mod and go.sum of its own build context name, whatever was there when the last one was made.", failed.Look...)
	}
	if err != nil {
		return err
	}
	defer s.bench.Forget(img)
	modules, err := s.bench.Modules(s.ctx, img)
	if err != nil {
		return err
	}
	if slices.Contains(modules, module+"@"+version) {
		return nil
	}
	return s.fail(fmt.Sprintf("the program to be built from the source, with %s %s in it", module, version), "the programs in the image were built with "+clip(strings.Join(modules, ", ")),
		"What the image starts was not compiled from this build context: it was built elsewhere, or the build context's files were not all copied.", s.bench.LineOf("COPY"))
}
