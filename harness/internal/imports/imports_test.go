package imports

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	module   = "github.com/daybook-dev/daybook/"
	internal = module + "harness/internal/"
	commands = module + "harness/cmd/"
)

// levels is the order of the packages in harness/internal: each may import
// those above it here, and none beside or below it.
var levels = []struct {
	packages string
	because  string
}{
	{"check", "everybody speaks its words, so it knows nobody"},
	{"catalog submission goprogram imageinspect engine egress/forward sidecar/relay builddaemon/inside", "each knows one thing, and can be tried without the others"},
	{"intake sidecar attack", "one makes a folder of whatever was handed in, one puts a program of ours beside a container, one loads what attackers hand in: each builds on one of the above"},
	{"imagebuild containerrun egress baseimage sandbox", "they ask the engine, and not each other: a run puts them together"},
	{"builddaemon", "it is a builder, a way out for it and programs of ours in one container: it stands on all three"},
	{"workbench", "it puts the mechanisms together, and does not know who asks for its facts"},
	{"scenario", "it asks the workbench, and does not know in which order checks are run"},
	{"run", "it runs the checks, and does not know who listens: not how a result is shown, nor why it is wanted"},
	{"breakage", "it has a mistake planted and run, and does not know how the question is put"},
	{"grade", "it says what a result is worth, and does not know in which forms that is written down"},
	{"attest report report/html", "they write a grade down for others, and do not know who asked for it"},
	{"ui progress author doctor watch scaffold handout", "they are what a person asks for: they share what is above, not each other's ways"},
}

// forTests are packages that only tests import, and that import what they test.
const forTests = "enginetest imports"

// forbidden are imports, direct ones or through others, that the order alone
// does not rule out.
var forbidden = []struct {
	from    string // package, or packages
	not     []string
	through bool // nor through others
	because string
}{
	{"check", []string{module, "."}, true, "the vocabulary imports the standard library only, so that everything can speak it"},
	{"egress/forward", []string{internal}, true, "it is linked into the proxy, which runs in a container from scratch and is to be small"},
	{"builddaemon/inside", []string{internal}, true, "it is linked into a program of the build daemon's container, beside which learners' RUN steps run"},
	{"sidecar/relay", []string{module, "."}, true, "it is linked into the relay, which is put into other containers and is to be tiny"},
	{"catalog submission goprogram imageinspect", engines, true, "they work on files and processes: a day can be loaded, and an image read, where there is no engine"},
	{"check catalog submission goprogram imageinspect", []string{internal + "engine"}, true, "they work without an engine, so they cannot know ours"},
	{"scenario run breakage ui report report/html progress grade author", engines, false, "the engine is spoken to by the mechanisms alone, so that it can be another one"},
}

// engines are the modules that speak to a Docker engine.
var engines = []string{"github.com/docker/docker", "github.com/moby/moby", "github.com/moby/buildkit", "github.com/testcontainers/"}

// pkg is what the go command says of a package.
type pkg struct {
	ImportPath                               string
	Dir                                      string
	GoFiles                                  []string
	Imports, Deps, TestImports, XTestImports []string
}

// listed asks the go command for the packages in harness.
func listed(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports,Deps,TestImports,XTestImports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	require.NoError(t, err, complaints.String())
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		all = append(all, p)
	}
	require.NotEmpty(t, all)
	return all
}

// names is a list of packages in words.
func names(list, name string) bool {
	for have := range strings.FieldsSeq(list) {
		if have == name {
			return true
		}
	}
	return false
}

// level is the place of a package of ours in the order, or -1.
func level(path string) int {
	for i, l := range levels {
		if names(l.packages, strings.TrimPrefix(path, internal)) {
			return i
		}
	}
	return -1
}

