package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/intake"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
)

// dayAndPaths reads [DAY] PATH…: a first argument that is the number of a day is
// the day.
func dayAndPaths(root string, args []string) (*catalog.Day, []string, error) {
	days, err := catalog.List(root)
	if err != nil {
		return nil, nil, err
	}
	number, paths := "", args
	if n, err := strconv.Atoi(args[0]); err == nil {
		_, missing := os.Lstat(args[0])
		if slices.Contains(days, n) || missing != nil {
			number, paths = args[0], args[1:]
		}
	}
	if number == "" && len(days) != 1 {
		return nil, nil, &usageError{fmt.Errorf("say which day: daybook grade DAY PATH…; there is: %s", strings.Trim(fmt.Sprint(days), "[]"))}
	}
	if number == "" {
		number = strconv.Itoa(days[0])
	}
	day, err := catalog.Load(root, number, scenario.IsCommand)
	if err != nil {
		return nil, nil, err
	}
	if len(paths) == 0 {
		return nil, nil, &usageError{fmt.Errorf("say what to grade: daybook grade %s PATH…", number)}
	}
	return day, paths, nil
}

// entriesOf lists the submissions at the paths. A path is a batch, or one
// submission.
func entriesOf(root string, day *catalog.Day, paths []string, rosterFile string) ([]intake.Entry, error) {
	var roster *intake.Roster
	if rosterFile != "" {
		var err error
		if roster, err = intake.ReadRoster(rosterFile); err != nil {
			return nil, err
		}
		if len(paths) > 1 {
			return nil, &usageError{errors.New("--roster: it names the files of one folder, and there are several paths")}
		}
	}
	var all []intake.Entry
	for _, arg := range paths {
		file, revision := intake.SplitRevision(arg)
		info, err := os.Stat(file)
		if err != nil {
			return nil, &usageError{fmt.Errorf("reading what was handed in: %w", err)}
		}
		if file, err = filepath.Abs(file); err != nil {
			return nil, fmt.Errorf("finding %s: %w", arg, err)
		}
		if info.IsDir() && revision == "" && (roster != nil || !isSubmission(root, day, file)) {
			batch, err := intake.Batch(file, roster)
			if err != nil {
				return nil, err
			}
			all = append(all, batch...)
			continue
		}
		if roster != nil {
			return nil, &usageError{fmt.Errorf("--roster: it names the files of a folder, and %s is none", arg)}
		}
		all = append(all, intake.Entry{ID: submissionID(file), Path: file, Revision: revision})
	}
	return all, nil
}

// isSubmission reports whether a folder is one submission, and not a folder of
// such: it holds files of the day, at its top or where the exercise lies in the
// workbook, or it is a bare git repository.
func isSubmission(root string, day *catalog.Day, dir string) bool {
	there := func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}
	if there("HEAD") && there("objects") && there("refs") {
		return true
	}
	folders := []string{"."}
	if usual, err := filepath.Rel(root, day.Exercise); err == nil {
		folders = append(folders, filepath.ToSlash(usual))
	}
	for _, folder := range folders {
		for _, pattern := range day.Editable() {
			if found, err := fs.Glob(os.DirFS(dir), path.Join(folder, pattern)); err == nil && len(found) > 0 {
				return true
			}
		}
	}
	return false
}

// submissionID makes an id of the name of a single submission, fit for the name
// of a file.
func submissionID(file string) string {
	name := filepath.Base(file)
	for _, ending := range []string{".gz", ".zst", ".tgz", ".tzst", ".tar", ".zip", ".bundle", ".git"} {
		name = strings.TrimSuffix(name, ending)
	}
	name = strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.@+", r) {
			return r
		}
		return '-'
	}, name)
	const most = 100
	if name = strings.Trim(name[:min(len(name), most)], "-."); name == "" {
		return "submission"
	}
	return name
}
