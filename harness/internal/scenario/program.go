package scenario

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/goprogram"
)

// programCommands compile and run Go programs, where the workbench does so.
var programCommands = []Command{
	{Name: "probe", Args: "NAME", least: 1, most: 1, run: cmdProbe,
		Doc: "Compiles the day's probe NAME together with the learner's packages, for ask. Fails when it does not compile."},
	{Name: "ask", Args: "FILE", least: 1, most: 1, run: cmdAsk,
		Doc: "Gives the probe the scenario's FILE, with variables put in, on standard input, and keeps its answer. Fails when the probe panics, does not end, or does not answer."},
	{Name: "compile", Args: "NAME PACKAGE [FLAG…]", least: 2, most: -1, run: cmdCompile,
		Doc: "Compiles a package of the exercise to a program called NAME. In a repository it is stamped with the repository's state."},
	{Name: "run", Args: "[-env NAME=VALUE]… PROGRAM [ARG…]", least: 1, most: -1, run: cmdRun,
		Doc: "Runs a compiled program with the given environment and nothing else, and keeps what it writes on standard output as the answer. Fails when it does not exit with status 0."},
	{Name: "repository", Args: "", most: 0, run: cmdRepository,
		Doc: "Makes a copy of the tree a git repository with one commit, and sets revision and revision_time to the commit's. What is compiled from here on is compiled there."},
	{Name: "change", Args: "FILE", least: 1, most: 1, run: cmdChange,
		Doc: "Changes a file of the repository without committing it."},
	{Name: "buildinfo", Args: "PROGRAM", least: 1, most: 1, run: cmdBuildinfo,
		Doc: "Reads the build info of a compiled program from outside, and sets go_version, main_version, dependencies (JSON) and each build setting by its name."},
}

func cmdProbe(s *session, _ bool, args []string) error {
	path, err := s.bench.Probe(s.ctx, args[0])
	s.probe = path
	return err
}

func cmdAsk(s *session, _ bool, args []string) error {
	if s.probe == "" {
		return &UsageError{Command: "ask", Text: "there is no probe before it"}
	}
	exit, err := s.bench.Execute(s.ctx, goprogram.Command{Path: s.probe, Dir: filepath.Dir(s.probe), Stdin: []byte(s.file(args[0])), Env: s.plainEnv(nil)})
	if err != nil {
		return err
	}
	// A probe exits with 3 when a question makes no sense to it. That is not told
	// apart here, since a learner's package can end the process so too; `daybook
	// verify` shows it, where the solution fails.
	if err := s.ended(exit, "the program that calls your package", filepath.Dir(s.probe)); err != nil {
		return err
	}
	s.source = "your package"
	if !s.keep(exit.Stdout) {
		return &check.Finding{Want: "an answer from the program that calls your package", Got: s.silence(exit),
			Because: "The program that calls your package ended before it could answer. Something in the package ends the process or writes to standard output, perhaps in init: a package returns, and leaves both to main.", Look: s.look}
	}
	return nil
}

func (s *session) silence(exit *goprogram.Exit) string {
	if len(exit.Stdout) == 0 {
		return fmt.Sprintf("nothing, and exit status %d", exit.Code)
	}
	return "something else: " + clip(string(exit.Stdout))
}

// ended says how a program ended that should have ended well.
func (s *session) ended(exit *goprogram.Exit, what, tree string) error {
	if exit.Code == 0 && !exit.TimedOut && !exit.TooMuch {
		return nil
	}
	text := goprogram.Shorten(string(exit.Stderr), tree)
	f := &check.Finding{Want: what + " to end with exit status 0", Look: goprogram.PlacesIn(string(exit.Stderr), tree, s.bench.Mine)}
	switch {
	case exit.TimedOut:
		f.Got = fmt.Sprintf("it was still running after %s and was ended", goprogram.RunTime)
		f.Because = "Something waits for ever, or goes round in a loop that has no way out."
	case exit.TooMuch:
		f.Got = fmt.Sprintf("it wrote more than %d KiB and was ended", goprogram.OutputLimit>>10)
		f.Because = "Something writes in a loop that has no way out."
	case exit.OverMemory > 0:
		f.Got = fmt.Sprintf("it used all of the %d MiB of memory that it had, and was ended", exit.OverMemory>>20)
		f.Because = "Something grows in a loop that has no way out."
	case strings.Contains(text, "out of memory"), strings.Contains(text, "cannot allocate memory"):
		f.Got = fmt.Sprintf("it asked for more than %d GiB of memory", goprogram.MemoryLimit>>30)
		f.Because = "Something grows in a loop that has no way out."
	case strings.Contains(text, "panic: "):
		f.Got = firstLineWith(text, "panic: ")
		f.Because = "A panic ends the whole program. It happened at the place named here, or was called from it: a value that may be nil, or a type that may be another, has to be looked at before it is used."
	case exit.Code < 0:
		f.Got = "it was ended by a signal"
		f.Because = "A program that ends by itself has an exit status. This one killed itself, or was killed."
	case strings.TrimSpace(text) == "":
		f.Got = fmt.Sprintf("exit status %d, and nothing on standard error", exit.Code)
		f.Because = "Something ends the process: os.Exit or log.Fatal, perhaps in init. A package returns, and leaves that to main."
	default:
		f.Got = fmt.Sprintf("exit status %d: %s", exit.Code, clip(text))
		f.Because = "The program says on standard error what it could not do."
	}
	if len(f.Look) == 0 {
		f.Look = s.look
	}
	return f
}

