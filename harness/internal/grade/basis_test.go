package grade

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// Every field of a basis, and the submission's files, are in the key.
func TestKeyCoversAll(t *testing.T) {
	keys := map[string]string{"": someBasis.seal("hash").Key, "the files": someBasis.seal("other").Key}
	for i := range reflect.TypeFor[Basis]().NumField() {
		name := reflect.TypeFor[Basis]().Field(i).Name
		b := someBasis
		field := reflect.ValueOf(&b).Elem().Field(i)
		switch name {
		case "Key":
			continue
		case "Images":
			b.Images = map[string]string{"golang:1.26": "sha256:2"}
		case "Seed":
			b.Seed++
		default:
			field.SetString("changed")
		}
		keys[name] = b.seal("hash").Key
	}
	seen := map[string]string{}
	for what, key := range keys {
		assert.Len(t, key, 64)
		assert.Empty(t, seen[key], "%s does not change the key", what)
		seen[key] = what
	}
	assert.Equal(t, keys[""], someBasis.seal("hash").seal("hash").Key, "a key is not of itself")
}

// images are images that are there, by their names.
type images map[string]string

func (i images) Digest(_ context.Context, ref string) (string, error) {
	if d := i[ref]; d != "" {
		return d, nil
	}
	return "", errors.New("there is no such image")
}

func TestBasisOf(t *testing.T) {
	_, day := workbook(t)
	day.Images = []string{"golang:1.26", "nowhere:1"}
	for i := range day.Exercises[0].Checks {
		c := &day.Exercises[0].Checks[i]
		c.Script = filepath.Join(day.Dir, "checks", "pack", c.ID+".txtar")
		write(t, c.Script, "want it\n")
	}
	have := images{"golang:1.26": "sha256:1"}
	basis := func(exercise string) Basis {
		b, err := BasisOf(t.Context(), day, exercise, "trusted", t.TempDir(), have)
		require.NoError(t, err)
		return b
	}
	b := basis("")
	assert.Empty(t, b.Images, "no check is about images, so none is asked for")
	assert.Equal(t, b, basis(""), "the same twice")
	assert.Regexp(t, `^go1\.\d+\S* \w+/\w+$`, b.Toolchain)
	assert.NotEmpty(t, b.Harness)
	assert.Len(t, b.DayHash, 64)
	assert.Len(t, b.Limits, 64)
	assert.Equal(t, "trusted", b.Isolation)

	other := day.Exercises[0]
	other.ID = "other"
	other.Checks = []check.Check{{ID: "d", Exercise: "other", Points: 1, Script: filepath.Join(day.Dir, "checks", "other", "d.txtar")}}
	write(t, other.Checks[0].Script, "image\n")
	day.Exercises = append(day.Exercises, other)
	assert.Empty(t, basis("pack").Images)
	assert.Equal(t, map[string]string{"golang:1.26": "sha256:1"}, basis("").Images, "what is not to be had is left out")
	day.Exercises[0].Checks[0].Needs = []string{"d"}
	assert.NotEmpty(t, basis("pack").Images, "a check of the exercise needs one that is about images")
}

func TestDayHash(t *testing.T) {
	_, day := workbook(t)
	hash := func() string {
		h, err := DayHash(day)
		require.NoError(t, err)
		return h
	}
	all := map[string]bool{hash(): true}
	for _, name := range []string{"day.yaml", "exercise.sum", "checks/pack/a.txtar", "checks/pack/new.txtar", "probes/p/main.go"} {
		write(t, filepath.Join(day.Dir, filepath.FromSlash(name)), "changed\n")
		assert.False(t, all[hash()], "%s changes the hash", name)
		all[hash()] = true
	}
	before := hash()
	write(t, filepath.Join(day.Dir, "README.md"), "a page that is put into other words\n")
	assert.Equal(t, before, hash())
	require.NoError(t, os.Rename(filepath.Join(day.Dir, "checks", "pack", "a.txtar"), filepath.Join(day.Dir, "checks", "pack", "b.txtar")))
	assert.NotEqual(t, before, hash(), "names count")
}
