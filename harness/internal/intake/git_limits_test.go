//go:build unix

package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rawTree writes a tree that git itself would not make.
func rawTree(t testing.TB, repo string, entries ...string) string {
	t.Helper()
	var b bytes.Buffer
	for _, e := range entries { // "mode name id"
		f := strings.Split(e, " ")
		fmt.Fprintf(&b, "%s %s\x00", f[0], f[1])
		var id []byte
		_, err := fmt.Sscanf(f[2], "%x", &id)
		require.NoError(t, err)
		b.Write(id)
	}
	return gitReading(t, repo, b.Bytes(), "hash-object", "-t", "tree", "-w", "--literally", "--stdin")
}

func commitTree(t testing.TB, repo, tree string) {
	t.Helper()
	git(t, repo, "update-ref", "refs/heads/main", git(t, repo, "commit-tree", "-m", "odd", tree))
}

func TestHostileTrees(t *testing.T) {
	leavesNothing(t)
	repo := committed(t, work)
	blob := git(t, repo, "rev-parse", "main:Dockerfile")
	commitTree(t, repo, rawTree(t, repo, "100644 Dockerfile "+blob, "100644 ../../evil "+blob, "100644 /etc/evil "+blob, "120000 link "+blob))
	in, err := opened(t, repo, Options{Revision: "main"})
	require.NoError(t, err)
	assert.Equal(t, []string{"Dockerfile"}, in.Taken)
	assert.Contains(t, why(in)["../../evil"], `".."`)
	assert.Contains(t, why(in)["/etc/evil"], "root of the file system")

	commitTree(t, repo, rawTree(t, repo, "100644 Dockerfile "+blob, "100644 Dockerfile "+blob))
	_, err = opened(t, repo, Options{Revision: "main"})
	refusedFor(t, err, "has Dockerfile twice")

	// Ten to the tenth files, in eleven small trees.
	tree := rawTree(t, repo, "100644 f "+blob)
	for range 10 {
		var entries []string
		for i := range 10 {
			entries = append(entries, fmt.Sprintf("40000 d%d %s", i, tree))
		}
		tree = rawTree(t, repo, entries...)
	}
	commitTree(t, repo, tree)
	_, err = opened(t, repo, Options{Revision: "main"})
	refusedFor(t, err, "more files than the 20000")
}

// fakeGit puts a script in the place of git.
func fakeGit(t *testing.T, script string) *repository {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "git"), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	r, root, err := newRepository("alice")
	require.NoError(t, err)
	require.NoError(t, root.Close())
	t.Cleanup(func() { require.NoError(t, r.close()) })
	return r
}

func TestGitIsBounded(t *testing.T) {
	out, err := fakeGit(t, "ulimit -v").output(context.Background())
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("%d\n", gitMemory>>10), out)

	_, err = fakeGit(t, "yes").output(context.Background())
	refusedFor(t, err, "more branches and tags")

	t.Setenv("SECRET", "s")
	out, err = fakeGit(t, "env").output(context.Background())
	require.NoError(t, err)
	assert.NotContains(t, out, "SECRET")

	for said, isOurs := range map[string]bool{"fatal: write error: No space left on device": true, "fatal: bad object x": false} {
		_, err = fakeGit(t, "echo '"+said+"' >&2; exit 128").output(context.Background())
		var failed *gitError
		assert.Equal(t, !isOurs, errors.As(err, &failed), "%v", err)
	}
	_, err = fakeGit(t, "kill -9 $$").output(context.Background())
	var failed *gitError
	assert.NotErrorAs(t, err, &failed, "a machine without memory is nobody's fault")
}

// What git has started ends with it.
func TestGitsGroupEnds(t *testing.T) {
	wire := filepath.Join(t.TempDir(), "wire")
	require.NoError(t, syscall.Mkfifo(wire, 0o600))
	r := fakeGit(t, "sleep 1000 >'"+wire+"' & echo started; wait")
	alive, err := os.OpenFile(wire, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	require.NoError(t, err)
	defer alive.Close()
	enough := errors.New("enough")
	err = r.git(context.Background(), nil, nil, func(out io.Reader) error {
		_, err := io.ReadFull(out, make([]byte, len("started")))
		return errors.Join(enough, err)
	})
	require.ErrorIs(t, err, enough)
	_, err = io.ReadAll(alive) // to its end, which comes when nobody has it open
	require.NoError(t, err)
}

func TestLargeRepository(t *testing.T) {
	leavesNothing(t)
	repo := committed(t, work)
	pack := filepath.Join(repo, ".git/objects/pack/pack-0123.pack")
	planted(t, pack, "", 0o644)
	require.NoError(t, os.Truncate(pack, repositoryLimit+1))
	_, err := opened(t, repo, Options{Revision: "main"})
	refusedFor(t, err, "more than 256 MiB")
}
