//go:build unix

package sandbox

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/goprogram"
)

// quiet makes sure that nothing is left running after a program, and that the
// next one runs as if there had been none before.
func quiet(t *testing.T, p *Programs, hostile string) {
	t.Helper()
	exit := runIn(t, p, ample, hostile, "say", "hello")
	assert.Equal(t, "hello\n", string(exit.Stdout), "%s", exit.Stderr)
	assert.Zero(t, exit.Code)
	exit = runIn(t, p, ample, hostile, "folder")
	assert.Equal(t, treesDir+" <nil>\n", string(exit.Stdout))
}

// briefly is for programs that do not end by themselves.
const briefly = 2 * time.Second

func TestAttacks(t *testing.T) {
	p, _ := submission(t)
	hostile, attack := compiled(t, p, "hostile"), compiled(t, p, "attack")
	for name, c := range map[string]struct {
		program string
		args    []string
		limit   time.Duration
		judge   func(t *testing.T, exit *goprogram.Exit)
	}{
		"a fork bomb": {attack, []string{"fork-bomb"}, briefly, func(t *testing.T, exit *goprogram.Exit) {
			assert.True(t, exit.TimedOut || exit.Code != 0)
		}},
		"a memory bomb": {attack, []string{"use-memory"}, ample, func(t *testing.T, exit *goprogram.Exit) {
			assert.Equal(t, -1, exit.Code)
			assert.Equal(t, int64(programMemory), exit.OverMemory)
		}},
		"a memory bomb in a child": {attack, []string{"use-memory-in-a-child"}, ample, func(t *testing.T, exit *goprogram.Exit) {
			assert.Equal(t, "the child is gone\n", string(exit.Stdout))
			assert.Zero(t, exit.OverMemory, "it ended well itself")
		}},
		"the disk filled": {attack, []string{"fill-disk"}, ample, func(t *testing.T, exit *goprogram.Exit) {
			assert.Regexp(t, `^\d{1,2} MiB; .*no space left on device\n$`, string(exit.Stdout))
		}},
		"endless output": {hostile, []string{"write-for-ever", "stdout"}, ample, func(t *testing.T, exit *goprogram.Exit) {
			assert.True(t, exit.TooMuch)
			assert.False(t, exit.TimedOut)
			assert.Len(t, exit.Stdout, goprogram.OutputLimit)
		}},
		"an endless loop": {hostile, []string{"loop"}, briefly, func(t *testing.T, exit *goprogram.Exit) {
			assert.True(t, exit.TimedOut)
			assert.Equal(t, -1, exit.Code)
		}},
		"an endless loop without output": {attack, []string{"close-output-and-loop"}, briefly, func(t *testing.T, exit *goprogram.Exit) {
			assert.True(t, exit.TimedOut)
		}},
		"a daemon that holds the pipe": {hostile, []string{"leave-behind", "in a session of its own", "1h"}, ample, func(t *testing.T, exit *goprogram.Exit) {
			assert.False(t, exit.TimedOut, "the program itself had ended at once")
			assert.Zero(t, exit.Code)
		}},
		"a sleeping grandchild": {hostile, []string{"leave-behind-and-loop", "in the same group", "1h"}, briefly, func(t *testing.T, exit *goprogram.Exit) {
			assert.True(t, exit.TimedOut)
		}},
		"a daemon that kills whatever it sees": {attack, []string{"kill-all-for-ever"}, ample, func(t *testing.T, exit *goprogram.Exit) {
			assert.False(t, exit.TimedOut)
		}},
		"exit in init": {hostile, []string{"exit-in-init"}, ample, func(t *testing.T, exit *goprogram.Exit) {
			assert.Equal(t, &goprogram.Exit{Stdout: exit.Stdout, Stderr: exit.Stderr}, exit)
			assert.Empty(t, exit.Stdout)
		}},
		"the engine's own framing": {attack, []string{"frames"}, ample, func(t *testing.T, exit *goprogram.Exit) {
			assert.Equal(t, "\x02\x00\x00\x00\x00\x00\x00\x06forged\x03\x00\x00\x00\x00\x00\x00\x00{\"ok\":true}", string(exit.Stdout))
			assert.Empty(t, exit.Stderr)
			assert.Equal(t, 3, exit.Code)
		}},
		"the network": {attack, []string{"reach", "tcp/1.1.1.1:53", "udp/1.1.1.1:53", "tcp/169.254.169.254:80", "tcp/172.17.0.1:22", "tcp/[2606:4700::1111]:53", "udp/224.0.0.1:9"}, ample, func(t *testing.T, exit *goprogram.Exit) {
			assert.Equal(t, "interface lo\n", string(exit.Stdout))
		}},
		"a place to write to": {attack, []string{"what-it-can-write"}, ample, func(t *testing.T, exit *goprogram.Exit) {
			assert.Equal(t, "/daybook/tmp\n/dev/mqueue\nnot itself\nno seed\n", string(exit.Stdout))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			exit := runIn(t, p, c.limit, c.program, c.args...)
			c.judge(t, exit)
			if p.runner.id != "" {
				assert.True(t, p.runner.alone(t.Context()), "something is left running")
			}
			quiet(t, p, hostile)
		})
	}
}

