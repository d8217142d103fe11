package baseimage

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/distribution/reference"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/engine"
)

// smallRecipe makes an image with one file.
func smallRecipe(t *testing.T) *recipe {
	return &recipe{kind: "small", key: "small 1", takes: "no time", make: func(_ context.Context, dir string) (v1.Image, error) {
		layer, err := newFileLayer(filepath.Join(dir, "layer.tar"), func(w io.Writer) error {
			tree := &treeWriter{tar: tar.NewWriter(w)}
			return errors.Join(tree.file("hello", 0o644, []byte("hello")), tree.tar.Close())
		})
		require.NoError(t, err)
		return newImage("riscv64", v1.Config{Labels: map[string]string{Label: "small"}}, addition{layer, "made by a test"})
	}}
}

func TestNewImage(t *testing.T) {
	img, err := smallRecipe(t).make(t.Context(), t.TempDir())
	require.NoError(t, err)
	config, err := img.ConfigFile()
	require.NoError(t, err)
	layers, err := img.Layers()
	require.NoError(t, err)
	require.Len(t, layers, 1)
	content, err := layers[0].Uncompressed()
	require.NoError(t, err)
	defer content.Close()
	digest, size, err := v1.SHA256(content)
	require.NoError(t, err)
	assert.Equal(t, []v1.Hash{digest}, config.RootFS.DiffIDs)
	said, err := layers[0].Size()
	require.NoError(t, err)
	assert.Equal(t, size, said)
	assert.Equal(t, "linux/riscv64", config.Platform().String())
	assert.Equal(t, "made by a test", config.History[0].CreatedBy)
	assert.Equal(t, "small", config.Config.Labels[Label])
}

func TestStandInIsLoadedAndItsFilesRemoved(t *testing.T) {
	f := &fakeEngine{images: map[string]map[string]string{}}
	f.load = func(r io.Reader) string {
		for files := tar.NewReader(r); ; {
			h, err := files.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			assert.NoError(t, err)
			head := make([]byte, 2)
			_, _ = io.ReadFull(files, head)
			assert.NotEqual(t, "\x1f\x8b", string(head), "%s is not compressed", h.Name)
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.images["small:1"] = map[string]string{Label: "small", detailLabel: "next to nothing"}
		return `{"stream":"Loaded image: small:1\n"}`
	}
	p, told := f.start(t)
	img, err := p.standIn(t.Context(), smallName(t), smallRecipe(t), "there is no network")
	require.NoError(t, err)
	assert.Equal(t, "small:1 is a stand-in built on this machine (next to nothing)", img.Detail)
	require.Len(t, *told, 3)
	assert.Equal(t, "there is no network, so a stand-in for small:1 is built on this machine; this takes no time, and is done once", (*told)[0])

	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	left, err := os.ReadDir(filepath.Join(cache, "daybook", "stand-ins"))
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Equal(t, "small.lock", left[0].Name())
}

// golang:1.26 and golang:1.26.8 are the same image: the second costs nothing.
func TestStandInUnderAnotherTag(t *testing.T) {
	f := &fakeEngine{images: map[string]map[string]string{
		"app:1":       {Label: "golang", recipeLabel: "golang 1.26.8"}, // built FROM golang:1.26
		"golang:1.26": {Label: "golang", recipeLabel: "golang 1.26.8", detailLabel: "Debian"},
	}}
	p, told := f.start(t)
	named, err := reference.ParseNormalizedNamed("golang:1.26.8")
	require.NoError(t, err)
	img, err := p.standIn(t.Context(), named, &recipe{kind: "golang", key: "golang 1.26.8"}, "")
	require.NoError(t, err)
	assert.Equal(t, "golang:1.26.8 is a stand-in built on this machine (Debian)", img.Detail)
	assert.Equal(t, 1, f.requests("/images/golang:1.26/tag"))
	assert.Empty(t, *told)
}

func TestStandInThatTheEngineRefuses(t *testing.T) {
	f := &fakeEngine{load: func(r io.Reader) string {
		_, _ = io.Copy(io.Discard, r)
		return `{"errorDetail":{"message":"no space left on device"},"error":"no space left on device"}`
	}}
	p, _ := f.start(t)
	_, err := p.standIn(t.Context(), smallName(t), smallRecipe(t), "there is no network")
	require.EqualError(t, err, "loading the stand-in for small:1: no space left on device")
}

func smallName(t *testing.T) reference.Named {
	named, err := reference.ParseNormalizedNamed("small:1")
	require.NoError(t, err)
	return named
}

func TestWorkspaceIsForOneAtATime(t *testing.T) {
	p, told := (&fakeEngine{}).start(t)
	dir, release, err := p.workspace(t.Context(), "small:1", "small")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "left"), nil, 0o600))

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = p.workspace(ended, "small:1", "small")
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, []string{"waiting for another run, which is building the stand-in for small:1"}, *told)

	release()
	// What a killed process has left is gone.
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "left", "by", "another"), 0o700))
	dir, release, err = p.workspace(t.Context(), "small:1", "small")
	require.NoError(t, err)
	defer release()
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestRemoveStandIns(t *testing.T) {
	f := &fakeEngine{images: map[string]map[string]string{
		"golang:1.26": {Label: "golang"}, "alpine:3": nil,
		"app:1": {Label: "golang"}, "<none>:<none>": {Label: "golang"}, // built FROM golang:1.26
	}}
	p, _ := f.start(t)
	img, err := p.Ensure(t.Context(), "golang:1.26")
	require.NoError(t, err)
	require.Equal(t, StandIn, img.Origin)
	removed, err := p.RemoveStandIns(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"golang:1.26"}, removed)
	assert.Len(t, f.images, 3, "what is not ours is left")
	assert.NotContains(t, f.images, "golang:1.26")
	assert.Empty(t, p.turns, "the provider does not answer from memory")
}

func TestModuleDirIsFoundUpwards(t *testing.T) {
	p := NewProvider(&engine.Engine{}, nil)
	dir, err := p.moduleDir()
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(dir, "harness", "internal", "baseimage", "baseimage.go"))
	t.Chdir(t.TempDir())
	_, err = p.moduleDir()
	require.ErrorContains(t, err, "are not above the working folder")
}
