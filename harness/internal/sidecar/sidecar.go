// Package sidecar puts programs of ours into containers, beside somebody
// else's or alone, and talks to what is in a container that has no network, or
// none that we are on.
//
// Rules it keeps:
//   - A program is found beside the running executable or compiled; its image is
//     made from scratch and kept on the engine under the hash of what is in it.
//   - What failed is told apart: a *relay.Failure is the other end's doing (or
//     that nothing is there), every other error is ours or the machine's.
//   - A connection that is closed leaves no process behind in its container.
//   - No more is kept in memory than a connection's buffers, whatever is sent.
//
// For example, to ask a service in a container whose image has the relay at its
// root, whatever its network:
//
//	d := sidecar.Dialer{Engine: e, Container: id}
//	transport := &http.Transport{DialContext: d.DialContext}
//	…
//	conn, err := sidecar.Dial(ctx, e, id, "unix:/run/buildkit.sock") // or by hand
//	if errors.Is(err, relay.ErrRefused) { … nothing listens yet … }
package sidecar

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/sidecar/relay"
)

// RelayPath is where the relay is in images of ours.
const RelayPath = "/" + string(Relay)

// complaintLimit is how much is kept of what a relay that fails says.
const complaintLimit = 4 << 10

// Dialer connects from inside a running container that has the relay.
type Dialer struct {
	Engine    *engine.Engine
	Container string        // its id or name
	Path      string        // of the relay in the container; RelayPath when empty
	User      string        // as whom it runs; the container's own user when empty
	Wait      time.Duration // how long it tries again while nothing listens
}

// Dial connects to target, tcp:HOST:PORT or unix:PATH, from inside a container
// that has the relay at RelayPath.
func Dial(ctx context.Context, e *engine.Engine, containerID, target string) (net.Conn, error) {
	return Dialer{Engine: e, Container: containerID}.Dial(ctx, target)
}

// DialContext is for http.Transport and the like, which say network and
// address apart.
func (d Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d.Dial(ctx, network+":"+address)
}

// Dial connects to target, tcp:HOST:PORT or unix:PATH, as seen from inside the
// container. The error is a *relay.Failure when target is to blame, one of
// relay.ErrRefused when nothing listens there. ctx is for the connecting alone.
//
// The connection can be half-closed (CloseWrite). Its deadlines for reading
// are kept; one for writing that passes ends the connection.
func (d Dialer) Dial(ctx context.Context, target string) (net.Conn, error) {
	to, err := relay.ParseAddress(target)
	if err != nil {
		return nil, err
	}
	c, err := d.dial(ctx, to)
	if err == nil {
		return c, nil
	}
	var theirs *relay.Failure
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("connecting to %s: %w", to, context.Cause(ctx))
	case errors.As(err, &theirs):
		return nil, theirs // says itself what it was about
	}
	return nil, fmt.Errorf("connecting to %s by a relay: %w", to, err)
}

func (d Dialer) dial(ctx context.Context, to relay.Address) (*conn, error) {
	path := d.Path
	if path == "" {
		path = RelayPath
	}
	made, err := d.Engine.Client.ExecCreate(ctx, d.Container, client.ExecCreateOptions{
		Cmd:         []string{path, "dial", "-framed", "-wait", d.Wait.String(), to.String()},
		User:        d.User,
		AttachStdin: true, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return nil, err
	}
	attached, err := d.Engine.Client.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return nil, err
	}
	// Closing the connection to the engine ends the relay, wherever it is.
	stop := context.AfterFunc(ctx, func() { attached.Conn.Close() })
	c := newConn(attached.HijackedResponse, to)
	err = c.handshake()
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	go c.receive()
	return c, nil
}

// newConn begins to take apart what the relay says on its two outputs.
func newConn(attached client.HijackedResponse, to relay.Address) *conn {
	c := &conn{engine: attached.Conn, to: to}
	c.reader, c.received = net.Pipe()
	r, w := io.Pipe()
	c.frames, c.framesEnd = bufio.NewReaderSize(r, relay.MaxPayload), r
	go func() {
		_, err := stdcopy.StdCopy(w, &c.complaint, attached.Reader)
		w.CloseWithError(err) // nil is the end
	}()
	return c
}

// handshake waits until the relay says whether there is a connection.
func (c *conn) handshake() error {
	kind, payload, err := relay.ReadFrame(c.frames, make([]byte, relay.MaxPayload))
	switch {
	case errors.Is(err, relay.ErrNoFrame): // the engine's words: there is no relay
		rest, _ := io.ReadAll(io.LimitReader(c.frames, complaintLimit))
		return fmt.Errorf("starting it: %s", strings.TrimSpace(string(payload)+string(rest)))
	case err != nil:
		return c.broken(err)
	case kind == relay.Connected:
		return nil
	case kind == relay.Failed:
		return failure(payload)
	}
	return fmt.Errorf("starting it: it begins with a frame of kind %q", kind)
}

// failure reads what a relay says of a target.
func failure(payload []byte) error {
	f := new(relay.Failure)
	if err := json.Unmarshal(payload, f); err != nil {
		return fmt.Errorf("reading why it failed: %w", err)
	}
	return f
}
