//go:build unix

// Program hostile does what its first word says, most of it badly.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func init() {
	if os.Args[1] == "exit-in-init" {
		os.Exit(0)
	}
}

func main() {
	switch os.Args[1] {
	case "exit-in-init":
		fmt.Println("main was reached")
	case "say":
		fmt.Println(strings.Join(os.Args[2:], "|"))
		fmt.Fprintln(os.Stderr, "said")
	case "echo":
		io.Copy(os.Stdout, os.Stdin)
	case "env":
		fmt.Println(strings.Join(os.Environ(), "\n"))
	case "folder":
		fmt.Println(os.Getwd())
	case "exit":
		status, _ := strconv.Atoi(os.Args[2])
		os.Exit(status)
	case "panic":
		var nothing *bytes.Buffer
		nothing.WriteString("x")
	case "kill-itself":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Hour)
	case "loop":
		for {
		}
	case "write-for-ever":
		chunk := bytes.Repeat([]byte("0123456789abcdef"), 64)
		to := os.Stdout
		if os.Args[2] == "stderr" {
			to = os.Stderr
		}
		for {
			to.Write(chunk)
		}
	case "write":
		n, _ := strconv.Atoi(os.Args[2])
		os.Stdout.Write(bytes.Repeat([]byte("x"), n))
	case "take-memory":
		takeMemory()
	case "leave-behind", "leave-behind-and-loop":
		leaveBehind(os.Args[2] == "in a session of its own")
		if os.Args[1] == "leave-behind-and-loop" {
			time.Sleep(time.Hour)
		}
	case "sleep":
		d, _ := time.ParseDuration(os.Args[2])
		time.Sleep(d)
	}
}

// takeMemory asks for 16 GiB, which it never touches: a machine that does not
// bound it comes to no harm.
func takeMemory() {
	var all [][]byte
	for range 64 {
		all = append(all, make([]byte, 256<<20))
	}
	fmt.Println("took", len(all))
}

// leaveBehind starts a process that holds standard output, and says its id.
func leaveBehind(ownSession bool) {
	cmd := exec.Command(os.Args[0], "sleep", os.Args[3])
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: ownSession}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	fmt.Println(cmd.Process.Pid)
}
