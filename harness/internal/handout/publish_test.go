package handout_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/itchyny/gojq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain lets this program stand in for GitHub's own command line, gh, in the
// steps that tests run.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "gh" {
		os.Exit(gh(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// gh answers `gh api` with the file in $GH_ANSWERS that is named for the address,
// and writes down what it was asked.
func gh(args []string) int {
	var query, address string
	for i := 1; i < len(args); i++ {
		switch a := args[i]; a {
		case "--jq":
			i++
			query = args[i]
		case "--method", "-f", "-F":
			i++
		case "--paginate", "--silent":
		default:
			address = a
		}
	}
	log, err := os.OpenFile(os.Getenv("GH_LOG"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return 90
	}
	defer log.Close()
	fmt.Fprintln(log, strings.Join(args, " "))
	answer, err := os.ReadFile(filepath.Join(os.Getenv("GH_ANSWERS"), strings.ReplaceAll(address, "/", "_")))
	if err != nil {
		return 91
	}
	if query == "" {
		return 0
	}
	var doc any
	q, err := gojq.Parse(query)
	if err != nil || json.Unmarshal(answer, &doc) != nil {
		return 92
	}
	code, err := gojq.Compile(q, gojq.WithEnvironLoader(os.Environ))
	if err != nil {
		return 93
	}
	for iter := code.Run(doc); ; {
		v, ok := iter.Next()
		if !ok {
			return 0
		}
		if _, isError := v.(error); isError {
			return 94
		}
		if text, isText := v.(string); isText {
			fmt.Println(text)
		} else {
			text, _ := gojq.Marshal(v)
			fmt.Println(string(text))
		}
	}
}

// publisher is a place to run the steps of the publishing workflow in.
type publisher struct {
	t   *testing.T
	dir string
	env []string
}

func newPublisher(t *testing.T, env ...string) *publisher {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("it needs bash, in which GitHub runs steps")
	}
	p := &publisher{t: t, dir: t.TempDir()}
	program, err := os.Executable()
	require.NoError(t, err)
	bin := filepath.Join(p.dir, "path")
	require.NoError(t, os.Mkdir(bin, 0o755))
	require.NoError(t, os.Symlink(program, filepath.Join(bin, "gh")))
	// What is compiled in the step before.
	put(t, p.dir, "bin/daybook", "#!"+bash+"\necho \"$@\" >> daybook.log\necho the comment\n")
	require.NoError(t, os.Chmod(filepath.Join(p.dir, "bin", "daybook"), 0o755))
	p.env = append([]string{
		"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "GH_LOG=" + filepath.Join(p.dir, "gh.log"), "GH_ANSWERS=" + filepath.Join(p.dir, "answers"),
		"GITHUB_REPOSITORY=course/day", "RUNNER_TEMP=" + p.dir, "GITHUB_OUTPUT=" + filepath.Join(p.dir, "output"), "DAY=148",
	}, env...)
	return p
}

// answer is what GitHub says at an address.
func (p *publisher) answer(address, text string) {
	put(p.t, p.dir, "answers/"+strings.ReplaceAll(address, "/", "_"), text)
}

// read gives a file that the steps wrote, or "".
func (p *publisher) read(name string) string {
	text, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	return string(text)
}

// run runs a step as GitHub does.
func (p *publisher) run(name string) (string, error) {
	p.t.Helper()
	for _, s := range parsed(p.t, "github-publish").steps() {
		if s.Name == name {
			cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", s.Run)
			cmd.Dir, cmd.Env = p.dir, p.env
			said, err := cmd.CombinedOutput()
			return string(said), err
		}
	}
	p.t.Fatalf("there is no step %q", name)
	return "", nil
}

const findStep, writeStep = "Find the pull request and what it changes", "Write the comment"

// The pull request is the one whose head was graded, whatever its branch is called.
func TestPublishFindsThePullRequest(t *testing.T) {
	branch := "a;touch pwned;$(touch pwned)`touch pwned`"
	p := newPublisher(t, "HEAD_OWNER=ada", "HEAD_BRANCH="+branch, "HEAD_SHA=c0ffee")
	p.answer("repos/course/day/pulls", `[{"number":6,"head":{"sha":"0ther"},"base":{"sha":"b6"}},{"number":7,"head":{"sha":"c0ffee"},"base":{"sha":"ba5e"}}]`)
	p.answer("repos/course/day/compare/ba5e...c0ffee", `{"files":[{"filename":"exercises/148/Dockerfile"},{"filename":"new\nname","previous_filename":"Makefile"}]}`)
	said, err := p.run(findStep)
	require.NoError(t, err, said)
	assert.Equal(t, "number=7\n", p.read("output"))
	assert.JSONEq(t, `["exercises/148/Dockerfile", "new\nname", "Makefile"]`, p.read("changed.json"), "a file that was moved away was changed too")
	assert.Contains(t, p.read("gh.log"), "-f head=ada:"+branch)
	assert.NoFileExists(t, filepath.Join(p.dir, "pwned"))
}

// One that has moved on, or is closed, gets no comment.
func TestPublishPassesOverOldCommits(t *testing.T) {
	p := newPublisher(t, "HEAD_OWNER=ada", "HEAD_BRANCH=work", "HEAD_SHA=c0ffee")
	p.answer("repos/course/day/pulls", `[{"number":7,"head":{"sha":"0ther"},"base":{"sha":"ba5e"}}]`)
	said, err := p.run(findStep)
	require.NoError(t, err, said)
	assert.Empty(t, p.read("output"))
}

// Where the changes cannot be had, nothing is published.
func TestPublishNeedsTheChanges(t *testing.T) {
	p := newPublisher(t, "HEAD_OWNER=ada", "HEAD_BRANCH=work", "HEAD_SHA=c0ffee")
	p.answer("repos/course/day/pulls", `[{"number":7,"head":{"sha":"c0ffee"},"base":{"sha":"ba5e"}}]`)
	_, err := p.run(findStep)
	require.Error(t, err)
	assert.Empty(t, p.read("output"))
}

// A second grade takes the place of the first, and of nobody else's comment.
func TestPublishWritesOneComment(t *testing.T) {
	comments := "repos/course/day/issues/7/comments"
	for name, v := range map[string]struct{ there, wants string }{
		"the first":                 {`[]`, "api --method POST " + comments + " -F body=@"},
		"the second":                {`[{"id":11,"user":{"login":"github-actions[bot]"},"body":"hello"},{"id":12,"user":{"login":"github-actions[bot]"},"body":"<!-- daybook grade -->\nx"}]`, "api --method PATCH repos/course/day/issues/comments/12 -F body=@"},
		"a learner's with our mark": {`[{"id":13,"user":{"login":"mallory"},"body":"<!-- daybook grade -->\n100 of 100"}]`, "api --method POST " + comments + " -F body=@"},
	} {
		p := newPublisher(t, "NUMBER=7")
		p.answer(comments, v.there)
		p.answer("repos/course/day/issues/comments/12", `{}`)
		said, err := p.run(writeStep)
		require.NoError(t, err, "%s: %s", name, said)
		assert.Equal(t, "grade-comment 148 "+p.dir+"/report --changed "+p.dir+"/changed.json\n", p.read("daybook.log"))
		assert.Equal(t, "the comment\n", p.read("comment.md"))
		lines := strings.Split(strings.TrimSpace(p.read("gh.log")), "\n")
		require.Len(t, lines, 2, name)
		assert.Contains(t, lines[1], v.wants, name)
	}
}
