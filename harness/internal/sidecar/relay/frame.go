package relay

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Kind is what a frame is about.
//
// Dial can put what it moves into frames, so that its caller can tell a
// connection that was made from one that was not, and Dial a caller that has
// no more to say from one that has gone away: the end of standard input is the
// same for both.
type Kind byte

const (
	Connected Kind = 'c' // from Dial, before anything else
	Data      Kind = 'd'
	End       Kind = 'e' // no more Data in this direction
	Failed    Kind = 'x' // from Dial: there is no connection, or no longer; the payload is a Failure
)

// MaxPayload is the most bytes that a frame holds: what moves at one go
// through a pipe.
const MaxPayload = 64 << 10

const headerLength = 5 // the kind, then the payload's length as 32 bits

// Failure is why there is no connection.
type Failure struct {
	Message string `json:"message"`
	Refused bool   `json:"refused"` // nothing listens there
}

// Error gives the message.
func (f *Failure) Error() string { return f.Message }

// Is reports whether target is ErrRefused and the connection was.
func (f *Failure) Is(target error) bool { return f.Refused && target == ErrRefused }

// ErrNoFrame is in the chain of an error when what was read is no frame.
var ErrNoFrame = errors.New("not a frame")

// WriteFrame writes a frame of at most MaxPayload bytes, in one go.
func WriteFrame(w io.Writer, k Kind, payload []byte) error {
	frame := make([]byte, headerLength, headerLength+len(payload))
	frame[0] = byte(k)
	binary.BigEndian.PutUint32(frame[1:], uint32(len(payload)))
	_, err := w.Write(append(frame, payload...))
	return err
}

// ReadFrame reads a frame into buf, which must have room for MaxPayload bytes.
// The error is io.EOF only between two frames. With ErrNoFrame come the bytes
// that were read.
func ReadFrame(r io.Reader, buf []byte) (Kind, []byte, error) {
	header := buf[:headerLength]
	if n, err := io.ReadFull(r, header); errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, header[:n], ErrNoFrame
	} else if err != nil {
		return 0, nil, err
	}
	k, length := Kind(header[0]), binary.BigEndian.Uint32(header[1:])
	if (k != Connected && k != Data && k != End && k != Failed) || length > MaxPayload {
		return 0, header, ErrNoFrame
	}
	payload := buf[:length]
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil, fmt.Errorf("reading a frame: %w", noEOF(err))
	}
	return k, payload, nil
}

// noEOF is for an end where none may be.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// writeFailure says that there is no connection.
func writeFailure(w io.Writer, f *Failure) error {
	payload, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return WriteFrame(w, Failed, payload[:min(len(payload), MaxPayload)])
}
