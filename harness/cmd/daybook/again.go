package main

import (
	"context"
	"fmt"
	"runtime"
	"strconv"

	"github.com/daybook-dev/daybook/harness/internal/attest"
	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/grade"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
)

// gradeAgain is the regrader that really grades: one submission, without a
// policy over the points, for which it is not asked.
func gradeAgain(ctx context.Context, root, path string, st *attest.Statement) (*grade.Grade, error) {
	basis := st.Predicate.Basis
	day, err := catalog.Load(root, strconv.Itoa(st.Predicate.Day), scenario.IsCommand)
	if err != nil {
		return nil, err
	}
	entries, err := entriesOf(root, day, []string{path}, "")
	if err != nil {
		return nil, err
	}
	if len(entries) != 1 {
		return nil, &usageError{fmt.Errorf("%s holds %d submissions, and the one that was graded is wanted", path, len(entries))}
	}
	f := gradeFlags{isolation: basis.Isolation, exercise: basis.Exercise, jobs: runtime.NumCPU()}
	s, err := begin(root, day, f)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.arm(ctx, f); err != nil {
		return nil, err
	}
	s.grader.OwnSeed = &basis.Seed
	return s.grader.One(ctx, entries[0], s.jobs)
}
