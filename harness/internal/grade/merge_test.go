package grade

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// graded is a grade as it comes out of a batch.
func graded(id string, b Basis, all ...check.Status) Grade {
	hash := "hash of " + id
	b.Seed = SeedOf(1, hash)
	return *Of(resultOf(all...), Submission{ID: id, Source: id + ".zip", Hash: hash}, b.seal(hash))
}

func refusedGrade(id string) Grade {
	return Grade{Schema: Schema, Day: 7, Status: Refused, Reason: "it is empty", MaxPoints: 20, Submission: Submission{ID: id}, Basis: someBasis.seal("")}
}

var someBasis = Basis{DayHash: "day", Harness: "commit 1", Toolchain: "go1", Images: map[string]string{"golang:1.26": "sha256:1"}, Isolation: "trusted", Limits: "limits"}

func planFor(ids ...string) Plan {
	p := Plan{Schema: PlanSchema, Day: 7, Title: "Some day", Seed: 1, Isolation: "trusted", Limits: "limits", Policy: &Policy{}}
	for _, id := range ids {
		p.Submissions = append(p.Submissions, Planned{ID: id, Source: id + ".zip"})
	}
	return p
}

// part is a shard's contents.
func part(p Plan, shard string, grades ...Grade) Contents {
	p.Shard = shard
	return Contents{Plan: p, Grades: grades}
}

func TestMergeOfShards(t *testing.T) {
	plan := planFor("ada", "bob", "cy")
	ada, bob, cy := graded("ada", someBasis, check.Passed), graded("bob", someBasis, check.Failed), refusedGrade("cy")
	got, err := Merge([]Contents{part(plan, "2/2", bob), part(plan, "1/2", ada, cy)}, false)
	require.NoError(t, err)
	assert.Equal(t, &Contents{Plan: plan, Grades: []Grade{ada, bob, cy}}, got)
}

// A verdict counts before an ungraded one, whichever comes first.
func TestMergePrefersVerdicts(t *testing.T) {
	plan := planFor("ada")
	failed, passed := graded("ada", Basis{Harness: "commit 1", Isolation: "trusted"}, check.Errored), graded("ada", someBasis, check.Passed)
	for _, parts := range [][]Contents{{part(plan, "", failed), part(plan, "", passed)}, {part(plan, "", passed), part(plan, "", failed)}} {
		got, err := Merge(parts, false)
		require.NoError(t, err)
		assert.Equal(t, []Grade{passed}, got.Grades)
	}
}

func TestMergeRefuses(t *testing.T) {
	plan := planFor("ada", "bob")
	ada, bob := graded("ada", someBasis, check.Passed), graded("bob", someBasis, check.Passed)
	otherImage := someBasis
	otherImage.Images = map[string]string{"golang:1.26": "sha256:2"}
	seed := plan
	seed.Seed = 2
	policy := plan
	policy.Policy = &Policy{AtMost: amount(t, "5")}
	tampered := ada
	tampered.Points++
	for name, c := range map[string]struct {
		parts []Contents
		want  string
	}{
		"nothing":                  {nil, "there is nothing to merge"},
		"a missing one":            {[]Contents{part(plan, "", ada)}, "there is no result for bob"},
		"two verdicts":             {[]Contents{part(plan, "", ada, bob), part(plan, "", graded("ada", someBasis, check.Failed))}, "there are two verdicts on ada, and they differ"},
		"two numbers of points":    {[]Contents{part(plan, "", ada, bob), part(plan, "", tampered)}, "there are two verdicts on ada, and they differ"},
		"refused here, not there":  {[]Contents{part(plan, "", ada, bob), part(plan, "", refusedGrade("ada"))}, "there are two verdicts on ada, and they differ"},
		"another key":              {[]Contents{part(plan, "", ada, bob), part(plan, "", graded("ada", otherImage, check.Passed))}, "there are two verdicts on ada, and they differ"},
		"another image":            {[]Contents{part(plan, "", ada), part(plan, "", graded("bob", otherImage, check.Passed))}, `ada and bob were graded with different images: {"golang:1.26":"sha256:1"} and {"golang:1.26":"sha256:2"}`},
		"another seed":             {[]Contents{part(plan, "", ada), part(seed, "", bob)}, "they are of plans with different seeds"},
		"another policy":           {[]Contents{part(plan, "", ada), part(policy, "", bob)}, "they are of plans with different policies of points"},
		"another list":             {[]Contents{part(plan, "", ada), part(planFor("ada", "bob", "cy"), "", bob)}, "they are of plans with different submissions"},
		"one that is not planned":  {[]Contents{part(plan, "", ada, bob, graded("eve", someBasis, check.Passed))}, "eve is not one of the plan's submissions"},
		"all problems are told of": {[]Contents{part(seed, ""), part(plan, "")}, "there is no result for ada\nthere is no result for bob\nthey are of plans with different seeds"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Merge(c.parts, false)
			var input *InputError
			require.ErrorAs(t, err, &input)
			assert.Contains(t, err.Error(), c.want)
		})
	}
	got, err := Merge([]Contents{part(plan, "", ada)}, true)
	require.NoError(t, err, "a part that is asked for")
	assert.Equal(t, []Grade{ada}, got.Grades)
}

