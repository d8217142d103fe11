package grade

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/daybook-dev/daybook/harness/internal/catalog"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/containerrun"
	"github.com/daybook-dev/daybook/harness/internal/goprogram"
	"github.com/daybook-dev/daybook/harness/internal/imagebuild"
	"github.com/daybook-dev/daybook/harness/internal/scenario"
	"github.com/daybook-dev/daybook/harness/internal/submission"
)

// seal gives the basis its key, for a submission with that hash.
func (b Basis) seal(submissionHash string) Basis {
	b.Key = ""
	h := sha256.New()
	h.Write(mustJSON(b))
	io.WriteString(h, "\x00"+submissionHash)
	b.Key = sum(h)
	return b
}

// Sound reports whether g's key is that of its basis and its submission: of a
// file that was changed by hand or in part it is not.
func (g *Grade) Sound() bool {
	return g.Basis.Key != "" && g.Basis.Key == g.Basis.seal(g.Submission.Hash).Key
}

// SeedOf is the seed for a submission with that hash in a batch with that seed.
// It depends on nothing else, so neither neighbours nor the order nor a shard
// change a verdict, and the same files get the same one. It has 53 bits, which
// every reader of JSON keeps.
func SeedOf(batch uint64, submissionHash string) uint64 {
	h := sha256.Sum256(fmt.Appendf(nil, "daybook seed\x00%d\x00%s", batch, submissionHash))
	const spare = 64 - 53
	return binary.LittleEndian.Uint64(h[:]) >> spare
}

// Images makes an image ready and tells which one its name stands for: the
// digest, or the id where it has none.
type Images interface {
	Digest(ctx context.Context, ref string) (string, error)
}

// BasisOf is what the verdicts over a day, or over one exercise of it, depend on
// here: all but the seed and the key. tmp is a folder for files on the way.
// Images that are not to be had are left out: checks that need them are
// errored, and what was graded without them is graded again when they are there.
func BasisOf(ctx context.Context, day *catalog.Day, exercise, isolation, tmp string, images Images) (Basis, error) {
	b := Basis{Exercise: exercise, Isolation: isolation, Images: map[string]string{}, Limits: LimitsHash()}
	var err error
	if b.DayHash, err = DayHash(day); err != nil {
		return b, err
	}
	if b.Harness, err = Harness(); err != nil {
		return b, err
	}
	tc, err := goprogram.Find(ctx, tmp)
	if err != nil {
		return b, err
	}
	b.Toolchain = fmt.Sprintf("%s %s/%s", tc.Version, runtime.GOOS, runtime.GOARCH)
	wanted, err := WantsImages(day, exercise)
	if err != nil || !wanted {
		return b, err
	}
	for _, ref := range day.Images {
		digest, err := images.Digest(ctx, ref)
		if ctx.Err() != nil {
			return b, ctx.Err()
		}
		if err == nil {
			b.Images[ref] = digest
		}
	}
	return b, nil
}

// WantsImages reports whether a check of the exercise, or one that it needs, is
// about an image.
func WantsImages(day *catalog.Day, exercise string) (bool, error) {
	byID := map[string]check.Check{}
	var queue []check.Check
	for _, c := range day.Checks() {
		byID[c.ID] = c
		if exercise == "" || c.Exercise == exercise {
			queue = append(queue, c)
		}
	}
	for seen := map[string]bool{}; len(queue) > 0; {
		c := queue[0]
		queue = queue[1:]
		if seen[c.ID] {
			continue
		}
		seen[c.ID] = true
		cost, err := scenario.CostOf(c.Script)
		if err != nil || cost == scenario.Images {
			return err == nil, err
		}
		for _, need := range c.Needs {
			queue = append(queue, byID[need])
		}
	}
	return false, nil
}

// DayHash is the SHA-256, in hex, over the names and contents of the day's
// manifest, checks and probes, and over the list of the exercise's files as
// they were handed out.
func DayHash(day *catalog.Day) (string, error) {
	all := map[string]string{}
	for _, folder := range []string{"checks", "probes"} {
		dir := filepath.Join(day.Dir, folder)
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			continue // a day need not have probes
		}
		sums, err := submission.Sums(dir)
		if err != nil {
			return "", fmt.Errorf("hashing the day: %w", err)
		}
		for name, sum := range sums {
			all[folder+"/"+name] = sum
		}
	}
	for _, name := range []string{catalog.ManifestFile, catalog.SumsFile} {
		data, err := os.ReadFile(filepath.Join(day.Dir, name))
		if err != nil {
			return "", fmt.Errorf("hashing the day: %w", err)
		}
		s := sha256.Sum256(data)
		all[name] = hex.EncodeToString(s[:])
	}
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(h, "%s\x00%s\n", name, all[name])
	}
	return sum(h), nil
}

// Harness names the Daybook that runs: the commit that it was built from, or,
// where that does not tell all of it, the SHA-256 of the program itself.
var Harness = sync.OnceValues(func() (string, error) {
	if info, ok := debug.ReadBuildInfo(); ok {
		set := map[string]string{}
		for _, s := range info.Settings {
			set[s.Key] = s.Value
		}
		if set["vcs.revision"] != "" && set["vcs.modified"] == "false" {
			return "commit " + set["vcs.revision"], nil
		}
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("hashing this program: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("hashing this program: %w", err)
	}
	return "program sha256:" + sum(h), nil
})

// LimitsHash is the SHA-256, in hex, over the limits that decide whether a
// slow, large or greedy submission fails. Limits that packages keep to
// themselves are a part of the harness's own name.
func LimitsHash() string {
	h := sha256.New()
	for _, limit := range []any{
		goprogram.CompileTime, goprogram.RunTime, goprogram.OutputLimit, goprogram.MemoryLimit,
		imagebuild.TimeLimit, imagebuild.OutputLimit, imagebuild.DockerfileLimit,
		containerrun.ReadyLimit, containerrun.AnswerLimit, containerrun.StopLimit,
		submission.FileLimit, submission.CountLimit,
		SubmissionTime,
	} {
		fmt.Fprintf(h, "%v\n", limit)
	}
	return sum(h)
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
