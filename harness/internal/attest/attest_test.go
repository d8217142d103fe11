package attest_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daybook-dev/daybook/harness/internal/attest"
	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// seeded is a key that is the same in every run of the tests.
func seeded(text string) (ed25519.PublicKey, ed25519.PrivateKey) {
	seed := sha256.Sum256([]byte(text))
	key := ed25519.NewKeyFromSeed(seed[:])
	return key.Public().(ed25519.PublicKey), key
}

// hash is a SHA-256 in hex.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// graded is a grade that has something in every field.
func graded() *grade.Grade {
	r := &check.Result{Day: 7, Seed: 148, Engine: "Docker Engine 28", StandIns: []string{"golang:1.26"}, Exercises: []check.ExerciseResult{
		{ID: "greet", Checks: []check.CheckResult{
			{ID: "greets", Title: "It greets", Status: check.Passed, Points: 3, MaxPoints: 3, Needs: []string{}, DurationMS: 12, Advice: []string{"Say it louder."}},
			{ID: "greets-nobody", Title: "It greets nobody", Status: check.Failed, MaxPoints: 2, Needs: []string{"greets"},
				Finding: &check.Finding{Want: "<nobody> & co", Got: `"Bob"`, Because: "there was none", Look: []check.Place{{File: "greet/greet.go", Line: 7}}}},
			{ID: "leaves", Title: "It leaves", Status: check.Skipped, MaxPoints: 1, Needs: []string{"greets-nobody"}, MissedNeed: "greets-nobody"},
		}},
	}}
	r.Total()
	return &grade.Grade{
		Schema: grade.Schema, Day: 7, Status: grade.Graded, Points: 2.7, MaxPoints: 6, Result: r, DurationMS: 4711,
		Begun: time.Date(2026, 11, 25, 13, 1, 2, 345, time.FixedZone("", 3600)),
		Lines: []grade.Line{{Text: "greet", Points: 3}, {Text: "one day late", Points: -0.3}},
		Submission: grade.Submission{ID: "ada-lovelace", Name: "Ada Lovelace", Source: "ada.zip", Hash: hash("files"), Taken: []string{"greet/greet.go"},
			LeftOut: []grade.LeftOut{{Name: "__MACOSX", Reason: "it is no file of the day"}}, Submitted: time.Date(2026, 11, 24, 23, 59, 0, 0, time.UTC)},
		Basis: grade.Basis{Key: hash("key"), DayHash: hash("day"), Harness: "v1.2.3", Toolchain: "go1.26.8 linux/amd64",
			Images: map[string]string{"golang:1.26": "sha256:" + hash("image")}, Seed: math.MaxUint64, Isolation: "hostile", Limits: hash("limits")},
	}
}

func sign(t *testing.T, g *grade.Grade) []byte {
	t.Helper()
	_, key := seeded("ours")
	envelope, err := attest.Sign(g, key)
	require.NoError(t, err)
	return envelope
}

func TestRoundTrip(t *testing.T) {
	g := graded()
	pub, _ := seeded("ours")
	st, err := attest.Verify(sign(t, g), pub)
	require.NoError(t, err)
	assert.Equal(t, "ada-lovelace", st.Name)
	assert.Equal(t, g.Submission.Hash, st.Hash)
	assert.Equal(t, uint64(math.MaxUint64), st.Predicate.Basis.Seed, "a seed must not lose its last digits")
	assert.Equal(t, g.Basis, st.Predicate.Basis.Basis)
	assert.Equal(t, attest.Verdict{Exercise: "greet", ID: "greets-nobody", Status: check.Failed, MaxPoints: 2}, st.Predicate.Checks[1])
	assert.Empty(t, attest.Matches(st, g))

	// The grade as it is read from its file is the same one.
	text, err := json.MarshalIndent(g, "", "  ")
	require.NoError(t, err)
	read, err := attest.ReadGrade(text)
	require.NoError(t, err)
	assert.Empty(t, attest.Matches(st, read))
	assert.Equal(t, string(sign(t, g)), string(sign(t, read)), "the same grade gives the same bytes")
}

// The times that it took are the machine's luck, and are not signed.
func TestDurationsAreNotSigned(t *testing.T) {
	g := graded()
	g.DurationMS++
	g.Result.Exercises[0].Checks[0].DurationMS++
	assert.Equal(t, string(sign(t, graded())), string(sign(t, g)))
}

// pae is DSSE's pre-authentication encoding, written from its specification:
// the lengths are those of bytes, in decimal.
func pae(payloadType string, payload []byte) []byte {
	return []byte("DSSEv1 " + strconv.Itoa(len(payloadType)) + " " + payloadType + " " + strconv.Itoa(len(payload)) + " " + string(payload))
}

func TestPAE(t *testing.T) {
	for _, v := range []struct{ payloadType, payload, want string }{
		{"http://example.com/HelloWorld", "hello world", "DSSEv1 29 http://example.com/HelloWorld 11 hello world"}, // the specification's
		{"", "", "DSSEv1 0  0 "},
		{"http://example.com/HelloWorld", "ಠ", "DSSEv1 29 http://example.com/HelloWorld 3 ಠ"},
	} {
		assert.Equal(t, v.want, string(dsse.PAE(v.payloadType, []byte(v.payload))))
		assert.Equal(t, v.want, string(pae(v.payloadType, []byte(v.payload))))
	}
}

