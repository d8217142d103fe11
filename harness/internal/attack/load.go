package attack

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
)

// editSuffix ends the name of an entry that changes a file of the base instead
// of being one, in the form of mistakes.
const editSuffix = ".edit"

// loader reads one attack, and gathers what is wrong with it.
type loader struct {
	root     string
	day      *catalog.Day
	file     string
	seen     map[string]int // keys of the header to their lines
	lists    map[string][]string
	problems []catalog.Problem
}

func (l *loader) add(line int, format string, args ...any) {
	rel, err := filepath.Rel(l.root, l.file)
	if err != nil {
		rel = l.file
	}
	l.problems = append(l.problems, catalog.Problem{File: filepath.ToSlash(rel), Line: line, Text: fmt.Sprintf(format, args...)})
}

func (l *loader) attack() *Attack {
	a := &Attack{Name: strings.TrimSuffix(filepath.Base(l.file), ".txtar"), Path: l.file, Files: map[string][]byte{}}
	a.HandedInBy = []string{a.Name}
	text, err := os.ReadFile(l.file)
	if err != nil {
		l.add(0, "it cannot be read: %v", err)
		return a
	}
	if !catalog.IsID(a.Name) {
		l.add(0, "its name is to be words in lower case with a dash between them")
	}
	archive := txtar.Parse(text)
	l.header(a, string(archive.Comment))
	for _, f := range archive.Files {
		before, _, _ := bytes.Cut(text, fmt.Appendf(nil, "-- %s --\n", f.Name))
		l.entry(a, f, 1+bytes.Count(before, []byte("\n")))
	}
	if len(a.Files) == 0 && a.Archive == nil {
		l.add(0, "it hands in no file: say base:, or add an entry")
	}
	return a
}

// key is one word of the header.
type key struct {
	name    string
	several bool
	says    string
}

// header is the keys that may stand above the first entry, one a line; those
// that are marked may be there more than once.
var header = []key{
	{"line", false, "the kind of attack, by its place in Kinds"},
	{"expect", false, "refused or graded"},
	{"reason", false, "what the reason of a refused one contains"},
	{"base", false, "what it is laid over: nothing, starter, or exercises of the solution; without it the whole solution"},
	{"passes", false, "of a graded one, the checks or exercises that pass, and no others; all; nothing"},
	{"fails", false, "in place of passes: the checks that fail"},
	{"skips", false, "beside fails: the checks that are skipped because of those"},
	{"says", true, "of a graded one, a text that some finding has: that it was stopped by what it should be"},
	{"compiles", false, "no, where its Go code is not meant to; otherwise it has to, or it would attack nothing"},
	{"left-out", true, "a name that is to be listed as left out"},
	{"lacks", true, "a text that is nowhere in results, reports and output"},
	{"pages-lack", true, "a text that is in no HTML or XML as it stands"},
	{"learner", false, "the learner's name in the roster"},
	{"handed-in-by", false, "the ids of the learners who hand it in; without it one, called as the file"},
	{"stopped-by", false, "what keeps it from working"},
}

func (l *loader) header(a *Attack, text string) {
	l.seen, l.lists = map[string]int{}, map[string][]string{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if said, ok := strings.CutPrefix(line, "#"); ok {
			a.Said = strings.TrimSpace(a.Said + " " + strings.TrimSpace(said))
			continue
		}
		if line != "" {
			l.headerLine(n, line)
		}
	}
	if a.Said == "" {
		l.add(1, "the first line does not say, after #, what the attacker does and hopes for")
	}
	a.LeftOut, a.Lacks, a.PagesLack = l.lists["left-out"], l.lists["lacks"], l.lists["pages-lack"]
	a.Says, a.Broken = l.lists["says"], l.one("compiles") == "no"
	if text := l.one("compiles"); text != "" && text != "no" {
		l.add(l.seen["compiles"], "compiles: no is wanted, or nothing")
	}
	a.Learner, a.StoppedBy, a.Reason = l.one("learner"), l.one("stopped-by"), l.one("reason")
	if a.StoppedBy == "" {
		l.add(1, "it does not say what it is stopped-by:")
	}
	var err error
	if a.Line, err = strconv.Atoi(l.one("line")); err != nil || a.Line < 1 || a.Line > len(Kinds) {
		l.add(max(1, l.seen["line"]), "line: a number from 1 to %d is wanted", len(Kinds))
	}
	if ids := strings.Fields(l.one("handed-in-by")); len(ids) > 0 {
		a.HandedInBy = ids
	}
	l.expectation(a)
	l.base(a)
}

func (l *loader) headerLine(n int, line string) {
	name, value, found := strings.Cut(line, ":")
	at := slices.IndexFunc(header, func(k key) bool { return k.name == name })
	switch value = strings.TrimSpace(value); {
	case !found || at < 0:
		var keys []string
		for _, k := range header {
			keys = append(keys, k.name+":")
		}
		l.add(n, "a line `# …` or one of these is wanted: %s", strings.Join(keys, " "))
	case value == "":
		l.add(n, "%s: has no value", name)
	case l.seen[name] > 0 && !header[at].several:
		l.add(n, "%s: is on line %d already", name, l.seen[name])
	default:
		l.seen[name] = n
		l.lists[name] = append(l.lists[name], value)
	}
}

