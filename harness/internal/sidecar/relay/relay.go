// Package relay moves bytes from one socket to another, or between a socket and
// standard input and output. It is what cmd/relay is made of: a program in a
// container that has no other way to us, or none to others but this.
//
// Rules it keeps:
//   - An end that has no more to say is told on (half-close), and does not end
//     what the other end has yet to say. An end that breaks off ends both.
//   - What is kept in memory is bounded, however much is sent.
//   - Standard library only: it is linked into a program that is to be small.
//
// For example, to lead what is asked of a port to a socket in a shared folder:
//
//	rule, err := relay.ParseRule("127.0.0.2:3128=unix:/egress/open.sock")
//	…
//	err = relay.Forward(ctx, os.Stdout, rule)
package relay

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"time"
)

// connectLimit is how long a target may take to accept a connection. One in
// the same container takes no time at all, one on a network of containers
// milliseconds.
const connectLimit = 30 * time.Second

// ErrRefused is in the chain of an error when nothing listens at a target.
var ErrRefused = errors.New("nothing listens there")

// Address is where one listens or connects to.
type Address struct {
	Network string // tcp or unix
	Address string // host:port, or the socket's path
}

// ParseAddress reads tcp:HOST:PORT, unix:PATH or HOST:PORT.
func ParseAddress(s string) (Address, error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		if path == "" {
			return Address{}, fmt.Errorf("reading the address %q: unix: without a path", s)
		}
		return Address{"unix", path}, nil
	}
	hostPort := strings.TrimPrefix(s, "tcp:")
	if _, port, err := net.SplitHostPort(hostPort); err != nil || port == "" {
		return Address{}, fmt.Errorf("reading the address %q: neither HOST:PORT, tcp:HOST:PORT nor unix:PATH", s)
	}
	return Address{"tcp", hostPort}, nil
}

// String gives the address as ParseAddress reads it.
func (a Address) String() string { return a.Network + ":" + a.Address }

// socket is a connection that can be half-closed: of TCP, or to a Unix socket.
type socket interface {
	net.Conn
	CloseWrite() error
}

// refused reports whether err says that nothing listens.
func refused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist)
}

// join copies from each of the two to the other until both have ended.
func join(a, b socket) {
	defer a.Close()
	defer b.Close()
	ended := make(chan struct{}, 2)
	move := func(to, from socket) {
		_, err := io.Copy(to, from)
		if err == nil {
			err = to.CloseWrite()
		}
		if err != nil { // one end is gone, so nobody waits for the other
			a.Close()
			b.Close()
		}
		ended <- struct{}{}
	}
	go move(a, b)
	go move(b, a)
	<-ended
	<-ended
}
