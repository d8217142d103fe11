package breakage

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/run"
)

// plan is one of a day with mistakes in an exercise that needs no engine, in
// one that does, and in both.
func plan(t *testing.T) Plan {
	t.Helper()
	wrong := func(fails, files string) string { return "# It.\nfails: " + fails + "\n" + files }
	root := folder(t, map[string]string{
		"days/7/checks/parse/parses.txtar":  "compile app ./cmd/app\n",
		"days/7/checks/pack/lints.txtar":    "lint\n",
		"days/7/checks/pack/builds.txtar":   "image\n",
		"days/7/mistakes/parse-one.txtar":   wrong("parses", "-- parse/a.go --\n1\n"),
		"days/7/mistakes/parse-two.txtar":   wrong("parses", "-- parse/a.go --\n2\n"),
		"days/7/mistakes/pack-one.txtar":    wrong("lints", "-- Dockerfile --\n1\n"),
		"days/7/mistakes/pack-two.txtar":    wrong("builds", "-- Dockerfile --\n2\n"),
		"days/7/mistakes/both.txtar":        wrong("parses builds", "-- Dockerfile --\n3\n-- parse/a.go --\n3\n"),
		"days/7/variants/another-way.txtar": "# Another.\n-- Dockerfile --\n0\r\n",
		"solutions/7/Dockerfile":            "\n",
	})
	dir := filepath.Join(root, "days", "7")
	of := func(exercise, id string) check.Check {
		return check.Check{ID: id, Exercise: exercise, Script: filepath.Join(dir, "checks", exercise, id+".txtar")}
	}
	return Plan{Plan: run.Plan{Root: root, Day: &catalog.Day{Number: 7, Dir: dir, Exercises: []catalog.Exercise{
		{ID: "parse", Files: []string{"parse/*.go"}, Checks: []check.Check{of("parse", "parses")}},
		{ID: "pack", Files: []string{"Dockerfile"}, Checks: []check.Check{of("pack", "lints"), of("pack", "builds")}},
	}}}}
}

// drawn gives the names that 50 seeds draw, each with how often.
func drawn(t *testing.T, p Plan) map[string]int {
	t.Helper()
	names := map[string]int{}
	for p.Seed = range 50 {
		d, err := Draw(p)
		require.NoError(t, err)
		again, err := Draw(p)
		require.NoError(t, err)
		require.Equal(t, d, again, "a seed draws the same again")
		names[d.mistakes[0].Name]++
		for _, m := range d.mistakes {
			require.Equal(t, d.Exercise, exerciseOf(p.Day, m), "what may take its place is of the same exercise")
		}
	}
	return names
}

func TestDraw(t *testing.T) {
	p := plan(t)
	require.Len(t, drawn(t, p), 5, "all are drawn in time")

	p.NoEngine = errors.New("no engine")
	require.Len(t, drawn(t, p), 2)
	d, err := Draw(p)
	require.NoError(t, err)
	assert.True(t, d.Fewer)
	assert.Equal(t, "parse", d.Exercise)
	p.Exercise = "parse"
	d, err = Draw(p)
	require.NoError(t, err)
	assert.False(t, d.Fewer, "of those asked for, none was left out")

	p.NoEngine, p.Exercise = nil, "pack"
	require.Len(t, drawn(t, p), 2)
	d, err = Draw(p)
	require.NoError(t, err)
	assert.Equal(t, p.Day.Exercises[1].Checks, d.Checks)
	require.Len(t, d.mistakes, 2)

	p.Exercise, p.Mistake = "", "both"
	d, err = Draw(p)
	require.NoError(t, err)
	assert.Empty(t, d.Exercise)
	assert.Len(t, d.Checks, 3, "a mistake in several exercises may be caught anywhere")
	assert.Len(t, d.mistakes, 1)
	require.Len(t, d.rights, 2)
	assert.Equal(t, "days/7/variants/another-way.txtar", d.rights[1].path)
	assert.Equal(t, "0\n", string(d.rights[1].files["Dockerfile"]))
}

func TestNothingToDraw(t *testing.T) {
	noEngine := errors.New("no engine")
	for name, c := range map[string]struct {
		change func(*Plan)
		want   string
	}{
		"no such mistake":         {func(p *Plan) { p.Mistake = "parse-three" }, `day 7 has no mistake "parse-three"; those that it has are the files in days/7/mistakes`},
		"of another exercise":     {func(p *Plan) { p.Mistake, p.Exercise = "pack-one", "parse" }, "the mistake pack-one is not one in exercise parse but in pack"},
		"an exercise without any": {func(p *Plan) { p.Exercise = "rest" }, "there is nothing to draw: days/7/mistakes has no mistake of that kind"},
		"all need an engine":      {func(p *Plan) { p.Exercise, p.NoEngine = "pack", noEngine }, "no engine"},
		"the one needs an engine": {func(p *Plan) { p.Mistake, p.NoEngine = "pack-two", noEngine }, "no engine"},
		"in both, without engine": {func(p *Plan) { p.Mistake, p.NoEngine = "both", noEngine }, "no engine"},
		"a mistake is malformed":  {func(p *Plan) { p.Day.Exercises[0].Checks = nil }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(t)
			c.change(&p)
			_, err := Draw(p)
			var malformed *catalog.MalformedError
			if c.want == "" {
				require.ErrorAs(t, err, &malformed)
				return
			}
			require.EqualError(t, err, c.want)
			var none *NoneError
			require.Equal(t, c.want != noEngine.Error(), errors.As(err, &none))
		})
	}
}
