package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// reached tells what can be reached of the targets that it is asked for, each
// as network!address or as a name to be looked up, and what network there is.
func reached(w http.ResponseWriter, r *http.Request) {
	var lines sync.Map
	var trying sync.WaitGroup
	for _, target := range r.URL.Query()["target"] {
		trying.Go(func() {
			ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
			defer cancel()
			network, address, ok := strings.Cut(target, "!")
			if !ok {
				if found, err := net.DefaultResolver.LookupHost(ctx, target); err == nil {
					lines.Store(fmt.Sprint(target, " is ", found), true)
				}
				return
			}
			c, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				return
			}
			defer c.Close()
			if _, err := c.Write([]byte("anybody there?")); err == nil {
				lines.Store(target, true)
			}
		})
	}
	trying.Wait()
	lines.Range(func(line, _ any) bool {
		fmt.Fprintln(w, "reached", line)
		return true
	})
	all, err := net.Interfaces()
	if err != nil {
		fmt.Fprintln(w, err)
	}
	for _, i := range all {
		if addresses, _ := i.Addrs(); len(addresses) > 0 && i.Flags&net.FlagLoopback == 0 {
			fmt.Fprintln(w, "interface", i.Name)
		}
	}
}

// written tells in which of the folders or files that it is asked for it could write.
func written(w http.ResponseWriter, r *http.Request) {
	for _, path := range r.URL.Query()["path"] {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			f, err = os.CreateTemp(path, "x")
		}
		if err != nil {
			continue
		}
		if _, err := f.WriteString("# x\n"); err == nil {
			fmt.Fprintln(w, "wrote", path)
		}
		f.Close()
	}
}

// rights tells what the kernel says of this process's privileges.
func rights(w http.ResponseWriter, _ *http.Request) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		fmt.Fprintln(w, err)
	}
	for line := range strings.Lines(string(status)) {
		if name, _, _ := strings.Cut(line, ":"); name == "CapEff" || name == "CapPrm" || name == "CapBnd" || name == "CapAmb" || name == "NoNewPrivs" {
			fmt.Fprintln(w, strings.Join(strings.Fields(line), " "))
		}
	}
}

// fork starts processes until the end of time.
func fork() {
	for {
		cmd := exec.Command(os.Args[0])
		cmd.Env = []string{"MODE=child"}
		_ = cmd.Start()
	}
}

// eat uses memory until it is gone.
func eat() {
	var all [][]byte
	for {
		more := make([]byte, 16<<20)
		for i := 0; i < len(more); i += 4096 {
			more[i] = 1
		}
		all = append(all, more)
	}
}

// talk prints until the end of time.
func talk() { endless(os.Stdout, strings.Repeat("blah ", 20)+"\n") }

func endless(w io.Writer, s string) {
	for {
		if _, err := io.WriteString(w, s); err != nil {
			return
		}
	}
}

// raw answers with begin and then, without an end, with again.
func raw(begin, again string, pause time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer c.Close()
		_, _ = io.WriteString(c, begin)
		for {
			if _, err := io.WriteString(c, again); err != nil {
				return
			}
			time.Sleep(pause)
		}
	}
}
