package attest

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"golang.org/x/crypto/ssh"
)

// PublicSuffix is what the public key's file is called after the private one's.
const PublicSuffix = ".pub"

// keyLimit is the most bytes of a key's file: an ed25519 key has a few hundred.
const keyLimit = 64 << 10

// NewKey draws a key and writes it to two new files: file, which only its owner
// can read, and file with PublicSuffix. Both are PEM (PKCS #8 and PKIX), which
// OpenSSL reads too. It returns the public key's id. The error is an *InputError
// when one of the files is there already: a key is never written over.
func NewKey(file string) (id string, err error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", fmt.Errorf("drawing a key: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", fmt.Errorf("writing a key: %w", err)
	}
	open, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", fmt.Errorf("writing a key: %w", err)
	}
	if id, err = KeyID(public); err != nil {
		return "", err
	}
	const owner, readable = 0o600, 0o644
	if err := writeNew(file, pem.EncodeToMemory(&pem.Block{Type: privateBlock, Bytes: secret}), owner); err != nil {
		return "", err
	}
	if err := writeNew(file+PublicSuffix, pem.EncodeToMemory(&pem.Block{Type: publicBlock, Bytes: open}), readable); err != nil {
		return "", errors.Join(err, os.Remove(file))
	}
	return id, nil
}

const (
	privateBlock = "PRIVATE KEY"
	publicBlock  = "PUBLIC KEY"
	sshBlock     = "OPENSSH PRIVATE KEY"
)

// writeNew writes a file that was not there.
func writeNew(file string, text []byte, mode fs.FileMode) error {
	out, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return refuse("%s is there already, and a key is never written over", file)
	}
	if err != nil {
		return refuse("writing a key: %v", err)
	}
	_, err = out.Write(text)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return errors.Join(fmt.Errorf("writing a key: %w", err), os.Remove(file))
	}
	return nil
}

// ReadKey reads a private ed25519 key from a file: PEM with PKCS #8, or as
// ssh-keygen writes it without a passphrase. The error is an *InputError.
func ReadKey(file string) (ed25519.PrivateKey, error) {
	text, err := readKeyFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, refuse("%s is no private key in PEM", file)
	}
	var key any
	switch block.Type {
	case privateBlock:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case sshBlock:
		key, err = ssh.ParseRawPrivateKey(text)
	case publicBlock:
		return nil, refuse("%s is a public key, and the private one is wanted", file)
	default:
		return nil, refuse("%s holds a %s, and an ed25519 key (%s or %s) is wanted", file, block.Type, privateBlock, sshBlock)
	}
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return nil, refuse("%s is locked by a passphrase; use a key without one, such as `daybook keygen` makes", file)
	}
	if err != nil {
		return nil, refuse("%s is no key that can be read: %v", file, err)
	}
	if err := keptSecret(file); err != nil {
		return nil, err
	}
	switch k := key.(type) {
	case ed25519.PrivateKey:
		return k, nil
	case *ed25519.PrivateKey:
		return *k, nil
	}
	return nil, refuse("%s is not an ed25519 key", file)
}

// ReadPublicKey reads a public ed25519 key from a file: PEM with PKIX, or the
// line that ssh-keygen writes. The error is an *InputError.
func ReadPublicKey(file string) (ed25519.PublicKey, error) {
	text, err := readKeyFile(file)
	if err != nil {
		return nil, err
	}
	var key any
	if block, _ := pem.Decode(text); block != nil {
		if block.Type != publicBlock {
			return nil, refuse("%s holds a %s, and the public key is wanted: the file whose name ends in %s", file, block.Type, PublicSuffix)
		}
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	} else {
		var line ssh.PublicKey
		if line, _, _, _, err = ssh.ParseAuthorizedKey(text); err == nil {
			if holder, ok := line.(ssh.CryptoPublicKey); ok {
				key = holder.CryptoPublicKey()
			}
		}
	}
	if err != nil {
		return nil, refuse("%s is no public key that can be read: %v", file, err)
	}
	public, ok := key.(ed25519.PublicKey)
	if !ok {
		return nil, refuse("%s is not an ed25519 key", file)
	}
	return public, nil
}

func readKeyFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, refuse("reading a key: %v", err)
	}
	if !info.Mode().IsRegular() || info.Size() > keyLimit {
		return nil, refuse("%s is no key: a regular file of at most %d bytes is wanted", file, keyLimit)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, refuse("reading a key: %v", err)
	}
	return text, nil
}

// keptSecret wants a private key that not everybody on the machine can read or
// replace. Its group may read it: that is how Kubernetes hands out a secret.
func keptSecret(file string) error {
	if runtime.GOOS == "windows" { // its modes say nothing of who may read
		return nil
	}
	info, err := os.Stat(file)
	if err != nil {
		return refuse("reading a key: %v", err)
	}
	const others, written = 0o007, 0o022
	if mode := info.Mode().Perm(); mode&(others|written) != 0 {
		return refuse("%s can be read or changed by others than its owner (mode %#o): chmod 600 %s", filepath.Base(file), mode, file)
	}
	return nil
}

// KeyID names a public key: the SHA-256 of its PKIX form, in hex.
func KeyID(public ed25519.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", fmt.Errorf("naming a key: %w", err)
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), nil
}

func publicOf(key ed25519.PrivateKey) ed25519.PublicKey {
	return ed25519.PublicKey(key[ed25519.PrivateKeySize-ed25519.PublicKeySize:])
}

// keyPair is a key as DSSE's library asks for it. private is nil when it only
// verifies.
type keyPair struct {
	private ed25519.PrivateKey
	public  ed25519.PublicKey
}

var _ dsse.SignerVerifier = keyPair{}

// Sign signs data.
func (k keyPair) Sign(_ context.Context, data []byte) ([]byte, error) {
	return ed25519.Sign(k.private, data), nil
}

// Verify wants sig to be the signature of data.
func (k keyPair) Verify(_ context.Context, data, sig []byte) error {
	if !ed25519.Verify(k.public, data, sig) {
		return errors.New("verifying a signature: it is not one of this key")
	}
	return nil
}

// KeyID names the key.
func (k keyPair) KeyID() (string, error) { return KeyID(k.public) }

// Public gives the public key.
func (k keyPair) Public() crypto.PublicKey { return k.public }
