//go:build unix

package intake

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

const commitDate = "2026-03-01T18:00:00+01:00"

// git runs the real git, as a learner does.
func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	return gitReading(t, dir, nil, args...)
}

func gitReading(t testing.TB, dir string, stdin []byte, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(stdin)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_AUTHOR_DATE="+commitDate, "GIT_COMMITTER_DATE="+commitDate)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

// committed makes a repository with things committed on main.
func committed(t testing.TB, things []thing) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "init", "-q", "-b", "main")
	laid(t, dir, things)
	git(t, dir, "add", "-A", "-f")
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "work")
	return dir
}

// leavesNothing has temporary files go to a folder that must be empty in the end.
func leavesNothing(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Cleanup(func() {
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, d := range left {
			assert.NotContains(t, d.Name(), "daybook-intake")
		}
	})
}

func bundled(t testing.TB, repo string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alice")
	git(t, repo, append([]string{"bundle", "create", "-q", path}, args...)...)
	return path
}

func bare(t testing.TB, repo string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alice.git")
	git(t, repo, "clone", "-q", "--bare", repo, path)
	return path
}

func TestGit(t *testing.T) {
	leavesNothing(t)
	repo := committed(t, work)
	first := git(t, repo, "rev-parse", "HEAD")
	git(t, repo, "tag", "-a", "-m", "handed in", "v1")
	laid(t, repo, []thing{{name: "Dockerfile", text: "FROM second\n"}})
	git(t, repo, "commit", "-q", "-a", "-m", "second")
	git(t, repo, "checkout", "-q", "-b", "feature/x")
	laid(t, repo, []thing{{name: "Dockerfile", text: "FROM third\n"}})
	git(t, repo, "commit", "-q", "-a", "-m", "third")
	git(t, repo, "checkout", "-q", "main")
	laid(t, repo, []thing{{name: "Dockerfile", text: "FROM working-files\n"}})
	plain, err := opened(t, laid(t, t.TempDir(), work), Options{})
	require.NoError(t, err)

	sources := map[string]string{"folder": repo, "bare": bare(t, repo), "bundle": bundled(t, repo, "--all"), "packed": bare(t, repo)}
	git(t, sources["packed"], "gc", "-q")
	for name, path := range sources {
		for revision, want := range map[string]string{
			"": "FROM second\n", "HEAD": "FROM second\n", "main": "FROM second\n", "feature/x": "FROM third\n", "refs/heads/main": "FROM second\n",
			"v1": "FROM scratch\n", "main~1": "FROM scratch\n", first: "FROM scratch\n", first[:12]: "FROM scratch\n",
		} {
			t.Run(name+"@"+revision, func(t *testing.T) {
				in, err := opened(t, path, Options{Revision: revision})
				require.NoError(t, err)
				if name == "folder" && revision == "" {
					assert.Equal(t, "FROM working-files\n", textAt(t, in.Dir, "Dockerfile"))
					assert.Empty(t, in.Commit)
					assert.True(t, in.Submitted.IsZero())
					return
				}
				assert.Equal(t, want, textAt(t, in.Dir, "Dockerfile"))
				assert.Equal(t, workNames, in.Taken)
				assert.Equal(t, time.Date(2026, 3, 1, 17, 0, 0, 0, time.UTC), in.Submitted)
				if want == "FROM scratch\n" {
					assert.Equal(t, first, in.Commit)
					assert.Equal(t, plain.Hash, in.Hash)
				}
			})
		}
		for _, revision := range []string{"nowhere", "main:Dockerfile", "main..v1", "--all", "-h", "a\nb", "^main"} {
			_, err := opened(t, path, Options{Revision: revision})
			inputError(t, err, "revision")
		}
	}
}

func TestBundleHeads(t *testing.T) {
	repo := committed(t, work)
	in, err := opened(t, bundled(t, repo, "main"), Options{})
	require.NoError(t, err, "the only branch counts")
	assert.Equal(t, workNames, in.Taken)

	git(t, repo, "checkout", "-q", "-b", "other")
	git(t, repo, "commit", "-q", "--allow-empty", "-m", "more")
	_, err = opened(t, bundled(t, repo, "main", "other"), Options{})
	refusedFor(t, err, "no commit at HEAD")
	in, err = opened(t, bundled(t, repo, "main", "other"), Options{Revision: "other"})
	require.NoError(t, err)
	assert.Equal(t, workNames, in.Taken)

	_, err = opened(t, bundled(t, repo, "main..other"), Options{})
	refusedFor(t, err, "is damaged, or not complete")
	whole, err := os.ReadFile(bundled(t, repo, "main"))
	require.NoError(t, err)
	_, err = opened(t, file(t, whole[:len(whole)-30]), Options{})
	refusedFor(t, err, "is damaged, or not complete")
	_, err = opened(t, file(t, whole[:20]), Options{})
	refusedFor(t, err, "is damaged, or not complete")
}

