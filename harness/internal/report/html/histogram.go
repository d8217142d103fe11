package html

import (
	"slices"
	"strconv"
)

// The histogram's measures, in CSS pixels and in per cent of its width.
const (
	barRoom    = 130 // height of the highest bar
	topRoom    = 20  // for the count above it
	bottomRoom = 22  // for the label below
	slots      = 12  // nothing, ten tenths, everything
	slotWidth  = 100.0 / slots
	barWidth   = slotWidth * 0.8
)

// histogram is how many submissions got which part of the points.
type histogram struct {
	Bars   []bar
	Height int
	Base   int // where the bars stand
}

// bar is a bar of it, with its place.
type bar struct {
	Label      string // below it, short
	Means      string // in words
	Count      int
	X, Middle  string // per cent
	Width      string
	Y, Height  int
	CountY     int
	LabelY     int
	Everything bool // all points
	Nothing    bool // graded, and no points
}

// newHistogram counts the grades that have points. None and all of the points
// have bars of their own, since they are what one asks for first.
func newHistogram(grades []*gradeView) histogram {
	h := histogram{Height: topRoom + barRoom + bottomRoom, Base: topRoom + barRoom}
	var counts [slots]int
	for _, g := range grades {
		if g.Counts {
			counts[slot(g.Share)]++
		}
	}
	highest := max(slices.Max(counts[:]), 1)
	for i, n := range counts {
		b := bar{
			Count: n, Height: barRoom * n / highest,
			X: decimal(float64(i)*slotWidth + (slotWidth-barWidth)/2), Middle: decimal((float64(i) + 0.5) * slotWidth), Width: decimal(barWidth),
			Nothing: i == 0, Everything: i == slots-1, LabelY: h.Height - 5,
		}
		if n > 0 {
			b.Height = max(b.Height, 2) // one among hundreds is still seen
		}
		b.Y = h.Base - b.Height
		b.CountY = b.Y - 5
		b.Label, b.Means = labels(i)
		h.Bars = append(h.Bars, b)
	}
	return h
}

// slot is the bar for a part of the points.
func slot(share float64) int {
	switch {
	case share <= 0:
		return 0
	case share >= 1:
		return slots - 1
	}
	return 1 + int(share*10)
}

// labels names the bar of slot i, below it and in words.
func labels(i int) (label, means string) {
	low := 10 * (i - 1)
	switch i {
	case 0:
		return "0", "no points"
	case 1:
		return "1+", "some, but less than 10 %"
	case slots - 1:
		return "all", "all points"
	}
	return strconv.Itoa(low) + "+", strconv.Itoa(low) + " % to less than " + strconv.Itoa(low+10) + " %"
}

// median of points; 0 when there are none.
func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// percent writes a part of 1 for a width.
func percent(share float64) string { return decimal(100 * share) }

// decimal writes a measure with two digits at the most.
func decimal(v float64) string {
	return strconv.FormatFloat(float64(int(v*100+0.5))/100, 'f', -1, 64)
}
