// Command service is what the tests of containerrun start: an HTTP service that
// misbehaves as MODE says, or as it is asked to.
package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	switch os.Getenv("MODE") {
	case "exit":
		fmt.Println("no configuration")
		os.Exit(3)
	case "silent", "child":
		time.Sleep(time.Hour)
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
	case "wrapped":
		signal.Ignore()
		cmd := exec.Command(os.Args[0])
		cmd.Env = []string{"PORT=" + os.Getenv("PORT")}
		_ = cmd.Run()
		return
	case "chatty":
		go talk()
	case "hungry":
		eat()
	case "dies":
		http.HandleFunc("/ready", func(w http.ResponseWriter, r *http.Request) {
			fmt.Println("asked for", r.URL.Path)
			os.Exit(4)
		})
	}
	stop := make(chan os.Signal, 1)
	if os.Getenv("MODE") != "deaf" {
		signal.Notify(stop, syscall.SIGTERM)
	}
	go func() {
		<-stop
		os.Exit(0)
	}()
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, r.URL.Path) })
	http.HandleFunc("/reached", reached)
	http.HandleFunc("/written", written)
	http.HandleFunc("/rights", rights)
	http.HandleFunc("/read", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, r.FormValue("file")) })
	http.HandleFunc("/fork", func(http.ResponseWriter, *http.Request) { go fork() })
	http.HandleFunc("/eat", func(http.ResponseWriter, *http.Request) { eat() })
	http.HandleFunc("/body", func(w http.ResponseWriter, _ *http.Request) { endless(w, "endless ") })
	http.HandleFunc("/headers", raw("HTTP/1.1 200 OK\r\n", "X-Endless: endless\r\n", 0))
	http.HandleFunc("/hints", raw("", "HTTP/1.1 103 Early Hints\r\n\r\n", 0))
	http.HandleFunc("/drip", raw("HTTP/1.1 200 OK\r\n", "X: x\r\n", time.Second/10))
	http.Handle("/elsewhere", http.RedirectHandler("/reached", http.StatusFound))
	fmt.Println(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
	os.Exit(1)
}
