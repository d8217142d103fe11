package handout_test

import (
	"bytes"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/daybook-dev/daybook/harness/internal/handout"
)

// workflow is the text of a workflow for the day that tests use.
func workflow(t *testing.T, name string) []byte {
	t.Helper()
	_, day := workbook(t)
	text, err := handout.Workflow(name, day)
	require.NoError(t, err)
	return text
}

// forGitHub lists GitHub's workflows.
func forGitHub() (names []string) {
	for _, w := range handout.Templates {
		if w.Forge == "GitHub Actions" {
			names = append(names, w.Name)
		}
	}
	return names
}

// lint is what actionlint says of a workflow; with shellcheck, where that is.
func lint(t *testing.T, name string, text []byte) []string {
	t.Helper()
	shellcheck, _ := exec.LookPath("shellcheck")
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{Shellcheck: shellcheck})
	require.NoError(t, err)
	found, err := linter.Lint(name, text, nil)
	require.NoError(t, err)
	var said []string
	for _, e := range found {
		said = append(said, e.Error())
	}
	return said
}

func TestGitHubWorkflowsLintClean(t *testing.T) {
	require.Len(t, forGitHub(), 4)
	for _, name := range forGitHub() {
		assert.Empty(t, lint(t, name+".yml", workflow(t, name)), name)
	}
	// The linter is one that finds something.
	broken := bytes.Replace(workflow(t, "github-batch"), []byte("needs: grade"), []byte("needs: grades"), 1)
	assert.NotEmpty(t, lint(t, "broken.yml", broken))
}

