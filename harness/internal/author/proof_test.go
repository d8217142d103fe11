package author_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/author"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/engine"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// strict is a scenario each of whose steps notices something of its own.
const strict = `# Greet somebody.
random name word
random other word
probe first

look first/*.go '^func Text\('
because 'Whoever asks is greeted by name.'
ask question.json
mentions .text ${name}
! mentions .text ${other}
! mentions .text ;
reply '.text | startswith("Hello, ")' true
ask again.json
reply .text 'Hello, '${other}'!'

-- question.json --
{"name": "${name}"}
-- again.json --
{"name": "${other}"}
-- why.md --
Nobody likes to be called by another name.
-- hints.md --
1. Who asks?
2. Use the argument.
3. return "Hello, " + name + "!"
`

// proven makes day 7 with that scenario, and has written down what it notices.
func proven(t *testing.T) (root, script string) {
	t.Helper()
	t.Setenv("DOCKER_HOST", "unix:///nowhere/docker.sock") // these checks need none
	root = written(t)
	script = "days/7/checks/first/one.txtar"
	lay(t, root, map[string]string{script: strict})
	sums, err := submission.Sums(filepath.Join(root, "exercises/7"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(root, "days/7", catalog.SumsFile), catalog.FormatSums(sums), 0o644))
	require.Empty(t, verify(t, root, true))
	require.Empty(t, verify(t, root, false))
	return root, script
}

func verify(t *testing.T, root string, update bool) []string {
	t.Helper()
	plan := planOf(t, root)
	plan.Notes, plan.Exercise, plan.Update = nil, "first", update
	problems, err := author.Verify(t.Context(), plan)
	require.NoError(t, err)
	require.NoError(t, engine.SweepFolders())
	return said(problems)
}

// However a check is weakened, verify notices.
func TestWeakenedChecks(t *testing.T) {
	root, script := proven(t)
	for what, change := range map[string][2]string{
		"a word that is no longer looked for":      {"mentions .text ${name}\n! ", "! "},
		"a word that may be there":                 {"! mentions .text ${other}\n", ""},
		"a beginning that does not matter":         {"reply '.text | startswith(\"Hello, \")' true\n", ""},
		"a comparison that became a search":        {"reply .text 'Hello, '${other}'!'", "mentions .text ${other}"},
		"an answer that is not looked at":          {"ask again.json\nreply .text 'Hello, '${other}'!'\n", ""},
		"a text of its own that may be there":      {"! mentions .text ;\n", ""},
		"a comparison that lets blanks pass":       {"reply .text 'Hello, '${other}'!'", "reply '.text | ltrimstr(\" \")' 'Hello, '${other}'!'"},
		"a comparison that lets letters pass":      {"reply .text 'Hello, '${other}'!'", "reply '.text | ascii_downcase' 'hello, '${other}'!'"},
		"a question that is easier":                {"{\"name\": \"${name}\"}", "{\"name\": \"${name}\", \"x\": 1}"},
		"a name that is always the same":           {"random other word", "pick other word"},
		"a comparison with what the answer itself": {"reply .text 'Hello, '${other}'!'", "reply '.text == .text' true"},
	} {
		require.Equal(t, 1, strings.Count(strict, change[0]), what)
		lay(t, root, map[string]string{script: strings.Replace(strict, change[0], change[1], 1)})
		assert.NotEmpty(t, verify(t, root, false), what)
	}
}

// A step that only repeats another one is no proof of anything.
func TestStepThatNobodyWouldMiss(t *testing.T) {
	root, script := proven(t)
	lay(t, root, map[string]string{script: strings.Replace(strict, "reply '.text | startswith", "mentions .text ${name}\nreply '.text | startswith", 1)})
	problems := verify(t, root, false)
	require.Len(t, problems, 1, "the mistake fails at the first of the two, and would at the second")
	assert.Contains(t, problems[0], script+":12: no mistake fails at this step (mentions)")
}

// What is written down is a text that a person can read and compare.
func TestNoticedFile(t *testing.T) {
	root, _ := proven(t)
	text, err := os.ReadFile(filepath.Join(root, "days/7", author.NoticedFile))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	assert.Equal(t, []string{
		"one 1: .text- .text .text=null .text^ .text^_ .text± .textAa .text-$name .text+$other .text+'%3B'",
		"one 2: .text*",
	}, lines[len(lines)-3:len(lines)-1])
	assert.Regexp(t, `^one asks: [0-9a-f]{12}$`, lines[len(lines)-1])
}
