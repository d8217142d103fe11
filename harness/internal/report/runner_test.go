package report

import (
	"strings"
	"unicode"
)

// runner is GitHub's runner as far as it reads commands from a step's output,
// after ActionCommand.TryParseV2, ActionCommand.TryParse and
// ActionCommandManager.TryProcessCommand of actions/runner.
type runner struct {
	stopped  string // the token that ends it, when commands are not taken
	executed []runnerCommand
	plain    []string // lines without a command
}

type runnerCommand struct {
	name       string
	properties map[string]string
	data       string
}

// known are the commands that it has.
var known = []string{"error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "add-matcher", "remove-matcher", "set-output", "set-env", "add-path", "save-state", "echo", "stop-commands"}

// read takes all that a step printed. .NET ends lines at \n, \r and \r\n.
func (r *runner) read(out string) {
	for l := range strings.SplitSeq(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(out), "\n") {
		r.line(l)
	}
}

func (r *runner) line(l string) {
	c, ok := r.parse(l)
	switch {
	case !ok:
		r.plain = append(r.plain, l)
	case r.stopped != "":
		if strings.EqualFold(c.name, r.stopped) {
			r.stopped = ""
		} else {
			r.plain = append(r.plain, l)
		}
	case strings.EqualFold(c.name, "stop-commands"):
		r.stopped = c.data
	default:
		r.executed = append(r.executed, c)
	}
}

func (r *runner) parse(l string) (runnerCommand, bool) {
	if c, ok := r.parseV2(l); ok {
		return c, true
	}
	_, rest, ok := strings.Cut(l, "##[")
	if !ok {
		return runnerCommand{}, false
	}
	info, data, ok := strings.Cut(rest, "]")
	if !ok {
		return runnerCommand{}, false
	}
	return r.command(info, ";", data)
}

func (r *runner) parseV2(l string) (runnerCommand, bool) {
	rest, ok := strings.CutPrefix(strings.TrimLeftFunc(l, unicode.IsSpace), "::")
	if !ok {
		return runnerCommand{}, false
	}
	info, data, ok := strings.Cut(rest, "::")
	if !ok {
		return runnerCommand{}, false
	}
	return r.command(info, ",", data)
}

func (r *runner) command(info, separator, data string) (runnerCommand, bool) {
	name, properties, _ := strings.Cut(strings.TrimSpace(info), " ")
	if !r.registered(name) {
		return runnerCommand{}, false
	}
	c := runnerCommand{name: name, properties: map[string]string{}, data: strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%").Replace(data)}
	for p := range strings.SplitSeq(strings.TrimSpace(properties), separator) {
		if k, v, ok := strings.Cut(p, "="); ok {
			c.properties[strings.TrimSpace(k)] = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(v)
		}
	}
	return c, true
}

func (r *runner) registered(name string) bool {
	for _, k := range append(known, r.stopped) {
		if k != "" && strings.EqualFold(k, name) {
			return true
		}
	}
	return false
}

// invisible leaves out what a comparison by culture, which .NET's StartsWith and
// IndexOf are, may pass over.
func invisible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me) {
			return -1
		}
		return r
	}, s)
}
