package grade

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// hundredths are points counted in hundredths, the finest that a grade is given
// in: as whole numbers, so that lines add up exactly.
type hundredths int64

const (
	perPoint   = 100
	perPercent = 100
)

func whole(points int) hundredths { return hundredths(points) * perPoint }

// points is h as a number of points: the nearest there is, which prints with at
// most two decimals.
func (h hundredths) points() float64 { return float64(h) / perPoint }

// String gives the points as people write them: "2.5".
func (h hundredths) String() string { return strconv.FormatFloat(h.points(), 'f', -1, 64) }

// Amount is a number of points, or a share of those that can be had. Its text
// is "2.5" or "10%".
type Amount struct {
	n       int64 // hundredths of a point, or of a percent
	percent bool
}

var amountForm = regexp.MustCompile(`^(\d{1,6})(?:\.(\d{1,2}))?(%?)$`)

// UnmarshalText reads an amount: not negative, with at most two decimals.
func (a *Amount) UnmarshalText(text []byte) error {
	m := amountForm.FindStringSubmatch(string(text))
	if m == nil {
		return fmt.Errorf("%q is no number of points, such as 2.5, and no share of them, such as 10%%", text)
	}
	const two = 2
	digits := m[1] + m[2] + strings.Repeat("0", two-len(m[2]))
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return fmt.Errorf("reading an amount: %w", err)
	}
	*a = Amount{n: n, percent: m[3] != ""}
	if a.percent && n > 100*perPercent {
		return fmt.Errorf("%s is more than 100%%", text)
	}
	return nil
}

// MarshalText gives the amount as UnmarshalText reads it.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// String gives the amount as it is written in a policy.
func (a Amount) String() string {
	if a.percent {
		return strconv.FormatFloat(float64(a.n)/perPercent, 'f', -1, 64) + "%"
	}
	return hundredths(a.n).String()
}

// of is the amount where most can be had. Parts of a hundredth are dropped.
func (a Amount) of(most hundredths) hundredths {
	if a.percent {
		return most * hundredths(a.n) / (100 * perPercent)
	}
	return hundredths(a.n)
}
