package relay

import (
	"context"
	"errors"
	"io"
	"net"
	"time"
)

// retryPause is the time between two tries to connect: a service starts within
// milliseconds.
const retryPause = 10 * time.Millisecond

// Dial connects in and out to target and returns when target has said all that
// it has to say. The end of in is told on to target. The error is in the chain
// of ErrRefused when nothing listens there, and goes on listening until wait is
// over.
func Dial(target Address, wait time.Duration, in io.Reader, out io.Writer) error {
	c, err := connect(context.Background(), target, wait)
	if err != nil {
		return err
	}
	defer c.Close()
	go func() {
		if _, err := io.Copy(c, in); err == nil {
			_ = c.CloseWrite() // a target that has gone already ends the other direction
		}
	}()
	_, err = io.Copy(out, c)
	return err
}

// connect tries to connect until wait is over, or once.
func connect(ctx context.Context, target Address, wait time.Duration) (socket, error) {
	until := time.Now().Add(wait)
	for {
		c, err := (&net.Dialer{Timeout: connectLimit}).DialContext(ctx, target.Network, target.Address)
		if err == nil {
			return c.(socket), nil
		}
		if !refused(err) {
			return nil, &Failure{Message: err.Error()}
		}
		if !time.Now().Before(until) {
			return nil, &Failure{Message: err.Error(), Refused: true}
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(retryPause):
		}
	}
}

// errGone is when a caller has left, which is how every call ends that does not fail.
var errGone = errors.New("the caller has gone away")

// DialFramed is Dial with both directions in frames. It returns when in ends,
// be it before there is a connection, for then the caller has gone away, and
// that ends the connection; a target that has no more to say does not. A caller
// that goes while the target takes nothing of what it is sent is noticed when
// the target does.
func DialFramed(target Address, wait time.Duration, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	connected := make(chan socket, 1)
	go func() { cancel(send(ctx, connected, in)) }()

	c, err := connect(ctx, target, wait)
	if err != nil {
		return fail(out, err)
	}
	defer c.Close()
	if err := WriteFrame(out, Connected, nil); err != nil {
		return err
	}
	connected <- c
	go func() {
		if err := receive(c, out); err != nil {
			cancel(fail(out, err))
		}
	}()
	<-ctx.Done() // receive may hang in out, which nobody reads any more
	return unlessGone(context.Cause(ctx))
}

// send sends what the caller says. What the target does not take is dropped:
// whether that matters is seen by what the target says then.
func send(ctx context.Context, connected <-chan socket, in io.Reader) error {
	var c socket
	buf := make([]byte, MaxPayload)
	for {
		kind, payload, err := ReadFrame(in, buf)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errGone
		} else if err != nil {
			return err
		}
		if c == nil {
			select {
			case c = <-connected:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if kind == End {
			_ = c.CloseWrite()
		} else {
			_, _ = c.Write(payload)
		}
	}
}

// receive hands on what the target says, to its end.
func receive(c socket, out io.Writer) error {
	buf := make([]byte, MaxPayload)
	for {
		n, err := c.Read(buf)
		if n > 0 {
			if err := WriteFrame(out, Data, buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return WriteFrame(out, End, nil)
		}
		if err != nil {
			return err
		}
	}
}

// fail tells the caller why there is no connection, and returns that.
func fail(out io.Writer, err error) error {
	if err = unlessGone(err); err == nil {
		return nil
	}
	var f *Failure
	if !errors.As(err, &f) {
		f = &Failure{Message: err.Error()}
	}
	_ = writeFailure(out, f)
	return f
}

func unlessGone(err error) error {
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}
