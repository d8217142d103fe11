// Package attest signs grades, so that they can be trusted later: by somebody
// who was not there, from a copy that went through other hands.
//
// What is signed is an in-toto Statement (v1) in a DSSE envelope, with an
// ed25519 key. Its subject is the submission, by the hash of the files taken;
// its predicate is the basis of the verdict, the verdict of each check, the
// points and the lines that explain them, and a digest of all else that the
// grade says, so that no word of it can be changed unnoticed.
//
// Rules: only a submission that was graded can be signed, for nothing else has
// a verdict. The same grade and key give the same bytes. Nothing is read from
// an envelope before its signature is known to be good, and an envelope that
// could be read in two ways is refused. The times that a grading took are not
// signed: they are the machine's luck.
//
//	envelope, err := attest.Sign(g, key)
//	statement, err := attest.Verify(envelope, public)
//	differences := attest.Matches(statement, g) // none
package attest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"

	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/daybook-dev/daybook/harness/internal/grade"
)

const (
	// PayloadType says that the payload of an envelope is an in-toto statement.
	PayloadType = "application/vnd.in-toto+json"
	// PredicateType names the form of a Predicate.
	PredicateType = "https://daybook.dev/grade/v1"
	// EnvelopeLimit is the most bytes that an envelope may have: that of a day
	// with a thousand checks has less than a tenth.
	EnvelopeLimit = 4 << 20
)

// InputError is something that the person who called has to put right: a file
// that is no key, no envelope or no grade that could be signed.
type InputError struct{ Message string }

// Error gives the message.
func (e *InputError) Error() string { return e.Message }

func refuse(format string, args ...any) error {
	return &InputError{Message: fmt.Sprintf(format, args...)}
}

// SignatureError is an envelope that the key did not sign, or that was changed
// afterwards.
type SignatureError struct{ Message string }

// Error gives the message.
func (e *SignatureError) Error() string { return e.Message }

// Sign gives the signed envelope of a grade, as JSON in one line. The error is an
// *InputError when the submission was not graded.
func Sign(g *grade.Grade, key ed25519.PrivateKey) ([]byte, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, refuse("signing a grade: the key is not an ed25519 key")
	}
	payload, err := payloadOf(g)
	if err != nil {
		return nil, err
	}
	signer, err := dsse.NewEnvelopeSigner(keyPair{private: key, public: publicOf(key)})
	if err != nil {
		return nil, fmt.Errorf("signing a grade: %w", err)
	}
	envelope, err := signer.SignPayload(context.Background(), PayloadType, payload)
	if err != nil {
		return nil, fmt.Errorf("signing a grade: %w", err)
	}
	text, err := json.Marshal(envelope)
	if err != nil {
		return nil, fmt.Errorf("writing an envelope: %w", err)
	}
	return append(text, '\n'), nil
}

// Verify gives what an envelope states. The error is an *InputError when it is no
// envelope of a grade, and a *SignatureError when pub has not signed what it
// holds.
func Verify(envelope []byte, pub ed25519.PublicKey) (*Statement, error) {
	if len(pub) != ed25519.PublicKeySize {
		return nil, refuse("verifying a grade: the key is not an ed25519 key")
	}
	e, err := parse(envelope)
	if err != nil {
		return nil, err
	}
	verifier, err := dsse.NewEnvelopeVerifier(keyPair{public: pub})
	if err != nil {
		return nil, fmt.Errorf("verifying a grade: %w", err)
	}
	key, err := KeyID(pub)
	if err != nil {
		return nil, err
	}
	// The library takes a signature without a key's id for one by any key. We
	// always write one, so that one without it was changed.
	if said := e.Signatures[0].KeyID; said != key {
		return nil, &SignatureError{fmt.Sprintf("the envelope is signed by the key %q, and not by %s", said, key)}
	}
	_, payload, err := verifier.VerifyAndDecode(context.Background(), e)
	if err != nil {
		return nil, &SignatureError{"the signature is not one of this key over what the envelope holds: it was changed, or signed by another key of the same name"}
	}
	if e.PayloadType != PayloadType {
		return nil, refuse("the envelope holds %q, and a statement (%s) is wanted", e.PayloadType, PayloadType)
	}
	return statementOf(payload)
}

