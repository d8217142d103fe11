package workbench

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
)

// Random draws random values. The same seed and name draw the same ones.
type Random struct{ r *rand.Rand }

// Random gives the source that belongs to name, such as a check's id.
func (b *Bench) Random(name string) *Random {
	h := fnv.New64a()
	h.Write([]byte(name)) // never fails, see hash.Hash
	return &Random{r: rand.New(rand.NewPCG(b.Seed, h.Sum64()))}
}

// Kinds are the kinds of value that Draw knows.
var Kinds = []string{"word", "name", "version", "hex", "int", "port", "bool", "duration", "url", "time", "module"}

// Draw draws a value of a kind: a lower-case word; an upper-case NAME fit for an
// environment variable; a semantic version with a leading v; 40 hexadecimal
// digits; a small integer; a TCP port that needs no privilege; a boolean; a Go
// duration; an absolute URL; a time (RFC 3339); a module path.
func (r *Random) Draw(kind string) (string, error) {
	switch kind {
	case "word":
		return r.word(8), nil
	case "name":
		return strings.ToUpper(r.word(6) + "_" + r.word(5)), nil
	case "version":
		return fmt.Sprintf("v%d.%d.%d", 1+r.r.IntN(9), r.r.IntN(90), r.r.IntN(900)), nil
	case "hex":
		return fmt.Sprintf("%016x%016x%08x", r.r.Uint64(), r.r.Uint64(), r.r.Uint32()), nil
	case "int":
		return fmt.Sprint(100 + r.r.IntN(90000)), nil
	case "port":
		return fmt.Sprint(20000 + r.r.IntN(12000)), nil // below Linux's range for outgoing connections
	case "bool":
		return fmt.Sprint(r.r.IntN(2) == 0), nil
	case "duration":
		return fmt.Sprintf("%dm%ds", 1+r.r.IntN(58), 1+r.r.IntN(58)), nil
	case "url":
		return fmt.Sprintf("https://%s.example:%d/%s?q=%s", r.word(7), 1024+r.r.IntN(9000), r.word(4), r.word(3)), nil
	case "time":
		return fmt.Sprintf("20%02d-%02d-%02dT%02d:%02d:%02dZ", 10+r.r.IntN(15), 1+r.r.IntN(12), 1+r.r.IntN(28), r.r.IntN(24), r.r.IntN(60), r.r.IntN(60)), nil
	case "module":
		return fmt.Sprintf("example.%s/%s/%s", r.word(3), r.word(6), r.word(5)), nil
	}
	return "", fmt.Errorf("no such kind of value: %s (there is: %s)", kind, strings.Join(Kinds, ", "))
}

// Pick picks one of the choices.
func (r *Random) Pick(choices []string) string { return choices[r.r.IntN(len(choices))] }

func (r *Random) word(n int) string {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	var b strings.Builder
	for i := range n {
		if i%2 == 0 {
			b.WriteByte(consonants[r.r.IntN(len(consonants))])
		} else {
			b.WriteByte(vowels[r.r.IntN(len(vowels))])
		}
	}
	return b.String()
}
