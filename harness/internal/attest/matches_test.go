package attest_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/attest"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

func stated(t *testing.T) *attest.Statement {
	t.Helper()
	pub, _ := seeded("ours")
	st, err := attest.Verify(sign(t, graded()), pub)
	require.NoError(t, err)
	return st
}

// What differs is said in words, and only what differs.
func TestMatchesSaysWhatDiffers(t *testing.T) {
	for want, change := range map[string]func(*grade.Grade){
		`the submission's id: "ada-lovelace" in the statement, and "bob" in the grade`:                func(g *grade.Grade) { g.Submission.ID = "bob" },
		`the points: "2.7" in the statement, and "6" in the grade`:                                    func(g *grade.Grade) { g.Points = 6 },
		`the seed: "18446744073709551615" in the statement, and "18446744073709551614" in the grade`:  func(g *grade.Grade) { g.Basis.Seed-- },
		`the isolation: "hostile" in the statement, and "trusted" in the grade`:                       func(g *grade.Grade) { g.Basis.Isolation = "trusted" },
		`the image golang:1.26: "sha256:` + hash("image") + `" in the statement, and "" in the grade`: func(g *grade.Grade) { g.Basis.Images = nil },
		`the key of the basis: "` + hash("key") + `" in the statement, and "k" in the grade`:          func(g *grade.Grade) { g.Basis.Key = "k" },
		`greets-nobody is failed (0/2) in the statement, and passed (2/2) in the grade`: func(g *grade.Grade) {
			c := &g.Result.Exercises[0].Checks[1]
			c.Status, c.Points = check.Passed, 2
		},
		`leaves is skipped in the statement, and the grade has no such check`: func(g *grade.Grade) {
			g.Result.Exercises[0].Checks = g.Result.Exercises[0].Checks[:2]
		},
		`waves is passed in the grade, and the statement has no such check`: func(g *grade.Grade) {
			e := &g.Result.Exercises[0]
			e.Checks = append(e.Checks, check.CheckResult{ID: "waves", Status: check.Passed})
		},
		`the lines that explain the points are others than those signed`: func(g *grade.Grade) { g.Lines = g.Lines[:1] },
		`something else in the grade is not as it was signed: a name, a finding, or the files left out`: func(g *grade.Grade) {
			g.Result.Exercises[0].Checks[1].Finding.Got = "something nicer"
		},
	} {
		g := graded()
		change(g)
		assert.Equal(t, []string{want}, attest.Matches(stated(t), g))
	}
}

// Every field of a grade counts, the times that it took aside: also one that is
// added after this was written.
func TestEveryFieldOfAGradeCounts(t *testing.T) {
	st := stated(t)
	g := graded()
	n := 0
	var walk func(where string, v reflect.Value)
	walk = func(where string, v reflect.Value) {
		if strings.HasSuffix(where, ".DurationMS") {
			return
		}
		was := reflect.ValueOf(v.Interface())
		switch v.Kind() {
		case reflect.String:
			v.SetString(v.String() + "x")
		case reflect.Int, reflect.Int64:
			v.SetInt(v.Int() + 1)
		case reflect.Uint64:
			v.SetUint(v.Uint() - 1)
		case reflect.Float64:
			v.SetFloat(v.Float() + 1)
		case reflect.Bool:
			v.SetBool(!v.Bool())
		case reflect.Pointer:
			if !v.IsNil() {
				walk(where, v.Elem())
			}
			return
		case reflect.Slice:
			for i := range v.Len() {
				walk(where, v.Index(i))
			}
			return
		case reflect.Map:
			return // the images, which TestMatchesSaysWhatDiffers changes
		case reflect.Struct:
			if at, ok := v.Interface().(time.Time); ok {
				v.Set(reflect.ValueOf(at.Add(time.Second)))
				break
			}
			for i := range v.NumField() {
				if v.Type().Field(i).Tag.Get("json") == "-" {
					continue // kept in no grade
				}
				walk(where+"."+v.Type().Field(i).Name, v.Field(i))
			}
			return
		default:
			t.Fatalf("%s is a %s, which this test cannot change", where, v.Kind())
		}
		n++
		assert.NotEmpty(t, attest.Matches(st, g), "%s was changed", where)
		v.Set(was)
	}
	walk("grade", reflect.ValueOf(g).Elem())
	assert.Greater(t, n, 50)
	assert.Empty(t, attest.Matches(st, g), "everything was changed back")
}

// Grading again is under another name, at another time, and without the policy.
func TestVerdictOfGradingAgain(t *testing.T) {
	g := graded()
	g.Submission.ID, g.Submission.Submitted, g.Begun, g.Lines, g.Points = "again", time.Time{}, time.Time{}, nil, 3
	g.Basis.Toolchain = "go1.26.9 linux/amd64"
	assert.Empty(t, attest.VerdictDiffers(stated(t), g))
	assert.Equal(t, []string{`the toolchain: "go1.26.8 linux/amd64" in the statement, and "go1.26.9 linux/amd64" in the grade`}, attest.BasisDiffers(stated(t), g))
	g.Submission.Hash = hash("other files")
	assert.Len(t, attest.VerdictDiffers(stated(t), g), 1)
}

func TestReadGradeRefuses(t *testing.T) {
	whole, err := json.Marshal(graded())
	require.NoError(t, err)
	for name, text := range map[string]string{
		"empty": "", "no grade": `{"schema":"daybook.result/v1"}`, "more": string(whole) + "{}",
		"an unknown field": `{"x":1,` + string(whole[1:]),
	} {
		_, err := attest.ReadGrade([]byte(text))
		var input *attest.InputError
		assert.ErrorAs(t, err, &input, name)
	}
}