// parse reads an envelope, and wants the only way of writing it that there is:
// with a name twice, an unknown one or spare bits in its base64, two programs
// could read it as two envelopes.
func parse(text []byte) (*dsse.Envelope, error) {
	if len(text) > EnvelopeLimit {
		return nil, refuse("the envelope has %d bytes, and the limit is %d", len(text), EnvelopeLimit)
	}
	var e dsse.Envelope
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, refuse("the envelope is no JSON of a DSSE envelope: %v", err)
	}
	if len(e.Signatures) != 1 {
		return nil, refuse("the envelope has %d signatures, and one is wanted", len(e.Signatures))
	}
	for name, field := range map[string]string{"payload": e.Payload, "signature": e.Signatures[0].Sig} {
		raw, err := base64.StdEncoding.DecodeString(field)
		if err != nil || base64.StdEncoding.EncodeToString(raw) != field {
			return nil, refuse("the envelope's %s is not in standard base64", name)
		}
	}
	canonical, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("reading an envelope: %w", err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil || !bytes.Equal(compact.Bytes(), canonical) {
		return nil, refuse("the envelope is not written as Daybook writes it: payloadType, payload and signatures (keyid, sig) are wanted, each once, in this order")
	}
	return &e, nil
}

// payloadOf gives the statement about a grade, as JSON in one line.
func payloadOf(g *grade.Grade) ([]byte, error) {
	predicate, err := predicateOf(g)
	if err != nil {
		return nil, err
	}
	fields, err := asStruct(predicate)
	if err != nil {
		return nil, err
	}
	s := &intoto.Statement{
		Type:          intoto.StatementTypeUri,
		Subject:       []*intoto.ResourceDescriptor{{Name: g.Submission.ID, Digest: map[string]string{digestName: g.Submission.Hash}}},
		PredicateType: PredicateType,
		Predicate:     fields,
	}
	if err := s.Validate(); err != nil {
		return nil, refuse("the grade of %s cannot be signed: %v", g.Submission.ID, err)
	}
	text, err := protojson.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("writing a statement: %w", err)
	}
	// protojson adds blanks at random, so that nobody relies on its bytes; ours
	// are the same for the same grade.
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		return nil, fmt.Errorf("writing a statement: %w", err)
	}
	return out.Bytes(), nil
}

// statementOf reads a payload whose signature is good.
func statementOf(payload []byte) (*Statement, error) {
	var s intoto.Statement
	if err := protojson.Unmarshal(payload, &s); err != nil {
		return nil, refuse("what was signed is no in-toto statement: %v", err)
	}
	if err := s.Validate(); err != nil {
		return nil, refuse("what was signed is no in-toto statement: %v", err)
	}
	if s.GetType() != intoto.StatementTypeUri || s.GetPredicateType() != PredicateType {
		return nil, refuse("what was signed is %q about %q, and %q is wanted", s.GetType(), s.GetPredicateType(), PredicateType)
	}
	if n := len(s.GetSubject()); n != 1 || len(s.GetSubject()[0].GetDigest()) != 1 {
		return nil, refuse("the statement has %d subjects; one, with one digest, is wanted", n)
	}
	subject := s.GetSubject()[0]
	st := &Statement{Name: subject.GetName(), Hash: subject.GetDigest()[digestName]}
	if st.Name == "" || st.Hash == "" {
		return nil, refuse("the statement's subject has no name, or no %s", digestName)
	}
	predicate, err := s.GetPredicate().MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("reading a statement: %w", err)
	}
	if err := strictly(predicate, &st.Predicate); err != nil {
		return nil, refuse("the statement is not one about a grade: %v", err)
	}
	st.Predicate.Basis.Basis.Seed = st.Predicate.Basis.Seed
	return st, nil
}
