//go:build linux

package baseimage

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/engine"
)

var bookworm = host{distribution: "Debian", codename: "bookworm", goVersion: "1.26.8", arch: "amd64"}

// pretend puts a shell script in place of mmdebstrap.
func pretend(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mmdebstrap"), []byte("#!/bin/sh\n"+script), 0o755))
	t.Setenv("PATH", dir+":/usr/bin:/bin")
}

func TestBootstrap(t *testing.T) {
	pretend(t, `printf "a tar"
echo "I: downloading packages with apt..." >&2
echo "daybook: gcc 12.2.0" >&2`)
	var told []string
	p := NewProvider(&engine.Engine{}, func(format string, _ ...any) { told = append(told, format) })
	var out bytes.Buffer
	gcc, err := p.bootstrap(t.Context(), &out, bookworm)
	require.NoError(t, err)
	assert.Equal(t, "12.2.0", gcc)
	assert.Equal(t, "a tar", out.String())
	assert.Equal(t, []string{"downloading the packages of a small Debian system"}, told)
	assert.Equal(t, "Debian bookworm, gcc 12.2, go1.26.8", golangConfig(bookworm, gcc).Labels[detailLabel])
}

func TestBootstrapFailureNamesTheCause(t *testing.T) {
	pretend(t, `echo "E: unable to fetch bookworm" >&2
echo "I: removing tempdir" >&2
echo "E: mmdebstrap failed to run" >&2
exit 25`)
	_, err := NewProvider(&engine.Engine{}, nil).bootstrap(t.Context(), &bytes.Buffer{}, bookworm)
	var trouble *check.Trouble
	require.ErrorAs(t, err, &trouble)
	assert.Equal(t, "mmdebstrap could not make the small Debian system for the stand-in: exit status 25: E: unable to fetch bookworm", trouble.Message)
	assert.NotEmpty(t, trouble.Mend)
}

// The whole group is asked to end: mmdebstrap by itself waits for its children.
func TestBootstrapEndsWithItsContext(t *testing.T) {
	pretend(t, "sleep 60 & wait; sleep 60")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := NewProvider(&engine.Engine{}, nil).bootstrap(ctx, &bytes.Buffer{}, bookworm)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(start), 10*time.Second)
}

func TestBootstrapArgs(t *testing.T) {
	args := bootstrapArgs(bookworm, false, []string{`Acquire::Check-Date "false"`}, []string{"deb a b c"})
	assert.Contains(t, args, "--mode=unshare")
	assert.Contains(t, args, `--aptopt=Acquire::Check-Date "false"`)
	assert.Equal(t, []string{"bookworm", "-", "deb a b c"}, args[len(args)-3:])
	assert.Contains(t, bootstrapArgs(bookworm, true, nil, nil), "--mode=root")
}

func TestMissingMmdebstrap(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // root has no apt-get there to install it with
	err := NewProvider(&engine.Engine{}, nil).needMmdebstrap(t.Context())
	var trouble *check.Trouble
	require.ErrorAs(t, err, &trouble)
	assert.Equal(t, "sudo apt-get install mmdebstrap", trouble.Mend)
}
