// Package enginetest gives tests the engine that they need.
//
// Without one, a test is skipped by name, and says so; where an engine is
// required (DAYBOOK_ENGINE=required, as in CI), it fails instead, so that a
// broken machine cannot pass for a green one.
//
//	e := enginetest.Connect(t)
package enginetest

import (
	"context"
	"os"
	"testing"

	"github.com/daybook-dev/daybook/harness/internal/engine"
)

// Required is the environment variable that, set to "required", makes tests
// fail that have no engine.
const Required = "DAYBOOK_ENGINE"

// Connect returns the engine, or ends the test.
func Connect(t testing.TB) *engine.Engine {
	t.Helper()
	e, err := engine.Connect(context.WithoutCancel(t.Context()))
	if err == nil {
		return e
	}
	if os.Getenv(Required) == "required" {
		t.Fatalf("an engine is required: %v", err)
	}
	t.Skipf("it needs a Docker engine: %v", err)
	return nil
}

// Leftovers lists what belongs to runs on the engine: containers, networks,
// volumes and images, each as "what id".
func Leftovers(t testing.TB, e *engine.Engine) []string {
	t.Helper()
	left, err := e.Leftovers(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return left
}
