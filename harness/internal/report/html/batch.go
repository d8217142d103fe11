package html

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// batchView is a batch as its page shows it.
type batchView struct {
	Day       string // "Day 7"
	Title     string
	Grades    []*gradeView
	Ungraded  []*gradeView
	Refused   []*gradeView
	Graded    int
	Zeros     int // graded, and no points: not the same as having none
	Median    string
	Max       string // the most points that there are
	Groups    []*group
	Columns   []*column // of all groups
	Ranked    []*column // those that somebody failed, most failures first
	Unfailed  int       // how many nobody failed
	Judged    int       // submissions whose checks were run
	Histogram histogram
}

// group is the columns of one exercise.
type group struct {
	Exercise string
	Columns  []*column
}

// column is a check in the heat map, with what it came to over all.
type column struct {
	Number   int // from 0, over all groups
	Exercise string
	ID       string
	Title    string
	Tally    tally
	First    bool // of its group
}

// Legend explains the letters of the heat map.
func (v *batchView) Legend() []mark {
	return []mark{marks[check.Passed], marks[check.Failed], marks[check.Skipped], marks[check.Errored]}
}

// Without is how many submissions have no checks to show.
func (v *batchView) Without() int { return len(v.Grades) - v.Judged }

// Share is how many failed it, in per cent of those that it was run for or
// would have been.
func (c *column) Share() string {
	return percent(float64(c.Tally.Failed) / float64(max(c.Tally.All, 1)))
}

// cell is a check of one submission in the heat map.
type cell struct {
	Mark   mark
	Anchor string // where it leads; empty where there is nothing
	First  bool   // of its group
}

// newBatch makes a batch ready to be shown.
func newBatch(b *grade.Batch) *batchView {
	v := &batchView{Day: fmt.Sprintf("Day %d", b.Day), Title: name(b.Title)}
	if v.Title == "" {
		v.Title = "Grades"
	}
	columns := v.gather(b)
	var scores []float64
	most := 0.0
	for i := range b.Grades {
		g := &b.Grades[i]
		row := newGrade(g, forBatch())
		row.Row = i
		v.Grades = append(v.Grades, row)
		most = max(most, g.MaxPoints)
		switch {
		case row.Counts:
			v.Graded++
			scores = append(scores, g.Points)
			if g.Points <= 0 {
				v.Zeros++
			}
		case g.Status == grade.Refused:
			v.Refused = append(v.Refused, row)
		default:
			v.Ungraded = append(v.Ungraded, row)
		}
		if g.Result != nil {
			v.Judged++
			row.fill(g.Result, columns, v.Columns)
		}
	}
	v.Median, v.Max = points(median(scores)), points(most)
	v.Histogram = newHistogram(v.Grades)
	v.rank()
	return v
}

// gather makes the columns: every check that any submission has, in the order
// of their first appearance, by exercise. It gives the column of each.
func (v *batchView) gather(b *grade.Batch) map[[2]string]*column {
	columns, groups := map[[2]string]*column{}, map[string]*group{}
	for _, g := range b.Grades {
		if g.Result == nil {
			continue
		}
		for _, e := range g.Result.Exercises {
			own := groups[e.ID]
			if own == nil {
				own = &group{Exercise: called(e.ID)}
				groups[e.ID] = own
				v.Groups = append(v.Groups, own)
			}
			for _, c := range e.Checks {
				key := [2]string{e.ID, c.ID}
				if columns[key] == nil {
					columns[key] = &column{Exercise: own.Exercise, ID: called(c.ID), Title: name(c.Title), First: len(own.Columns) == 0}
					own.Columns = append(own.Columns, columns[key])
				}
				columns[key].Tally.add(c.Status)
			}
		}
	}
	for _, g := range v.Groups {
		for _, c := range g.Columns {
			c.Number = len(v.Columns)
			v.Columns = append(v.Columns, c)
		}
	}
	return columns
}

// fill gives a row its cells, one for each column of all, and its checks the
// names by which the cells lead to them.
func (g *gradeView) fill(r *check.Result, columns map[[2]string]*column, all []*column) {
	g.Cells = make([]cell, len(all))
	for i, c := range all {
		g.Cells[i].First = c.First
	}
	var failed []string
	for i, e := range r.Exercises {
		for j, c := range e.Checks {
			shown := &g.Exercises[i].Checks[j]
			n := columns[[2]string{e.ID, c.ID}].Number
			if g.Cells[n].Anchor != "" {
				continue // the day has an id twice: the first one is led to
			}
			shown.Anchor = fmt.Sprintf("s%d-c%d", g.Row, n)
			g.Cells[n].Mark, g.Cells[n].Anchor = shown.Mark, shown.Anchor
			if c.Status == check.Failed {
				failed = append(failed, strconv.Itoa(n))
			}
		}
	}
	g.Fails = strings.Join(failed, " ")
}

// rank puts the checks that somebody failed in the order of how many did. Those
// with as many stay in the day's order.
func (v *batchView) rank() {
	for _, c := range v.Columns {
		if c.Tally.Failed > 0 {
			v.Ranked = append(v.Ranked, c)
		}
	}
	slices.SortStableFunc(v.Ranked, func(a, b *column) int { return b.Tally.Failed - a.Tally.Failed })
	v.Unfailed = len(v.Columns) - len(v.Ranked)
}
