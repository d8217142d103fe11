package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/author"
)

// authorsPage is the page whose steps are a test.
const authorsPage = "days/README.md"

// step matches the line above a block that says what the test makes of it:
//
//	<!-- fails -->                 commands of which the last fails; without it, all succeed
//	<!-- prints -->                what the commands before it wrote to standard output
//	<!-- prints: PATTERN -->       those of its lines that match
//	<!-- shows: FILE /A/ /B/ -->   a file's lines, from the first that matches A to the next that matches B
//	<!-- change: FILE /A/ /B/ -->  what the author makes of those lines
//	<!-- write: FILE -->           what the author makes of a file
var step = regexp.MustCompile(`^<!-- (fails|prints|shows|change|write)(?:: (\S+))?(?: /(.*)/ /(.*)/)? -->$`)

// TestAuthorsPage does what the page for authors says, in a copy of the
// workbook.
func TestAuthorsPage(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	p := &followed{T: t, root: copyOfWorkbook(t, root)}
	text, err := os.ReadFile(filepath.Join(root, authorsPage))
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	for i := 0; i < len(lines); i++ {
		if !strings.HasPrefix(lines[i], "```") {
			continue
		}
		end := i + 1 + slices.Index(lines[i+1:], "```")
		require.Greater(t, end, i, "line %d begins a block that does not end", i+1)
		now := p.block(i+1, lines[i-1], strings.TrimPrefix(lines[i], "```"), lines[i+1:end])
		lines = slices.Replace(lines, i+1, end, now...)
		i += len(now) + 1
	}
	if *update {
		require.NoError(t, os.WriteFile(filepath.Join(root, authorsPage), []byte(strings.Join(lines, "\n")), 0o644))
	}
	for _, only := range []string{"solution", "stubs", "lower-case-counts-too --update"} {
		require.Contains(t, p.succeeded, `make verify DAY=148 EXERCISE=envconfig ARGS="--only `+only+`"`, "the page ends with everything green")
	}
	problems, err := author.Pages{Root: root}.Check(t.Context(), filepath.Join(root, authorsPage))
	require.NoError(t, err)
	require.Empty(t, problems)
}

// copyOfWorkbook copies what an author works in, with a bin/daybook.
func copyOfWorkbook(t *testing.T, root string) string {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{"days", "exercises", "solutions"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join(root, folder))))
	}
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Makefile"), makefile, 0o644))
	daybook, err := exec.LookPath("daybook") // put there by testscript.Main
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o755))
	require.NoError(t, os.Symlink(daybook, filepath.Join(dir, "bin", "daybook")))
	return dir
}

// followed is a page that is being followed.
type followed struct {
	*testing.T
	root      string
	stdout    string   // of the last commands
	succeeded []string // commands
}

// block does what a block asks for, and gives the lines that it ought to have.
func (p *followed) block(line int, above, language string, body []string) []string {
	p.Helper()
	text := strings.Join(body, "\n") + "\n"
	m := step.FindStringSubmatch(above)
	if m == nil {
		require.Equal(p, "sh", language, "%s:%d: nothing says what this block is", authorsPage, line)
		p.run(line, text, false)
		return body
	}
	var now string
	switch m[1] {
	case "fails":
		p.run(line, text, true)
		return body
	case "write":
		require.FileExists(p, p.path(m[2]), "the scaffold is there")
		p.write(m[2], text)
		return body
	case "change":
		before, old, after := p.excerpt(m[2], m[3], m[4])
		require.NotEqual(p, old, text, "%s:%d: it changes nothing", authorsPage, line)
		p.write(m[2], before+text+after)
		return body
	case "shows":
		_, now, _ = p.excerpt(m[2], m[3], m[4])
	case "prints":
		now = linesWith(p.stdout, m[2])
	}
	require.NotEmpty(p, now, "%s:%d: there is nothing to show", authorsPage, line)
	if !*update {
		require.Equal(p, now, text, "%s:%d: go test ./harness/cmd/daybook -run TestAuthorsPage -update writes it anew", authorsPage, line)
	}
	return strings.Split(strings.TrimSuffix(now, "\n"), "\n")
}

// run runs a block's commands.
func (p *followed) run(line int, commands string, fails bool) {
	p.Helper()
	// The copy has no harness to build from: -o says that what was built is good.
	cmd := exec.CommandContext(p.Context(), "sh", "-ec", strings.ReplaceAll("\n"+commands, "\nmake ", "\nmake -o build "))
	cmd.Dir = p.root
	// Under `make test` this make would be one below another, and say so.
	cmd.Env = append(os.Environ(), "MAKELEVEL=", "MAKEFLAGS=", "MFLAGS=", "DOCKER_HOST=unix://"+filepath.Join(p.root, "no-such-socket"))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	require.True(p, err == nil || errors.As(err, &exit), "%v", err)
	require.Equal(p, fails, err != nil, "%s:%d: it fails, or it does not:\n%s%s", authorsPage, line, stdout.String(), stderr.String())
	p.stdout = stdout.String()
	for command := range strings.Lines(commands) {
		command = strings.TrimSpace(command)
		if !fails {
			p.succeeded = append(p.succeeded, command)
		}
		if strings.HasPrefix(command, "make verify") && !strings.Contains(command, "--only") {
			requireUnwritten(p.T, p.root, p.stdout)
		}
	}
}

// requireUnwritten wants verify to have named each line of a scaffold that is
// still to be written, and no other.
func requireUnwritten(t *testing.T, root, said string) {
	t.Helper()
	var want, got []string
	for _, m := range regexp.MustCompile(`(?m)^(\S+:\d+): not written yet: \S`).FindAllStringSubmatch(said, -1) {
		got = append(got, m[1])
	}
	out, err := exec.CommandContext(t.Context(), "grep", "-rnoF", "WRITE:", filepath.Join(root, "days"), filepath.Join(root, "exercises"), filepath.Join(root, "solutions")).Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(out)) {
		rel, err := filepath.Rel(root, strings.TrimSuffix(strings.TrimSpace(line), ":WRITE:"))
		require.NoError(t, err)
		if !strings.HasPrefix(rel, authorsPage) {
			want = append(want, rel)
		}
	}
	require.ElementsMatch(t, want, got)
}

func (p *followed) path(name string) string { return filepath.Join(p.root, filepath.FromSlash(name)) }

func (p *followed) write(name, text string) {
	require.NoError(p, os.WriteFile(p.path(name), []byte(text), 0o644))
}

// excerpt gives a file's lines from the first that matches from to the next that
// matches to, with what is before and after them.
func (p *followed) excerpt(name, from, to string) (before, lines, after string) {
	p.Helper()
	text, err := os.ReadFile(p.path(name))
	require.NoError(p, err)
	all := strings.SplitAfter(string(text), "\n")
	first := slices.IndexFunc(all, regexp.MustCompile(from).MatchString)
	require.GreaterOrEqual(p, first, 0, "%s has no line with %s", name, from)
	length := slices.IndexFunc(all[first:], regexp.MustCompile(to).MatchString)
	require.GreaterOrEqual(p, length, 0, "%s has no line with %s behind it", name, to)
	last := first + length + 1
	return strings.Join(all[:first], ""), strings.Join(all[first:last], ""), strings.Join(all[last:], "")
}

// linesWith gives the lines that match a pattern, or all for "".
func linesWith(text, pattern string) string {
	match := regexp.MustCompile(pattern)
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if match.MatchString(line) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
