package catalog

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is written is what is read, in an order that does not change.
func TestFormatSums(t *testing.T) {
	root := workbook(t)
	day, err := Load(root, "7", knows)
	require.NoError(t, err)
	text := FormatSums(day.Sums)
	assert.Equal(t, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  Dockerfile\n"+
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  go.mod\n", string(text))
	require.NoError(t, os.WriteFile(filepath.Join(day.Dir, SumsFile), text, 0o644))
	again, err := Load(root, "7", knows)
	require.NoError(t, err)
	assert.Equal(t, day.Sums, again.Sums)
}

func TestIsID(t *testing.T) {
	for id, want := range map[string]bool{
		"one": true, "two-words": true, "runs-as-65534": true, "x7": true,
		"": false, "7": false, "7-up": false, "none": false, "Two": false, "two_words": false, "-two": false, "two-": false, "two--words": false, "../up": false, "two\n": false,
	} {
		assert.Equal(t, want, IsID(id), "IsID(%q)", id)
	}
}
