package report

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// The files that a step of a GitHub workflow writes to, after the sources of the
// runner (actions/runner, FileCommandManager.cs): GITHUB_OUTPUT holds name=value
// or name<<delimiter, lines and the delimiter again; GITHUB_STEP_SUMMARY holds
// Markdown, and is dropped as a whole when it is above 1,024 KiB.
const stepSummaryLimit = 1024 << 10

// outputName is what an expression can name: steps.ID.outputs.NAME.
var outputName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// AppendOutput adds an output of the step to file, which is the one that
// GITHUB_OUTPUT names. The value may hold anything: it is ended by a delimiter
// that is drawn at random for it.
func AppendOutput(file, name, value string) error {
	if !outputName.MatchString(name) {
		return fmt.Errorf("adding to the step's outputs: %q is no name for one", name)
	}
	end := "end_" + rand.Text()
	return appendTo(file, func(int64) (string, error) {
		return name + "<<" + end + "\n" + value + "\n" + end + "\n", nil
	})
}

// AppendSummary adds the summary of a grade to file, which is the one that
// GITHUB_STEP_SUMMARY names, cut to the room that is left in it.
func AppendSummary(file string, g *grade.Grade) error {
	return appendSummary(file, gradeBlocks(g))
}

// AppendBatchSummary is AppendSummary for a batch.
func AppendBatchSummary(file string, b *grade.Batch) error {
	return appendSummary(file, batchBlocks(b))
}

func appendSummary(file string, blocks []string) error {
	return appendTo(file, func(size int64) (string, error) {
		text := fit(blocks, int(max(0, stepSummaryLimit-size-int64(len("\n\n")))))
		if text == "" {
			return "", errors.New("the step's summary is full")
		}
		return "\n" + text, nil
	})
}

// appendTo adds to file what make gives for the size that it has. What is there
// is ended first if it lacks the end of its line, or ours would be taken as a
// part of it.
func appendTo(file string, make func(size int64) (string, error)) (err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("adding to a file of the workflow: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("adding to a file of the workflow: %w", err)
	}
	text, err := make(size)
	if err != nil {
		return fmt.Errorf("adding to a file of the workflow: %w", err)
	}
	last := []byte{'\n'}
	if size > 0 {
		if _, err := f.ReadAt(last, size-1); err != nil {
			return fmt.Errorf("adding to a file of the workflow: %w", err)
		}
	}
	if last[0] != '\n' && !strings.HasPrefix(text, "\n") {
		text = "\n" + text
	}
	if _, err := f.WriteString(text); err != nil {
		return fmt.Errorf("adding to a file of the workflow: %w", err)
	}
	return nil
}
