//go:build unix

package intake

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// run runs git as somebody would who trusts the repository.
func run(t testing.TB, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null")
	_ = cmd.Run() // what it comes to does not matter
}

func planted(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), mode))
}

// A repository's settings can name programs. Each of these is run by a git that
// trusts them, which is tried first, and by none of ours.
func TestRepositoryRunsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		plant   func(t *testing.T, repo, program string)
		trusted []string // a git command that runs the program
	}{
		"core.fsmonitor": {func(t *testing.T, repo, program string) { git(t, repo, "config", "core.fsmonitor", program) }, []string{"status"}},
		"included settings": {func(t *testing.T, repo, program string) {
			planted(t, filepath.Join(repo, "evil.config"), "[core]\n\tfsmonitor = "+program+"\n", 0o644)
			git(t, repo, "config", "include.path", filepath.Join(repo, "evil.config"))
		}, []string{"status"}},
		"an alias": {func(t *testing.T, repo, program string) { git(t, repo, "config", "alias.evil", "!"+program) }, []string{"evil"}},
		"a hook": {func(t *testing.T, repo, program string) {
			planted(t, filepath.Join(repo, ".git/hooks/post-checkout"), "#!/bin/sh\n"+program+"\n", 0o755)
		}, []string{"checkout", "main"}},
		"a filter": {func(t *testing.T, repo, program string) {
			git(t, repo, "config", "filter.evil.smudge", program)
			planted(t, filepath.Join(repo, ".git/info/attributes"), "* filter=evil\n", 0o644)
		}, []string{"cat-file", "--filters", "main:Dockerfile"}},
		"objects fetched when they are missing": {func(t *testing.T, repo, program string) {
			git(t, repo, "config", "core.repositoryFormatVersion", "1")
			git(t, repo, "config", "extensions.partialClone", "origin")
			git(t, repo, "config", "remote.origin.promisor", "true")
			git(t, repo, "config", "protocol.ext.allow", "always")
			git(t, repo, "config", "remote.origin.url", "ext::"+program)
			id := git(t, repo, "rev-parse", "main:Dockerfile")
			require.NoError(t, os.Remove(filepath.Join(repo, ".git/objects", id[:2], id[2:])))
		}, []string{"cat-file", "-p", "main:Dockerfile"}},
		"core.sshCommand": {func(t *testing.T, repo, program string) {
			git(t, repo, "config", "core.repositoryFormatVersion", "1")
			git(t, repo, "config", "extensions.partialClone", "origin")
			git(t, repo, "config", "remote.origin.promisor", "true")
			git(t, repo, "config", "core.sshCommand", program)
			git(t, repo, "config", "remote.origin.url", "ssh://example.invalid/x")
			id := git(t, repo, "rev-parse", "main:Dockerfile")
			require.NoError(t, os.Remove(filepath.Join(repo, ".git/objects", id[:2], id[2:])))
		}, []string{"cat-file", "-p", "main:Dockerfile"}},
	} {
		t.Run(name, func(t *testing.T) {
			leavesNothing(t)
			repo, canary, program := committed(t, work), filepath.Join(t.TempDir(), "ran"), filepath.Join(t.TempDir(), "program")
			planted(t, program, "#!/bin/sh\ntouch "+canary+"\n", 0o755)
			c.plant(t, repo, program)
			run(t, repo, c.trusted...)
			require.FileExists(t, canary, "a git that trusts the repository runs the program")
			require.NoError(t, os.Remove(canary))
			for _, path := range []string{repo, filepath.Join(repo, ".git")} {
				in, err := opened(t, path, Options{Revision: "main"})
				if err == nil {
					assert.Equal(t, workNames, in.Taken)
				} else {
					refusedFor(t, err, "not complete")
				}
			}
			assert.NoFileExists(t, canary)
		})
	}
}

// A repository can have its objects in another folder: somebody else's.
func TestRepositoryReadsNothingElsewhere(t *testing.T) {
	for name, plant := range map[string]func(t *testing.T, mine, victim string){
		"alternates": func(t *testing.T, mine, victim string) {
			planted(t, filepath.Join(mine, ".git/objects/info/alternates"), filepath.Join(victim, ".git/objects")+"\n", 0o644)
		},
		"objects as a link": func(t *testing.T, mine, victim string) {
			objects := filepath.Join(mine, ".git/objects")
			require.NoError(t, os.RemoveAll(objects))
			require.NoError(t, os.Symlink(filepath.Join(victim, ".git/objects"), objects))
		},
		"packs as links": func(t *testing.T, mine, victim string) {
			packs, err := filepath.Glob(filepath.Join(victim, ".git/objects/pack/*"))
			require.NoError(t, err)
			require.NotEmpty(t, packs)
			for _, p := range packs {
				require.NoError(t, os.MkdirAll(filepath.Join(mine, ".git/objects/pack"), 0o755))
				require.NoError(t, os.Symlink(p, filepath.Join(mine, ".git/objects/pack", filepath.Base(p))))
			}
		},
		"another common folder": func(t *testing.T, mine, victim string) {
			planted(t, filepath.Join(mine, ".git/commondir"), filepath.Join(victim, ".git")+"\n", 0o644)
		},
		".git as a file": func(t *testing.T, mine, victim string) {
			require.NoError(t, os.RemoveAll(filepath.Join(mine, ".git")))
			planted(t, filepath.Join(mine, ".git"), "gitdir: "+filepath.Join(victim, ".git")+"\n", 0o644)
		},
		".git as a link": func(t *testing.T, mine, victim string) {
			require.NoError(t, os.RemoveAll(filepath.Join(mine, ".git")))
			require.NoError(t, os.Symlink(filepath.Join(victim, ".git"), filepath.Join(mine, ".git")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			leavesNothing(t)
			victim := committed(t, with(work[1:], thing{name: "Dockerfile", text: "FROM victim\n"}))
			git(t, victim, "gc", "-q")
			id := git(t, victim, "rev-parse", "main")
			mine := committed(t, work)
			plant(t, mine, victim)
			// One who knows the id, and trusts the repository, reads the victim's work.
			out, err := exec.Command("git", "-C", mine, "show", id+":Dockerfile").CombinedOutput()
			require.NoError(t, err, "%s", out)
			require.Equal(t, "FROM victim\n", string(out))

			_, err = opened(t, mine, Options{Revision: id})
			require.Error(t, err)
			assert.NotContains(t, err.Error(), victim)
		})
	}
}
