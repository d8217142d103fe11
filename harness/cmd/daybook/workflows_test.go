package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/handout"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
)

var (
	called = regexp.MustCompile(`bin/daybook ([a-z-]+)((?:\\\n|[^\n|&;}])*)`)
	option = regexp.MustCompile(`(?:^|\s)--([a-z-]+)`)
)

// TestWorkflowsCallWhatThereIs keeps the workflows in step with the command line:
// each command and flag that they use is one that there is.
func TestWorkflowsCallWhatThereIs(t *testing.T) {
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	day, err := catalog.Load(root, "148", scenario.IsCommand)
	require.NoError(t, err)
	for _, w := range handout.Templates {
		text, err := handout.Workflow(w.Name, day)
		require.NoError(t, err)
		calls := called.FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, calls, w.Name)
		for _, call := range calls {
			cmd, rest, err := newRoot().Find([]string{call[1]})
			if !assert.NoError(t, err, w.Name) || !assert.Empty(t, rest, "%s: there is no command %s", w.Name, call[1]) {
				continue
			}
			flags := option.FindAllStringSubmatch(call[2], -1)
			for _, f := range flags {
				assert.NotNil(t, cmd.Flags().Lookup(f[1]), "%s: daybook %s has no --%s", w.Name, call[1], f[1])
			}
			if call[1] == "grade" {
				assert.GreaterOrEqual(t, len(flags), 3, "%s: %s", w.Name, strings.TrimSpace(call[0]))
			}
		}
	}
}
