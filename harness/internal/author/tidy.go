package author

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/daybook-dev/daybook/harness/internal/attack"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// changed reports the files of the exercise that are not as the day says that
// they are handed out. Until that is put right nothing can be tried.
func (p Plan) changed() ([]catalog.Problem, error) {
	sums, err := submission.Sums(p.Day.Exercise)
	if err != nil {
		return nil, err
	}
	var problems []catalog.Problem
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		file := filepath.Join(p.Day.Exercise, filepath.FromSlash(name))
		switch was, listed := p.Day.Sums[name]; {
		case !listed:
			problems = append(problems, problem(p, file, "%s does not list it: `make sum DAY=%d` does, if it is to be handed out", catalog.SumsFile, p.Day.Number))
		case was != sums[name]:
			problems = append(problems, problem(p, file, "it is not the file that %s lists: `make sum DAY=%d` makes it so, if it is to be handed out like this", catalog.SumsFile, p.Day.Number))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Day.Sums)) {
		if _, ok := sums[name]; !ok {
			file := filepath.Join(p.Day.Exercise, filepath.FromSlash(name))
			problems = append(problems, problem(p, file, "it is not there, and %s lists it: `make sum DAY=%d` takes it out", catalog.SumsFile, p.Day.Number))
		}
	}
	return problems, nil
}

// strays reports files that nothing uses: they look as if they counted. Those
// below checks/ are the catalogue's to refuse.
func (p Plan) strays() ([]catalog.Problem, error) {
	var problems []catalog.Problem
	shown, err := p.shown()
	if err != nil {
		return nil, err
	}
	probes, err := p.probes()
	if err != nil {
		return nil, err
	}
	err = eachFile(p.Day.Dir, func(file string) error {
		name, err := filepath.Rel(p.Day.Dir, file)
		if name = filepath.ToSlash(name); err == nil && !p.known(name, probes) && !isBelow(file, shown) {
			problems = append(problems, problem(p, file, "nothing uses it"))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for strays: %w", err)
	}
	err = eachFile(p.solution(), func(file string) error {
		name, err := filepath.Rel(p.solution(), file)
		ofLearners := func(pattern string) bool { return submission.Matches(pattern, filepath.ToSlash(name)) }
		if err == nil && !slices.ContainsFunc(p.Day.Editable(), ofLearners) {
			problems = append(problems, problem(p, file, "nothing uses it: a solution has the files that a learner may edit, and no others"))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for strays: %w", err)
	}
	return problems, nil
}

// known reports whether a file of the day's folder has a use by its name.
func (p Plan) known(name string, probes []string) bool {
	dir, base := path.Split(name)
	switch dir {
	case "":
		return base == filepath.ToSlash(p.Day.Page) || slices.Contains([]string{catalog.ManifestFile, catalog.SumsFile, NoticedFile}, base)
	case "mistakes/", "variants/", attack.Folder + "/":
		return path.Ext(base) == ".txtar"
	case "probes/":
		return isModule(base) // for editors: a check uses main.go alone
	}
	if probe, ok := strings.CutPrefix(strings.TrimSuffix(dir, "/"), "probes/"); ok {
		return slices.Contains(probes, probe) && (base == "main.go" || isModule(base))
	}
	return strings.HasPrefix(dir, "checks/")
}

func isModule(base string) bool { return base == "go.mod" || base == "go.sum" }

// probes lists the probes that the checks' scripts name.
func (p Plan) probes() ([]string, error) {
	var names []string
	for _, c := range p.Day.Checks() {
		text, err := os.ReadFile(c.Script)
		if err != nil {
			return nil, fmt.Errorf("reading a scenario: %w", err)
		}
		for line := range strings.Lines(string(txtar.Parse(text).Comment)) {
			if words := strings.Fields(line); len(words) == 2 && words[0] == "probe" {
				names = append(names, words[1])
			}
		}
	}
	return names, nil
}

// shown lists what the day's pages link to or quote: files, and folders with all
// that they hold.
func (p Plan) shown() ([]string, error) {
	var all []string
	for _, page := range p.pageFiles() {
		text, err := os.ReadFile(page)
		if err != nil {
			return nil, fmt.Errorf("reading a page: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			if m := marker.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil && m[1] == "from" {
				all = append(all, filepath.Join(p.Root, filepath.FromSlash(m[2])))
			}
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				if u, err := url.Parse(m[1]); err == nil && u.Host == "" && u.Path != "" {
					all = append(all, filepath.Join(filepath.Dir(page), filepath.FromSlash(u.Path)))
				}
			}
		}
	}
	// A link to the day's folder, or to one above it, is no use of all it holds.
	return slices.DeleteFunc(all, func(target string) bool { return isBelow(p.Day.Dir, []string{target}) }), nil
}

// isBelow reports whether file is one of the targets or in one of them.
func isBelow(file string, targets []string) bool {
	return slices.ContainsFunc(targets, func(target string) bool {
		return file == target || strings.HasPrefix(file, target+string(filepath.Separator))
	})
}
