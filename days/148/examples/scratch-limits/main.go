// Command scratch-limits asks, of the place it runs in, for three things that a program takes for granted on a full
// system and that an image made from scratch does not have: root certificates, time zones and the names of users.
// It needs no network, and prints one line for each:
//
//	go run .
//
// Exit status: 0 all are here, 1 at least one is missing.
package main

import (
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"
)

// rootPEM is the certificate of a well-known authority, ISRG Root X2 (Let's Encrypt; valid until 2040). Systems that
// come with root certificates have it among them.
//
//go:embed isrg-root-x2.pem
var rootPEM []byte

func main() {
	status := 0
	for _, need := range []struct {
		name string
		find func() (string, error)
	}{
		{"certificates", findCertificates},
		{"time zones", findTimeZone},
		{"users", findUser},
	} {
		found, err := need.find()
		if err != nil {
			found, status = "MISSING: "+err.Error(), 1
		}
		fmt.Printf("%-13s %s\n", need.name, found)
	}
	os.Exit(status)
}

// findCertificates asks what a TLS client asks of each server's certificate: does it lead to a root that this system
// trusts? With no Roots in the options, Verify takes the system's.
func findCertificates() (string, error) {
	block, _ := pem.Decode(rootPEM)
	if block == nil {
		return "", errors.New("isrg-root-x2.pem holds no PEM block")
	}
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", err
	}
	if _, err := root.Verify(x509.VerifyOptions{}); err != nil {
		return "", err
	}
	return root.Subject.CommonName + " is trusted", nil
}

func findTimeZone() (string, error) {
	lisbon, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		return "", err
	}
	noon := time.Date(2026, time.July, 1, 12, 0, 0, 0, time.UTC)
	return "in July, noon in UTC is " + noon.In(lisbon).Format("15:04 MST") + " in Lisbon", nil
}

func findUser() (string, error) {
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("nobody is user %s, group %s", nobody.Uid, nobody.Gid), nil
}
