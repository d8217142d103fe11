package handout_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
	"github.com/daybook-dev/daybook/harness/internal/handout"
)

// evil is what a forged report may say anywhere.
const evil = "</td><script>alert(1)</script>\n\n# [Hacked](https://example.org) @everyone ${{ secrets.X }} `rm -rf /` $(id)"

// gradeOf is a grade of the day in which every second check passes, and whose
// texts are evil.
func gradeOf(day *catalog.Day) *grade.Grade {
	r := &check.Result{Day: day.Number, Engine: evil, StandIns: []string{evil}}
	for _, e := range day.Exercises {
		x := check.ExerciseResult{ID: evil}
		for i, c := range e.Checks {
			one := check.CheckResult{ID: c.ID, Title: evil, Status: check.Failed, MaxPoints: c.Points, Finding: &check.Finding{Want: evil, Got: evil}}
			if i%2 == 0 {
				one.Status, one.Points = check.Passed, c.Points
			}
			x.Checks = append(x.Checks, one)
		}
		r.Exercises = append(r.Exercises, x)
	}
	return &grade.Grade{
		Schema: grade.Schema, Day: day.Number, Status: grade.Graded, Reason: evil, Points: 1e9, MaxPoints: 1, Result: r,
		Submission: grade.Submission{ID: "x", Name: evil, Source: evil}, Lines: []grade.Line{{Text: evil, Points: 1e9}},
		Basis: grade.Basis{Isolation: "hostile", Harness: evil},
	}
}

// reported writes a report with one grade.
func reported(t *testing.T, g *grade.Grade) (dir string) {
	t.Helper()
	dir = t.TempDir()
	text, err := json.Marshal(g)
	require.NoError(t, err)
	put(t, dir, "results/x.json", string(text))
	return dir
}

const changes = `["exercises/148/Dockerfile", "exercises/148/buildinfo/buildinfo.go"]`

func TestComment(t *testing.T) {
	_, day := workbook(t)
	points, most := 0, 0
	for _, e := range day.Exercises {
		for i, c := range e.Checks {
			most += c.Points
			if i%2 == 0 {
				points += c.Points
			}
		}
	}
	comment, err := handout.Comment(day, reported(t, gradeOf(day)), []byte(changes))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(comment, "<!-- daybook grade -->\n"))
	assert.Contains(t, comment, fmt.Sprintf("**%d of %d points.**", points, most), "what the report says of the sum is not believed")
	assert.Contains(t, comment, "| ok | buildinfo | A version stamped with -ldflags -X is the version | 3/3 |\n")
	assert.Contains(t, comment, "| no | ")
	harmless(t, comment)
}

// harmless wants nothing of what is evil to be in text.
func harmless(t *testing.T, text string) {
	t.Helper()
	for _, word := range []string{"<script", "Hacked", "everyone", "secrets", "rm -rf", "$("} {
		assert.NotContains(t, text, word)
	}
}

// Nothing but the learner's files may be changed, or the grade may be forged.
func TestNoGradeForOtherChanges(t *testing.T) {
	_, day := workbook(t)
	report := reported(t, gradeOf(day))
	for _, other := range []string{
		".github/workflows/grade-pull-request.yml", "harness/internal/run/run.go", "days/148/day.yaml", "Makefile",
		"exercises/148/go.mod", "exercises/148/cmd/app/main.go", "exercises/149/Dockerfile", "Dockerfile",
		"exercises/148/buildinfo/deeper/x.go", "exercises/148/../../Makefile",
	} {
		names, err := json.Marshal([]string{"exercises/148/Dockerfile", other})
		require.NoError(t, err)
		comment, err := handout.Comment(day, report, names)
		require.NoError(t, err)
		assert.Contains(t, comment, "**No grade.**", other)
		assert.NotContains(t, comment, "points", other)
	}
	many, err := json.Marshal(make([]string, 300)) // GitHub's list ends there
	require.NoError(t, err)
	comment, err := handout.Comment(day, report, many)
	require.NoError(t, err)
	assert.Contains(t, comment, "**No grade.** This pull request changes too many files.")

	_, err = handout.Comment(day, report, []byte("Dockerfile"))
	var input *handout.InputError
	require.ErrorAs(t, err, &input)
}