func TestArrowsPointOneWay(t *testing.T) {
	for _, p := range listed(t) {
		name, ok := strings.CutPrefix(p.ImportPath, internal)
		if !ok || names(forTests, name) {
			continue
		}
		own := level(p.ImportPath)
		if !assert.NotEqual(t, -1, own, "%s has no place in the order: put it into levels, in %s", name, "harness/internal/imports/imports_test.go") {
			continue
		}
		for _, imported := range p.Imports {
			if other := level(imported); strings.HasPrefix(imported, internal) && other >= own {
				// Within a level only a package and what lies in its folder are one.
				t.Errorf("%s imports %s, which is not above it: %s", name, strings.TrimPrefix(imported, internal), levels[own].because)
			}
		}
	}
}

func TestForbiddenImports(t *testing.T) {
	for _, p := range listed(t) {
		name := strings.TrimPrefix(p.ImportPath, internal)
		for _, rule := range forbidden {
			if !names(rule.from, name) {
				continue
			}
			imported := p.Imports
			if rule.through {
				imported = p.Deps
			}
			for _, i := range imported {
				for _, not := range rule.not {
					// Every module's path has a dot in its first element, and
					// what has none is the standard library, vendor/ included.
					first, _, _ := strings.Cut(i, "/")
					if strings.HasPrefix(i, not) || (not == "." && strings.Contains(first, ".")) {
						t.Errorf("%s imports %s: %s", name, i, rule.because)
					}
				}
			}
		}
	}
}

func TestNobodyImportsCommands(t *testing.T) {
	for _, p := range listed(t) {
		for _, i := range append(append(p.Imports, p.TestImports...), p.XTestImports...) {
			assert.False(t, strings.HasPrefix(i, commands), "%s imports %s: a command is a thin layer over the packages, and nothing stands on it", p.ImportPath, i)
		}
	}
}

func TestOnlyTestsImportTestPackages(t *testing.T) {
	for _, p := range listed(t) {
		name := strings.TrimPrefix(p.ImportPath, internal)
		if names(forTests, name) {
			continue
		}
		for _, i := range p.Imports {
			assert.False(t, names(forTests, strings.TrimPrefix(i, internal)) || strings.HasPrefix(i, "github.com/stretchr/testify"),
				"%s imports %s: what is for tests does not belong into what people run", name, i)
		}
	}
}

// Every rule is about packages that there are, or a typo would forbid nothing.
func TestRulesNameWhatThereIs(t *testing.T) {
	var there strings.Builder
	for _, p := range listed(t) {
		there.WriteString(strings.TrimPrefix(p.ImportPath, internal) + " ")
	}
	// These are planned: see the architecture page.
	const planned = "report progress grade sandbox watch enginetest"
	for _, l := range levels {
		for name := range strings.FieldsSeq(l.packages) {
			assert.True(t, names(there.String(), name) || names(planned, name), "there is no package %s", name)
		}
	}
	for _, rule := range forbidden {
		for name := range strings.FieldsSeq(rule.from) {
			assert.NotEqual(t, -1, level(internal+name), "a rule is about %s, which is no package", name)
		}
	}
}

// The harness knows nothing of any particular day: what it says of a day comes
// from the day's own files. Comments may give one as an example.
func TestNoDayIsNamed(t *testing.T) {
	days, err := filepath.Glob(filepath.Join("..", "..", "..", "days", "*", "day.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, days)
	var numbers []string
	for _, d := range days {
		numbers = append(numbers, filepath.Base(filepath.Dir(d)))
	}
	day := regexp.MustCompile(`\b(?:` + strings.Join(numbers, "|") + `)\b`)
	for _, p := range listed(t) {
		for _, file := range p.GoFiles {
			files := token.NewFileSet()
			parsed, err := parser.ParseFile(files, filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			ast.Inspect(parsed, func(n ast.Node) bool {
				if s, ok := n.(*ast.BasicLit); ok && s.Kind == token.STRING && day.MatchString(s.Value) {
					t.Errorf("%s: %s names a day: take the number from the day that was loaded", files.Position(s.Pos()), s.Value)
				}
				return true
			})
		}
	}
}
