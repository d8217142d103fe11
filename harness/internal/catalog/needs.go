package catalog

import (
	"slices"
	"strings"
)

// needs checks that what checks need is there, and that nothing needs itself
// by a circle.
func (l *loader) needs(file string, m manifest) {
	edges := map[string][]text{}
	for _, e := range m.Exercises {
		for _, c := range e.Checks {
			edges[c.ID.string] = c.Needs
		}
	}
	for _, e := range m.Exercises {
		for _, c := range e.Checks {
			for _, n := range c.Needs {
				if _, ok := edges[n.string]; !ok {
					l.add(file, n.line, "check %s needs %s, and there is no such check", c.ID.string, n.string)
				}
			}
		}
	}
	state := map[string]int{} // 1 while on the path, 2 when done
	var visit func(id string, path []string)
	visit = func(id string, path []string) {
		state[id] = 1
		for _, n := range edges[id] {
			switch state[n.string] {
			case 1:
				l.add(file, n.line, "checks need one another in a circle: %s", strings.Join(append(path[slices.Index(path, n.string):], n.string), " → "))
			case 0:
				visit(n.string, append(path, n.string))
			}
		}
		state[id] = 2
	}
	for _, e := range m.Exercises {
		for _, c := range e.Checks {
			if state[c.ID.string] == 0 {
				visit(c.ID.string, []string{c.ID.string})
			}
		}
	}
}
