package forward

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	// maxAttempts bounds the log, which the engine keeps on its disk. A large
	// build connects a few hundred times; what a flood adds says nothing new.
	maxAttempts = 10_000

	// maxTarget bounds one target: the longest host name has 253 characters,
	// the path of a module on a module proxy rarely as many.
	maxTarget = 512
)

// Line is one line of the log, as JSON. It is one of three things: an attempt,
// the address once the proxy listens, or a mark.
type Line struct {
	Time      time.Time `json:"time"`
	Listening string    `json:"listening,omitempty"` // host:port, the port as it was given by the system
	Mark      bool      `json:"mark,omitempty"`      // what happened before it is above it in the log
	*Attempt
}

// Attempt is something that somebody tried to reach.
type Attempt struct {
	Method  string `json:"method"`
	Target  string `json:"target"` // host:port for CONNECT, else a URL without user, query and fragment
	Allowed bool   `json:"allowed"`
}

// Log writes lines, each with one Write.
type Log struct {
	mu       sync.Mutex
	w        io.Writer
	attempts int
}

// NewLog makes a log that writes to w.
func NewLog(w io.Writer) *Log { return &Log{w: w} }

// Listening says where the proxy listens.
func (l *Log) Listening(address string) { l.write(Line{Listening: address}) }

// Mark writes a mark, by which a reader of the log knows that it is not behind.
func (l *Log) Mark() { l.write(Line{Mark: true}) }

func (l *Log) attempt(r *http.Request, allowed bool) {
	l.write(Line{Attempt: &Attempt{Method: cut(r.Method), Target: cut(target(r)), Allowed: allowed}})
}

func (l *Log) write(line Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if line.Attempt != nil {
		if l.attempts == maxAttempts {
			return
		}
		l.attempts++
	}
	line.Time = time.Now().UTC()
	b, err := json.Marshal(line)
	if err == nil {
		_, err = l.w.Write(append(b, '\n'))
	}
	if err != nil {
		// net/http turns this into a closed connection: what cannot be
		// written down does not happen.
		panic(fmt.Errorf("writing the log: %w", err))
	}
}

// target names what the request is for, without anything that may be secret:
// signed URLs carry their credentials in the query.
func target(r *http.Request) string {
	if r.Method == http.MethodConnect {
		return r.URL.Host
	}
	u := url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host, Path: r.URL.Path, RawPath: r.URL.RawPath}
	return u.String()
}

func cut(s string) string {
	if len(s) > maxTarget {
		return s[:maxTarget] + "…"
	}
	return s
}

// ReadLog reads a log to its end. A last line that is not whole yet is left out.
func ReadLog(r io.Reader) ([]Line, error) {
	var lines []Line
	for decoder := json.NewDecoder(r); ; {
		var line Line
		err := decoder.Decode(&line)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return lines, nil
		}
		if err != nil {
			return lines, fmt.Errorf("reading the proxy's log: %w", err)
		}
		lines = append(lines, line)
	}
}
