package main

import (
	"flag"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/author"
	"github.com/daybook-dev/daybook/harness/internal/enginetest"
)

var update = flag.Bool("update", false, "write what pages quote anew")

// TestPages keeps the pages that belong to no day true: what they quote, and
// where they link to.
func TestPages(t *testing.T) {
	enginetest.Connect(t) // what they show was captured with one
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	daybook, err := exec.LookPath("daybook") // put there by testscript.Main
	require.NoError(t, err)
	for _, page := range []string{"README.md", "harness/README.md"} {
		problems, err := author.Pages{Root: root, Daybook: daybook, Update: *update}.Check(t.Context(), filepath.Join(root, page))
		require.NoError(t, err)
		require.Empty(t, problems)
	}
}
