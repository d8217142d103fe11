package main

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
	"github.com/daybook-dev/daybook/harness/internal/intake"
	"github.com/daybook-dev/daybook/harness/internal/report"
	"github.com/daybook-dev/daybook/harness/internal/run"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
	"github.com/daybook-dev/daybook/harness/internal/ui"
)

// checkFlags are the flags of `daybook check`.
type checkFlags struct {
	dir, format, out string
	seed             uint64
	jobs             int
}

func newCheck() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check DAY [EXERCISE]",
		Short: "Check the work on a day, or on one of its exercises",
		Long: `Checks the work on a day: builds it, starts it, and looks at what it does.

Exit status: 0 all passed, 1 a check failed, 2 bad usage or bad input,
3 something could not be decided, which is not the learner's fault.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error { return runCheck(c, args, f) },
	}
	c.Flags().StringVar(&f.dir, "dir", "", "the work to check (default: exercises/DAY)")
	c.Flags().StringVar(&f.format, "format", "text", "text, json, or one of the reports of a grade: "+strings.Join(singleFormats(), ", "))
	c.Flags().StringVar(&f.out, "out", "", "write the result to this file instead of standard output")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "draw the same random values again (default: drawn anew)")
	c.Flags().IntVarP(&f.jobs, "jobs", "j", runtime.NumCPU(), "checks at a time")
	return c
}

func runCheck(c *cobra.Command, args []string, f checkFlags) error {
	plan, err := planOf(c, args, f)
	if err != nil {
		return err
	}
	out, err := newOutput(f.out)
	if err != nil {
		return err
	}
	defer out.discard()
	listen, write, err := form(f, plan.Dir, out)
	if err != nil {
		return err
	}
	result, err := run.Checks(c.Context(), plan, listen)
	if err != nil {
		return err
	}
	if err := write(result); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	if err := out.keep(); err != nil {
		return err
	}
	return verdict(result.Status)
}

func planOf(c *cobra.Command, args []string, f checkFlags) (run.Plan, error) {
	root, err := workbook(c)
	if err != nil {
		return run.Plan{}, err
	}
	day, err := catalog.Load(root, args[0], scenario.IsCommand)
	if err != nil {
		return run.Plan{}, err
	}
	plan := run.Plan{Day: day, Root: root, Dir: f.dir, Seed: f.seed, Jobs: f.jobs}
	if plan.Dir == "" {
		plan.Dir = day.Exercise
	}
	if f.jobs < 1 {
		return plan, &usageError{fmt.Errorf("-j %d: at least one check at a time is wanted", f.jobs)}
	}
	if !c.Flags().Changed("seed") {
		plan.Seed = newSeed()
	}
	if len(args) > 1 {
		plan.Exercise = args[1]
		if err := hasExercise(day, plan.Exercise); err != nil {
			return plan, err
		}
	}
	return plan, nil
}

// hasExercise wants day to have an exercise of that id.
func hasExercise(day *catalog.Day, id string) error {
	var have []string
	for _, e := range day.Exercises {
		have = append(have, e.ID)
	}
	if !slices.Contains(have, id) {
		return &usageError{fmt.Errorf("day %d has no exercise %q; it has: %s", day.Number, id, strings.Join(have, ", "))}
	}
	return nil
}

// newSeed draws a seed that is short enough to be typed again.
func newSeed() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	const most = 1_000_000
	return binary.LittleEndian.Uint64(b[:]) % most
}

// form gives the listener and the last writer for a format, of the work in dir.
func form(f checkFlags, dir string, out io.Writer) (listen func(run.Event), write func(*check.Result) error, err error) {
	if f.format == "text" {
		color := f.out == "" && ui.ColorFor(os.Stdout)
		return ui.NewText(out, os.Stderr, color).Listen, func(*check.Result) error { return nil }, nil
	}
	progress := ui.NewText(io.Discard, os.Stderr, false)
	if f.format == "json" {
		return progress.Listen, func(r *check.Result) error { return report.Result(out, r) }, nil
	}
	for _, known := range reportFormats() {
		if known.Name == f.format && known.One != nil {
			write := func(r *check.Result) error {
				s := grade.Submission{ID: intake.ID(dir), Source: filepath.Base(dir)}
				return known.One(out, grade.Of(r, s, grade.Basis{Seed: r.Seed, Isolation: trusted}))
			}
			return progress.Listen, write, nil
		}
	}
	return nil, nil, &usageError{fmt.Errorf("--format %s: text or json is wanted, or one of the reports: %s", f.format, strings.Join(singleFormats(), ", "))}
}

// singleFormats names the reports that can be had of a single result, but for
// those that check has in a form of its own.
func singleFormats() []string {
	var names []string
	for _, f := range reportFormats() {
		if f.One != nil && f.Name != "text" && f.Name != "json" {
			names = append(names, f.Name)
		}
	}
	return names
}

// output is where results go: standard output, or a file that gets its name
// only when it is whole, so that nobody reads half a result.
type output struct {
	*os.File
	path string // empty for standard output, and once the file is kept
}

func newOutput(path string) (*output, error) {
	if path == "" {
		return &output{File: os.Stdout}, nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, &usageError{fmt.Errorf("--out %s: %w", path, err)}
	}
	return &output{File: f, path: path}, nil
}

// keep gives the file its name.
func (o *output) keep() error {
	if o.path == "" {
		return nil
	}
	const readable = 0o644
	err := errors.Join(o.Chmod(readable), o.Close())
	if err == nil {
		err = os.Rename(o.Name(), o.path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", o.path, err)
	}
	o.path = ""
	return nil
}

// discard removes a file that was not kept.
func (o *output) discard() {
	if o.path != "" {
		_ = o.Close()
		_ = os.Remove(o.Name())
	}
}
