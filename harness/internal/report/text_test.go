package report

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	assert.Equal(t, `Day 7, submission ada (Ada Example)
3 of 19 points

pack
  passed      3/3  builds: It builds
  failed     0/10  starts: It starts on <scratch>
    | want    the service to answer
    | got     exit status 127
    |         not found
    | look    Dockerfile:7
    | look    .dockerignore
    | because A binary that needs libc cannot start.
  not run     0/4  stops: It stops
    | status  not run: it needs starts, which did not pass

parse
  passed      2/2  parses: It parses
    | advice  Could be shorter.

How the points came about
      5  2 of 4 checks
     -2  late by 1 day
      3  of 19 points
`, one(t, textOne, graded("exit status 127\nnot found")))
	assert.Equal(t, `Day 7, submission eve (Ada Example)
refused, it has no points: the archive cannot be read: x

submission
  failed        –  can-be-read: The submission can be read, and holds files of the day
    | want    a submission that can be graded
    | got     the archive cannot be read: x

Not used
    | x: not a file of the day
`, one(t, textOne, refused("x")))
	assert.Contains(t, one(t, textOne, ungraded("x")), "not graded, it has no points and is to be tried again: 1 check could not be decided: x\n")
}

func TestTextOfABatch(t *testing.T) {
	assert.Equal(t, `Day 7: A small day

submission  learner      points
ada         Ada Example  3/19
bob         Ada Example  –       not graded, try again  1 check could not be decided: x
eve         Ada Example  –       refused                the archive cannot be read: x
`, all(t, textAll, batch(graded("x"), ungraded("x"), refused("x"))))
}

// Whatever the text, the lines that are ours are those of a plain one, and the
// runner takes no command from it.
func FuzzText(f *testing.F) {
	seed(f)
	name := regexp.MustCompile(`(?m)^(Day 7, submission \w+).*$`)
	ours := func(out string) (lines []string) {
		for l := range strings.SplitSeq(name.ReplaceAllString(out, "$1"), "\n") {
			if !strings.HasPrefix(l, quoteBar) {
				lines = append(lines, strings.SplitN(l, ": ", 2)[0])
			}
		}
		return lines
	}
	f.Fuzz(func(t *testing.T, text string) {
		hostiles, plains := everywhere(text), everywhere("x")
		for i := range hostiles {
			out := one(t, textOne, hostiles[i])
			if !strings.Contains(invisible(text), "#") { // those are changed in any line
				require.Equal(t, ours(one(t, textOne, plains[i])), ours(out))
			}
			for _, s := range []string{out, invisible(out), all(t, textAll, batch(hostiles...))} {
				var r runner
				r.read(s)
				require.Empty(t, r.executed)
				require.Empty(t, r.stopped)
			}
		}
		require.Equal(t, 6, strings.Count(all(t, textAll, batch(hostiles...)), "\n"), "a line a submission")
	})
}
