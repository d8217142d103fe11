package scenario

import "fmt"

// A command whose argument is a limit or a list of what is allowed would pass
// the solution with a looser one too. Each such command judges samples besides
// the learner's work, so that what it would fail at can be written down: see
// Answer.Sampled.

// sample asks passes about each of the samples and keeps those that would make
// the command fail.
func sample[T any](s *session, command string, samples []T, passes func(T) bool) {
	for _, v := range samples {
		if !passes(v) {
			s.sampled = append(s.sampled, fmt.Sprintf("%s:%v", command, v))
		}
	}
}

// sampleSizes is sample for a limit: it keeps the first size that is too much.
func sampleSizes(s *session, command string, within func(bytes int64) bool) {
	const megabyte, most = 1_000_000, 1000
	for n := range int64(most) {
		if !within(n*megabyte + 1) {
			s.sampled = append(s.sampled, fmt.Sprintf("%s>%dMB", command, n))
			return
		}
	}
}

// sampleUsers are users that a process may run as by mistake: root, a system's
// first, a person's, and the neighbours of Linux's overflow user, 65534.
var sampleUsers = []int{0, 1, 1000, 65532, 65533, 65534, 65535}

// samplePorts are what images declare, for want of knowing better.
var samplePorts = []string{"80/tcp", "443/tcp", "3000/tcp", "8000/tcp", "8080/tcp", "8080/udp", "8081/tcp", "9090/tcp"}

// sampleFiles are one of each kind of files that images hold by mistake: of a
// distribution, of Go, of a project, of its secrets, and of a build.
var sampleFiles = []string{
	".dockerenv", ".env", ".git/HEAD", ".git/config", "Dockerfile", "README.md", "app.bak", "go.mod", "go.sum",
	"bin/busybox", "bin/sh", "boot/vmlinuz", "dev/console", "home/nonroot/.profile",
	"etc/apk/repositories", "etc/apt/sources.list", "etc/debian_version", "etc/gshadow", "etc/hosts", "etc/ld.so.cache", "etc/nsswitch.conf", "etc/os-release", "etc/resolv.conf", "etc/shadow", "etc/ssh/ssh_host_rsa_key",
	"go/pkg/mod/cache/lock", "lib/ld-musl-x86_64.so.1", "lib/x86_64-linux-gnu/libc.so.6", "lib64/ld-linux-x86-64.so.2",
	"opt/tool", "out/app", "root/.bashrc", "root/.cache/go-build/trim.txt", "root/.netrc", "root/.ssh/id_ed25519", "run/secrets/token", "sbin/apk", "src/.git/HEAD", "src/cmd/app/main.go", "srv/data", "tmp/go-build/main", "usr/bin/curl", "usr/lib/os-release",
	"usr/local/bin/app", "usr/local/go/bin/go", "usr/local/go/lib/time/update.bash", "usr/local/share/man/whatis", "usr/sbin/nologin", "usr/share/doc/copyright", "var/cache/apt/pkgcache.bin", "var/lib/dpkg/status", "var/log/apt/term.log",
	"var/run/docker.sock", "work/app_test.go",
}
