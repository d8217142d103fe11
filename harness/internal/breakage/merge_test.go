package breakage

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/engine"
)

const plain = "FROM base AS build\nCOPY . .\nRUN make\n\nFROM scratch\nCOPY --from=build /app /app\nEXPOSE 80\nUSER 7\nENTRYPOINT [\"/app\"]\n"

// changed is plain with replacements made.
func changed(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(plain) }

// mistake is one that changes the Dockerfile.
func mistake(dockerfile string) catalog.Mistake {
	return catalog.Mistake{Name: "it", Files: map[string][]byte{"Dockerfile": []byte(dockerfile)}}
}

// asking is a question about a day whose solution is the files in solution,
// with its variants' Dockerfiles.
func asking(t *testing.T, solution map[string]string, variants ...string) *Question {
	t.Helper()
	rights := []right{{path: "solution", solution: folder(t, solution)}}
	for _, v := range variants {
		rights = append(rights, right{path: "variant", solution: rights[0].solution, files: map[string][]byte{"Dockerfile": []byte(v)}})
	}
	return &Question{Drawn: &Drawn{rights: rights}, run: &engine.Run{Dir: t.TempDir()}}
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	return dir
}

func TestFit(t *testing.T) {
	userZero := changed("USER 7", "USER 0")
	commented := "# All of it is explained.\n" + strings.ReplaceAll(plain, "\n", "\n# Because of this, that and the other thing, which take many words to be told.\n")
	for name, c := range map[string]struct {
		variants   []string
		own, wrong string
		want       string // "" when it does not fit
	}{
		"the solution itself":       {nil, plain, userZero, userZero},
		"written in another way":    {nil, changed("make", "make app"), userZero, changed("make", "make app", "USER 7", "USER 0")},
		"another way just there":    {nil, changed("USER 7", "USER 7:7"), userZero, ""},
		"as in a variant":           {[]string{changed("USER 7", "USER 7:7")}, changed("make", "make app", "USER 7", "USER 7:7"), userZero, changed("make", "make app", "USER 7", "USER 0")},
		"wrong already":             {nil, userZero, userZero, ""},
		"Windows's ends of lines":   {nil, strings.ReplaceAll(changed("make", "make app"), "\n", "\r\n"), userZero, strings.ReplaceAll(changed("make", "make app", "USER 7", "USER 0"), "\n", "\r\n")},
		"mixed ends of lines":       {nil, changed("make\n", "make\r\n"), userZero, changed("make\n", "make\r\n", "USER 7", "USER 0")},
		"no text":                   {nil, "\x00" + plain, userZero, ""},
		"somebody else's way":       {[]string{commented}, plain, strings.Replace(commented, "USER 7", "USER 0", 1), ""},
		"the same line":             {nil, changed("/app /app", "/app /srv/app"), changed("COPY --from", "COPY --chmod=0 --from"), changed("/app /app", "/app /srv/app", "COPY --from", "COPY --chmod=0 --from")},
		"the next line":             {nil, changed("EXPOSE 80", "EXPOSE 8080"), userZero, changed("EXPOSE 80", "EXPOSE 8080", "USER 7", "USER 0")},
		"the smallest change":       {[]string{commented}, commented, strings.Replace(commented, "USER 7", "USER 0", 1), strings.Replace(commented, "USER 7", "USER 0", 1)},
		"no end of the last line":   {nil, strings.TrimSuffix(plain, "\n"), changed("EXPOSE 80\n", ""), changed("EXPOSE 80\n", "", "[\"/app\"]\n", "[\"/app\"]")},
		"what only changes a place": {nil, plain, changed("COPY . .\nRUN make", "RUN make\nCOPY . ."), changed("COPY . .\nRUN make", "RUN make\nCOPY . .")},
	} {
		t.Run(name, func(t *testing.T) {
			q := asking(t, map[string]string{"Dockerfile": plain}, c.variants...)
			own := folder(t, map[string]string{"Dockerfile": c.own})
			changes, err := q.fit(t.Context(), own, mistake(c.wrong))
			require.NoError(t, err)
			if c.want == "" {
				require.Empty(t, changes)
				return
			}
			require.Equal(t, []Change{{Name: "Dockerfile", Old: []byte(c.own), New: []byte(c.want)}}, changes)
			now, err := os.ReadFile(filepath.Join(own, "Dockerfile"))
			require.NoError(t, err)
			require.Equal(t, c.own, string(now), "nothing is written yet")
		})
	}
}

