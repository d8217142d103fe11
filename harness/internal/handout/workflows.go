package handout

import (
	"bytes"
	"embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
)

//go:embed workflows
var workflowFiles embed.FS

// Forge is who runs a workflow.
type Forge string

const (
	github     Forge = "GitHub Actions"
	gitlab     Forge = "GitLab CI"
	kubernetes Forge = "Kubernetes"
)

// Template is a workflow that is ready to be used.
type Template struct {
	Name  string // what it is asked for by
	File  string // where it belongs in a repository
	About string // one line
	Forge Forge
}

// Templates are the workflows that there are.
var Templates = []Template{
	{"github-pull-request", ".github/workflows/grade-pull-request.yml", "grade each pull request, with no right but to read", github},
	{"github-publish", ".github/workflows/publish-grade.yml", "write the grade of a pull request below it; goes with github-pull-request", github},
	{"github-batch", ".github/workflows/grade-batch.yml", "grade a folder of submissions in shards, and merge the results", github},
	{"github-classroom", ".github/workflows/classroom.yml", "grade a GitHub Classroom assignment", github},
	{"gitlab-batch", ".gitlab-ci.yml", "grade a folder of submissions in parallel jobs, and merge the results", gitlab},
	{"kubernetes-batch", "grade-batch.yaml", "grade a volume of submissions as an Indexed Job, and merge the results by another", kubernetes},
}

// find gives the workflow of that name.
func find(name string) (Template, bool) {
	for _, t := range Templates {
		if t.Name == name {
			return t, true
		}
	}
	return Template{}, false
}

// Workflow gives the text of a workflow for a day. The error is an *InputError
// when there is none of that name.
func Workflow(name string, day *catalog.Day) ([]byte, error) {
	if _, ok := find(name); !ok {
		var names []string
		for _, t := range Templates {
			names = append(names, t.Name)
		}
		return nil, refuse("there is no workflow %q; there is: %s", name, strings.Join(names, ", "))
	}
	text, err := workflowFiles.ReadFile("workflows/" + name + ".tmpl")
	if err != nil {
		return nil, fmt.Errorf("reading a workflow: %w", err)
	}
	// GitHub's own expressions are in {{ }}.
	t, err := template.New(name).Delims("[[", "]]").Option("missingkey=error").Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("reading a workflow: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, day); err != nil {
		return nil, fmt.Errorf("filling in a workflow: %w", err)
	}
	return out.Bytes(), nil
}
