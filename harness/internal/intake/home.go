package intake

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// home is a folder of what was handed in below which the day's files could be.
type home struct {
	dir     string // with slashes; "" is the top
	matched []bool // by pattern: whether a file below it matches
	files   int    // that match one
}

func (h *home) patterns() (n int) {
	for _, m := range h.matched {
		if m {
			n++
		}
	}
	return n
}

func (h *home) depth() int {
	if h.dir == "" {
		return 0
	}
	return strings.Count(h.dir, "/") + 1
}

// better reports whether h is to be preferred to o: it is not deeper and has no
// fewer files, and is not the same in both.
func (h *home) better(o *home) bool {
	return h.depth() <= o.depth() && h.files >= o.files && (h.depth() < o.depth() || h.files > o.files)
}

// homes gives every folder below which some of names match. A name lies below
// as many folders as a pattern's length leaves room for: one a pattern.
func homes(names, patterns []string) map[string]*home {
	all := map[string]*home{}
	for _, name := range names {
		counted := map[*home]bool{}
		for i, p := range patterns {
			dir, rel, ok := split(name, strings.Count(p, "/")+1)
			if !ok || !submission.Matches(p, rel) {
				continue
			}
			h := all[dir]
			if h == nil {
				h = &home{dir: dir, matched: make([]bool, len(patterns))}
				all[dir] = h
			}
			h.matched[i] = true
			if !counted[h] {
				counted[h] = true
				h.files++
			}
		}
	}
	return all
}

// split cuts the last n parts off a name. It is false where there are fewer.
func split(name string, n int) (dir, rel string, ok bool) {
	at := len(name)
	for range n {
		if at < 0 {
			return "", "", false
		}
		at = strings.LastIndexByte(name[:at], '/')
	}
	if at < 0 {
		return "", name, true
	}
	return name[:at], name[at+1:], true
}

// within gives the name as seen from dir.
func within(dir, name string) (rel string, ok bool) {
	if dir == "" {
		return name, true
	}
	return strings.CutPrefix(name, dir+"/")
}

// choose picks the folder that the day's files are taken from. A folder that
// lies where the exercise lies in the repository as handed out comes first;
// then the one that has files for most of the patterns; then one that is
// neither deeper than any other nor has fewer files. Where none is, tied names
// those that it is between.
func choose(all map[string]*home, usual string) (picked *home, tied []string) {
	var left []*home
	for _, dir := range slices.Sorted(maps.Keys(all)) {
		left = append(left, all[dir])
	}
	if usual = path.Clean(usual); usual != "." {
		atUsual := slices.DeleteFunc(slices.Clone(left), func(h *home) bool { return h.dir != usual && !strings.HasSuffix(h.dir, "/"+usual) })
		if len(atUsual) > 0 {
			left = atUsual
		}
	}
	if len(left) == 0 {
		return nil, nil
	}
	most := slices.MaxFunc(left, func(a, b *home) int { return cmp.Compare(a.patterns(), b.patterns()) }).patterns()
	left = slices.DeleteFunc(left, func(h *home) bool { return h.patterns() < most })
	for _, h := range left {
		if !slices.ContainsFunc(left, func(o *home) bool { return o != h && !h.better(o) }) {
			return h, nil
		}
	}
	for _, h := range left {
		tied = append(tied, cmp.Or(h.dir, "."))
	}
	return nil, tied
}
