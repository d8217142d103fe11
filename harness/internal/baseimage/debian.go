package baseimage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// packages are what a Go build can need: a C compiler for cgo (without one,
// cgo would be off by default, and a forgotten CGO_ENABLED=0 go unnoticed),
// git for modules and version stamps, certificates and time zones to copy.
const packages = "gcc,libc6-dev,ca-certificates,git,make,tzdata"

// notUnpacked are files of packages that no Go build reads: documentation, and
// the parts of gcc for link-time optimization and its sanitizers. They are
// 170 of 440 MB.
var notUnpacked = []string{
	"path-exclude=/usr/share/man/*", "path-exclude=/usr/share/info/*", "path-exclude=/usr/share/locale/*",
	"path-exclude=/usr/share/lintian/*", "path-exclude=/usr/share/bug/*",
	"path-exclude=/usr/share/doc/*", "path-include=/usr/share/doc/*/copyright",
	"path-exclude=*/lto1", "path-exclude=*-lto-dump*",
	"path-exclude=*/libasan*", "path-exclude=*/libtsan*", "path-exclude=*/liblsan*",
	"path-exclude=*/libubsan*", "path-exclude=*/libhwasan*",
}

// gccMark precedes the compiler's version in what mmdebstrap writes to stderr.
const gccMark = "daybook: gcc "

// bootstrap writes a small Debian or Ubuntu as a tar, and returns the version
// of its gcc.
func (p *Provider) bootstrap(ctx context.Context, w io.Writer, h host) (gcc string, err error) {
	options, env := aptSettings(ctx)
	return p.mmdebstrap(ctx, w, env, bootstrapArgs(h, os.Geteuid() == 0, options, sourcesOf(ctx, h)))
}

// mmdebstrap runs it, with its tar going to w, and returns what gccMark marks.
func (p *Provider) mmdebstrap(ctx context.Context, w io.Writer, env, args []string) (gcc string, err error) {
	log := &bootstrapLog{progress: p.progress}
	cmd := exec.CommandContext(ctx, "mmdebstrap", args...)
	cmd.Env = append(env, os.Environ()...) // what the environment says of proxies counts more than what apt does
	cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin", "LC_ALL=C.UTF-8")
	cmd.Dir = "/" // in unshare mode it is another user, who may not enter our folders
	cmd.Stdout, cmd.Stderr = w, log
	endTogether(cmd)
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", log.trouble(err)
	}
	return log.gcc, nil
}

// bootstrapArgs are mmdebstrap's arguments. What is not unpacked is named only
// after the essential packages are: for those it would cost more than it
// saves, so their share is removed at the end.
func bootstrapArgs(h host, root bool, options, sources []string) []string {
	args := []string{
		mmdebstrapMode(root), "--variant=minbase", "--include=" + packages, "--dpkgopt=force-unsafe-io",
		`--essential-hook=printf '%s\n' '` + strings.Join(notUnpacked, `' '`) + `' >"$1/etc/dpkg/dpkg.cfg.d/daybook-stand-in"`,
		`--customize-hook=rm -rf "$1"/usr/share/man/* "$1"/usr/share/info/* "$1"/usr/share/locale/*`,
		`--customize-hook=echo "` + gccMark + `$(chroot "$1" gcc -dumpfullversion)" >&2`,
	}
	return append(args, archiveArgs(h, options, sources)...)
}

func mmdebstrapMode(root bool) string {
	if root {
		return "--mode=root"
	}
	return "--mode=unshare"
}

// archiveArgs say where the packages come from, and that the tar goes to
// standard output.
func archiveArgs(h host, options, sources []string) []string {
	var args []string
	for _, o := range options {
		args = append(args, "--aptopt="+o)
	}
	return append(append(args, h.codename, "-"), sources...)
}

// needMmdebstrap installs mmdebstrap where that can be done without asking.
func (p *Provider) needMmdebstrap(ctx context.Context) error {
	if _, err := exec.LookPath("mmdebstrap"); err == nil {
		return nil
	}
	missing := &check.Trouble{
		Message: "the stand-in needs mmdebstrap, which makes a small Debian system and is not installed",
		Mend:    "sudo apt-get install mmdebstrap",
	}
	if os.Geteuid() != 0 {
		return missing
	}
	p.progress("installing mmdebstrap, which makes a small Debian system")
	install := func() error { return aptGet(ctx, "install", "--yes", "--no-install-recommends", "mmdebstrap") }
	err := install()
	if err != nil && ctx.Err() == nil {
		// The lists of packages may be missing or old.
		err = errors.Join(aptGet(ctx, "update"), install())
	}
	if _, lookErr := exec.LookPath("mmdebstrap"); lookErr == nil {
		return nil
	}
	missing.Message = fmt.Sprintf("%s: installing it failed: %v", missing.Message, err)
	return missing
}

func aptGet(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("running apt-get %s: %w: %s", args[0], err, lastError(string(out)))
	}
	return nil
}

// lastError is the last line that starts with "E:", as apt's and mmdebstrap's
// errors do, or else the last line.
func lastError(output string) string {
	var last, lastE string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		last = line
		// mmdebstrap's closing line says only that there was an error.
		if strings.HasPrefix(line, "E: ") && line != "E: mmdebstrap failed to run" {
			lastE = line
		}
	}
	if lastE != "" {
		last = lastE
	}
	if len(last) > 300 {
		last = last[:300] + "…"
	}
	return last
}

// bootstrapLog reads what mmdebstrap says: it tells the steps that take long,
// and keeps the rest for an error.
type bootstrapLog struct {
	progress func(string, ...any)
	partial  []byte
	lines    bytes.Buffer
	gcc      string
}

func (l *bootstrapLog) Write(b []byte) (int, error) {
	l.partial = append(l.partial, b...)
	for {
		line, rest, ok := bytes.Cut(l.partial, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		l.line(string(line))
		l.partial = rest
	}
}

func (l *bootstrapLog) line(line string) {
	l.lines.WriteString(line + "\n")
	if version, ok := strings.CutPrefix(line, gccMark); ok {
		l.gcc = version
	}
	switch {
	case strings.HasPrefix(line, "I: downloading packages"):
		l.progress("downloading the packages of a small Debian system")
	case strings.HasPrefix(line, "I: installing remaining packages"):
		l.progress("installing gcc and git into it")
	}
}

// trouble explains why mmdebstrap failed.
func (l *bootstrapLog) trouble(err error) error {
	t := &check.Trouble{
		Message: fmt.Sprintf("mmdebstrap could not make the small Debian system for the stand-in: %v: %s", err, lastError(l.lines.String())),
		Mend:    "sudo apt-get update",
	}
	if os.Geteuid() != 0 {
		t.Mend = "run the same command once with sudo: this user may not make a system of its own here"
		if _, lookErr := exec.LookPath("newuidmap"); lookErr != nil {
			t.Mend = "sudo apt-get install uidmap"
		}
	}
	return t
}
