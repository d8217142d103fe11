package imagebuild

import (
	"strings"
	"testing"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Two runs that build the same files at the same time do not share an image, of
// which the one that is done first would take the other's away.
func TestSameFilesTwoImages(t *testing.T) {
	b, tag := newBuilder(t)
	dir := folder(t, "Dockerfile", "FROM scratch\nCOPY . /\nCMD [\"/x\"]\n", "x", "1")
	ids := map[string]bool{}
	for _, name := range []string{tag + "-one", tag + "-two"} {
		_, err := b.Build(t.Context(), Request{Dir: dir, Tag: name})
		require.NoError(t, err)
		img, err := b.engine.Client.ImageInspect(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, []string{"/x"}, img.Config.Cmd, "the rest of the config is as it was")
		ids[img.ID] = true
	}
	require.Len(t, ids, 2)
	_, err := b.engine.Client.ImageRemove(t.Context(), tag+"-one", client.ImageRemoveOptions{Force: true, PruneChildren: true})
	require.NoError(t, err)
	_, err = b.engine.Client.ImageInspect(t.Context(), tag+"-two")
	require.NoError(t, err)
}

// A build is ended as soon as enough is seen: this one would never end.
func TestEnough(t *testing.T) {
	b, _ := newBuilder(t)
	dir := folder(t, "Dockerfile", "FROM "+base+"\nRUN echo first; echo second; sleep infinity\n")
	fresh := func(_ string, run *RunStep) { run.Env = append(run.Env, "STAMP="+t.Name()+t.TempDir()) }
	built, err := b.Build(t.Context(), Request{Dir: dir, Edit: fresh, Enough: func(output string) bool { return strings.Contains(output, "second\n") }})
	require.ErrorIs(t, err, ErrEnough)
	assert.Contains(t, built.Executed()[0].Output, "first\n", "what was seen until then is returned")
}

// A step that is given a compiler's cache finds there what an earlier one left.
func TestGoCacheIsKept(t *testing.T) {
	b, _ := newBuilder(t)
	name := "daybook-test-" + strings.NewReplacer("/", "-", "_", "-").Replace(t.TempDir())
	build := func(user, script string) string {
		dir := folder(t, "Dockerfile", "FROM "+base+"\nUSER "+user+"\nRUN "+script+"\n")
		built, err := b.Build(t.Context(), Request{Dir: dir, Edit: func(_ string, run *RunStep) {
			run.GoCache = name
			run.Env = append(run.Env, "STAMP="+name)
		}})
		require.NoError(t, err)
		return strings.TrimSpace(built.Executed()[0].Output)
	}
	build("root", `echo mine >"$(go env GOCACHE)/kept"`)
	assert.Equal(t, "mine", build("root", `cat "$(go env GOCACHE)/kept"`))
	assert.Equal(t, "its own", build("1000", `test -e "$(HOME=/tmp go env GOCACHE)/kept" || echo its own`), "the cache is root's; nobody else is given it")
}
