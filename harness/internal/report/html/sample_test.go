package html

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// aDay is the first day that this repository has.
func aDay(t testing.TB) *catalog.Day {
	t.Helper()
	root := filepath.Join("..", "..", "..", "..")
	days, err := catalog.List(root)
	require.NoError(t, err)
	require.NotEmpty(t, days)
	day, err := catalog.Load(root, strconv.Itoa(days[0]), func(string) bool { return true })
	require.NoError(t, err)
	return day
}

// names are of people whose names sort, join and run differently.
var names = []string{
	"Ada Lovelace", "Grace Hopper", "Łukasz Żółć", "Nguyễn Thị Minh Khai", "محمد بن موسى الخوارزمي", "Ḥannah Åström",
	"李小龍", "O’Brien, Siobhán", "Élodie Étienne", "עדה לאבלייס", "Bo", "Wolfeschlegelsteinhausenbergerdorff, Hubert Blaine", "👩🏽‍💻 Sam",
}

// class is a batch of n submissions that learners might hand in: mostly right,
// some empty, every 31st one ungraded, every 43rd one refused.
func class(t testing.TB, n int) *grade.Batch {
	t.Helper()
	day := aDay(t)
	b := &grade.Batch{Schema: grade.BatchSchema, Day: day.Number, Title: day.Title}
	for i := range n {
		b.Grades = append(b.Grades, learner(day, i))
	}
	return b
}

// learner is one of them.
func learner(day *catalog.Day, i int) grade.Grade {
	draw := rand.New(rand.NewPCG(uint64(i), 7))
	able := draw.Float64()*0.6 + 0.4
	if i%9 == 4 {
		able = 0
	}
	begun := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	g := grade.Grade{
		Schema: grade.Schema, Day: day.Number, Status: grade.Graded, Begun: begun,
		Submission: grade.Submission{
			ID: fmt.Sprintf("s-%03d", i+1), Name: names[i%len(names)], Source: fmt.Sprintf("s-%03d.zip", i+1),
			Hash: strings.Repeat("ab", 32), Taken: []string{"Dockerfile", ".dockerignore", "envconfig/envconfig.go"},
			LeftOut:   []grade.LeftOut{{Name: "__MACOSX/._Dockerfile", Reason: "macOS put it there"}, {Name: "Makefile", Reason: "the day does not let a learner edit it"}},
			Submitted: begun.Add(-time.Duration(draw.IntN(5000)) * time.Minute),
		},
		Basis: grade.Basis{Key: "5e1f", DayHash: "d4c3", Harness: "v0.4.0", Toolchain: "go1.26.8 linux/amd64", Images: map[string]string{"golang:1.26": "sha256:12ab"}, Seed: 18446744073709551615, Isolation: "hostile", Limits: "77aa"},
	}
	if i%43 == 12 {
		g.Status, g.Reason, g.Submission.Taken = grade.Refused, "the archive cannot be read: zip: not a valid zip file", nil
		return g
	}
	r := &check.Result{Day: day.Number, Seed: g.Basis.Seed}
	for _, e := range day.Exercises {
		own := check.ExerciseResult{ID: e.ID, Untouched: able == 0}
		passed := map[string]bool{}
		for _, c := range e.Checks {
			result := judged(c, passed, draw, able)
			passed[c.ID] = result.Status == check.Passed
			own.Checks = append(own.Checks, result)
		}
		r.Exercises = append(r.Exercises, own)
	}
	if i%31 == 5 {
		c := &r.Exercises[0].Checks[0]
		c.Status, c.Points, c.Finding = check.Errored, 0, nil
		c.Trouble = &check.Trouble{Message: "the engine stopped answering", Mend: "systemctl start docker on host-17"}
	}
	r.Total()
	g.Result = r
	if r.Status == check.Errored {
		g.Status, g.Reason = grade.Ungraded, "a check could not be decided, twice"
		return withMax(g, r)
	}
	for _, e := range r.Exercises {
		sum := 0
		for _, c := range e.Checks {
			sum += c.Points
		}
		g.Lines = append(g.Lines, grade.Line{Text: e.ID + ": the points of its checks", Points: float64(sum)})
		g.Points += float64(sum)
	}
	if i%5 == 1 && g.Points > 0 {
		g.Lines = append(g.Lines, grade.Line{Text: "2 days late: 10 % less a day", Points: -g.Points / 5})
		g.Points -= g.Points / 5
	}
	return withMax(g, r)
}

func withMax(g grade.Grade, r *check.Result) grade.Grade {
	g.MaxPoints = float64(r.MaxPoints)
	return g
}

// judged is what a check might come to for a learner who is that able.
func judged(c check.Check, passed map[string]bool, draw *rand.Rand, able float64) check.CheckResult {
	r := check.CheckResult{ID: c.ID, Title: c.Title, Status: check.Passed, Points: c.Points, MaxPoints: c.Points, Needs: c.Needs}
	for _, need := range c.Needs {
		if !passed[need] {
			r.Status, r.Points, r.MissedNeed = check.Skipped, 0, need
			return r
		}
	}
	switch {
	case draw.Float64() > able:
		r.Status, r.Points = check.Failed, 0
		r.Finding = &check.Finding{
			Want: ".version to be \"v7.81.206\"", Got: "\"unknown\"",
			Because: "The stamp is what a person decided when they made the release. It comes before the module version, which the go command worked out by itself.",
			Look:    []check.Place{{File: "buildinfo/buildinfo.go", Line: 70}},
		}
		if draw.IntN(3) == 0 {
			r.Finding.Got = "the build failed:\n#9 ERROR: process \"/bin/sh -c go build -o /app ./cmd/app\" did not complete successfully: exit code: 1\n\tcmd/app/main.go:12:2: no required module provides package github.com/caarlos0/env"
		}
	case draw.IntN(12) == 0:
		r.Advice = []string{"The process runs with GID 0. USER 65534:65534 gives it a group without rights, too."}
	}
	return r
}

// batchPage and onePage give the pages as text.
func batchPage(t testing.TB, b *grade.Batch) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, Batch(&out, b))
	return out.String()
}

func onePage(t testing.TB, g *grade.Grade) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, One(&out, g))
	return out.String()
}