// A mistake may bring a file, or change several.
func TestFitOfSeveralFiles(t *testing.T) {
	q := asking(t, map[string]string{"a/one.go": "one\ntwo\nthree\nfour\n", "a/two.go": "two\n"})
	m := catalog.Mistake{Files: map[string][]byte{"a/one.go": []byte("uno\ntwo\nthree\nfour\n"), "a/new.go": []byte("new\n")}}
	for name, c := range map[string]struct {
		own  map[string]string
		want []string // the files that change
	}{
		"both":                      {map[string]string{"a/one.go": "one\ntwo\nthree\n4\n"}, []string{"a/new.go", "a/one.go"}},
		"the new one is there":      {map[string]string{"a/one.go": "one\ntwo\nthree\n4\n", "a/new.go": "other\n"}, nil},
		"it is there as it is":      {map[string]string{"a/one.go": "one\ntwo\nthree\n4\n", "a/new.go": "new\n"}, []string{"a/one.go"}},
		"the old one is not there":  {map[string]string{"a/all.go": "one\ntwo\nthree\nfour\ntwo\n"}, nil},
		"one of the two cannot be":  {map[string]string{"a/one.go": "eins\ntwo\nthree\nfour\n"}, nil},
		"what it leaves is no part": {map[string]string{"a/one.go": "one\ntwo\nthree\nfour\n", "a/two.go": "zwei\n"}, []string{"a/new.go", "a/one.go"}},
	} {
		t.Run(name, func(t *testing.T) {
			changes, err := q.fit(t.Context(), folder(t, c.own), m)
			require.NoError(t, err)
			var names []string
			for _, c := range changes {
				names = append(names, c.Name)
			}
			require.Equal(t, c.want, names)
		})
	}
}

func TestFirstThatFits(t *testing.T) {
	q := asking(t, map[string]string{"Dockerfile": plain})
	own := folder(t, map[string]string{"Dockerfile": changed("USER 7", "USER 7:7")})
	unfit, fit := mistake(changed("USER 7", "USER 0")), mistake(changed("make", "make all"))
	fit.Name = "fits"
	q.mistakes = []catalog.Mistake{unfit, fit}
	m, changes, err := q.firstThatFits(t.Context(), own)
	require.NoError(t, err)
	assert.Equal(t, "fits", m.Name)
	assert.NotEmpty(t, changes)

	q.mistakes = nil
	for range tries {
		q.mistakes = append(q.mistakes, unfit)
	}
	q.mistakes = append(q.mistakes, fit)
	_, changes, err = q.firstThatFits(t.Context(), own)
	require.NoError(t, err)
	assert.Empty(t, changes, "there is an end to trying")
}

func TestWordsAreJoinedAsTheyWereSplit(t *testing.T) {
	for _, text := range []string{"", "a", "a b\n", "\n\n\ta  b\n\n c", "\"quoted\" \\n \xff\u00a0é\u2028世\r\n"} {
		joined, err := words.join(words.split([]byte(text)))
		require.NoError(t, err)
		require.Equal(t, text, string(joined))
	}
	require.Equal(t, "\"\\t\"\n\"a \"\n\"b\\n\"\n", string(words.split([]byte("\ta b\n"))))
}

func TestMergingWithoutGit(t *testing.T) {
	q := asking(t, map[string]string{"Dockerfile": plain})
	t.Setenv("PATH", t.TempDir())
	_, err := q.fit(t.Context(), folder(t, map[string]string{"Dockerfile": changed("make", "make app")}), mistake(changed("USER 7", "USER 0")))
	require.EqualError(t, err, "git is not on the PATH (install git)")
}