// drawParts makes parts that overlap, some of which may contradict others.
func drawParts(r *rand.Rand) []Contents {
	plan := planFor("a", "b", "c", "d", "e")
	other := someBasis
	other.Harness = "commit 2"
	var parts []Contents
	for i := range 3 {
		p := part(plan, fmt.Sprintf("%d/3", i+1))
		for _, s := range plan.Submissions {
			basis, status := someBasis, check.Passed
			switch n := r.IntN(60); {
			case n == 0:
				basis = other
			case n == 1:
				status = check.Failed
			case n < 10:
				status = check.Errored
			case n < 40:
				continue
			}
			g := graded(s.ID, basis, status)
			g.DurationMS, g.Begun = r.Int64N(3), time.Unix(r.Int64N(3), 0).UTC()
			p.Grades = append(p.Grades, g)
		}
		parts = append(parts, p)
	}
	return parts
}

// said makes what a merge came to comparable: with a conflict, only that there
// is one, since a conflict inside a part is found when that part is made.
func said(c *Contents, err error) any {
	if err != nil {
		return "refused"
	}
	return *c
}

func TestMergeIsCommutativeAssociativeIdempotent(t *testing.T) {
	conflicts := 0
	for seed := range uint64(1500) {
		p := drawParts(rand.New(rand.NewPCG(seed, 2)))
		want := said(Merge(p, true))
		if want == "refused" {
			conflicts++
		}
		for _, order := range [][]int{{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
			require.Equal(t, want, said(Merge([]Contents{p[order[0]], p[order[1]], p[order[2]]}, true)), "seed %d, order %v", seed, order)
		}
		left, err := Merge(p[:2], true)
		if err == nil {
			require.Equal(t, want, said(Merge([]Contents{*left, p[2]}, true)), "seed %d: (a b) c", seed)
		} else {
			require.Equal(t, "refused", want, "seed %d: (a b) c", seed)
		}
		right, err := Merge(p[1:], true)
		if err == nil {
			require.Equal(t, want, said(Merge([]Contents{p[0], *right}, true)), "seed %d: a (b c)", seed)
		} else {
			require.Equal(t, "refused", want, "seed %d: a (b c)", seed)
		}
		require.Equal(t, want, said(Merge(append(slices.Clone(p), p...), true)), "seed %d: each twice", seed)
		if all, ok := want.(Contents); ok {
			require.Equal(t, want, said(Merge([]Contents{all, p[0], all}, true)), "seed %d: with a part of itself", seed)
		}
	}
	require.NotZero(t, conflicts)
	require.Less(t, conflicts, 1000, "most can be merged, or nothing was tried")
}

// What is wrong is told in the same words, whatever the order.
func TestMergeRefusesInTheSameWords(t *testing.T) {
	plan := planFor("ada", "bob", "cy")
	other := someBasis
	other.Toolchain = "go2"
	parts := []Contents{part(plan, "", graded("bob", other, check.Passed)), part(plan, "", graded("ada", someBasis, check.Passed))}
	_, one := Merge(parts, false)
	slices.Reverse(parts)
	_, two := Merge(parts, false)
	require.EqualError(t, one, two.Error())
}
