package grade

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every id is in exactly one shard, whatever the order, and the shards are even.
func TestShardsCover(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		var ids []string
		for i := range r.IntN(50) {
			ids = append(ids, fmt.Sprintf("learner-%d", i*7%50))
		}
		n := 1 + r.IntN(9)
		count := map[string]int{}
		for i := range n {
			s := Shard{Index: i + 1, Of: n}
			mine := s.Pick(ids)
			for _, id := range mine {
				count[id]++
			}
			require.InDelta(t, float64(len(ids))/float64(n), len(mine), 1, "seed %d", seed)
			shuffled := slices.Clone(ids)
			r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			require.Equal(t, mine, s.Pick(shuffled), "seed %d", seed)
		}
		require.Len(t, count, len(ids), "seed %d", seed)
		for id, times := range count {
			require.Equal(t, 1, times, "%s, seed %d", id, seed)
		}
	}
	assert.Equal(t, []string{"a", "b"}, Shard{}.Pick([]string{"b", "a"}), "no shard is all of them")
}

func TestParseShard(t *testing.T) {
	s, err := ParseShard("2/4")
	require.NoError(t, err)
	assert.Equal(t, Shard{Index: 2, Of: 4}, s)
	assert.Equal(t, "2/4", s.String())
	assert.Empty(t, Shard{}.String())
	for _, text := range []string{"", "2", "2/", "/4", "0/4", "5/4", "-1/4", "2/4/6", "a/b", "1/0", "1/99999"} {
		_, err := ParseShard(text)
		var input *InputError
		assert.ErrorAs(t, err, &input, text)
	}
}

func TestShardFromTheEnvironment(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want string // "error" for an error
	}{
		"nothing set":                         {nil, ""},
		"GitLab, from 1":                      {map[string]string{"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "4"}, "1/4"},
		"GitLab, the last":                    {map[string]string{"CI_NODE_INDEX": "4", "CI_NODE_TOTAL": "4"}, "4/4"},
		"GitLab, a job that is not parallel":  {map[string]string{"CI_NODE_TOTAL": "1"}, ""},
		"GitLab, no total":                    {map[string]string{"CI_NODE_INDEX": "1"}, "error"},
		"GitLab never counts from 0":          {map[string]string{"CI_NODE_INDEX": "0", "CI_NODE_TOTAL": "4"}, "error"},
		"Kubernetes, from 0":                  {map[string]string{"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "4"}, "1/4"},
		"Kubernetes, the last":                {map[string]string{"JOB_COMPLETION_INDEX": "3", "JOB_COMPLETIONS": "4"}, "4/4"},
		"Kubernetes, beyond the last":         {map[string]string{"JOB_COMPLETION_INDEX": "4", "JOB_COMPLETIONS": "4"}, "error"},
		"Kubernetes has to be told the total": {map[string]string{"JOB_COMPLETION_INDEX": "0"}, "error"},
		"no number":                           {map[string]string{"CI_NODE_INDEX": "one", "CI_NODE_TOTAL": "4"}, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := ShardFrom(func(k string) string { return c.env[k] })
			if c.want == "error" {
				var input *InputError
				require.ErrorAs(t, err, &input)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, s.String())
		})
	}
}
