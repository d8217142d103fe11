package html

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// small is a batch of two checks whose numbers can be counted by hand.
func small() *grade.Batch {
	result := func(a, b check.Status) *check.Result {
		return &check.Result{Exercises: []check.ExerciseResult{{ID: "pack", Checks: []check.CheckResult{{ID: "builds", Status: a}, {ID: "starts", Status: b}}}}}
	}
	of := func(id string, s grade.Status, points float64, r *check.Result) grade.Grade {
		return grade.Grade{Submission: grade.Submission{ID: id}, Status: s, Points: points, MaxPoints: 10, Result: r}
	}
	return &grade.Batch{Day: 3, Title: "Packing", Grades: []grade.Grade{
		of("a", grade.Graded, 10, result(check.Passed, check.Passed)),
		of("b", grade.Graded, 5, result(check.Passed, check.Failed)),
		of("c", grade.Graded, 0, result(check.Failed, check.Skipped)),
		of("d", grade.Graded, 4, result(check.Passed, check.Failed)),
		of("e", grade.Ungraded, 0, result(check.Errored, check.Failed)),
		of("f", grade.Refused, 0, nil),
	}}
}

func TestWhatIsNotGradedIsNoZero(t *testing.T) {
	v := newBatch(small())
	assert.Equal(t, 4, v.Graded)
	assert.Equal(t, 1, v.Zeros, "c, which was graded; not e and f")
	assert.Equal(t, "4.5", v.Median, "of 0, 4, 5 and 10")
	require.Len(t, v.Ungraded, 1)
	assert.Equal(t, "e", v.Ungraded[0].Name)
	require.Len(t, v.Refused, 1)
	assert.Equal(t, "f", v.Refused[0].Name)

	counts := map[string]int{}
	for _, b := range v.Histogram.Bars {
		if b.Count > 0 {
			counts[b.Label] = b.Count
		}
	}
	assert.Equal(t, map[string]int{"0": 1, "40+": 1, "50+": 1, "all": 1}, counts)
}

func TestMostFailedFirst(t *testing.T) {
	v := newBatch(small())
	require.Len(t, v.Ranked, 2)
	starts, builds := v.Ranked[0], v.Ranked[1]
	assert.Equal(t, "starts", starts.ID)
	assert.Equal(t, tally{Passed: 1, Failed: 3, Skipped: 1, All: 5}, starts.Tally)
	assert.Equal(t, "60", starts.Share(), "3 of 5 that have a result")
	assert.Equal(t, "builds", builds.ID)
	assert.Equal(t, tally{Passed: 3, Failed: 1, Errored: 1, All: 5}, builds.Tally)
	assert.Equal(t, 5, v.Judged)
	assert.Zero(t, v.Unfailed)
}

// A check that one submission has and another has not leaves a gap, and does
// not move what is beside it.
func TestCellsStandBelowTheirChecks(t *testing.T) {
	b := small()
	b.Grades[1].Result.Exercises[0].Checks = b.Grades[1].Result.Exercises[0].Checks[1:]
	v := newBatch(b)
	letters := func(g *gradeView) string {
		var all []string
		for _, c := range g.Cells {
			all = append(all, c.Mark.Letter)
		}
		return strings.Join(all, "|")
	}
	assert.Equal(t, "✓|✓", letters(v.Grades[0]))
	assert.Equal(t, "|F", letters(v.Grades[1]))
	assert.Equal(t, "F|S", letters(v.Grades[2]))
	assert.Equal(t, "E|F", letters(v.Grades[4]))
	assert.Empty(t, v.Grades[5].Cells, "refused: there is no result")
	assert.Equal(t, "1", v.Grades[1].Fails)
}

func TestSlots(t *testing.T) {
	for share, want := range map[float64]int{-1: 0, 0: 0, 0.001: 1, 0.0999: 1, 0.1: 2, 0.5: 6, 0.8999: 9, 0.9: 10, 0.9999: 10, 1: 11, 2: 11} {
		assert.Equal(t, want, slot(share), "%v", share)
	}
}

// The limits on texts hold a page to some MB, whatever was handed in.
func TestSizeOfPages(t *testing.T) {
	const megabyte = 1 << 20
	assert.Less(t, len(batchPage(t, class(t, 200))), 5*megabyte, "200 submissions by 35 checks")

	evil := strings.Repeat("line of output\n", 7000) // 100 kB
	b := class(t, 200)
	for i := range b.Grades {
		if b.Grades[i].Result == nil {
			continue
		}
		for _, e := range b.Grades[i].Result.Exercises {
			for j := range e.Checks {
				e.Checks[j].Status, e.Checks[j].Finding = check.Failed, &check.Finding{Want: evil, Got: evil, Because: evil}
			}
		}
	}
	assert.Less(t, len(batchPage(t, b)), 16*megabyte, "each check of each submission with 300 kB of output")
	assert.Less(t, len(onePage(t, &b.Grades[0])), megabyte)
}

func TestSameGradesSameBytes(t *testing.T) {
	assert.Equal(t, batchPage(t, class(t, 20)), batchPage(t, class(t, 20)))
	g := class(t, 2).Grades[1]
	assert.Equal(t, onePage(t, &g), onePage(t, &g))
}

// A learner is told that there was trouble. What it was may say where our
// machines are, and is for those who can mend it.
func TestLearnersPageKeepsOurTrouble(t *testing.T) {
	b := class(t, 6)
	g := &b.Grades[5]
	require.Equal(t, grade.Ungraded, g.Status)
	page := onePage(t, g)
	assert.NotContains(t, page, "host-17")
	assert.NotContains(t, page, "the engine stopped answering")
	assert.Contains(t, page, "no fault of yours")
	assert.NotContains(t, page, "0</strong> of", "no points are no zero")
	assert.Contains(t, batchPage(t, b), "systemctl start docker on host-17", "the instructor is told")
	assert.NotContains(t, page, "<script", "there is nothing on it to be sorted")
}

func TestLearnersPageSaysEverythingOfTheGrade(t *testing.T) {
	g := class(t, 2).Grades[1]
	page := onePage(t, &g)
	assert.Contains(t, page, "2 days late: 10 % less a day")
	assert.Contains(t, page, "__MACOSX/._Dockerfile")
	assert.Contains(t, page, "macOS put it there")
	for _, e := range g.Result.Exercises {
		for _, c := range e.Checks {
			assert.Contains(t, page, `<bdi class="file">`+c.ID+`</bdi>`)
		}
	}
}

// broken is a disk that is full.
type broken struct{}

var errFull = errors.New("no space left on device")

func (broken) Write([]byte) (int, error) { return 0, errFull }

func TestErrorsOfTheWriter(t *testing.T) {
	require.ErrorIs(t, Batch(broken{}, small()), errFull)
	require.ErrorIs(t, One(broken{}, &small().Grades[0]), errFull)
}
