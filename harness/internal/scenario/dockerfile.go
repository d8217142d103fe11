package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/egress"
)

// readingCommands judge the Dockerfile as a text.
var readingCommands = []Command{
	{Name: "lint", Args: "", Judges: true, most: 0, run: cmdLint,
		Doc: "Fails when BuildKit's own lint remarks on something, or the Dockerfile cannot be parsed. Needs no engine; a `# check=` line silences nothing."},
	{Name: "from-scratch", Args: "", Judges: true, most: 0, run: cmdFromScratch,
		Doc: "Fails unless the final stage begins from nothing, through other stages too. Needs no engine."},
}

// buildingCommands build the Dockerfile.
var buildingCommands = []Command{
	{Name: "image", Args: "", most: 0, run: cmdImage,
		Doc: "Builds the image with the manifest's build arguments, once for all checks, and sets each argument's value as a variable. Fails when the build does."},
	{Name: "context-lacks", Args: "FILE…", Judges: true, least: 1, most: -1, run: cmdContextLacks,
		Doc: "Puts each FILE, with random content, into a copy of the tree, builds it, and fails when the builder takes one of them."},
}

func cmdLint(s *session, _ bool, _ []string) error {
	a, err := s.bench.Analysis(s.ctx)
	if err != nil {
		return err
	}
	if len(a.Warnings) == 0 {
		return nil
	}
	var got, rules []string
	var look []check.Place
	for _, w := range a.Warnings {
		got = append(got, fmt.Sprintf("line %d: %s (%s)", w.Line, w.Detail, w.Rule))
		rules = append(rules, w.URL)
		look = append(look, check.Place{File: "Dockerfile", Line: w.Line})
	}
	return s.fail("a Dockerfile that BuildKit's lint has nothing to say about", strings.Join(got, "\n"),
		"Each rule is explained at "+strings.Join(slices.Compact(rules), " and ")+".", look...)
}

func cmdFromScratch(s *session, _ bool, _ []string) error {
	a, err := s.bench.Analysis(s.ctx)
	if err != nil {
		return err
	}
	if a.Base == "" {
		return nil
	}
	return s.fail("the final stage to begin from nothing", "it begins from "+familiar(a.Base),
		"Everything in the base of the last stage ships with the image. Only the last stage counts; the ones before it may be as large as they like.",
		check.Place{File: "Dockerfile", Line: a.BaseLine})
}

func cmdImage(s *session, _ bool, _ []string) error {
	img, err := s.bench.Image(s.ctx)
	if err != nil {
		return err
	}
	s.image = img
	for name, value := range img.Args {
		s.set(name, value)
	}
	return nil
}

func cmdContextLacks(s *session, _ bool, args []string) error {
	sample(s, "context-lacks", args, func(string) bool { return false })
	if _, err := s.bench.EnsureBases(s.ctx); err != nil {
		return err
	}
	tree, err := s.bench.Copy()
	if err != nil {
		return err
	}
	for _, name := range args {
		secret, err := s.random.Draw("hex")
		if err != nil {
			return err
		}
		path := filepath.Join(tree, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(secret+"\n"), 0o644); err != nil {
			return err
		}
	}
	// Whether the build succeeds with these files about is not asked here.
	img, err := s.bench.Build(s.ctx, "context", tree, egress.Open, nil)
	if img == nil {
		return err
	}
	s.bench.Forget(img)
	var taken []string
	for _, name := range args {
		if slices.Contains(img.Built.Sent, name) {
			taken = append(taken, name)
		}
	}
	if len(taken) == 0 {
		return nil
	}
	look := []check.Place{{File: ".dockerignore"}}
	if line := s.bench.LineOf("COPY", "ADD"); line.Line > 0 {
		look = append(look, line)
	}
	return s.fail("the build to leave alone what is no part of it: "+strings.Join(args, ", "), "the builder took "+strings.Join(taken, ", "),
		"What .dockerignore does not keep out of the build context, `COPY . .` copies into a layer of the build: secrets and all, and each change of it throws the cache away.", look...)
}
