package intake

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// plan is what is to be taken of a source, and what is left out.
type plan struct {
	take map[int]string // by the number of an entry: the name that the day knows it by
	left []LeftOut
}

// item is an entry whose name could be one of the day's.
type item struct {
	entry
	index int
	name  string // clean
}

// planner decides on one source.
type planner struct {
	label string // the source in messages
	opts  Options
	items []item
	named map[string]bool // what is listed as left out already
	first []LeftOut       // what a person should see first
	rest  []LeftOut
}

// decide decides what is taken of entries. The error is a *RefusedError.
func decide(label string, entries []entry, o Options) (*plan, error) {
	p := &planner{label: label, opts: o, named: map[string]bool{}}
	if !p.usable(entries) {
		return nil, refused("%s is empty: there is no file in it", label)
	}
	all := homes(p.names(), o.Editable)
	picked, tied := choose(all, o.Usual)
	switch {
	case len(tied) > 0:
		return nil, refused("%s has the day's files in several folders, and it is not clear which ones count: %s", label, few(tied))
	case picked == nil:
		for _, it := range p.items {
			p.misplaced(it, p.anywhere(it.name))
		}
		return nil, p.nothing()
	}
	chosen, err := p.split(picked.dir)
	if err != nil {
		return nil, err
	}
	if err := p.takeable(chosen); err != nil {
		return nil, err
	}
	out := &plan{take: map[int]string{}, left: p.leftOut()}
	for _, it := range chosen {
		out.take[it.index] = it.name
	}
	return out, nil
}

// usable sorts out what could be a file of the day, by its name. It reports
// whether there is any file at all.
func (p *planner) usable(entries []entry) (any bool) {
	for i, e := range entries {
		if e.kind == folder {
			continue
		}
		any = true
		name, why := clean(e.raw)
		if why != "" {
			p.leave(e.raw, why)
			continue
		}
		if upTo, why := littered(name); why != "" {
			p.leave(upTo, why)
			continue
		}
		if name != "" {
			p.items = append(p.items, item{entry: e, index: i, name: name})
		}
	}
	return any
}

func (p *planner) leave(name, why string) {
	if !p.named[name] {
		p.named[name] = true
		p.rest = append(p.rest, LeftOut{Name: shown(name), Reason: why})
	}
}

// split gives the items below dir that are files of the day, by their names as
// seen from there; the others are left out.
func (p *planner) split(dir string) ([]item, error) {
	var chosen []item
	for _, it := range p.items {
		rel, ok := within(dir, it.name)
		switch {
		case !ok:
			p.leave(it.name, fmt.Sprintf("it is not in %s, where the day's files are", shown(dir)))
		case p.matches(rel):
			it.name = rel
			chosen = append(chosen, it)
		case it.kind != regular && p.onTheWay(rel):
			return nil, refused("%s: %s is %s, and a folder is wanted", p.label, shown(it.name), it.kind)
		default:
			p.misplaced(it, spelling(p.opts.Editable, rel))
		}
	}
	return chosen, nil
}

func (p *planner) matches(rel string) bool {
	return slices.ContainsFunc(p.opts.Editable, func(pattern string) bool { return submission.Matches(pattern, rel) })
}

// onTheWay reports whether files of the day lie in the folder called rel.
func (p *planner) onTheWay(rel string) bool {
	return slices.ContainsFunc(p.opts.Editable, func(pattern string) bool {
		for pattern = path.Dir(pattern); pattern != "."; pattern = path.Dir(pattern) {
			if submission.Matches(pattern, rel) {
				return true
			}
		}
		return false
	})
}

// anywhere is the right spelling of a name that has folders around it.
func (p *planner) anywhere(name string) string {
	for _, pattern := range p.opts.Editable {
		if _, end, ok := split(name, strings.Count(pattern, "/")+1); ok {
			if right := spelling([]string{pattern}, end); right != "" {
				return right
			}
		}
	}
	return ""
}

