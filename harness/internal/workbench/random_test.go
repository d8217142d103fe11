package workbench

import (
	"net/url"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// drawn draws ten values of a kind.
func drawn(t *testing.T, r *Random, kind string) []string {
	t.Helper()
	var all []string
	for range 10 {
		v, err := r.Draw(kind)
		require.NoError(t, err)
		all = append(all, v)
	}
	return all
}

func source(seed uint64, name string) *Random { return New(Config{Seed: seed}).Random(name) }

func TestRandomIsRepeatable(t *testing.T) {
	for _, kind := range Kinds {
		t.Run(kind, func(t *testing.T) {
			one := drawn(t, source(7, "defaults"), kind)
			assert.Equal(t, one, drawn(t, source(7, "defaults"), kind), "the same seed and name draw the same")
			if kind == "bool" {
				return // ten of them may well be the same by chance
			}
			assert.NotEqual(t, one, drawn(t, source(8, "defaults"), kind), "another seed draws others")
			assert.NotEqual(t, one, drawn(t, source(7, "overrides"), kind), "another name draws others")
			assert.NotEqual(t, one[0], one[1], "each draw is new")
		})
	}
}

func TestKindsHaveTheirForm(t *testing.T) {
	forms := map[string]string{
		"word": `[a-z]{8}`, "name": `[A-Z]+_[A-Z]+`, "version": `v\d+\.\d+\.\d+`, "hex": `[0-9a-f]{40}`, "int": `\d{3,5}`, "port": `\d{5}`,
		"bool": `true|false`, "duration": `\d+m\d+s`, "url": `https://\S+`, "time": `\S+Z`, "module": `[a-z.]+/[a-z]+/[a-z]+`,
	}
	parses := map[string]func(t *testing.T, v string){
		"int": func(t *testing.T, v string) {
			n, err := strconv.Atoi(v)
			require.NoError(t, err)
			require.Equal(t, v, strconv.Itoa(n), "as Go writes it")
		},
		"port": func(t *testing.T, v string) {
			n, err := strconv.Atoi(v)
			require.NoError(t, err)
			require.True(t, n > 1024 && n < 32768, "%d needs no privilege and is not given to outgoing connections", n)
		},
		"duration": func(t *testing.T, v string) {
			d, err := time.ParseDuration(v)
			require.NoError(t, err)
			require.Equal(t, v, d.String(), "as Go writes it")
		},
		"url": func(t *testing.T, v string) {
			u, err := url.Parse(v)
			require.NoError(t, err)
			require.True(t, u.IsAbs() && u.Port() != "" && u.Path != "" && u.RawQuery != "", v)
			require.Equal(t, v, u.String())
		},
		"time": func(t *testing.T, v string) {
			when, err := time.Parse(time.RFC3339, v)
			require.NoError(t, err)
			require.True(t, when.Before(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), "a commit of the past: %s", v)
		},
	}
	require.Len(t, Kinds, len(forms), "each kind has its form here")
	r := source(7, "forms")
	for _, kind := range Kinds {
		t.Run(kind, func(t *testing.T) {
			form := regexp.MustCompile(`^(?:` + forms[kind] + `)$`)
			seen := map[string]bool{}
			for range 200 {
				v, err := r.Draw(kind)
				require.NoError(t, err)
				require.Regexp(t, form, v)
				if parse := parses[kind]; parse != nil {
					parse(t, v)
				}
				seen[v] = true
			}
			if kind == "bool" {
				require.Len(t, seen, 2, "both are drawn")
			} else {
				require.Greater(t, len(seen), 100, "too few to stop anyone from writing them down")
			}
		})
	}
}

func TestUnknownKind(t *testing.T) {
	_, err := source(7, "x").Draw("colour")
	require.ErrorContains(t, err, "no such kind of value: colour (there is: word, name, version,")
}

func TestPick(t *testing.T) {
	choices := []string{"a", "b", "c"}
	seen := map[string]bool{}
	one, two := source(7, "x"), source(7, "x")
	for range 100 {
		v := one.Pick(choices)
		require.Contains(t, choices, v)
		require.Equal(t, v, two.Pick(choices))
		seen[v] = true
	}
	require.Len(t, seen, 3, "each is picked at times")
}

// Build arguments are drawn by their kind; what is no kind is the value.
func TestBuildArgs(t *testing.T) {
	b := bench(t, nil)
	args := b.buildArgs()
	require.Regexp(t, `^v\d+\.\d+\.\d+$`, args["VERSION"])
	require.Equal(t, "plain", args["FLAVOR"])
	require.Equal(t, args, b.buildArgs(), "the same for each build of a run")
	b.Seed++
	require.NotEqual(t, args, b.buildArgs())
}

// A run's edits differ from those of another run with the same seed, whose
// layers the builder may still have.
func TestUnheard(t *testing.T) {
	one, other := bench(t, nil), bench(t, nil)
	other.Run.ID = "test-aaaaaa"
	require.Regexp(t, `^[a-z]{8}-0b7d1f$`, one.unheard(one.Random("rebuild")))
	require.NotEqual(t, one.unheard(one.Random("rebuild")), other.unheard(other.Random("rebuild")))
}
