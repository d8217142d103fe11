package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/intake"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
	"github.com/daybook-dev/daybook/harness/internal/ui"
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
// submission. Files that other flags name, which may lie in the folder of a
// batch, are known.
func entriesOf(root string, day *catalog.Day, paths []string, rosterFile string, known ...string) ([]intake.Entry, error) {
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
		if info.IsDir() && revision == "" {
			found, err := entriesIn(root, day, file, roster, append(known, rosterFile))
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
			continue
		}
		if roster != nil {
			return nil, &usageError{fmt.Errorf("--roster: it names the files of a folder, and %s is none", arg)}
		}
		all = append(all, intake.Entry{ID: intake.ID(file), Path: file, Revision: revision})
	}
	return all, nil
}

// entriesIn lists the submissions in a folder, and says what is none there.
func entriesIn(root string, day *catalog.Day, dir string, roster *intake.Roster, known []string) ([]intake.Entry, error) {
	o := intake.Options{Editable: day.Editable()}
	if usual, err := filepath.Rel(root, day.Exercise); err == nil {
		o.Usual = filepath.ToSlash(usual)
	}
	entries, notes, err := intake.Find(dir, roster, o, known...)
	say := ui.NewGrading(os.Stderr)
	for _, note := range notes {
		say.Note("%s", note)
	}
	return entries, err
}