// one is the value of a key that may be there once.
func (l *loader) one(key string) string {
	if len(l.lists[key]) == 0 {
		return ""
	}
	return l.lists[key][0]
}

func (l *loader) expectation(a *Attack) {
	a.Expect = Expectation(l.one("expect"))
	judged := l.seen["passes"] > 0 || l.seen["fails"] > 0
	switch a.Expect {
	case Refused:
		if a.Reason == "" {
			l.add(l.seen["expect"], "a refused one has a reason:, some words of what is said of it")
		}
		for _, key := range []string{"passes", "fails", "skips", "left-out", "says", "compiles"} {
			if l.seen[key] > 0 {
				l.add(l.seen[key], "%s: a refused one is not judged", key)
			}
		}
		return
	case Graded:
		if a.Reason != "" {
			l.add(l.seen["reason"], "reason: it is for refused ones")
		}
	default:
		l.add(max(1, l.seen["expect"]), "expect: %s or %s is wanted", Refused, Graded)
		return
	}
	switch {
	case l.seen["passes"] > 0 && l.seen["fails"] > 0:
		l.add(l.seen["fails"], "it has passes: already, and what does not pass fails or is skipped")
	case !judged:
		l.add(l.seen["expect"], "a graded one says what passes: or fails:")
	case l.seen["skips"] > 0 && l.seen["fails"] == 0:
		l.add(l.seen["skips"], "skips: is for beside fails:")
	}
	if l.seen["passes"] > 0 {
		a.Passes = l.checks("passes")
		return
	}
	fails := l.checks("fails")
	a.Skips, a.Passes = l.checks("skips"), map[string]bool{}
	for _, c := range l.day.Checks() {
		if !fails[c.ID] && !a.Skips[c.ID] {
			a.Passes[c.ID] = true
		}
	}
}

// checks reads a list of ids of checks and of exercises, which stand for all of
// their checks.
func (l *loader) checks(key string) map[string]bool {
	out := map[string]bool{}
	for word := range strings.FieldsSeq(l.one(key)) {
		before := len(out)
		for _, c := range l.day.Checks() {
			if word == "all" || word == c.ID || word == c.Exercise {
				out[c.ID] = true
			}
		}
		known := slices.ContainsFunc(l.day.Checks(), func(c check.Check) bool { return word == c.ID })
		if len(out) == before && !known && word != "nothing" {
			l.add(l.seen[key], "there is no check and no exercise %s", word)
		}
	}
	return out
}

// base puts the files that the attack is laid over among its own.
func (l *loader) base(a *Attack) {
	solution := filepath.Join(l.root, "solutions", strconv.Itoa(l.day.Number))
	switch words := strings.Fields(l.one("base")); {
	case len(words) == 0:
		l.take(a, solution, l.day.Editable())
	case slices.Equal(words, []string{"nothing"}):
	case slices.Equal(words, []string{"starter"}):
		l.take(a, l.day.Exercise, l.day.Editable())
	default:
		for _, word := range words {
			if !slices.ContainsFunc(l.day.Exercises, func(e catalog.Exercise) bool { return e.ID == word }) {
				l.add(l.seen["base"], "base: nothing, starter or ids of exercises are wanted, and there is no exercise %s", word)
				continue
			}
			l.take(a, solution, l.day.Files(word))
		}
	}
}

func (l *loader) take(a *Attack, dir string, patterns []string) {
	for _, p := range patterns {
		names, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(p)))
		for _, name := range names {
			var text []byte
			var rel string
			if text, err = os.ReadFile(name); err == nil {
				rel, err = filepath.Rel(dir, name)
			}
			a.Files[filepath.ToSlash(rel)] = text
		}
		if err != nil {
			l.add(0, "its base cannot be read: %v", err)
		}
	}
}

// entry takes in one entry, which begins at a line of the file.
func (l *loader) entry(a *Attack, f txtar.File, line int) {
	if f.Name == archiveFile {
		a.Archive = l.archive(f.Data, line)
		return
	}
	name, isEdit := strings.CutSuffix(f.Name, editSuffix)
	switch old, there := a.Files[name]; {
	case !filepath.IsLocal(filepath.FromSlash(name)):
		l.add(line, "%s is not in the folder of the submission: describe it in %s", name, archiveFile)
	case !isEdit:
		a.Files[name] = f.Data
	case !there:
		l.add(line, "%s changes a file that its base does not have", f.Name)
	default:
		changed, err := catalog.Edit(string(old), string(f.Data))
		if err != nil {
			l.add(line, "%s: %v", f.Name, err)
			return
		}
		a.Files[name] = []byte(changed)
	}
}
