// Program attack does what its first word says, to break out of where it is run
// or to outlive it.
package main

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	switch os.Args[1] {
	case "fork-bomb":
		for {
			_ = exec.Command(os.Args[0], "fork-bomb").Start()
		}
	case "use-memory":
		useMemory()
	case "use-memory-in-a-child":
		_ = exec.Command(os.Args[0], "use-memory").Run()
		fmt.Println("the child is gone")
	case "fill-disk":
		fillDisk()
	case "reach":
		reach()
	case "read":
		for _, name := range os.Args[2:] {
			text, err := os.ReadFile(name)
			fmt.Printf("%s %v\n", text, err)
		}
	case "what-it-can-write":
		whatItCanWrite()
	case "close-output-and-loop":
		_, _ = os.Stdout.Close(), os.Stderr.Close()
		for {
		}
	case "kill-all-for-ever":
		// The parent ends; the child kills whatever else there is.
		child := exec.Command(os.Args[0], "kill")
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		fmt.Println(child.Start())
	case "kill":
		for {
			_ = syscall.Kill(-1, syscall.SIGKILL)
		}
	case "frames":
		// What the engine puts before each piece of output, as if this were standard
		// error, and then an end.
		fmt.Print("\x02\x00\x00\x00\x00\x00\x00\x06forged\x03\x00\x00\x00\x00\x00\x00\x00{\"ok\":true}")
		os.Exit(3)
	}
}

func useMemory() {
	for all := [][]byte{}; ; {
		b := make([]byte, 16<<20)
		for i := range b {
			b[i] = 1
		}
		all = append(all, b)
	}
}

func fillDisk() {
	written, block := 0, make([]byte, 1<<20)
	for i := 0; ; i++ {
		err := os.WriteFile(filepath.Join(os.TempDir(), fmt.Sprint("filled", i)), block, 0o600)
		if err != nil {
			fmt.Println(written, "MiB;", err)
			return
		}
		written++
	}
}

func reach() {
	for _, target := range os.Args[2:] {
		network, address, _ := strings.Cut(target, "/")
		c, err := net.DialTimeout(network, address, 2*time.Second)
		if err == nil {
			_, err = c.Write([]byte("hello\n"))
		}
		if err == nil {
			fmt.Println("reached", target)
		}
	}
	if names, err := net.LookupHost("proxy.golang.org"); err == nil {
		fmt.Println("resolved", names)
	}
	interfaces, _ := net.Interfaces()
	for _, i := range interfaces {
		fmt.Println("interface", i.Name)
	}
}

func whatItCanWrite() {
	const writable = 2
	_ = filepath.WalkDir("/", func(path string, d fs.DirEntry, err error) error {
		if path == "/proc" || path == "/sys" {
			return fs.SkipDir
		}
		if err == nil && d.IsDir() && syscall.Access(path, writable) == nil {
			fmt.Println(path)
			return fs.SkipDir
		}
		return nil
	})
	if err := os.WriteFile(os.Args[0], nil, 0o700); err != nil {
		fmt.Println("not itself")
	}
	if _, err := os.Stat("/daybook/seed"); err != nil {
		fmt.Println("no seed")
	}
}
