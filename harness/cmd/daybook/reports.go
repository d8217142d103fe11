package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/grade"
	"github.com/daybook-dev/daybook/harness/internal/report"
	"github.com/daybook-dev/daybook/harness/internal/report/html"
)

// reportFormats are all the forms in which grades can be had.
func reportFormats() []report.Format {
	return append(report.Formats(), report.Format{
		Name: "html", File: "index.html", Doc: "a page for a browser, of a learner or of a whole batch", One: html.One, All: html.Batch,
	})
}

func formatNames() string {
	var names []string
	for _, f := range reportFormats() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// formatsNamed are the formats that were asked for, or all of them.
func formatsNamed(names []string) ([]report.Format, error) {
	if len(names) == 0 {
		return reportFormats(), nil
	}
	var chosen []report.Format
	for _, name := range names {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(reportFormats(), func(f report.Format) bool { return f.Name == name })
		if i < 0 {
			return nil, &usageError{fmt.Errorf("--format %s: there is: %s", name, formatNames())}
		}
		chosen = append(chosen, reportFormats()[i])
	}
	return chosen, nil
}

// printable picks the format that is printed: the one that was asked for where
// nothing is kept, and text otherwise.
func printable(names []string, kept bool, submissions int) (report.Format, error) {
	if kept || len(names) == 0 {
		names = []string{"text"}
	}
	chosen, err := formatsNamed(names)
	switch {
	case err != nil:
		return report.Format{}, err
	case len(chosen) > 1:
		return report.Format{}, &usageError{fmt.Errorf("--format %s: without --out only one can be printed", strings.Join(names, ","))}
	case chosen[0].All == nil && submissions != 1:
		return report.Format{}, &usageError{fmt.Errorf("--format %s: it is for one submission, and there are %d; with --out there is one for each", names[0], submissions)}
	}
	return chosen[0], nil
}

// mustFormat is a format that there is.
func mustFormat(name string) report.Format {
	chosen, err := formatsNamed([]string{name})
	if err != nil {
		panic(err)
	}
	return chosen[0]
}

// learnersDir is the folder that has a folder for each learner, with what is
// theirs to see.
const learnersDir = "learners"

// writeReports writes the batch in each format into dir, and each of its grades
// into a folder of its own. The folder of those is replaced as a whole.
func writeReports(dir string, b *grade.Batch, formats []report.Format) error {
	for _, f := range formats {
		if f.All == nil {
			continue
		}
		if err := grade.WriteWhole(filepath.Join(dir, f.File), func(w io.Writer) error { return f.All(w, b) }); err != nil {
			return err
		}
	}
	parts, err := grade.WholeDir(dir)
	if err != nil {
		return err
	}
	defer os.RemoveAll(parts)
	for i := range b.Grades {
		g := &b.Grades[i]
		own := filepath.Join(parts, g.Submission.ID)
		if err := os.Mkdir(own, 0o755); err != nil {
			return fmt.Errorf("writing the reports of %s: %w", g.Submission.ID, err)
		}
		for _, f := range formats {
			if f.One == nil {
				continue
			}
			if err := grade.WriteWhole(filepath.Join(own, f.File), func(w io.Writer) error { return f.One(w, g) }); err != nil {
				return err
			}
		}
	}
	learners := filepath.Join(dir, learnersDir)
	if err := os.RemoveAll(learners); err != nil {
		return fmt.Errorf("removing the learners' old reports: %w", err)
	}
	if err := os.Rename(parts, learners); err != nil {
		return fmt.Errorf("writing the learners' reports: %w", err)
	}
	return nil
}

// printReport prints a batch. A submission that was asked for by itself is
// explained rather than listed.
func printReport(w io.Writer, b *grade.Batch, single bool, f report.Format) error {
	if len(b.Grades) == 1 && f.One != nil && (single || f.All == nil) {
		return f.One(w, &b.Grades[0])
	}
	if f.All == nil {
		return nil // the shard has none
	}
	return f.All(w, b)
}
