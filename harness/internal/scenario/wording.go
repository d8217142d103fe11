package scenario

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/workbench"
)

// wordingCommands set variables and the words of findings.
var wordingCommands = []Command{
	{Name: "random", Args: "NAME KIND", least: 2, most: 2, run: cmdRandom,
		Doc: "Sets the variable NAME to a random value of the KIND (" + strings.Join(workbench.Kinds, ", ") + "), the same for the same seed."},
	{Name: "pick", Args: "NAME CHOICE…", least: 2, most: -1, run: cmdPick,
		Doc: "Sets the variable NAME to one of the choices, the same for the same seed."},
	{Name: "because", Args: "TEXT", least: 1, most: 1, run: cmdBecause,
		Doc: "Is what findings from here on give as the reason; an empty TEXT goes back to each command's own."},
	{Name: "want", Args: "TEXT", least: 1, most: 1, run: cmdWant,
		Doc: "Is what findings from here on say was wanted; an empty TEXT goes back to each command's own."},
	{Name: "look", Args: "FILES [PATTERN]", least: 1, most: 2, run: cmdLook,
		Doc: "Is where findings from here on tell the learner to look: the first line of their FILES (a path pattern) that matches the regular expression PATTERN."},
}

func cmdRandom(s *session, _ bool, args []string) error {
	value, err := s.random.Draw(args[1])
	if err != nil {
		return &UsageError{Command: "random", Text: err.Error()}
	}
	s.set(args[0], value)
	return nil
}

func cmdPick(s *session, _ bool, args []string) error {
	s.set(args[0], s.random.Pick(args[1:]))
	return nil
}

func cmdBecause(s *session, _ bool, args []string) error {
	s.because = args[0]
	return nil
}

func cmdWant(s *session, _ bool, args []string) error {
	s.want = args[0]
	return nil
}

func cmdLook(s *session, _ bool, args []string) error {
	s.look = nil
	pattern := "^"
	if len(args) > 1 {
		pattern = args[1]
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return &UsageError{Command: "look", Text: err.Error()}
	}
	files, err := filepath.Glob(filepath.Join(s.bench.Tree.Dir, filepath.FromSlash(args[0])))
	if err != nil {
		return &UsageError{Command: "look", Text: err.Error()}
	}
	slices.Sort(files)
	for _, file := range files {
		name, err := filepath.Rel(s.bench.Tree.Dir, file)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		n := 0
		for line := range strings.Lines(string(text)) {
			n++
			if re.MatchString(line) {
				s.look = []check.Place{{File: filepath.ToSlash(name), Line: n}}
				return nil
			}
		}
		if s.look == nil {
			s.look = []check.Place{{File: filepath.ToSlash(name)}}
		}
	}
	return nil
}
