// Command reach tries to get out of where it runs, in each of the ways that its
// arguments name, and prints a line for each: "way: reached" or "way: not
// reached: why". Its status is 0 whatever comes of it.
//
//	tcp:HOST:PORT        a connection, by address or name
//	dns:SERVER:NAME      a name, asked of that server
//	name:NAME            a name, asked of whatever the system asks
//	connect:PROXY,HOST:PORT  a CONNECT through an HTTP proxy
//	get:PROXY,URL        a GET through an HTTP proxy
//	unix:PATH            a socket, "@" begins an abstract one
//	interface            a network interface that is not loopback
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// patience is how long each way is tried. Where there is no way, that is known
// at once.
const patience = 3 * time.Second

func main() {
	for _, way := range os.Args[1:] {
		if err := try(way); err != nil {
			fmt.Printf("%s: not reached: %v\n", way, err)
		} else {
			fmt.Printf("%s: reached\n", way)
		}
	}
}

func try(way string) error {
	kind, target, _ := strings.Cut(way, ":")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	switch kind {
	case "tcp", "unix":
		c, err := (&net.Dialer{}).DialContext(ctx, kind, target)
		if err == nil {
			c.Close()
		}
		return err
	case "name":
		_, err := net.DefaultResolver.LookupHost(ctx, target)
		return err
	case "dns":
		i := strings.LastIndex(target, ":")
		r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(target[:i], "53"))
		}}
		_, err := r.LookupHost(ctx, target[i+1:])
		return err
	case "connect":
		proxy, host, _ := strings.Cut(target, ",")
		return ask(ctx, proxy, "CONNECT "+host+" HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
	case "get":
		proxy, url, _ := strings.Cut(target, ",")
		return ask(ctx, proxy, "GET "+url+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	case "interface":
		all, err := net.Interfaces()
		for _, i := range all {
			if i.Flags&net.FlagLoopback == 0 && i.Flags&net.FlagUp != 0 {
				return nil
			}
		}
		return errors.Join(err, errors.New("there is only loopback"))
	}
	return errors.New("no such way")
}

func ask(ctx context.Context, proxy, request string) error {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", proxy)
	if err != nil {
		return err
	}
	defer c.Close()
	if until, ok := ctx.Deadline(); ok {
		c.SetDeadline(until)
	}
	if _, err := c.Write([]byte(request)); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return errors.New(resp.Status)
	}
	return nil
}