// There is nothing of the host's environment in the container.
func TestNoSecretsToRead(t *testing.T) {
	t.Setenv("DAYBOOK_TEST_TOKEN", "s3cret")
	p, _ := submission(t)
	exit := runIn(t, p, ample, compiled(t, p, "attack"), "read", "/proc/1/environ", "/proc/self/environ", "/proc/1/cmdline")
	require.Zero(t, exit.Code)
	require.Contains(t, string(exit.Stdout), "PATH=", "the first process's is readable")
	require.NotContains(t, string(exit.Stdout), "s3cret")
	require.NotContains(t, string(exit.Stdout), p.run.Dir)
}

// A container that somebody removes is made again.
func TestContainerIsGone(t *testing.T) {
	p, r := submission(t)
	hostile := compiled(t, p, "hostile")
	quiet(t, p, hostile)
	for _, b := range []*box{p.runner, p.compiler} {
		_, err := shared.engine.Client.ContainerRemove(t.Context(), b.id, client.ContainerRemoveOptions{Force: true})
		require.NoError(t, err)
	}
	quiet(t, p, hostile)
	exit, err := p.Go(t.Context(), lay(t, r, ours(t)), "list", "./...")
	require.NoError(t, err)
	require.Equal(t, "example.com/m/attack\nexample.com/m/hostile\n", string(exit.Stdout))
}

// The end of the caller's context is no verdict, and leaves nothing running.
func TestRunStopsWithItsContext(t *testing.T) {
	p, r := submission(t)
	hostile := compiled(t, p, "hostile")
	quiet(t, p, hostile)
	ctx, cancel := context.WithTimeout(t.Context(), briefly)
	defer cancel()
	_, err := p.Run(ctx, goprogram.Command{Path: hostile, Dir: r.Dir, Args: []string{"loop"}, Limit: ample})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Empty(t, p.runner.id)
}

func TestProgramThatIsTooLarge(t *testing.T) {
	p, r := submission(t)
	dir := lay(t, r, map[string]string{"main.go": "package main\n\nimport _ \"embed\"\n\n//go:embed large\nvar s string\n\nfunc main() { println(s) }\n", "large": strings.Repeat("0123456789abcdef", ProgramLimit/16)})
	err := p.Build(t.Context(), goprogram.Build{Dir: dir, Package: ".", Out: filepath.Join(r.Dir, "app")})
	var large *goprogram.CompileError
	require.ErrorAs(t, err, &large)
	require.Equal(t, "the compiled program is larger than 64 MiB", large.Output)
}

// Whoever gets at a compiler's container can spoil its own cache, and neither
// the seed nor what another submission compiles from it.
func TestSpoiltCacheStaysOnesOwn(t *testing.T) {
	attacker, _ := submission(t)
	victim, r := submission(t)
	compiled(t, attacker, "hostile")
	sh := func(p *Programs, script string) string {
		exit, err := p.compiler.exec(t.Context(), command{args: []string{shell, "-c", script}, env: compileEnv(), limit: ample})
		require.NoError(t, err)
		return string(exit.Stdout) + string(exit.Stderr)
	}
	sum := func() string {
		return fmt.Sprintf("%x", sha256.Sum256([]byte(sh(attacker, "cd "+seedDir+" && find . -type f | sort | xargs sha256sum"))))
	}
	before := sum()
	assert.Contains(t, sh(attacker, "touch "+seedCache+"/00/spoilt"), "Read-only file system")
	assert.Contains(t, sh(attacker, "for f in $GOCACHE/*/*-a; do echo spoilt >\"$f\"; done"), "Read-only file system", "through its links")
	assert.Empty(t, sh(attacker, "for f in $GOCACHE/*/*-d; do rm \"$f\"; echo spoilt >\"$f\"; done"), "its own files it can change")
	assert.Contains(t, sh(attacker, "ls $GOCACHE/*/*-d | wc -l; cat $GOCACHE/*/*-d | sort | uniq -c"), "spoilt")
	assert.Equal(t, before, sum())

	out := filepath.Join(r.Dir, "app")
	require.NoError(t, victim.Build(t.Context(), goprogram.Build{Dir: lay(t, r, ours(t)), Package: "./hostile", Out: out}))
	require.Equal(t, "a\n", string(runIn(t, victim, ample, out, "say", "a").Stdout))
	text, err := os.ReadFile(out)
	require.NoError(t, err)
	require.NotContains(t, string(text), "spoilt\nspoilt")
}