// github is what the tests look at of a GitHub workflow.
type github struct {
	On          yaml.Node         `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Jobs        map[string]struct {
		Permissions map[string]string `yaml:"permissions"`
		Strategy    struct {
			FailFast *bool            `yaml:"fail-fast"`
			Matrix   map[string][]int `yaml:"matrix"`
		} `yaml:"strategy"`
		Steps []step `yaml:"steps"`
	} `yaml:"jobs"`
}

type step struct {
	Name string            `yaml:"name"`
	Uses string            `yaml:"uses"`
	Run  string            `yaml:"run"`
	With map[string]string `yaml:"with"`
	Env  map[string]string `yaml:"env"`
}

func parsed(t *testing.T, name string) github {
	t.Helper()
	var w github
	require.NoError(t, yaml.Unmarshal(workflow(t, name), &w))
	return w
}

// steps lists the steps of all jobs.
func (w github) steps() (all []step) {
	for _, j := range w.Jobs {
		all = append(all, j.Steps...)
	}
	return all
}

var pinned = regexp.MustCompile(`^actions/[a-z-]+@[0-9a-f]{40}$`)

// No expression gets into a shell's text, an action is what it was when it was
// looked at, and nobody has more rights than they need.
func TestGitHubWorkflowsAreSafe(t *testing.T) {
	for _, name := range forGitHub() {
		w := parsed(t, name)
		assert.NotNil(t, w.Permissions, "%s: without permissions: {} a job has those of the repository", name)
		assert.Empty(t, w.Permissions, name)
		for _, s := range w.steps() {
			assert.NotContains(t, s.Run, "${{", "%s, step %q: an expression in a shell's text can be a command", name, s.Name)
			if s.Uses != "" && s.Uses != "classroom-resources/autograding-grading-reporter@v1" {
				assert.Regexp(t, pinned, s.Uses, name)
			}
			if strings.HasPrefix(s.Uses, "actions/checkout@") {
				assert.Equal(t, "false", s.With["persist-credentials"], "%s: a token would lie beside what is run", name)
			}
			if strings.HasPrefix(s.Uses, "actions/setup-go@") {
				assert.Equal(t, "false", s.With["cache"], "%s: what an untrusted run stores, a trusted one would find", name)
			}
		}
	}
}

// Where a submission is run there is no secret and no right to write; where there
// is, nothing of it is run.
func TestPullRequestsMeetNoRights(t *testing.T) {
	text := string(workflow(t, "github-pull-request"))
	assert.NotContains(t, text, "secrets.")
	assert.NotContains(t, text, "pull_request_target")
	grade := parsed(t, "github-pull-request").Jobs["grade"]
	assert.Equal(t, map[string]string{"contents": "read"}, grade.Permissions)
	base, head := grade.Steps[0], grade.Steps[1]
	assert.Equal(t, "${{ github.event.pull_request.base.sha }}", base.With["ref"])
	assert.Equal(t, "${{ github.event.pull_request.head.sha }}", head.With["ref"])
	_, day := workbook(t)
	var sparse []string
	for _, p := range day.Editable() {
		sparse = append(sparse, "/exercises/148/"+p)
	}
	assert.Equal(t, sparse, strings.Split(strings.TrimSpace(head.With["sparse-checkout"]), "\n"), "of the head, what a learner may edit and nothing else")
	for _, s := range grade.Steps {
		if strings.Contains(s.Run, "make") || strings.Contains(s.Run, "bin/daybook") {
			assert.Contains(t, text, "working-directory: base")
			assert.NotContains(t, s.Run, "cd ", "what is run is the base's")
		}
		if strings.Contains(s.Run, "daybook grade") {
			assert.Contains(t, s.Run, "--policy hostile")
		}
	}

	publish := parsed(t, "github-publish")
	assert.Equal(t, map[string]string{"actions": "read", "contents": "read", "pull-requests": "write"}, publish.Jobs["publish"].Permissions)
	for _, s := range publish.steps() {
		assert.NotContains(t, s.With, "ref", "what is checked out is the default branch")
		assert.NotContains(t, s.With, "repository")
		assert.NotContains(t, s.Run, "bin/daybook grade ", "nothing is graded here")
	}
}

// Every shard says which it is of how many, all draw from one seed, and what
// merges them knows nothing else.
func TestBatchesAreSharded(t *testing.T) {
	for name, wants := range map[string][]string{
		"github-batch":     {`--shard "$SHARD"`, "SHARD: ${{ matrix.shard }}/${{ strategy.job-total }}", `--seed "$SEED"`, "bin/daybook merge shards/* --out report"},
		"gitlab-batch":     {`--shard "$CI_NODE_INDEX/$CI_NODE_TOTAL"`, `--seed "$SEED"`, "bin/daybook merge shards/* --out report"},
		"kubernetes-batch": {`--shard "$((JOB_COMPLETION_INDEX + 1))/$JOB_COMPLETIONS"`, `--seed "$SEED"`, "bin/daybook merge /reports/shards/* --out"},
		"github-classroom": {"--shard 1/1"},
	} {
		text := string(workflow(t, name))
		for _, want := range wants {
			assert.Contains(t, text, want, name)
		}
		assert.Contains(t, text, "--policy hostile", name)
	}
	grade := parsed(t, "github-batch").Jobs["grade"]
	assert.Equal(t, []int{1, 2, 3, 4, 5, 6, 7, 8}, grade.Strategy.Matrix["shard"], "shards are counted from 1, without a gap")
	require.NotNil(t, grade.Strategy.FailFast)
	assert.False(t, *grade.Strategy.FailFast)
}

// The key that signs is not where submissions are run.
func TestKeyIsApartFromSubmissions(t *testing.T) {
	for name, job := range parsed(t, "github-batch").Jobs {
		for _, s := range job.Steps {
			if strings.Contains(s.Env["GRADE_KEY"], "secrets.") {
				assert.Equal(t, "merge", name)
			}
		}
	}
}

// gitlab is a pipeline's file, with all that ours uses and nothing else: GitLab's
// own schema is not among the packages that this project can take in.
type gitlab struct {
	Stages    []string          `yaml:"stages"`
	Variables map[string]string `yaml:"variables"`
	Workflow  struct {
		Rules []struct {
			If string `yaml:"if"`
		} `yaml:"rules"`
	} `yaml:"workflow"`
	Default struct {
		Image        string   `yaml:"image"`
		BeforeScript []string `yaml:"before_script"`
	} `yaml:"default"`
	Grade gitlabJob `yaml:"grade"`
	Merge gitlabJob `yaml:"merge"`
}

type gitlabJob struct {
	Stage    string   `yaml:"stage"`
	Parallel int      `yaml:"parallel"`
	Timeout  string   `yaml:"timeout"`
	Needs    []string `yaml:"needs"`
	Services []struct {
		Name  string `yaml:"name"`
		Alias string `yaml:"alias"`
	} `yaml:"services"`
	Variables map[string]string `yaml:"variables"`
	Script    []string          `yaml:"script"`
	Retry     struct {
		Max       int      `yaml:"max"`
		When      []string `yaml:"when"`
		ExitCodes int      `yaml:"exit_codes"`
	} `yaml:"retry"`
	AllowFailure struct {
		ExitCodes int `yaml:"exit_codes"`
	} `yaml:"allow_failure"`
	Artifacts struct {
		When     string   `yaml:"when"`
		ExpireIn string   `yaml:"expire_in"`
		Paths    []string `yaml:"paths"`
	} `yaml:"artifacts"`
}

// Strictly, so that a misspelt key is found; and what GitLab's reference says of
// the values: parallel 2 to 200, retry at most 2, a stage that there is.
func TestGitLabPipeline(t *testing.T) {
	var p gitlab
	dec := yaml.NewDecoder(bytes.NewReader(workflow(t, "gitlab-batch")))
	dec.KnownFields(true)
	require.NoError(t, dec.Decode(&p))
	assert.Equal(t, []string{"grade", "merge"}, p.Stages)
	assert.Equal(t, "148", p.Variables["DAY"])
	for _, j := range []gitlabJob{p.Grade, p.Merge} {
		assert.Contains(t, p.Stages, j.Stage)
		assert.NotEmpty(t, j.Script)
		assert.Equal(t, "always", j.Artifacts.When, "what was graded is kept when a job fails")
	}
	assert.GreaterOrEqual(t, p.Grade.Parallel, 2)
	assert.LessOrEqual(t, p.Grade.Parallel, 200)
	assert.LessOrEqual(t, p.Grade.Retry.Max, 2)
	assert.Equal(t, 3, p.Grade.Retry.ExitCodes, "3 is: ungraded, try again")
	assert.Equal(t, 3, p.Grade.AllowFailure.ExitCodes)
	reasons := []string{"always", "unknown_failure", "script_failure", "api_failure", "stuck_or_timeout_failure", "runner_system_failure",
		"runner_unsupported", "stale_schedule", "job_execution_timeout", "archived_failure", "unmet_prerequisites", "scheduler_failure", "data_integrity_failure"}
	assert.Subset(t, reasons, p.Grade.Retry.When)
	assert.Equal(t, []string{"grade"}, p.Merge.Needs)
	assert.Equal(t, p.Grade.Artifacts.Paths, []string{"shards/"})
}

// The Kubernetes manifests are decoded by Kubernetes' own types, strictly.
func TestKubernetesManifests(t *testing.T) {
	documents := strings.Split(string(workflow(t, "kubernetes-batch")), "\n---\n")
	require.Len(t, documents, 2)
	var grade, merge batchv1.Job
	require.NoError(t, sigsyaml.UnmarshalStrict([]byte(documents[0]), &grade))
	require.NoError(t, sigsyaml.UnmarshalStrict([]byte(documents[1]), &merge))
	for _, j := range []batchv1.Job{grade, merge} {
		assert.Equal(t, "batch/v1", j.APIVersion)
		assert.Equal(t, "Job", j.Kind)
		pod := j.Spec.Template.Spec
		// podFailurePolicy asks for Never, and so does a Job that counts by itself.
		assert.Equal(t, corev1.RestartPolicyNever, pod.RestartPolicy)
		assert.False(t, *pod.AutomountServiceAccountToken, "a submission needs no token of the cluster's")
		volumes := map[string]bool{}
		for _, v := range pod.Volumes {
			volumes[v.Name] = true
		}
		for _, c := range append(pod.InitContainers, pod.Containers...) {
			for _, m := range c.VolumeMounts {
				assert.True(t, volumes[m.Name], "%s mounts %s, and there is no such volume", c.Name, m.Name)
			}
		}
	}
	assert.Error(t, sigsyaml.UnmarshalStrict([]byte(strings.Replace(documents[0], "completions:", "completion:", 1)), &batchv1.Job{}), "a misspelt key is found")
	indexed(t, grade.Spec)
}

// indexed looks at what Kubernetes wants of an Indexed Job, as its reference says.
func indexed(t *testing.T, s batchv1.JobSpec) {
	t.Helper()
	require.NotNil(t, s.CompletionMode)
	assert.Equal(t, batchv1.IndexedCompletion, *s.CompletionMode)
	assert.NotNil(t, s.BackoffLimitPerIndex)
	require.NotNil(t, s.Completions)
	assert.LessOrEqual(t, *s.MaxFailedIndexes, *s.Completions)
	grade := s.Template.Spec.Containers[0]
	env := map[string]string{}
	for _, e := range grade.Env {
		env[e.Name] = e.Value
	}
	assert.Equal(t, "148", env["DAY"])
	assert.Equal(t, "8", env["JOB_COMPLETIONS"])
	assert.EqualValues(t, 8, *s.Completions, "a shard of how many: both have to say the same")
	for _, r := range s.PodFailurePolicy.Rules {
		if r.OnExitCodes != nil {
			assert.Equal(t, grade.Name, *r.OnExitCodes.ContainerName)
			assert.Equal(t, []int32{2}, r.OnExitCodes.Values, "2 is bad input, which trying again does not mend; 3 is tried again")
			assert.Equal(t, batchv1.PodFailurePolicyActionFailIndex, r.Action)
		}
	}
	engine := s.Template.Spec.InitContainers[0]
	assert.Equal(t, corev1.ContainerRestartPolicyAlways, *engine.RestartPolicy, "else it is waited for until it ends")
	assert.Nil(t, grade.SecurityContext, "only the engine has more rights than a container usually has")
}

func TestNoSuchWorkflow(t *testing.T) {
	_, day := workbook(t)
	_, err := handout.Workflow("jenkins", day)
	var input *handout.InputError
	require.ErrorAs(t, err, &input)
	assert.Contains(t, err.Error(), "gitlab-batch")
}
