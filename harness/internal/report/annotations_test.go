package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

func TestAnnotations(t *testing.T) {
	var r runner
	r.read(one(t, annotationsOne, graded("exit status 127\n100%")))
	assert.Empty(t, r.stopped, "commands are taken again afterwards")
	assert.Equal(t, []runnerCommand{
		{"error", map[string]string{"file": "exercises/7/Dockerfile", "line": "7", "title": "pack / starts"},
			"It starts on <scratch>\nwant    the service to answer\ngot     exit status 127\n        100%\nlook    Dockerfile:7\nlook    .dockerignore\nbecause A binary that needs libc cannot start."},
		{"notice", map[string]string{"title": "Day 7"}, "3 of 19 points"},
		{"notice", map[string]string{"title": "parse / parses"}, "Could be shorter."},
	}, r.executed)
	assert.Contains(t, strings.Join(r.plain, "\n"), "How the points came about")
}

func TestAnnotationsOfWhatHasNoGrade(t *testing.T) {
	var r runner
	r.read(one(t, annotationsOne, ungraded("x")))
	var kinds []string
	for _, c := range r.executed {
		kinds = append(kinds, c.name)
		assert.NotContains(t, c.data, "0 of")
	}
	assert.Equal(t, []string{"warning", "warning", "notice"}, kinds, "what is ours is no error in the learner's file")
	r = runner{}
	r.read(one(t, annotationsOne, refused("x")))
	assert.Equal(t, "error", r.executed[0].name)
	assert.Contains(t, r.executed[0].data, "the archive cannot be read: x")
}

// GitHub shows ten of a kind for a step.
func TestAnnotationsAreFew(t *testing.T) {
	for _, n := range []int{9, 10, 11, 25} {
		g := graded("x")
		checks := []check.CheckResult{}
		for i := range n {
			c := failedStarts("x")
			c.ID, c.Advice = fmt.Sprintf("check-%d", i), []string{"a", "b"}
			checks = append(checks, c)
		}
		g.Result.Exercises[0].Checks = checks
		var r runner
		r.read(one(t, annotationsOne, g))
		count, last := map[string]int{}, map[string]string{}
		for _, c := range r.executed {
			count[c.name]++
			last[c.name] = c.data
		}
		assert.Equal(t, map[string]int{"error": min(n, 10), "notice": 10}, count)
		if n > 10 {
			assert.Equal(t, fmt.Sprintf("%d more are in the log and in the summary.", n-9), last["error"])
		}
	}
}

func TestAnnotationsDirectory(t *testing.T) {
	for file, want := range map[string]string{"a/b.go": "work/a/b.go", "../../../etc/passwd": "work/etc/passwd", "/abs": "work/abs"} {
		g := graded("x")
		g.Result.Exercises[0].Checks[1].Finding.Look[0].File = file
		var b bytes.Buffer
		require.NoError(t, Annotations(&b, g, "work"))
		var r runner
		r.read(b.String())
		assert.Equal(t, want, r.executed[0].properties["file"])
	}
}

// Whatever the text, the runner takes our commands and no others, each of them
// within its limits, and the raw text is only where it takes none.
func FuzzAnnotations(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		for i, g := range everywhere(text) {
			out := one(t, annotationsOne, g)
			var r, plain runner
			r.read(out)
			plain.read(one(t, annotationsOne, everywhere("x")[i]))
			require.Empty(t, r.stopped)
			commands := func(all []runnerCommand) (names []string) {
				for _, c := range all {
					names = append(names, c.name+" "+c.properties["title"])
				}
				return names
			}
			if oneLine(text) != "" { // else there is no advice
				require.Equal(t, commands(plain.executed), commands(r.executed))
			}
			for _, c := range r.executed {
				require.LessOrEqual(t, units(c.data), annotationLimit)
			}
			commandsEnded := false
			for l := range strings.SplitSeq(strings.TrimSuffix(out, "\n"), "\n") {
				commandsEnded = commandsEnded || strings.HasPrefix(l, "::stop-commands::")
				require.Equal(t, !commandsEnded, strings.HasPrefix(l, "::error ") || strings.HasPrefix(l, "::warning ") || strings.HasPrefix(l, "::notice "), l)
				if !commandsEnded {
					require.LessOrEqual(t, units(l[strings.LastIndex(l, "title="):]), annotationLimit+1000)
				}
			}
		}
	})
}

func TestEscapes(t *testing.T) {
	assert.Equal(t, "%25 a%0Ab:c,d", escapeData("% a\nb:c,d"))
	assert.Equal(t, "%25 a%0Ab%3Ac%2Cd", escapeProperty("% a\nb:c,d"))
	long := escapeData(strings.Repeat("%", 5000))
	assert.LessOrEqual(t, units(long), annotationLimit)
	assert.True(t, strings.HasSuffix(long, "%25…"), "no escape is cut in two")
}

// A token that can be guessed could be printed by a learner's program.
func TestTokenIsDrawnAnew(t *testing.T) {
	a, b := one(t, annotationsOne, graded("x")), one(t, annotationsOne, graded("x"))
	assert.NotEqual(t, a, b)
}
