//go:build unix

// Command egress-proxy is the forward proxy that builds are given, see the
// packages egress, which starts it in a container, and forward, which it is
// made of. Its log is on stdout, one JSON object a line.
//
//	egress-proxy -listen :3128 -mode open|cut [-only HOST[:PORT][,private]]…
//
// It listens on HOST:PORT or unix:PATH. In open mode it passes things on through the proxies that its environment
// names (HTTP_PROXY, HTTPS_PROXY, NO_PROXY). SIGTERM ends it at once; SIGUSR1
// makes it write a mark in its log.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/daybook-dev/daybook/harness/internal/egress/forward"
)

// idleTimeout is how long a client may keep a connection for a next request;
// builds are done with theirs long before.
const idleTimeout = time.Minute

func main() {
	var only []forward.Host
	listen := flag.String("listen", ":3128", "`address` to listen on; port 0 takes a free one, which the log names")
	flag.Func("only", "a `host` that may be reached, and no others then; may be repeated", func(s string) error {
		h, err := forward.ParseHost(s)
		only = append(only, h)
		return err
	})
	mode := flag.String("mode", "", "open passes on, cut refuses")
	flag.Parse()
	if flag.NArg() > 0 || *mode != "open" && *mode != "cut" {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*listen, *mode == "cut", only); err != nil {
		fmt.Fprintln(os.Stderr, "egress-proxy:", err)
		os.Exit(1)
	}
}

// run serves until a signal ends it. Open connections end with the process:
// whoever stops the proxy is done with the build that used it.
func run(listen string, cut bool, only []forward.Host) error {
	// Before listening: as process 1 we would not get a signal that nobody awaits.
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt, syscall.SIGUSR1)

	lines := forward.NewLog(os.Stdout)
	handler, err := forward.New(forward.Config{Cut: cut, Upstream: *httpproxy.FromEnvironment(), Log: lines, Only: only})
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: forward.ReadHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    forward.MaxHeaderBytes,
		ErrorLog:          log.New(io.Discard, "", 0), // quotes what clients send
	}
	network := "tcp"
	if path, ok := strings.CutPrefix(listen, "unix:"); ok {
		network, listen = "unix", path
	}
	listener, err := net.Listen(network, listen)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	lines.Listening(listener.Addr().String())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	for {
		select {
		case err := <-failed:
			return fmt.Errorf("serving: %w", err)
		case s := <-signals:
			if s != syscall.SIGUSR1 {
				return nil
			}
			lines.Mark()
		}
	}
}
