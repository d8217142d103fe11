package breakage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
)

// tries is how many mistakes are tried on work that they do not fit. Each costs
// two git processes for every right way of the day.
const tries = 10

// firstThatFits gives the first of the drawn mistakes that can be merged into
// the work in dir, with what that changes: nothing when none fits.
func (q *Question) firstThatFits(ctx context.Context, dir string) (catalog.Mistake, []Change, error) {
	for _, m := range q.mistakes[:min(tries, len(q.mistakes))] {
		changes, err := q.fit(ctx, dir, m)
		if err != nil || len(changes) > 0 {
			return m, changes, err
		}
	}
	return catalog.Mistake{}, nil, nil
}

// fit merges m into the work in dir, line by line if it can be and word by word
// otherwise. It gives no changes when neither can be done.
func (q *Question) fit(ctx context.Context, dir string, m catalog.Mistake) ([]Change, error) {
	near, err := nearest(q.rights, m)
	if err != nil {
		return nil, err
	}
	smallest, err := near.changes(m)
	if err != nil {
		return nil, err
	}
	// What changes more is not the mistake alone: it puts somebody else's way of
	// writing things in the place of the learner's, too.
	most := sizeOf(smallest)
	changes, err := q.fitBy(ctx, lines, dir, m, most)
	if err != nil || len(changes) > 0 {
		return changes, err
	}
	return q.fitBy(ctx, words, dir, m, most)
}

// fitBy merges by one unit, from the right way that lets m change the least,
// and at most that many words.
func (q *Question) fitBy(ctx context.Context, by unit, dir string, m catalog.Mistake, most int) ([]Change, error) {
	var best []Change
	least := most + 1
	for _, r := range q.rights {
		if !r.comparable(m) {
			continue
		}
		changes, err := q.mergeAll(ctx, by, dir, r, m)
		if err != nil {
			return nil, err
		}
		if size := sizeOf(changes); len(changes) > 0 && size < least {
			best, least = changes, size
		}
	}
	return best, nil
}

// mergeAll makes the step from r to m in the work in dir. It gives no changes
// when that cannot be done in every file, or would change nothing.
func (q *Question) mergeAll(ctx context.Context, by unit, dir string, r right, m catalog.Mistake) ([]Change, error) {
	var all []Change
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		base, err := r.file(name)
		if err != nil {
			return nil, err
		}
		own, err := fileOrNil(dir, name)
		if err != nil {
			return nil, err
		}
		merged, ok, err := q.mergeFile(ctx, by, own, base, m.Files[name])
		if err != nil || !ok {
			return nil, err
		}
		if !bytes.Equal(merged, own) {
			all = append(all, Change{Name: name, Old: own, New: merged})
		}
	}
	return all, nil
}

// mergeFile makes the step from base to wrong in own; base and own may be nil,
// for no file. ok is false when own differs from base at the same place.
func (q *Question) mergeFile(ctx context.Context, by unit, own, base, wrong []byte) (merged []byte, ok bool, err error) {
	switch {
	case base != nil && bytes.Equal(base, wrong), bytes.Equal(own, wrong):
		return own, true, nil
	case own == nil || base == nil:
		return wrong, own == nil && base == nil, nil
	case bytes.IndexByte(own, 0) >= 0:
		return nil, false, nil // git merges text
	}
	// Who edits on Windows has the same lines with other ends.
	unix, windows := []byte("\n"), []byte("\r\n")
	if lines := bytes.Count(own, unix); lines > 0 && lines == bytes.Count(own, windows) {
		merged, ok, err = q.gitMerge(ctx, by, bytes.ReplaceAll(own, windows, unix), base, wrong)
		return bytes.ReplaceAll(merged, unix, windows), ok, err
	}
	return q.gitMerge(ctx, by, own, base, wrong)
}

// gitMerge is `git merge-file`, which needs no repository.
func (q *Question) gitMerge(ctx context.Context, by unit, own, base, wrong []byte) (merged []byte, ok bool, err error) {
	args := []string{"merge-file", "-p", "-q"}
	for name, text := range map[string][]byte{"own": own, "base": base, "wrong": wrong} {
		const ours = 0o600
		if err := os.WriteFile(filepath.Join(q.run.Dir, "merge-"+name), by.split(text), ours); err != nil {
			return nil, false, fmt.Errorf("writing what to merge: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, "git", append(args, "merge-own", "merge-base", "merge-wrong")...)
	cmd.Dir = q.run.Dir
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	merged, err = cmd.Output()
	var exit *exec.ExitError
	const mostConflicts = 127 // git says their number up to that; above are errors
	switch {
	case err == nil:
		merged, err = by.join(merged)
		return merged, true, err
	case errors.Is(err, exec.ErrNotFound):
		return nil, false, &check.Trouble{Message: "git is not on the PATH", Mend: "install git"}
	case ctx.Err() != nil:
		return nil, false, ctx.Err()
	case errors.As(err, &exit) && exit.ExitCode() > 0 && exit.ExitCode() <= mostConflicts:
		return nil, false, nil
	}
	return nil, false, fmt.Errorf("merging with git: %w: %s", err, bytes.TrimSpace(complaint.Bytes()))
}

// unit is what git sees as a line.
type unit struct {
	split func(text []byte) []byte
	join  func(lines []byte) ([]byte, error)
}

// lines are lines.
var lines = unit{
	split: func(text []byte) []byte { return text },
	join:  func(text []byte) ([]byte, error) { return text, nil },
}

// word is a word with the blanks behind it: what is put after the last of a line
// begins one.
var word = regexp.MustCompile(`\S*\s*`)

// words puts each word on a line of its own, so that a change finds its place
// beside one that the learner made in the same line, or in the next.
var words = unit{
	split: func(text []byte) []byte {
		var quoted []byte
		for _, w := range word.FindAll(text, -1) {
			quoted = append(strconv.AppendQuote(quoted, string(w)), '\n')
		}
		return quoted
	},
	join: func(quoted []byte) ([]byte, error) {
		var text []byte
		for line := range strings.Lines(string(quoted)) {
			w, err := strconv.Unquote(strings.TrimSuffix(line, "\n"))
			if err != nil {
				return nil, fmt.Errorf("reading what git merged: %w", err)
			}
			text = append(text, w...)
		}
		return text, nil
	},
}
