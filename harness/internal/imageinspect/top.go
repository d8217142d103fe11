package imageinspect

import (
	"os"
	"path"
	"sort"
	"strings"
)

// Top gives what a container of the image sees: later layers hide what
// earlier ones hold, and whiteouts remove it. Sorted by path.
func (i *Image) Top() []File {
	seen := map[string]File{}
	for _, l := range i.Layers {
		for _, f := range l.Files {
			hide(seen, f)
		}
		for _, f := range l.Files {
			if strings.HasPrefix(path.Base(f.Path), whiteout) {
				continue
			}
			if old, ok := seen[f.Path]; ok && old.Mode.IsDir() && !f.Mode.IsDir() {
				remove(seen, f.Path+"/") // a file in the place of a folder
			}
			seen[f.Path] = f
		}
	}
	top := make([]File, 0, len(seen))
	for _, f := range seen {
		top = append(top, f)
	}
	sort.Slice(top, func(a, b int) bool { return top[a].Path < top[b].Path })
	return top
}

// whiteout begins the name of an entry that removes another one, see the OCI
// image layer specification.
const whiteout = ".wh."

func hide(seen map[string]File, f File) {
	dir, base := path.Split(f.Path)
	if !strings.HasPrefix(base, whiteout) {
		return
	}
	victim := dir + strings.TrimPrefix(base, whiteout)
	under := victim + "/"
	if base == ".wh..wh..opq" {
		victim, under = "", dir
	}
	delete(seen, victim)
	remove(seen, under)
}

// remove takes out all that is under a folder, whose name ends in a slash.
func remove(seen map[string]File, under string) {
	for p := range seen {
		if strings.HasPrefix(p, under) {
			delete(seen, p)
		}
	}
}

// Differences lists the files that a container of one image sees otherwise than
// a container of the other: what they hold, their mode, or that they are there
// at all. Times are not compared.
func Differences(a, b *Image) []string {
	type what struct {
		sum, link string
		mode      os.FileMode
	}
	in := func(img *Image) map[string]what {
		m := map[string]what{}
		for _, f := range img.Top() {
			m[f.Path] = what{f.Sum, f.Link, f.Mode}
		}
		return m
	}
	one, two := in(a), in(b)
	var differ []string
	for p, w := range one {
		if other, ok := two[p]; !ok || other != w {
			differ = append(differ, "/"+p)
		}
	}
	for p := range two {
		if _, ok := one[p]; !ok {
			differ = append(differ, "/"+p)
		}
	}
	sort.Strings(differ)
	return differ
}
