package main

import (
	"context"
	"fmt"

	"github.com/daybook-dev/daybook/harness/internal/grade"
	"github.com/daybook-dev/daybook/harness/internal/run"
)

// The policies of isolation.
const (
	trusted = "trusted" // as check does
	hostile = "hostile" // nothing that a learner wrote runs outside a container
)

// isolate arranges for submissions to be kept apart from this machine as the
// policy says.
func (s *session) isolate(ctx context.Context, policy, exercise string) error {
	switch policy {
	case trusted:
		return nil
	case hostile:
	default:
		return &usageError{fmt.Errorf("--policy %s: %s or %s is wanted", policy, trusted, hostile)}
	}
	images, err := grade.WantsImages(s.grader.Day, exercise)
	if err != nil {
		return err
	}
	s.isolation, err = run.Isolate(ctx, s.scratch, s.root, s.grader.Day, images, s.say.Note)
	if err != nil {
		return fmt.Errorf("keeping submissions apart: %w", err)
	}
	s.grader.Isolate = s.isolation.Apply
	return nil
}
