package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// FormatSums gives the text of a SumsFile: a line for each path of sums, which
// are SHA-256 in hex, in the order of the paths.
func FormatSums(sums map[string]string) []byte {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(&b, "%s  %s\n", sums[name], name)
	}
	return []byte(b.String())
}
