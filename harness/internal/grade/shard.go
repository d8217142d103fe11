package grade

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ShardLimit is how many shards there may be. GitHub runs 256 jobs of a matrix
// and GitLab 200 of a parallel one; a mistyped number is larger.
const ShardLimit = 10_000

// Shard is a part of a batch: the Index-th, from 1, of Of. The zero Shard is
// the whole batch.
type Shard struct{ Index, Of int }

// ParseShard reads a shard as it is written: "2/4". The error is an
// *InputError.
func ParseShard(text string) (Shard, error) {
	index, of, ok := strings.Cut(text, "/")
	i, errIndex := strconv.Atoi(index)
	n, errOf := strconv.Atoi(of)
	if !ok || errIndex != nil || errOf != nil {
		return Shard{}, &InputError{Message: fmt.Sprintf("shard %q: the second of four is written 2/4", text)}
	}
	return shardOf(i, n, text)
}

func shardOf(i, n int, said string) (Shard, error) {
	if n < 1 || n > ShardLimit || i < 1 || i > n {
		return Shard{}, &InputError{Message: fmt.Sprintf("shard %s: there can be 1 to %d shards, counted from 1", said, ShardLimit)}
	}
	return Shard{Index: i, Of: n}, nil
}

// The environment variables by which continuous integration numbers its jobs.
// Kubernetes does not tell a job how many there are: its manifest has to, in
// JOB_COMPLETIONS.
const (
	gitlabIndex, gitlabTotal         = "CI_NODE_INDEX", "CI_NODE_TOTAL"
	kubernetesIndex, kubernetesTotal = "JOB_COMPLETION_INDEX", "JOB_COMPLETIONS"
)

// ShardFrom reads the shard from the environment: GitLab's CI_NODE_INDEX, from
// 1, and CI_NODE_TOTAL, or else Kubernetes' JOB_COMPLETION_INDEX, from 0, with
// JOB_COMPLETIONS. Without either it is the whole batch. The error is an
// *InputError.
func ShardFrom(getenv func(string) string) (Shard, error) {
	for _, from := range []struct {
		index, total string
		first        int
	}{{gitlabIndex, gitlabTotal, 1}, {kubernetesIndex, kubernetesTotal, 0}} {
		index, total := getenv(from.index), getenv(from.total)
		if index == "" {
			continue // GitLab sets the total of jobs that are not parallel, too
		}
		said := fmt.Sprintf("%s=%s of %s=%s", from.index, index, from.total, total)
		i, errIndex := strconv.Atoi(index)
		n, errTotal := strconv.Atoi(total)
		if errIndex != nil || errTotal != nil {
			return Shard{}, &InputError{Message: fmt.Sprintf("shard %s: both have to be numbers (or say --shard 1/1 for all)", said)}
		}
		return shardOf(i+1-from.first, n, said)
	}
	return Shard{}, nil
}

// String gives the shard as ParseShard reads it, and "" for the whole batch.
func (s Shard) String() string {
	if s.Of == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Of)
}

// Pick picks the ids that belong to the shard, sorted. Each id of a batch is in
// exactly one of its shards, whatever the order they are given in, and no
// shard has two more than another.
func (s Shard) Pick(ids []string) []string {
	sorted := slices.Sorted(slices.Values(ids))
	if s.Of == 0 {
		return sorted
	}
	var mine []string
	for i, id := range sorted {
		if i%s.Of == s.Index-1 {
			mine = append(mine, id)
		}
	}
	return mine
}
