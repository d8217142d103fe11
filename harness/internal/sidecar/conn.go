package sidecar

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/daybook-dev/daybook/harness/internal/sidecar/relay"
)

// conn is a connection by way of a relay: frames, on the input and output of
// a process that the engine attached us to.
type conn struct {
	engine    net.Conn       // to the engine; what is written is the relay's input
	frames    *bufio.Reader  // from the relay's output
	framesEnd *io.PipeReader // closed, it ends the taking apart of what the engine sends
	complaint complaint      // from the relay's stderr
	to        relay.Address

	// What was received goes through a pipe in memory, for its deadlines.
	reader, received net.Conn
	readErr          error // why received was closed; nil is the end

	writing sync.Mutex
	ended   bool // CloseWrite was called
	closing sync.Once
}

// receive moves what the relay receives to whoever reads the connection.
func (c *conn) receive() {
	defer c.received.Close()
	buf := make([]byte, relay.MaxPayload)
	for {
		kind, payload, err := relay.ReadFrame(c.frames, buf)
		switch {
		case err != nil:
			c.readErr = c.broken(err)
			return
		case kind == relay.End:
			return
		case kind == relay.Failed:
			c.readErr = failure(payload)
			return
		}
		if len(payload) > 0 { // writing nothing to a pipe waits for a reader too
			if _, err := c.received.Write(payload); err != nil {
				return // closed by us
			}
		}
	}
}

// broken is that the relay ended, or our way to it, without having said so.
func (c *conn) broken(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if said := c.complaint.String(); said != "" {
		return fmt.Errorf("the relay broke off: %w: %s", err, said)
	}
	return fmt.Errorf("the relay broke off: %w", err)
}

// Read reads what the other end says. The error is io.EOF when it has said all,
// a *relay.Failure when it broke off, net.ErrClosed after Close, and of another
// kind when the relay is to blame.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.reader.Read(p)
	switch {
	case errors.Is(err, io.EOF) && c.readErr != nil: // set before the pipe was closed
		err = c.readErr
	case errors.Is(err, io.ErrClosedPipe):
		err = net.ErrClosed
	}
	return n, err
}

// Write sends p to the other end.
func (c *conn) Write(p []byte) (n int, err error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.ended {
		return 0, fmt.Errorf("writing after the end: %w", net.ErrClosed)
	}
	for n < len(p) {
		part := p[n:min(len(p), n+relay.MaxPayload)]
		if err := relay.WriteFrame(c.engine, relay.Data, part); err != nil {
			c.Close() // half a frame may have gone, and nothing fits after it
			return n, err
		}
		n += len(part)
	}
	return n, nil
}

// CloseWrite tells the other end that there is no more to come.
func (c *conn) CloseWrite() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.ended {
		return nil
	}
	c.ended = true
	return relay.WriteFrame(c.engine, relay.End, nil)
}

// Close ends the connection and the relay's process, and every Read and Write
// that waits. What was written before still gets to the other end.
func (c *conn) Close() error {
	c.closing.Do(func() {
		c.engine.Close()
		c.reader.Close()
		c.framesEnd.Close()
	})
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return addr{relay.Address{Network: c.to.Network}} }
func (c *conn) RemoteAddr() net.Addr { return addr{c.to} }

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}
func (c *conn) SetReadDeadline(t time.Time) error  { return c.reader.SetReadDeadline(t) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.engine.SetWriteDeadline(t) }

// addr is a relay's address as package net has them.
type addr struct{ relay.Address }

func (a addr) Network() string { return a.Address.Network }
func (a addr) String() string  { return a.Address.Address }

// complaint is what a relay says when it fails, as far as there is room.
type complaint struct {
	mu   sync.Mutex
	text []byte
}

// Write keeps what there is room for, and takes all.
func (c *complaint) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, p[:min(len(p), complaintLimit-len(c.text))]...)
	return len(p), nil
}

// String gives it in one line.
func (c *complaint) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(strings.Fields(string(c.text)), " ")
}
