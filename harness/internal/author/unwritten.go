package author

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

// toWrite matches what a scaffold leaves for an author: a mark, and a sentence
// that says what belongs in its place, up to what is markup around it.
var toWrite = regexp.MustCompile(`\bWRITE: *([^|<]*)`)

// unwritten reports every line of the day's files that a scaffold has left to be
// written: in the day's folder, in the exercise and in the solution.
func (p Plan) unwritten() ([]catalog.Problem, error) {
	var problems []catalog.Problem
	for _, dir := range p.folders() {
		err := eachFile(dir, func(file string) error {
			text, err := os.ReadFile(file)
			if err != nil || bytes.IndexByte(text, 0) >= 0 { // what is no text was not written by hand
				return err
			}
			n := 0
			for line := range strings.Lines(string(text)) {
				n++
				if m := toWrite.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil {
					found := problem(p, file, "not written yet: %s", strings.TrimRight(m[1], `"' `))
					found.Line = n
					problems = append(problems, found)
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("looking for what is not written: %w", err)
		}
	}
	return problems, nil
}

// folders are those of the day's files.
func (p Plan) folders() []string {
	return []string{p.Day.Dir, p.Day.Exercise, p.solution()}
}

func (p Plan) solution() string {
	return filepath.Join(p.Root, "solutions", fmt.Sprint(p.Day.Number))
}

// eachFile calls do with every regular file below dir, if there is such a folder,
// in the order of their names.
func eachFile(dir string, do func(file string) error) error {
	if !exists(dir) {
		return nil // who needs it says so
	}
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return do(file)
	})
}
