package builddaemon

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
)

// Each limit ends the step that goes beyond it and is named, and the next build
// works.
func TestLimits(t *testing.T) {
	const soon = 20 * time.Second // far below what the steps would take
	for name, c := range map[string]struct {
		run    string
		limit  time.Duration
		reason string
	}{
		"of memory":                 {"tail /dev/zero", 0, "here RUN steps may use 256MiB of memory together"},
		"of memory twice":           {"tail /dev/zero & tail /dev/zero & wait; sleep 1; tail /dev/zero", 0, "here RUN steps may use 256MiB of memory together"},
		"of disk":                   {"cat /dev/zero >/full", 0, "here all that a build writes may be 200MiB"},
		"of files":                  {"mkdir /d; cd /d; touch $(seq 30000)", 0, "here all that a build writes may be 200MiB"},
		"of processes":              {"while :; do sleep 600 & done", 0, "here RUN steps may be 1000 processes and threads together"},
		"of time":                   {"echo begun; sleep 600", soon, "was not done after 20s"},
		"of time, with a fork bomb": {"bash -c 'b() { b | b & }; b; while :; do :; done' 2>/dev/null", soon, "was not done after 20s"},
		"of time, and deaf":         {"trap '' TERM INT HUP; setsid sh -c 'trap \"\" TERM; sleep 600' & sleep 600", soon, "was not done after 20s"},
		"of output":                 {"yes", 0, "printed without end"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSubmission(t)
			s.spec.limits = limits{state: 200 << 20, files: 20_000, stepsMemory: 256 << 20, image: 1 << 30}
			f := s.fails(c.limit, "FROM "+base, "RUN true", "RUN "+c.run)
			assert.Equal(t, 3, f.Line)
			assert.Contains(t, f.Reason, c.reason)
			_, err := s.build("FROM "+base, "RUN head -c 100000000 /dev/zero >/fits", "RUN true")
			assert.NoError(t, err)
		})
	}
}

// A file that is all holes takes no disk here, but would in the engine.
func TestLimitsOfAnImage(t *testing.T) {
	small := limits{state: 200 << 20, files: 20_000, stepsMemory: 1 << 30, image: 10 << 20}
	for name, c := range map[string]struct{ from, last, reason string }{
		"in the daemon":    {"FROM " + base, "RUN truncate -s 1T /holes", "the disk was full: here all that a build writes may be 200MiB"},
		"on its way to us": {"FROM " + base + " AS b\nRUN truncate -s 20M /holes\nFROM scratch", "COPY --from=b /holes /", "the image is larger than 10MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSubmission(t)
			s.spec.limits = small
			dir := folder(t, "Dockerfile", c.from+"\n"+c.last+"\n")
			_, err := s.Build(t.Context(), imagebuild.Request{Dir: dir, Tag: s.tag()})
			var f *imagebuild.Failure
			require.ErrorAs(t, err, &f)
			assert.Contains(t, f.Reason, c.reason)
			_, err = s.Build(t.Context(), imagebuild.Request{Dir: folder(t, "Dockerfile", "FROM scratch\nCOPY Dockerfile /\n"), Tag: s.tag()})
			assert.NoError(t, err)
		})
	}
}
