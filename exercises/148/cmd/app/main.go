// Command app is the service that day 148 packs into an image. It is given: the exercises are the two packages it is
// built on, and the Dockerfile that builds it.
//
//	app                   serve HTTP on PORT until SIGTERM or SIGINT
//	app version [-json]   print what package buildinfo knows about this binary
//	app config            print the configuration that package envconfig read, secrets masked
//
// Exit status: 0 done, or stopped gracefully; 1 bad configuration, or serving failed; 2 bad usage.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"

	"example.com/day148/buildinfo"
	"example.com/day148/envconfig"
)

// version is empty in the source. A release build has the linker fill it in: -ldflags="-X main.version=v1.2.3".
// Only a package-level string variable can be set in this way; for a constant, -X silently does nothing.
var version string

const usage = `usage: app                   serve HTTP on $PORT
       app version [-json]   print how this binary was built
       app config            print the configuration, secrets masked
`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with its surroundings as parameters; what it returns is the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		return runServe(stderr)
	}
	switch name, rest := args[0], args[1:]; {
	case name == "version":
		return runVersion(rest, stdout, stderr)
	case name == "config" && len(rest) == 0:
		return runConfig(stdout, stderr)
	}
	fmt.Fprint(stderr, usage)
	return 2
}

func runServe(stderr io.Writer) int {
	logger := newLogger(stderr, slog.LevelInfo)
	cfg, err := loadConfig()
	if err != nil {
		logger.Error("bad configuration", "error", err)
		return 1
	}
	logger = newLogger(stderr, cfg.level)

	// Docker and Kubernetes ask a container to stop with SIGTERM; Ctrl-C in a terminal is SIGINT. In a container this
	// process has PID 1, and the kernel delivers to PID 1 only the signals that it has asked for.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := serve(ctx, cfg, buildinfo.Read(version), logger); err != nil {
		logger.Error("serving failed", "error", err)
		return 1
	}
	return 0
}

func runVersion(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("app version", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage) }
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		flags.Usage()
		return 2
	}

	info := buildinfo.Read(version)
	write := printText
	if *asJSON {
		write = printJSON
	}
	if err := write(stdout, info); err != nil {
		fmt.Fprintf(stderr, "app: printing the version: %v\n", err)
		return 1
	}
	return 0
}

func runConfig(stdout, stderr io.Writer) int {
	cfg, err := loadConfig()
	if err != nil {
		newLogger(stderr, slog.LevelInfo).Error("bad configuration", "error", err)
		return 1
	}
	for _, setting := range envconfig.Describe(&cfg) {
		fmt.Fprintf(stdout, "%s=%s\n", setting.Name, setting.Value)
	}
	return 0
}

func printJSON(w io.Writer, info buildinfo.Info) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(info)
}

// printText prints one fact a line. A fact that the binary does not carry is shown as "-", so that no line is blank.
func printText(w io.Writer, info buildinfo.Info) error {
	modified := "no"
	if info.Modified {
		modified = "yes"
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"version", info.Version},
		{"go", info.GoVersion},
		{"platform", strings.Trim(info.GOOS+"/"+info.GOARCH, "/")},
		{"cgo enabled", info.CGOEnabled},
		{"revision", info.Revision},
		{"time", info.Time},
		{"modified", modified},
	} {
		value := line[1]
		if value == "" {
			value = "-"
		}
		fmt.Fprintf(tw, "%s:\t%s\n", line[0], value)
	}
	for _, dep := range info.Dependencies {
		fmt.Fprintf(tw, "dependency:\t%s %s\n", dep.Path, dep.Version)
	}
	return tw.Flush()
}

func newLogger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}