// raw is an envelope as anybody would read it.
type raw struct {
	PayloadType string `json:"payloadType"`
	Payload     []byte `json:"payload"`
	Signatures  []struct {
		KeyID string `json:"keyid"`
		Sig   []byte `json:"sig"`
	} `json:"signatures"`
}

// Whoever has nothing of ours verifies it with the standard library alone.
func TestVerifiesWithoutUs(t *testing.T) {
	pub, _ := seeded("ours")
	var e raw
	require.NoError(t, json.Unmarshal(sign(t, graded()), &e))
	assert.Equal(t, "application/vnd.in-toto+json", e.PayloadType)
	require.Len(t, e.Signatures, 1)
	assert.True(t, ed25519.Verify(pub, pae(e.PayloadType, e.Payload), e.Signatures[0].Sig))

	var s struct {
		Type          string `json:"_type"`
		PredicateType string `json:"predicateType"`
		Subject       []struct {
			Name   string            `json:"name"`
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
	}
	require.NoError(t, json.Unmarshal(e.Payload, &s))
	assert.Equal(t, "https://in-toto.io/Statement/v1", s.Type)
	assert.Equal(t, "https://daybook.dev/grade/v1", s.PredicateType)
	require.Len(t, s.Subject, 1)
	assert.Equal(t, map[string]string{"sha256": hash("files")}, s.Subject[0].Digest)
}

// What others sign by the same rules, with the same key, is read.
func TestReadsWhatOthersSign(t *testing.T) {
	pub, key := seeded("ours")
	var e raw
	require.NoError(t, json.Unmarshal(sign(t, graded()), &e))
	e.Signatures[0].Sig = ed25519.Sign(key, pae(e.PayloadType, e.Payload))
	text, err := json.Marshal(e)
	require.NoError(t, err)
	_, err = attest.Verify(text, pub)
	require.NoError(t, err)
}

func TestAnotherKeyFails(t *testing.T) {
	envelope := sign(t, graded())
	theirs, _ := seeded("theirs")
	_, err := attest.Verify(envelope, theirs)
	var wrong *attest.SignatureError
	require.ErrorAs(t, err, &wrong)

	// Nor does it help to say that it was theirs.
	id, err := attest.KeyID(theirs)
	require.NoError(t, err)
	var e raw
	require.NoError(t, json.Unmarshal(envelope, &e))
	e.Signatures[0].KeyID = id
	text, err := json.Marshal(e)
	require.NoError(t, err)
	_, err = attest.Verify(text, theirs)
	require.ErrorAs(t, err, &wrong)
}

// Each value of the payload is changed alone, and each name in it.
func TestEveryFieldOfThePayloadIsSigned(t *testing.T) {
	pub, key := seeded("ours")
	var e raw
	require.NoError(t, json.Unmarshal(sign(t, graded()), &e))
	var doc any
	require.NoError(t, json.Unmarshal(e.Payload, &doc))
	verify := func() error {
		var err error
		e.Payload, err = json.Marshal(doc)
		require.NoError(t, err)
		text, err := json.Marshal(e)
		require.NoError(t, err)
		_, err = attest.Verify(text, pub)
		return err
	}
	// Signed as this test writes it, so that a change is the only change.
	whole, err := json.Marshal(doc)
	require.NoError(t, err)
	e.Signatures[0].Sig = ed25519.Sign(key, pae(e.PayloadType, whole))
	require.NoError(t, verify())
	n := 0
	each(doc, func(where string) {
		n++
		var wrong *attest.SignatureError
		assert.ErrorAs(t, verify(), &wrong, "%s was changed", where)
	})
	require.NoError(t, verify(), "everything was changed back")
	assert.Greater(t, n, 60, "a statement has more fields than were changed")
}

// each changes one value below v at a time, calls try, and changes it back.
func each(v any, try func(where string)) {
	var walk func(where string, v any, set func(any))
	walk = func(where string, v any, set func(any)) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				walk(where+"."+name, inner, func(x any) { v[name] = x })
				delete(v, name)
				v[name+"x"] = inner
				try(where + "." + name + " (its name)")
				delete(v, name+"x")
				try(where + "." + name + " (left out)")
				v[name] = inner
			}
		case []any:
			for i, inner := range v {
				walk(fmt.Sprintf("%s[%d]", where, i), inner, func(x any) { v[i] = x })
			}
		case string:
			set(v + "x")
			try(where)
			set(v)
		case float64:
			set(v + 1)
			try(where)
			set(v)
		case bool:
			set(!v)
			try(where)
			set(v)
		}
	}
	walk("", v, nil) // it is a map, which is not set
}

