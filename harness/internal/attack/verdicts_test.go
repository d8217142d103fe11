package attack_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/attack"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// chosen is the attacks that are asked for.
func chosen(t *testing.T, all []*attack.Attack) []*attack.Attack {
	t.Helper()
	part, err := regexp.Compile(os.Getenv(only))
	require.NoError(t, err, only)
	of := map[int]bool{} // kinds of which there is one
	return slices.DeleteFunc(slices.Clone(all), func(a *attack.Attack) bool {
		if !part.MatchString(a.Name) || os.Getenv(sample) != "" && of[a.Line] {
			return true
		}
		of[a.Line] = true
		return false
	})
}

// The whole corpus as one batch: each gets its verdict, next to all the others,
// and nothing of it is left or shown.
func TestAttacks(t *testing.T) {
	day, attacks := corpus(t)
	jobs := os.Getenv(jobsOf)
	if jobs == "" {
		jobs = "1 4"
	}
	for n := range strings.FieldsSeq(jobs) {
		t.Run("-j"+n, func(t *testing.T) {
			p := newPlace(t)
			roster, by := p.lay(t, chosen(t, attacks))
			before := p.look(t)
			g := p.grade(t, filepath.Join(p.dir, batchDir), "out", "--roster", roster, "--seed", "7", "-j", n)
			if dir := os.Getenv(keep); dir != "" {
				require.NoError(t, os.CopyFS(filepath.Join(dir, "j"+n), os.DirFS(g.out)))
			}
			t.Logf("%s", g.stderr)
			p.leftNothing(t, before)
			g.isClean(t)
			g.judge(t, day, by)
		})
	}
}

// judge compares every verdict with what is expected.
func (g *graded) judge(t *testing.T, day *catalog.Day, by map[string]*attack.Attack) {
	t.Helper()
	refused := false
	for file, a := range by {
		refused = refused || a.Expect == attack.Refused
		own := g.grades[file]
		if !assert.NotNil(t, own, "%s has no grade", file) {
			continue
		}
		for _, wrong := range differences(a, own, day) {
			t.Errorf("%s: %s", file, wrong)
		}
		g.shows(t, a)
	}
	assert.Len(t, g.grades, len(by))
	want := 0
	if refused {
		want = 2
	}
	assert.Equal(t, want, g.status, "the exit status")
}

// differences compares a grade with what its attack is to get.
func differences(a *attack.Attack, g *grade.Grade, day *catalog.Day) []string {
	if string(a.Expect) != string(g.Status) {
		return []string{fmt.Sprintf("it is %s, not %s (%s)", g.Status, a.Expect, g.Reason)}
	}
	if !strings.Contains(g.Reason, a.Reason) {
		return []string{fmt.Sprintf("its reason is %q, without %q", g.Reason, a.Reason)}
	}
	var wrong []string
	for _, name := range a.LeftOut {
		if !slices.ContainsFunc(g.Submission.LeftOut, func(l grade.LeftOut) bool { return l.Name == name }) {
			wrong = append(wrong, fmt.Sprintf("%s is not listed as left out: %v", name, g.Submission.LeftOut))
		}
	}
	if g.Result == nil {
		return wrong
	}
	wrong = append(wrong, a.Judge(g.Result)...)
	if len(wrong) == 0 && g.Points != float64(a.Points(day)) {
		wrong = append(wrong, "it has "+strconv.FormatFloat(g.Points, 'f', -1, 64)+" points, not "+strconv.Itoa(a.Points(day)))
	}
	return wrong
}
