// Command peer is what the tests of sidecar talk to in a container without a
// network: it serves HTTP at 127.0.0.1:8080 and, to whoever connects to
// /run/echo.sock, says back what was said once that is over. Called with a
// word, it is a program that leaves something behind.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "orphan" {
		// A child that outlives us by a moment: until it sees that we are gone.
		child := exec.Command(os.Args[0], "child")
		if _, err := child.StdinPipe(); err != nil {
			panic(err)
		}
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Println(child.Process.Pid)
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "child" {
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	echo, err := net.Listen("unix", "/run/echo.sock")
	if err != nil {
		panic(err)
	}
	go serve(echo, func(c *net.UnixConn) {
		said, _ := io.ReadAll(c)
		_, _ = c.Write(said)
	})
	abort, err := net.Listen("tcp", "127.0.0.1:8081")
	if err != nil {
		panic(err)
	}
	go serve(abort, func(c *net.TCPConn) {
		_, _ = c.Write([]byte("well"))
		_, _ = c.Read(make([]byte, 1))
		_ = c.SetLinger(0) // breaks off instead of ending
	})
	http.HandleFunc("POST /sum", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		n, _ := io.Copy(sum, r.Body)
		fmt.Fprintf(w, "%d %x", n, sum.Sum(nil))
	})
	http.HandleFunc("GET /bytes/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.PathValue("n"))
		_, _ = io.Copy(w, strings.NewReader(strings.Repeat("0123456789abcdef", n/16)))
	})
	http.HandleFunc("GET /endless", func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	go func() { panic(http.ListenAndServe("127.0.0.1:8080", nil)) }()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
}

func serve[C net.Conn](l net.Listener, answer func(C)) {
	for {
		c, err := l.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			defer c.Close()
			answer(c.(C))
		}()
	}
}