// No byte of an envelope can be another one.
func TestEveryByteOfTheEnvelopeCounts(t *testing.T) {
	pub, _ := seeded("ours")
	envelope := bytes.TrimSuffix(sign(t, graded()), []byte("\n"))
	for i := range envelope {
		for _, flip := range []byte{1, 2, 4, 0x20} {
			changed := bytes.Clone(envelope)
			changed[i] ^= flip
			if _, err := attest.Verify(changed, pub); err == nil {
				t.Errorf("byte %d of the envelope was changed from %q to %q, and it verifies", i, envelope[i], changed[i])
			}
		}
	}
}

func TestEnvelopesThatAreNone(t *testing.T) {
	pub, _ := seeded("ours")
	good := string(bytes.TrimSpace(sign(t, graded())))
	var e raw
	require.NoError(t, json.Unmarshal([]byte(good), &e))
	payload := base64.StdEncoding.EncodeToString(e.Payload)
	for name, text := range map[string]string{
		"empty":             "",
		"no JSON":           "{",
		"another JSON":      `{"a":1}`,
		"a list":            "[" + good + "]",
		"twice":             good + good,
		"an unknown name":   `{"x":1,` + good[1:],
		"a name twice":      `{"payload":"` + payload + `",` + good[1:],
		"another case":      `{"Payload":"` + payload + `",` + good[1:],
		"no signature":      fmt.Sprintf(`{"payloadType":%q,"payload":%q,"signatures":[]}`, e.PayloadType, payload),
		"a signature twice": fmt.Sprintf(`{"payloadType":%q,"payload":%q,"signatures":[%s,%[3]s]}`, e.PayloadType, payload, signature(t, e)),
		"base64 of a URL":   fmt.Sprintf(`{"payloadType":%q,"payload":%q,"signatures":[%s]}`, e.PayloadType, payload+"_-__", signature(t, e)),
		"too long":          good + string(bytes.Repeat([]byte(" "), attest.EnvelopeLimit)),
	} {
		_, err := attest.Verify([]byte(text), pub)
		var input *attest.InputError
		assert.ErrorAs(t, err, &input, name)
	}
}

func signature(t *testing.T, e raw) string {
	t.Helper()
	text, err := json.Marshal(e.Signatures[0])
	require.NoError(t, err)
	return string(text)
}

// A good signature over something else is not a grade.
func TestSignedButNoGrade(t *testing.T) {
	pub, key := seeded("ours")
	id, err := attest.KeyID(pub)
	require.NoError(t, err)
	var e raw
	require.NoError(t, json.Unmarshal(sign(t, graded()), &e))
	whole := string(e.Payload)
	for name, v := range map[string]struct{ payloadType, payload string }{
		"another payload type":   {"text/plain", whole},
		"no JSON":                {attest.PayloadType, "graded"},
		"an older statement":     {attest.PayloadType, replaced(t, whole, "https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")},
		"another predicate":      {attest.PayloadType, replaced(t, whole, attest.PredicateType, "https://slsa.dev/provenance/v1")},
		"another digest":         {attest.PayloadType, replaced(t, whole, `"sha256":`, `"gitTree2":`)},
		"an unknown field":       {attest.PayloadType, replaced(t, whole, `"grade_sha256":`, `"also":1,"grade_sha256":`)},
		"a name twice":           {attest.PayloadType, replaced(t, whole, `"grade_sha256":`, `"grade_sha256":"0","grade_sha256":`)},
		"a hash that is none":    {attest.PayloadType, replaced(t, whole, hash("files"), "0123")},
		"an unknown field above": {attest.PayloadType, replaced(t, whole, `"_type":`, `"x":1,"_type":`)},
	} {
		e.PayloadType, e.Payload = v.payloadType, []byte(v.payload)
		e.Signatures[0].KeyID, e.Signatures[0].Sig = id, ed25519.Sign(key, pae(v.payloadType, []byte(v.payload)))
		text, err := json.Marshal(e)
		require.NoError(t, err)
		_, err = attest.Verify(text, pub)
		var input *attest.InputError
		assert.ErrorAs(t, err, &input, name)
	}
}

func replaced(t *testing.T, text, old, with string) string {
	t.Helper()
	require.Contains(t, text, old)
	return string(bytes.Replace([]byte(text), []byte(old), []byte(with), 1))
}

// Only what was graded has a verdict.
func TestWhatIsNotSigned(t *testing.T) {
	_, key := seeded("ours")
	for name, change := range map[string]func(*grade.Grade){
		"ungraded":  func(g *grade.Grade) { g.Status = grade.Ungraded },
		"refused":   func(g *grade.Grade) { g.Status, g.Result = grade.Refused, nil },
		"no result": func(g *grade.Grade) { g.Result = nil },
		"no hash":   func(g *grade.Grade) { g.Submission.Hash = "" },
		"no id":     func(g *grade.Grade) { g.Submission.ID = "" },
		"no schema": func(g *grade.Grade) { g.Schema = "" },
	} {
		g := graded()
		change(g)
		_, err := attest.Sign(g, key)
		var input *attest.InputError
		assert.ErrorAs(t, err, &input, name)
	}
}
