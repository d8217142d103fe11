package imagebuild

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"
)

// trace gathers what BuildKit reports while it builds. Vertices are reported
// several times, each time with more, and are merged by digest.
type trace struct {
	mu      sync.Mutex
	order   []digest.Digest
	steps   map[digest.Digest]*Step
	begun   map[digest.Digest]time.Time
	lines   map[digest.Digest]int // from the definition's source map
	runs    map[digest.Digest]bool
	remote  []Remote
	tooMuch *Step // a step that printed more than OutputLimit
	enough  func(output string) bool
	ended   bool // since enough said so
	stop    func()
}

func newTrace(enough func(output string) bool, stop func()) *trace {
	return &trace{
		steps: map[digest.Digest]*Step{}, begun: map[digest.Digest]time.Time{},
		lines: map[digest.Digest]int{}, runs: map[digest.Digest]bool{}, enough: enough, stop: stop,
	}
}

// read takes in the status messages until the channel is closed.
func (t *trace) read(from <-chan *client.SolveStatus) {
	for status := range from {
		t.mu.Lock()
		for _, v := range status.Vertexes {
			t.vertex(v)
		}
		for _, l := range status.Logs {
			t.log(l)
		}
		t.mu.Unlock()
	}
}

func (t *trace) vertex(v *client.Vertex) {
	s, known := t.steps[v.Digest]
	if !known {
		s = &Step{Name: v.Name}
		t.steps[v.Digest] = s
	}
	if v.Started != nil && t.begun[v.Digest].IsZero() {
		t.begun[v.Digest] = *v.Started
		t.order = append(t.order, v.Digest)
	}
	s.Cached = s.Cached || v.Cached
	if v.Error != "" {
		s.Error = v.Error
	}
	if v.Completed != nil {
		s.Done = true
		s.Duration = v.Completed.Sub(t.begun[v.Digest])
	}
}

func (t *trace) log(l *client.VertexLog) {
	s, known := t.steps[l.Vertex]
	if !known {
		s = &Step{}
		t.steps[l.Vertex] = s
	}
	room := OutputLimit - len(s.Output)
	s.Output += clean(string(l.Data[:min(room, len(l.Data))]))
	if (room < len(l.Data) || bytes.Contains(l.Data, []byte(clipped))) && t.tooMuch == nil {
		t.tooMuch = s
		t.stop()
	}
	if t.enough != nil && !t.ended && t.enough(s.Output) {
		t.ended = true
		t.stop()
	}
}

// clipped is what BuildKit writes where it leaves out what a step prints too
// fast or too much of.
const clipped = "[output clipped, log limit "

// control matches the escape sequences and control characters that a step can
// print to move about in, or recolour, the reader's terminal.
var control = regexp.MustCompile("\x1b\\[[0-9;?]*[ -/]*[@-~]|\x1b[^\\[]|[\x00-\x08\x0b-\x1f\x7f]")

// clean makes what a step printed fit to be shown: valid UTF-8 without control
// characters other than tab and newline.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return control.ReplaceAllString(s, "")
}

// built sums up what was seen.
func (t *trace) built() *Built {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := &Built{Remote: t.remote}
	for _, d := range t.order {
		s := *t.steps[d]
		s.Line, s.Run = t.lines[d], t.runs[d]
		b.Steps = append(b.Steps, s)
		b.Elapsed += s.Duration
	}
	return b
}
