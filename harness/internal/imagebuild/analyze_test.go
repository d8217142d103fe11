package imagebuild

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// folder makes a build context of files, name and text in turn.
func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, filepath.FromSlash(files[i]))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(files[i+1]), 0o644))
	}
	return dir
}

func TestAnalyzeFindsWhatTheFinalStageIsFrom(t *testing.T) {
	for name, c := range map[string]struct {
		dockerfile string
		base       string
		line       int
		images     []string
	}{
		"scratch":                   {"FROM scratch\nCOPY a /a\n", "", 0, nil},
		"an image":                  {"FROM golang:1.26 AS b\nRUN x\nFROM alpine:3\nCOPY --from=b /a /a\n", "docker.io/library/alpine:3", 3, []string{"docker.io/library/alpine:3", "docker.io/library/golang:1.26"}},
		"scratch, through a stage":  {"FROM scratch AS base\nCOPY a /a\nFROM base\nCOPY a /b\n", "", 0, nil},
		"an image, through a stage": {"FROM alpine:3 AS base\nRUN x\nFROM base\nRUN y\nCOPY a /b\n", "docker.io/library/alpine:3", 1, []string{"docker.io/library/alpine:3"}},
		"several files in one COPY": {"FROM alpine:3\nCOPY a b c /d/\n", "docker.io/library/alpine:3", 1, []string{"docker.io/library/alpine:3"}},
		"a variable":                {"ARG V=1.26\nFROM golang:${V}\nRUN x\n", "docker.io/library/golang:1.26", 2, []string{"docker.io/library/golang:1.26"}},
		"only used by --from":       {"FROM scratch\nCOPY --from=busybox:1 /bin/x /x\n", "", 0, []string{"docker.io/library/busybox:1"}},
		"a stage nobody uses":       {"FROM ubuntu:1 AS unused\nRUN x\nFROM scratch\nCOPY a /\n", "", 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := Analyze(t.Context(), folder(t, "Dockerfile", c.dockerfile), nil)
			require.NoError(t, err)
			require.Equal(t, c.base, a.Base)
			require.Equal(t, c.line, a.BaseLine)
			require.ElementsMatch(t, c.images, a.Images)
		})
	}
}

func TestAnalyzeLintsWhateverTheFileSays(t *testing.T) {
	for name, dockerfile := range map[string]string{
		"plainly":                          "FROM scratch\nENTRYPOINT /app\n",
		"silenced for all":                 "# check=skip=all\nFROM scratch\nENTRYPOINT /app\n",
		"silenced by name":                 "# check=skip=JSONArgsRecommended\nFROM scratch\nENTRYPOINT /app\n",
		"silenced above the stage":         "FROM scratch AS a\n# check=skip=all\nFROM scratch\nENTRYPOINT /app\n",
		"silenced with spaces and returns": "#  Check = skip=all\r\nFROM scratch\r\nENTRYPOINT /app\r\n",
		"silenced after a syntax line":     "# syntax=docker/dockerfile:1\n# check=skip=all\nFROM scratch\nENTRYPOINT /app\n",
	} {
		t.Run(name, func(t *testing.T) {
			a, err := Analyze(t.Context(), folder(t, "Dockerfile", dockerfile), nil)
			require.NoError(t, err)
			require.Len(t, a.Warnings, 1)
			require.Equal(t, "JSONArgsRecommended", a.Warnings[0].Rule)
			line := 1 + strings.Count(dockerfile[:strings.Index(dockerfile, "ENTRYPOINT")], "\n")
			require.Equal(t, line, a.Warnings[0].Line)
		})
	}
}

// A directive below a check line still counts.
func TestOutspokenKeepsLaterDirectives(t *testing.T) {
	a, err := Analyze(t.Context(), folder(t, "Dockerfile", "# check=skip=all\n# escape=`\nFROM scratch\nCOPY a `\n  /b\n"), nil)
	require.NoError(t, err)
	require.Empty(t, a.Warnings)
}

// doubling is a line for each of n variables that names the one before it twice.
func doubling(line string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, line, i+1, i, i)
	}
	return b.String()
}

// What people write is far below the limits, each letter of a version changed
// included.
func TestAnalyzeTakesOrdinaryVariables(t *testing.T) {
	text := "ARG VERSION=dev\nFROM scratch\nARG VERSION\nENV PATH=/opt/bin:$PATH GOFLAGS=\"-v\"\nLABEL version=${VERSION//./-} path=$PATH/x\n" +
		"RUN for d in a b; do for f in \"$d\"/*; do echo $d/" + strings.Repeat("x", 40_000) + "${f//x/yyyyyyyyyyyy}; done; done\n" +
		strings.Repeat("RUN echo \"${VERSION//./-} ${VERSION:-none} $PATH $HOME\" && "+strings.Repeat("true && ", 50)+"true\n", 50)
	_, err := Analyze(t.Context(), folder(t, "Dockerfile", text), map[string]string{"VERSION": "v1.2.3"})
	require.NoError(t, err)
}

func TestAnalyzeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		dockerfile string
		reason     string
		line       int
	}{
		"nothing":                     {" \n", "the Dockerfile is empty", 0},
		"an unknown instruction":      {"FROM scratch\nCOPPY a /\n", "unknown instruction: COPPY", 2},
		"binary":                      {"FROM scratch\n\n\x00", "NUL byte", 3},
		"no FROM":                     {"RUN x\n", "no build stage in current context", 1},
		"a foreign frontend":          {"# syntax=example.com/evil:1\nFROM scratch\n", "only docker/dockerfile is let", 1},
		"one in C's comments":         {"// syntax=example.com/evil:1\nFROM scratch\n", "only docker/dockerfile is let", 1},
		"one as JSON":                 {"{\"syntax\": \"example.com/evil:1\"}", "only docker/dockerfile is let", 0},
		"one after a byte-order mark": {"\uFEFF# syntax=example.com/evil:1\nFROM scratch\n", "only docker/dockerfile is let", 1},
		"one after a shebang":         {"#!/usr/bin/env x\n# syntax=example.com/evil:1\nFROM scratch\n", "only docker/dockerfile is let", 2},
		"one that looks like ours":    {"# syntax=example.com/docker/dockerfile:1\nFROM scratch\n", "only docker/dockerfile is let", 1},
		"variables that double":       {"FROM scratch\nARG A0=xxxxxxxx\n" + doubling("ARG A%d=${A%d}${A%d}\n", 40), "comes to more than 8 MiB", 0},
		"an environment that doubles": {"FROM scratch\nENV A0 xxxxxxxx\n" + doubling("ENV A%d $A%d:$A%d\n", 40), "comes to more than 8 MiB", 0},
		"a stage's defaults doubling": {"ARG A0=xxxxxxxx\n" + doubling("ARG A%d=\"${A%d:-}${A%d}\"\n", 40) + "FROM $A40\n", "comes to more than 8 MiB", 0},
		"texts in place of letters":   {"FROM scratch\nARG A=" + strings.Repeat("x", 30_000) + "\nLABEL a=${A//x/" + strings.Repeat("y", 30_000) + "}\n", "comes to more than 8 MiB", 3},
		"a doubling here-document":    {"FROM scratch\nARG A=" + strings.Repeat("x", 30_000) + "\nCOPY <<END /a\n" + strings.Repeat("$A\n", 300) + "END\n", "comes to more than 8 MiB", 3},
		"an environment many times":   {"FROM scratch\nENV A=" + strings.Repeat("x", 60_000) + "\n" + strings.Repeat("RUN x\n", 200), "comes to more than 8 MiB", 0},
		"endless instructions":        {"FROM scratch\n" + strings.Repeat("RUN x\n", InstructionLimit), "1001 instructions", 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Analyze(t.Context(), folder(t, "Dockerfile", c.dockerfile), nil)
			var f *Failure
			require.ErrorAs(t, err, &f)
			require.Contains(t, f.Reason, c.reason)
			if c.line > 0 {
				require.Equal(t, c.line, f.Line)
			}
		})
	}
	t.Run("no file", func(t *testing.T) {
		_, err := Analyze(t.Context(), t.TempDir(), nil)
		var f *Failure
		require.ErrorAs(t, err, &f)
	})
	t.Run("too large a file", func(t *testing.T) {
		_, err := Analyze(t.Context(), folder(t, "Dockerfile", "FROM scratch\n"+strings.Repeat("#", DockerfileLimit)), nil)
		var f *Failure
		require.ErrorAs(t, err, &f)
		require.Contains(t, f.Reason, "the limit is")
	})
}

func TestAnalyzeTakesEveryFormOfOurFrontend(t *testing.T) {
	for _, ref := range []string{"docker/dockerfile:1", "docker/dockerfile", "docker.io/docker/dockerfile:1.7-labs", "docker/dockerfile-upstream:master"} {
		_, err := Analyze(t.Context(), folder(t, "Dockerfile", "# syntax="+ref+"\r\nFROM scratch\r\nCOPY a /\r\n"), nil)
		require.NoError(t, err, ref)
	}
}
