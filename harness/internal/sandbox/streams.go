package sandbox

import (
	"bytes"
	"sync"

	"github.com/moby/moby/client"
)

// streams are what a process in a container writes, as it comes.
type streams struct {
	conn           client.ExecAttachResult
	closed         chan struct{} // closed when both have ended
	held           bool          // the process had ended, and they had not
	stdout, stderr *stream
}

// close stops reading, whoever may still write.
func (s *streams) close() {
	s.conn.Close()
	<-s.closed
}

// stream keeps the first bytes that are written to it, and calls stop at more
// than limit.
type stream struct {
	limit int
	stop  func()

	mu   sync.Mutex
	buf  bytes.Buffer
	more bool
}

// Write keeps what there is room for. It never fails.
func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.limit - s.buf.Len()
	s.buf.Write(p[:min(room, len(p))])
	if len(p) > room {
		s.more = true
		s.stop()
	}
	return len(p), nil
}

func (s *stream) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.more
}

func (s *stream) bytes() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.buf.Bytes())
}
