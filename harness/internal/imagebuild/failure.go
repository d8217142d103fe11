package imagebuild

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// Failure is a build that the Dockerfile, or what it runs, made fail.
type Failure struct {
	Line   int    // of the Dockerfile; 0 when unknown
	Step   string // the instruction, as BuildKit names the step; may be empty
	Reason string // what went wrong, in one line
	Output string // the last lines that the step printed
}

// Error gives the reason with the line.
func (f *Failure) Error() string {
	if f.Line == 0 {
		return f.Reason
	}
	return fmt.Sprintf("Dockerfile:%d: %s", f.Line, f.Reason)
}

// Finding says the failure as a check does.
func (f *Failure) Finding() *check.Finding {
	got := f.Reason
	if f.Step != "" {
		got = fmt.Sprintf("%s: %s", f.Step, f.Reason)
	}
	if f.Output != "" {
		got += "\n" + f.Output
	}
	return &check.Finding{
		Want:    "docker build to end with an image",
		Got:     got,
		Because: because(f),
		Look:    []check.Place{{File: "Dockerfile", Line: f.Line}},
	}
}

// reasons explains what builders say. The first that matches the failure's
// reason or output is used.
var reasons = []struct {
	match *regexp.Regexp
	text  string
}{
	{regexp.MustCompile(`(?m)go: go\.mod file not found`), "The go command found no go.mod in the folder where this RUN stands: COPY the module's files there first, and check WORKDIR."},
	{regexp.MustCompile(`missing go\.sum entry`), "go.sum was not in the build when this ran: copy it together with go.mod."},
	{regexp.MustCompile(`(/[^ ]*"?:? not found|nothing at /)`), "COPY found nothing at that path. With --from it looks in the other stage's files, so something there has to have made the file; without, it looks in the build context, less what .dockerignore keeps out."},
	{regexp.MustCompile(`go: cannot find main module|no required module provides`), "The go command did not see the whole module: check which files were copied before this RUN."},
	{regexp.MustCompile(`error obtaining VCS status`), "A .git folder came into the build without being a repository that git accepts there. Keep .git out with .dockerignore, or pass -buildvcs=false."},
	{regexp.MustCompile(`not among the images that this build may use`), "Each day says which images its builds may use. When it is graded this way no other is fetched, whatever asks for it: FROM, COPY --from or a mount."},
	{regexp.MustCompile(`and here it has no network`), "Graded this way, a build reaches the module proxy and nothing else, and only from RUN steps. A file that ADD would fetch belongs into the build context."},
	{regexp.MustCompile(`(exec|process) "/bin/sh.*(not found|no such file)`), "This RUN needs a shell, and the stage has none: an image from scratch holds no /bin/sh. Run it in the build stage."},
}

func because(f *Failure) string {
	for _, r := range reasons {
		if r.match.MatchString(f.Reason) || r.match.MatchString(f.Output) {
			return r.text
		}
	}
	return "The build stops at the first instruction that fails; the lines above are what that instruction itself said."
}

// outputTail is how many of a failed step's last lines a finding quotes: a
// compiler's first errors and the step's end fit in, a flood does not.
const outputTail = 15

// failureOf works out which step of built made err. It returns nil when no
// step and no line of the Dockerfile did: then the trouble is not the
// learner's.
func failureOf(err error, built *Built) *Failure {
	for _, s := range built.Steps {
		if s.Error == "" || s.Error == "context canceled" || strings.HasPrefix(s.Name, "exporting") {
			continue
		}
		if s.Line == 0 && !strings.Contains(s.Name, "load metadata") {
			continue
		}
		return &Failure{Line: s.Line, Step: shortStep(s.Name), Reason: plainReason(s.Error), Output: tail(s.Output, outputTail)}
	}
	var located *parser.LocationError
	if errors.As(err, &located) && len(located.Locations) > 0 && len(located.Locations[0]) > 0 {
		return &Failure{Line: located.Locations[0][0].Start.Line, Reason: firstLine(located.Error())}
	}
	return nil
}

// noSuchPath is how BuildKit 0.8 says that COPY found nothing; later ones say
// "/path: not found".
var noSuchPath = regexp.MustCompile(`(?:failed to walk|lstat|stat) \S*/buildkit-mount\d+(/\S*): (?:lstat .*: )?no such file or directory`)

// processExit is how BuildKit says that a RUN ended badly; the first is 0.8's way.
var processExit = regexp.MustCompile(`^(?:executor failed running \[.*\]|process ".*" did not complete successfully): (.*)$`)

// manySpaces are what is left of a line that was continued on the next.
var manySpaces = regexp.MustCompile(` {2,}`)

// plainReason shortens BuildKit's words for a RUN that failed: the step's name
// says already what was run.
func plainReason(said string) string {
	said = firstLine(said)
	if m := processExit.FindStringSubmatch(said); m != nil {
		return m[1]
	}
	if m := noSuchPath.FindStringSubmatch(said); m != nil {
		return "there is nothing at " + m[1]
	}
	if _, rest, ok := strings.Cut(said, "failed to compute cache key: "); ok {
		said = rest
	}
	if _, rest, ok := strings.Cut(said, "failed to calculate checksum of ref "); ok {
		if _, path, ok := strings.Cut(rest, ": "); ok {
			said = path
		}
	}
	return said
}

// shortStep is a step's name with a long command cut.
func shortStep(name string) string {
	const most = 100
	name = manySpaces.ReplaceAllString(firstLine(name), " ")
	if r := []rune(name); len(r) > most {
		return string(r[:most]) + "…"
	}
	return name
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

// tail gives the last n lines of s, and says when there were more.
func tail(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	if len(lines) <= n {
		return strings.Join(lines, "\n")
	}
	return fmt.Sprintf("(%d lines before)\n", len(lines)-n) + strings.Join(lines[len(lines)-n:], "\n")
}
