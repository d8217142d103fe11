// Command service is what the tests of containerrun start: an HTTP service that
// misbehaves as MODE says.
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
	case "silent":
		time.Sleep(time.Hour)
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
	case "wrapped":
		signal.Ignore()
		cmd := exec.Command(os.Args[0])
		cmd.Env = []string{"PORT=" + os.Getenv("PORT")}
		_ = cmd.Run()
		return
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
	fmt.Println(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
	os.Exit(1)
}