func TestGitTroubles(t *testing.T) {
	leavesNothing(t)
	empty := t.TempDir()
	git(t, empty, "init", "-q", "--bare")
	_, err := opened(t, empty, Options{})
	refusedFor(t, err, "no commit at HEAD")

	_, err = opened(t, committed(t, nil), Options{Revision: "main"})
	refusedFor(t, err, "is empty")
	_, err = opened(t, committed(t, with(work[1:], thing{name: "Dockerfile", flag: '2', link: "/etc/passwd"})), Options{Revision: "main"})
	refusedFor(t, err, "Dockerfile is a symbolic link")
	_, err = opened(t, committed(t, []thing{{name: "Dockerfile", text: strings.Repeat("x", submission.FileLimit+1)}}), Options{Revision: "main"})
	refusedFor(t, err, "Dockerfile has more than")

	repo := committed(t, work)
	git(t, repo, "update-index", "--add", "--cacheinfo", "160000,0123456789012345678901234567890123456789,sub")
	git(t, repo, "commit", "-q", "-m", "a submodule")
	in, err := opened(t, repo, Options{Revision: "main"})
	require.NoError(t, err)
	assert.Contains(t, why(in)["sub"], "a git submodule")

	object := git(t, repo, "rev-parse", "main:Dockerfile")
	require.NoError(t, os.Remove(filepath.Join(repo, ".git", "objects", object[:2], object[2:])))
	_, err = opened(t, repo, Options{Revision: "main"})
	refusedFor(t, err, "not complete")
}

// Attributes say how files are exported and checked out. They are not.
func TestAttributes(t *testing.T) {
	repo := committed(t, with(work, thing{name: ".gitattributes", text: "Dockerfile export-ignore\n* export-subst ident text eol=crlf filter=evil\n"},
		thing{name: ".dockerignore", text: "$Format:%H$ $Id$\n"}))
	in, err := opened(t, repo, Options{Revision: "main"})
	require.NoError(t, err)
	assert.Equal(t, "$Format:%H$ $Id$\n", textAt(t, in.Dir, ".dockerignore"))
	assert.Equal(t, "FROM scratch\n", textAt(t, in.Dir, "Dockerfile"))
}

// Commits say any time at all.
func TestCommitTime(t *testing.T) {
	repo := committed(t, work)
	tree := git(t, repo, "rev-parse", "main^{tree}")
	for when, want := range map[string]time.Time{
		"1767225600 +0000": time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), "99999999999999 +0000": {}, "-5 +0000": {}, "never": {},
	} {
		commit := fmt.Sprintf("tree %s\nauthor a <a@example.com> %s\ncommitter a <a@example.com> %s\n\nodd\n", tree, when, when)
		git(t, repo, "update-ref", "refs/heads/main", gitReading(t, repo, []byte(commit), "hash-object", "-t", "commit", "-w", "--literally", "--stdin"))
		in, err := opened(t, repo, Options{Revision: "main"})
		require.NoError(t, err, when)
		assert.True(t, want.Equal(in.Submitted), "%s: %s", when, in.Submitted)
		_, err = in.Submitted.MarshalJSON()
		require.NoError(t, err)
	}
}

func TestGitEnds(t *testing.T) {
	leavesNothing(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Open(ctx, bare(t, committed(t, work)), Options{Editable: editable, Dir: t.TempDir()})
	require.ErrorIs(t, err, context.Canceled)

	r, root, err := newRepository("alice")
	require.NoError(t, err)
	defer func() { require.NoError(t, r.close()) }()
	require.NoError(t, root.Close())
	r.until = time.Now()
	_, err = r.output(context.Background(), "version")
	var trouble *check.Trouble
	require.ErrorAs(t, err, &trouble, "a machine that is too slow is nobody's fault")

	t.Setenv("PATH", t.TempDir())
	_, err = r.output(context.Background(), "version")
	require.ErrorAs(t, err, &trouble)
	assert.Contains(t, trouble.Message, "git command is not on the PATH")
}
