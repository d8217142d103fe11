package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	// mostConnections is how many connections a listener passes on at once:
	// more than a build opens, and few enough for a small container. Others
	// wait until one ends.
	mostConnections = 512
	// mostComplaints is how many connections that could not be passed on are
	// written down. Whoever connects decides how many there are.
	mostComplaints = 100
	// acceptPause is the time between two tries when the system has nothing
	// left to accept a connection with.
	acceptPause = 100 * time.Millisecond
)

// Rule leads what connects to Listen on to Target.
type Rule struct{ Listen, Target Address }

// ParseRule reads LISTEN=TARGET, each as ParseAddress does.
func ParseRule(s string) (Rule, error) {
	listen, target, ok := strings.Cut(s, "=")
	if !ok {
		return Rule{}, fmt.Errorf("reading the rule %q: it is not LISTEN=TARGET", s)
	}
	l, err := ParseAddress(listen)
	if err != nil {
		return Rule{}, err
	}
	t, err := ParseAddress(target)
	return Rule{l, t}, err
}

// Line is one line of a forwarder's log, a JSON object.
type Line struct {
	Listening string `json:"listening,omitempty"` // an address, once it may be connected to
	Target    string `json:"target,omitempty"`
	Failed    string `json:"failed,omitempty"` // why a connection to Target was not passed on
}

// Forward passes connections on until ctx is done, which is no error. Every
// listener listens before the first line is written to log. A socket of a path
// may be used by everybody who gets at its folder.
func Forward(ctx context.Context, log io.Writer, rules ...Rule) error {
	var listeners []net.Listener
	defer func() {
		for _, l := range listeners {
			l.Close()
		}
	}()
	for _, r := range rules {
		l, err := listen(r.Listen)
		if err != nil {
			return fmt.Errorf("listening: %w", err)
		}
		listeners = append(listeners, l)
	}
	lines := &complaints{log: json.NewEncoder(log)}
	failed := make(chan error, len(rules))
	for i, l := range listeners {
		lines.write(Line{Listening: Address{l.Addr().Network(), l.Addr().String()}.String(), Target: rules[i].Target.String()})
		go func() { failed <- serve(ctx, l, rules[i].Target, lines) }()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
}

func listen(a Address) (net.Listener, error) {
	l, err := net.Listen(a.Network, a.Address)
	if err != nil || a.Network != "unix" {
		return l, err
	}
	// Another container's user is not ours, and needs to write to it.
	if err := os.Chmod(a.Address, 0o666); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// serve passes on what connects to l. Its connections end with the process.
func serve(ctx context.Context, l net.Listener, target Address, lines *complaints) error {
	free := make(chan struct{}, mostConnections)
	for {
		free <- struct{}{}
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("accepting a connection: %w", err)
		}
		if err != nil { // out of descriptors, or the client has gone already
			<-free
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(acceptPause):
			}
			continue
		}
		go func() {
			defer func() { <-free }()
			to, err := (&net.Dialer{Timeout: connectLimit}).DialContext(ctx, target.Network, target.Address)
			if err != nil {
				c.Close()
				lines.complain(Line{Target: target.String(), Failed: err.Error()})
				return
			}
			join(c.(socket), to.(socket))
		}()
	}
}

// complaints is a log that takes so many complaints and no more.
type complaints struct {
	mu   sync.Mutex
	log  *json.Encoder
	made int
}

func (c *complaints) write(l Line) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.log.Encode(l) // who does not read the log loses nothing but it
}

func (c *complaints) complain(l Line) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made++; c.made <= mostComplaints {
		_ = c.log.Encode(l)
	}
}
