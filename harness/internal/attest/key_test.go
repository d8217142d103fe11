package attest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/daybook-dev/daybook/harness/internal/attest"
)

func TestNewKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "grade.key")
	id, err := attest.NewKey(file)
	require.NoError(t, err)
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())

	key, err := attest.ReadKey(file)
	require.NoError(t, err)
	pub, err := attest.ReadPublicKey(file + attest.PublicSuffix)
	require.NoError(t, err)
	assert.Equal(t, key.Public(), pub)
	same, err := attest.KeyID(pub)
	require.NoError(t, err)
	assert.Equal(t, same, id)

	envelope, err := attest.Sign(graded(), key)
	require.NoError(t, err)
	_, err = attest.Verify(envelope, pub)
	require.NoError(t, err)
}

// A key that is lost is worse than one too many.
func TestNewKeyWritesNothingOver(t *testing.T) {
	for _, there := range []string{"grade.key", "grade.key.pub"} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, there), []byte("mine"), 0o600))
		_, err := attest.NewKey(filepath.Join(dir, "grade.key"))
		var input *attest.InputError
		require.ErrorAs(t, err, &input)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 1, "what was there, and nothing besides")
		text, err := os.ReadFile(filepath.Join(dir, there))
		require.NoError(t, err)
		assert.Equal(t, "mine", string(text))
	}
}

// OpenSSL reads our keys, where there is one.
func TestKeysAreOpenSSLs(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("it needs openssl")
	}
	file := filepath.Join(t.TempDir(), "grade.key")
	_, err = attest.NewKey(file)
	require.NoError(t, err)
	public, err := exec.Command(openssl, "pkey", "-in", file, "-pubout").CombinedOutput()
	require.NoError(t, err, "%s", public)
	ours, err := os.ReadFile(file + attest.PublicSuffix)
	require.NoError(t, err)
	assert.Equal(t, string(ours), string(public))
}

// The keys that ssh-keygen writes can be used too.
func TestSSHKeys(t *testing.T) {
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("it needs ssh-keygen")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "id_ed25519")
	out, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	key, err := attest.ReadKey(file)
	require.NoError(t, err)
	pub, err := attest.ReadPublicKey(file + ".pub")
	require.NoError(t, err)
	assert.Equal(t, key.Public(), pub)

	for name, args := range map[string][]string{"locked": {"-t", "ed25519", "-N", "a passphrase"}, "rsa": {"-t", "rsa", "-N", ""}} {
		other := filepath.Join(dir, name)
		out, err := exec.Command(keygen, append(args, "-q", "-f", other)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		_, err = attest.ReadKey(other)
		var input *attest.InputError
		assert.ErrorAs(t, err, &input, name)
	}
}

// The same without ssh-keygen.
func TestSSHForm(t *testing.T) {
	pub, key := seeded("ours")
	block, err := ssh.MarshalPrivateKey(key, "ours")
	require.NoError(t, err)
	dir := t.TempDir()
	file := filepath.Join(dir, "key")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
	read, err := attest.ReadKey(file)
	require.NoError(t, err)
	assert.Equal(t, key, read)
	line, err := ssh.NewPublicKey(pub)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file+".pub", ssh.MarshalAuthorizedKey(line), 0o644))
	readPub, err := attest.ReadPublicKey(file + ".pub")
	require.NoError(t, err)
	assert.Equal(t, pub, readPub)
}

func TestKeysThatAreNone(t *testing.T) {
	pub, key := seeded("ours")
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for name, text := range map[string][]byte{
		"empty":      nil,
		"text":       []byte("a key"),
		"public":     pkix(t, pub),
		"ecdsa":      pkcs8(t, other),
		"broken":     pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
		"other type": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}),
	} {
		file := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(file, text, 0o600))
		_, err := attest.ReadKey(file)
		var input *attest.InputError
		assert.ErrorAs(t, err, &input, name)
	}
	for name, text := range map[string][]byte{"empty": nil, "text": []byte("a key"), "private": pkcs8(t, key), "ecdsa": pkix(t, other.Public())} {
		file := filepath.Join(t.TempDir(), "key.pub")
		require.NoError(t, os.WriteFile(file, text, 0o600))
		_, err := attest.ReadPublicKey(file)
		var input *attest.InputError
		assert.ErrorAs(t, err, &input, name)
	}
	_, err = attest.ReadKey(filepath.Join(t.TempDir(), "none"))
	var input *attest.InputError
	assert.ErrorAs(t, err, &input)
}

// A private key that everybody can read, or that the group can replace, is none.
func TestKeyKeptSecret(t *testing.T) {
	_, key := seeded("ours")
	for mode, good := range map[os.FileMode]bool{0o400: true, 0o600: true, 0o440: true, 0o644: false, 0o620: false, 0o602: false} {
		file := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(file, pkcs8(t, key), 0o600))
		require.NoError(t, os.Chmod(file, mode))
		_, err := attest.ReadKey(file)
		assert.Equal(t, good, err == nil, "mode %#o: %v", mode, err)
	}
}

func pkcs8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func pkix(t *testing.T, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}
