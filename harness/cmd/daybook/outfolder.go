package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/grade"
	"github.com/daybook-dev/daybook/harness/internal/intake"
)

// outside wants the folder for results to be in none of what was handed in, where
// it would be taken for a submission the next time.
func outside(out string, paths []string) error {
	if out == "" {
		return nil
	}
	where, err := whole(out)
	if err != nil {
		return err
	}
	for _, p := range paths {
		file, _ := intake.SplitRevision(p)
		in, err := whole(file)
		if err != nil {
			return err
		}
		if rel, err := filepath.Rel(in, where); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return &usageError{fmt.Errorf("--out %s: it is in %s, where it would be taken for something handed in; choose a folder beside it", out, file)}
		}
	}
	return nil
}

// whole is a path from the root, with links followed as far as it is there.
func whole(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", path, err)
	}
	for at, rest := path, ""; ; at, rest = filepath.Dir(at), filepath.Join(filepath.Base(at), rest) {
		if real, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(real, rest), nil
		}
		if at == filepath.Dir(at) {
			return path, nil
		}
	}
}

// recall gives submissions the names and times that they had when the batch was
// begun, which a roster may have said.
func recall(old *grade.Plan, entries []intake.Entry) {
	for i := range entries {
		e := &entries[i]
		at := slices.IndexFunc(old.Submissions, func(p grade.Planned) bool { return p.ID == e.ID })
		if at < 0 {
			continue
		}
		was := old.Submissions[at]
		if e.Name == "" {
			e.Name = was.Name
		}
		if e.Submitted.IsZero() {
			e.Submitted = was.Submitted
		}
	}
}
