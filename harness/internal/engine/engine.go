// Package engine is the connection to a Docker engine, and the book-keeping of
// what a run leaves on it.
//
// Everything that a run makes on the engine bears the run's id: containers,
// networks and volumes as a label, images in their name (a label would change
// the learner's image). CleanUp removes what one run made; Sweep removes what
// runs that were killed have left. A run is alive while it holds the lock on
// its folder (see Run), so two runs at once never sweep each other.
package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// answerLimit is how long an engine may take to say who it is. An idle one takes
// milliseconds; one that is starting, behind SSH or busy with builds has been
// seen to take 20 seconds.
const answerLimit = time.Minute

// Engine is a Docker engine that answered.
type Engine struct {
	Client     *client.Client
	Version    string // such as "20.10.24"
	APIVersion string // as negotiated, such as "1.41"
	Store      string // "containerd image store" or "graphdriver (NAME)"
	OS, Arch   string // of the engine, in Go's words: "linux", "amd64"
	CPUs       int    // that the engine has
	RootDir    string // where the engine keeps its data, on its own host
}

// Connect finds the engine the way the docker command does (DOCKER_HOST, the
// current context, the usual sockets) and asks it who it is. When there is
// none the error is a *check.Trouble that says what to start.
func Connect(ctx context.Context) (e *Engine, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	// The reaper is an image of its own, which may not be to be had; our own
	// CleanUp and Sweep do its work.
	if err := os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true"); err != nil {
		return nil, fmt.Errorf("disabling the reaper: %w", err)
	}
	quietContainers()
	// testcontainers panics in some of the ways in which an engine can be absent.
	defer func() {
		if p := recover(); p != nil {
			e, err = nil, notReachable(fmt.Errorf("%v", p))
		}
	}()
	c, err := dial(ctx)
	if err != nil {
		return nil, notReachable(err)
	}
	info, err := c.Info(ctx, client.InfoOptions{})
	if err != nil {
		return nil, notReachable(err)
	}
	e = &Engine{
		Client:     c,
		Version:    info.Info.ServerVersion,
		APIVersion: c.ClientVersion(),
		Store:      "graphdriver (" + info.Info.Driver + ")",
		OS:         info.Info.OSType,
		Arch:       goArch(info.Info.Architecture),
		CPUs:       info.Info.NCPU,
		RootDir:    info.Info.DockerRootDir,
	}
	for _, pair := range info.Info.DriverStatus {
		if pair[0] == "driver-type" && strings.Contains(pair[1], "containerd.snapshotter") {
			e.Store = "containerd image store (" + info.Info.Driver + ")"
		}
	}
	if e.OS != "linux" {
		return nil, &check.Trouble{
			Message: fmt.Sprintf("the Docker engine runs %s containers, and the days need Linux ones", e.OS),
			Mend:    "switch Docker Desktop to Linux containers",
		}
	}
	return e, e.preferLocalhost(ctx)
}

// dial opens a client. A DOCKER_HOST is taken at its word: testcontainers would
// quietly go on to another engine when that one does not answer.
func dial(ctx context.Context) (*client.Client, error) {
	if os.Getenv("DOCKER_HOST") != "" {
		c, err := client.New(client.FromEnv)
		if err != nil {
			return nil, err
		}
		_, err = c.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
		return c, err
	}
	c, err := testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return nil, err
	}
	return c.Client, nil
}

// String tells the engine's version, API and store in one line.
func (e *Engine) String() string {
	return fmt.Sprintf("Docker Engine %s, API %s, %s", e.Version, e.APIVersion, e.Store)
}

// goArch turns the engine's name of an architecture, which is the kernel's,
// into Go's. Unknown names stay as they are.
func goArch(kernel string) string {
	switch kernel {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return kernel
}

func notReachable(err error) error {
	t := &check.Trouble{Message: "no Docker engine answers: " + firstLine(err), Mend: "start Docker: `sudo systemctl start docker` on Linux, Docker Desktop elsewhere; then `make doctor`"}
	if host := os.Getenv("DOCKER_HOST"); host != "" {
		t.Mend = fmt.Sprintf("DOCKER_HOST is %s: start the engine there, or unset it", host)
	}
	if errors.Is(err, os.ErrPermission) || strings.Contains(err.Error(), "permission denied") {
		t.Message = "the Docker engine's socket may not be opened by this user"
		t.Mend = "join the docker group (`sudo usermod -aG docker $USER`, then log in again)"
	}
	return t
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimSpace(line)
}
