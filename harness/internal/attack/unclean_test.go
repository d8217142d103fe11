package attack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What is looked for in reports is found.
func TestUnclean(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"not UTF-8":              {"report.txt", "\xff", "not UTF-8"},
		"a terminal's code":      {"stdout", "a\x1b[2J", "U+001B is in it"},
		"another direction":      {"index.html", "a\u202e", "U+202E is in it"},
		"a command":              {"stderr", "a\n  ::add-mask::b\n", "a line is a command"},
		"an old command":         {"stdout", "##[error]b\n", "a line is a command"},
		"a library's own log":    {"stderr", "time=\"2026\" level=warning msg=\"x\"\n", "a library logs there"},
		"a code in JSON":         {"ctrf.json", `{"a":"\u001b[2J"}`, `\u001b is in it`},
		"a direction in JSON":    {"ctrf.json", `{"a":"\u202e"}`, `\u202e is in it`},
		"no JSON":                {"grade.json", `{"a":`, "no JSON"},
		"an end of CDATA":        {"junit.xml", "<a><![CDATA[ ]]>]]></b></a>", "XML"},
		"a formula":              {"gradebook.csv", "id,name\na,=cmd()\n", "a cell is a formula"},
		"a sign and a formula":   {"gradebook.csv", "id,name\na,-1+cmd()\n", "a cell is a formula"},
		"nothing stops commands": {"annotations.txt", "::notice title=a::b\n", "nothing stops commands"},
		"a command among ours":   {"annotations.txt", "::error title=a::b\n::add-mask::a\n::stop-commands::x\n::x::\n", "no command of ours"},
		"taken again too early":  {"annotations.txt", "::stop-commands::x\na\n::x::\n::add-mask::b\n::x::\n", "there only"},
	} {
		t.Run(name, func(t *testing.T) { assert.ErrorContains(t, unclean(c.file, c.text), c.want) })
	}
	for file, text := range map[string]string{
		"stdout": "a: 20 of 91 points\n", "learners/a/annotations.txt": "::error file=a,line=1,title=b::c%0Ad\n::stop-commands::x\n::add-mask::b\n::x::\n",
		"gradebook.csv": "id,points\na,-1\nb,'=cmd()\n", "a.json": `{"a":"<script>\u003c"}`, "a.xml": "<a>]]&gt;</a>",
	} {
		assert.NoError(t, unclean(file, text), file)
	}
}
