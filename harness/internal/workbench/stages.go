package workbench

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
)

var (
	stageLine = regexp.MustCompile(`(?i)^\s*FROM\s.*\sAS\s+(\S+)`)
	fromLine  = regexp.MustCompile(`(?i)^\s*(?:COPY|RUN)\s.*?(?:--from=|--mount=\S*\bfrom=)([a-z0-9_-]+)(?:[\s,]|$)`)
)

// misspeltStage finds the line that copies from what ref, an image that could
// not be had, is the full name of. A bare word there means a stage, unless no
// stage has that name: then builders take it for an image. It returns nil when
// no line does.
func (b *Bench) misspeltStage(ref string) *check.Finding {
	text, err := os.ReadFile(filepath.Join(b.Tree.Dir, "Dockerfile"))
	if err != nil {
		return nil
	}
	var stages []string
	name, at, n := "", 0, 0
	for line := range strings.Lines(string(text)) {
		n++
		if m := stageLine.FindStringSubmatch(line); m != nil {
			stages = append(stages, m[1])
		}
		if m := fromLine.FindStringSubmatch(line); m != nil && ref == "docker.io/library/"+strings.ToLower(m[1])+":latest" {
			name, at = m[1], n
		}
	}
	if at == 0 {
		return nil
	}
	have := "no stage has a name: FROM … AS gives it one"
	if len(stages) > 0 {
		have = "the stages are called " + strings.Join(stages, ", ")
	}
	return &check.Finding{
		Want:    "line " + fmt.Sprint(at) + " to name a stage of this Dockerfile, or an image that there is",
		Got:     fmt.Sprintf("no stage is called %s, and no image of that name could be had", name),
		Because: "What follows from= is looked for among the stages first, and among images only if none has that name; here " + have + ".",
		Look:    []check.Place{{File: "Dockerfile", Line: at}},
	}
}