// A report that cannot be a grade of the day is none.
func TestNoGradeForForgedReports(t *testing.T) {
	_, day := workbook(t)
	for name, forge := range map[string]func(*grade.Grade){
		"another schema":    func(g *grade.Grade) { g.Schema = "daybook.grade/v2" },
		"another day":       func(g *grade.Grade) { g.Day = 149 },
		"another status":    func(g *grade.Grade) { g.Status = evil },
		"no result":         func(g *grade.Grade) { g.Result = nil },
		"not kept apart":    func(g *grade.Grade) { g.Basis.Isolation = "trusted" },
		"a check less":      func(g *grade.Grade) { g.Result.Exercises[0].Checks = g.Result.Exercises[0].Checks[1:] },
		"a check twice":     func(g *grade.Grade) { g.Result.Exercises[0].Checks[1] = g.Result.Exercises[0].Checks[0] },
		"an unknown check":  func(g *grade.Grade) { g.Result.Exercises[0].Checks[0].ID = evil },
		"an unknown status": func(g *grade.Grade) { g.Result.Exercises[0].Checks[0].Status = evil },
		"errored":           func(g *grade.Grade) { g.Result.Exercises[0].Checks[0].Status = check.Errored },
		"too many points":   func(g *grade.Grade) { g.Result.Exercises[0].Checks[0].Points = 1000 },
		"fewer than none":   func(g *grade.Grade) { g.Result.Exercises[0].Checks[1].Points = -3 },
		"points for failed": func(g *grade.Grade) {
			g.Result.Exercises[0].Checks[1].Points = g.Result.Exercises[0].Checks[1].MaxPoints
		},
	} {
		g := gradeOf(day)
		forge(g)
		comment, err := handout.Comment(day, reported(t, g), []byte(changes))
		require.NoError(t, err)
		assert.Contains(t, comment, "**No grade.** The run that grades left no report that can be used", name)
		harmless(t, comment)
	}
}

func TestNoGradeForReportsThatAreNone(t *testing.T) {
	_, day := workbook(t)
	secret := filepath.Join(t.TempDir(), "secret.json")
	text, err := json.Marshal(gradeOf(day))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(secret, text, 0o644))
	for name, make := range map[string]func(dir string){
		"none":    func(dir string) { require.NoError(t, os.Remove(dir)) },
		"empty":   func(string) {},
		"no JSON": func(dir string) { put(t, dir, "results/x.json", evil) },
		"two": func(dir string) {
			put(t, dir, "results/x.json", string(text))
			put(t, dir, "results/y.json", string(text))
		},
		"a folder": func(dir string) {
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "results", "x.json"), 0o755))
		},
		"a link out": func(dir string) {
			require.NoError(t, os.Mkdir(filepath.Join(dir, "results"), 0o755))
			require.NoError(t, os.Symlink(secret, filepath.Join(dir, "results", "x.json")))
		},
		"a folder that is a link out": func(dir string) {
			require.NoError(t, os.Mkdir(filepath.Join(dir, "elsewhere"), 0o755))
			require.NoError(t, os.Symlink(filepath.Dir(secret), filepath.Join(dir, "results")))
		},
	} {
		dir := t.TempDir()
		make(dir)
		comment, err := handout.Comment(day, dir, []byte(changes))
		require.NoError(t, err)
		assert.Contains(t, comment, "**No grade.**", name)
		harmless(t, comment)
	}
}

// Neither refused nor ungraded is a number.
func TestCommentWithoutPoints(t *testing.T) {
	_, day := workbook(t)
	for status, says := range map[grade.Status]string{grade.Refused: "**Refused.**", grade.Ungraded: "**Not graded yet.**"} {
		g := gradeOf(day)
		g.Status = status
		comment, err := handout.Comment(day, reported(t, g), []byte(changes))
		require.NoError(t, err)
		assert.Contains(t, comment, says)
		assert.NotRegexp(t, `\d+ of \d+`, comment)
		harmless(t, comment)
	}
}