func firstLineWith(text, prefix string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			return clip(line)
		}
	}
	return prefix
}

// clip shortens what a program wrote to what a finding can hold.
func clip(text string) string {
	const most = 600
	text = manySpaces.ReplaceAllString(strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + " …"
	}
	return text
}

// manySpaces are what is left of a line that was continued on the next.
var manySpaces = regexp.MustCompile(` {2,}`)

// plainEnv is a program's whole environment: what it is given, and what a Go
// program needs to find a place for its files.
func (s *session) plainEnv(env map[string]string) []string {
	all := []string{"HOME=" + s.bench.Run.Dir, "TMPDIR=" + s.bench.Run.Dir}
	for k, v := range env {
		all = append(all, k+"="+v)
	}
	return all
}

func cmdCompile(s *session, _ bool, args []string) error {
	b := goprogram.Build{Dir: s.tree, Package: args[1], Flags: args[2:], VCS: true}
	var err error
	if s.tree == "" {
		s.programs[args[0]], err = s.bench.Program(s.ctx, b.Package, b.Flags)
		return err
	}
	out, err := s.bench.NewFolder("program")
	if err != nil {
		return err
	}
	b.Out = filepath.Join(out, args[0])
	s.programs[args[0]], err = s.bench.Compile(s.ctx, b)
	return err
}

func cmdRun(s *session, _ bool, args []string) error {
	env, args := assignments(args)
	if len(args) == 0 || s.programs[args[0]] == "" {
		return &UsageError{Command: "run", Text: "there is no such program: compile it first"}
	}
	path := s.programs[args[0]]
	exit, err := s.bench.Execute(s.ctx, goprogram.Command{Path: path, Dir: filepath.Dir(path), Args: args[1:], Env: s.plainEnv(env)})
	if err != nil {
		return err
	}
	s.source = "`" + strings.Join(args, " ") + "`"
	if err := s.ended(exit, s.source, s.bench.Tree.Dir); err != nil {
		return err
	}
	s.keep(exit.Stdout)
	return nil
}

func cmdRepository(s *session, _ bool, _ []string) error {
	tree, err := s.bench.Copy()
	if err != nil {
		return err
	}
	s.tree = tree
	when, err := s.random.Draw("time")
	if err != nil {
		return err
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"commit", "-q", "-m", "the exercise"}} {
		if _, err := s.git(when, args...); err != nil {
			return err
		}
	}
	out, err := s.git(when, "rev-parse", "HEAD")
	s.set("revision", strings.TrimSpace(out))
	s.set("revision_time", when)
	return err
}

// git runs git in the scenario's repository, at a time that the scenario chose.
func (s *session) git(when string, args ...string) (string, error) {
	tc, err := s.bench.Toolchain(s.ctx)
	if err != nil {
		return "", err
	}
	exit, err := tc.Git(s.ctx, s.tree, []string{"GIT_AUTHOR_NAME=Daybook", "GIT_AUTHOR_EMAIL=daybook@example.com", "GIT_COMMITTER_NAME=Daybook",
		"GIT_COMMITTER_EMAIL=daybook@example.com", "GIT_AUTHOR_DATE=" + when, "GIT_COMMITTER_DATE=" + when}, args...)
	if err != nil {
		return "", err
	}
	if exit.Code != 0 {
		return "", fmt.Errorf("running git %s: %s", args[0], exit.Stderr)
	}
	return string(exit.Stdout), nil
}

func cmdChange(s *session, _ bool, args []string) error {
	if s.tree == "" {
		return &UsageError{Command: "change", Text: "there is no repository before it"}
	}
	f, err := os.OpenFile(filepath.Join(s.tree, filepath.FromSlash(args[0])), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return &UsageError{Command: "change", Text: err.Error()}
	}
	defer f.Close()
	_, err = f.WriteString("\n// changed, not committed\n")
	return err
}

func cmdBuildinfo(s *session, _ bool, args []string) error {
	path := s.programs[args[0]]
	if path == "" {
		return &UsageError{Command: "buildinfo", Text: "there is no such program: compile it first"}
	}
	tc, err := s.bench.Toolchain(s.ctx)
	if err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the build info: %w", err)
	}
	s.set("go_version", info.GoVersion)
	s.set("main_version", info.Main.Version)
	s.set("host_os", tc.Setting("GOOS"))
	for _, setting := range info.Settings {
		s.set(setting.Key, setting.Value)
	}
	type module struct {
		Path    string `json:"path"`
		Version string `json:"version"`
	}
	deps := []module{}
	for _, m := range info.Deps {
		version := m.Version
		if m.Replace != nil {
			version = m.Replace.Version
		}
		deps = append(deps, module{m.Path, version})
	}
	text, err := json.Marshal(deps)
	s.set("dependencies", string(text))
	return err
}
