package scenario

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

// Command is one command of the scenario language.
type Command struct {
	Name  string
	Args  string // how its arguments are written
	Doc   string // what it does, and when the check fails by it
	least int    // how many arguments it takes at least
	most  int    // and at most; -1 for any number
	not   bool   // it may stand after "!"
	// Judges: it is there for the learner's work to fail at. Others make what is
	// judged, and fail when that cannot be made.
	Judges bool
	cost   Cost
	run    func(s *session, neg bool, args []string) error
}

// commandGroups are the commands by what they cost.
var commandGroups = []struct {
	cost     Cost
	commands []Command
}{
	{Free, wordingCommands}, {Free, answerCommands}, {Free, readingCommands},
	{Compiles, programCommands},
	{Images, buildingCommands}, {Images, imageCommands}, {Images, containerCommands}, {Images, rebuildCommands},
}

// Commands gives every command, by name.
func Commands() []Command {
	var all []Command
	for _, group := range commandGroups {
		for _, c := range group.commands {
			c.cost = group.cost
			all = append(all, c)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

// IsCommand reports whether a scenario may use a command of that name: one of
// ours, or testscript's env. Its others could fail without a finding.
func IsCommand(name string) bool {
	if name == "env" {
		return true
	}
	for _, c := range Commands() {
		if c.Name == name {
			return true
		}
	}
	return false
}

// commandTable is Commands in testscript's form.
func commandTable() map[string]func(*testscript.TestScript, bool, []string) {
	table := map[string]func(*testscript.TestScript, bool, []string){}
	for _, c := range Commands() {
		table[c.Name] = c.call
	}
	return table
}

// call runs the command for testscript, and keeps its error as it is:
// testscript itself carries text only.
func (c Command) call(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(sessionKey{}).(*session)
	s.ts = ts
	s.called++
	err := c.usage(neg, args)
	if err == nil {
		err = s.ctx.Err()
	}
	if err == nil {
		err = c.run(s, neg, args)
	}
	if err != nil {
		s.err = s.worded(err)
		ts.Fatalf("%s: %v", c.Name, err)
	}
}

func (c Command) usage(neg bool, args []string) error {
	if neg && !c.not {
		return &UsageError{Command: c.Name, Text: "it does not stand after !"}
	}
	if len(args) < c.least || (c.most >= 0 && len(args) > c.most) {
		return &UsageError{Command: c.Name, Text: fmt.Sprintf("%s %s", c.Name, c.Args)}
	}
	return nil
}

// worded gives a finding without a place the one that the script names.
func (s *session) worded(err error) error {
	var f *check.Finding
	if errors.As(err, &f) && len(f.Look) == 0 {
		own := *f
		own.Look = s.look
		return &own
	}
	return err
}

// option takes "-name value" off the front of args.
func option(args []string, name string) (value string, rest []string, ok bool) {
	if len(args) >= 2 && args[0] == "-"+name {
		return args[1], args[2:], true
	}
	return "", args, false
}

// assignments takes every "-env NAME=value" off the front of args.
func assignments(args []string) (env map[string]string, rest []string) {
	env = map[string]string{}
	for {
		kv, more, ok := option(args, "env")
		if !ok {
			return env, args
		}
		name, value, _ := strings.Cut(kv, "=")
		env[name], args = value, more
	}
}