// misplaced leaves out an item that is none of the day's files. Where it was
// meant as one, right is the name that it should have had.
func (p *planner) misplaced(it item, right string) {
	switch {
	case right != "" && !p.named[it.name]:
		p.named[it.name] = true
		p.first = append(p.first, LeftOut{Name: shown(it.name), Reason: "its name is wrong: it must be called " + shown(right)})
	case archived(it.name):
		p.leave(it.name, "an archive in what was handed in is not opened")
	case it.kind != regular:
		p.leave(it.name, fmt.Sprintf("it is %s, and only regular files are taken", it.kind))
	default:
		p.leave(it.name, "it is not one of the files to edit")
	}
}

// takeable refuses files of the day that cannot be taken as they are. Leaving
// one out would have the file that was handed out judged in its place.
func (p *planner) takeable(chosen []item) error {
	if len(chosen) > submission.CountLimit {
		return refused("%s has %d files to check, and the limit is %d", p.label, len(chosen), submission.CountLimit)
	}
	slices.SortStableFunc(chosen, func(a, b item) int { return strings.Compare(a.name, b.name) })
	same := map[string]string{}
	for i, it := range chosen {
		other, twice := same[folded(it.name)]
		switch {
		case i > 0 && chosen[i-1].name == it.name:
			return refused("%s has %s twice: hand it in with one of them", p.label, shown(it.name))
		case twice:
			return refused("%s has %s and %s, which are one file on some systems: rename one of them", p.label, shown(other), shown(it.name))
		case !printable(it.name):
			return refused("%s: %s has a character in its name that cannot be seen: rename it", p.label, shown(it.name))
		case it.kind != regular:
			return refused("%s: %s is %s, and a regular file is wanted", p.label, shown(it.name), it.kind)
		case it.size > submission.FileLimit:
			return tooLarge(p.label, it.name)
		}
		same[folded(it.name)] = it.name
	}
	for _, it := range chosen {
		for dir := path.Dir(it.name); dir != "."; dir = path.Dir(dir) {
			if _, ok := same[folded(dir)]; ok {
				return refused("%s: %s is both a file and a folder", p.label, shown(dir))
			}
		}
	}
	return nil
}

func tooLarge(label, name string) error {
	return refused("%s: %s has more than %d bytes, which is the limit of a file", label, shown(name), submission.FileLimit)
}

// nothing refuses a source that has none of the day's files, and says what may
// have been meant.
func (p *planner) nothing() error {
	message := fmt.Sprintf("%s has none of the files to edit (%s)", p.label, strings.Join(p.opts.Editable, ", "))
	hints := p.first
	if len(hints) == 0 {
		hints = slices.DeleteFunc(slices.Clone(p.leftOut()), func(l LeftOut) bool { return strings.HasSuffix(l.Reason, "of the files to edit") })
	}
	for _, l := range hints[:min(len(hints), hintLimit)] {
		message += fmt.Sprintf("; %s: %s", l.Name, l.Reason)
	}
	return refused("%s", message)
}

// hintLimit is how many things a message names. More would hide its point.
const hintLimit = 3

// few names some of a list.
func few(names []string) string { return some(names, hintLimit) }

// some names as many of a list as most allows.
func some(names []string, most int) string {
	var out []string
	for _, n := range names[:min(len(names), most)] {
		out = append(out, shown(n))
	}
	if more := len(names) - len(out); more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(out, ", ")
}

// leftOut is the list of what was left out: what is only misspelt first, then
// by name, and not endless.
func (p *planner) leftOut() []LeftOut {
	byName := func(a, b LeftOut) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(p.first, byName)
	slices.SortFunc(p.rest, byName)
	all := slices.Concat(p.first, p.rest)
	if len(all) > listLimit {
		more := len(all) - listLimit + 1
		all = append(all[:listLimit-1], LeftOut{Name: "…", Reason: fmt.Sprintf("%d more were left out", more)})
	}
	return all
}
