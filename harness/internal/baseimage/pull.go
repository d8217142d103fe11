package baseimage

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/client"
)

// How long a pull may say nothing. Before the first word a registry that
// answers needs a second or two, one behind a black hole a minute and more
// (the engine tries several times); between words there can be a slow disk.
const (
	firstWordLimit = 10 * time.Second
	silenceLimit   = 2 * time.Minute
)

// reportEvery is how often a pull tells how far it is.
const reportEvery = 10 * time.Second

var errSilent = errors.New("it did not answer in time")

// unreachableError says that the registry could not be asked, or could not
// say. Nothing is known about the image then.
type unreachableError struct {
	registry string
	reason   error
}

func (e *unreachableError) Error() string {
	return fmt.Sprintf("the registry %s cannot be reached (%s)", e.registry, engineWords(e.reason))
}

func (e *unreachableError) Unwrap() error { return e.reason }

// short leaves all of the reason out but its last part, which is the cause.
func (e *unreachableError) short() string {
	parts := strings.Split(e.reason.Error(), ": ")
	return fmt.Sprintf("the registry %s cannot be reached (%s)", e.registry, parts[len(parts)-1])
}

// engineWords is an error of the engine without the client's introduction.
func engineWords(err error) string {
	return strings.TrimPrefix(err.Error(), "Error response from daemon: ")
}

// pull has the engine pull the image. A registry that was found unreachable
// is not tried again. The error is an *unreachableError or a *NotFoundError,
// or the context's.
func (p *Provider) pull(ctx context.Context, named reference.Named) error {
	host := reference.Domain(named)
	p.mu.Lock()
	err := p.unreachable[host]
	p.mu.Unlock()
	if err != nil {
		return err
	}
	ref := reference.FamiliarString(named)
	p.progress("%s is not on this machine yet: pulling it from %s", ref, host)
	err = p.pullOnce(ctx, named)
	if err == nil || ctx.Err() != nil || client.IsErrConnectionFailed(err) {
		return err // when it is the engine that is gone, nothing is known of the registry
	}
	if saysNotFound(err.Error()) {
		return &NotFoundError{Ref: ref, Reason: engineWords(err)}
	}
	err = &unreachableError{registry: host, reason: err}
	p.mu.Lock()
	p.unreachable[host] = err
	p.mu.Unlock()
	return err
}

func (p *Provider) pullOnce(ctx context.Context, named reference.Named) error {
	ref := reference.FamiliarString(named)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	alarm := time.AfterFunc(p.firstWord, func() { cancel(errSilent) })
	defer alarm.Stop()
	stream, err := p.engine.Client.ImagePull(ctx, ref, client.ImagePullOptions{RegistryAuth: credentials(ctx, ref)})
	if err != nil {
		return causeOf(ctx, err)
	}
	far := pullProgress{fetched: map[string]int64{}, due: time.Now().Add(reportEvery)}
	for m, err := range stream.JSONMessages(ctx) {
		alarm.Reset(silenceLimit)
		if err != nil {
			return causeOf(ctx, err)
		}
		if m.Error != nil {
			return m.Error
		}
		if far.add(m) {
			p.progress("pulling %s: %d MB so far", ref, far.total()>>20)
		}
	}
	return nil
}

// causeOf prefers the reason for which we cancelled to the noise that the
// cancelling made.
func causeOf(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errSilent) {
		return errSilent
	}
	return err
}

// pullProgress sums up what the layers of a pull report.
type pullProgress struct {
	fetched map[string]int64 // bytes, by layer
	due     time.Time        // of the next report
}

// add takes one message in, and reports whether it is time to tell.
func (p *pullProgress) add(m jsonstream.Message) bool {
	if m.Status == "Downloading" && m.Progress != nil {
		p.fetched[m.ID] = max(p.fetched[m.ID], m.Progress.Current)
	}
	if p.total() == 0 || time.Now().Before(p.due) {
		return false
	}
	p.due = time.Now().Add(reportEvery)
	return true
}

func (p *pullProgress) total() (n int64) {
	for b := range maps.Values(p.fetched) {
		n += b
	}
	return n
}

// networkWords are in the errors of a registry that was not reached. They are
// looked for first: "no such host" and "404 from the proxy" are not answers.
var networkWords = []string{
	"dial ", "lookup ", "no such host", "i/o timeout", "timeout exceeded", "deadline exceeded", "connection re",
	"network is unreachable", "tls:", "TLS handshake", "x509:", "proxyconnect", "EOF", "server misbehaving",
}

// notFoundWords are what registries and engines say of an image that is not
// there, or not for this user. Engines give no code that tells this from a
// network that is down: both are 404 or both are 500, depending on version.
var notFoundWords = []string{
	"manifest unknown", "name unknown", "repository name not known", "does not exist", "access denied",
	"access to the resource is denied", "unauthorized", "no matching manifest", "not found",
}

// saysNotFound reports whether an engine's error is a registry's "no".
func saysNotFound(message string) bool {
	has := func(words []string) bool {
		for _, w := range words {
			if strings.Contains(message, w) {
				return true
			}
		}
		return false
	}
	return !has(networkWords) && has(notFoundWords)
}

// credentials are those that `docker login` stored for the image's registry,
// in the form that the engine wants them; empty when there are none.
func credentials(ctx context.Context, ref string) string {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return ""
	}
	login, err := authn.Resolve(ctx, authn.DefaultKeychain, parsed.Context())
	if err != nil || login == authn.Anonymous {
		return ""
	}
	known, err := authn.Authorization(ctx, login)
	if err != nil {
		return ""
	}
	text, err := json.Marshal(registry.AuthConfig{
		Username: known.Username, Password: known.Password, Auth: known.Auth,
		IdentityToken: known.IdentityToken, RegistryToken: known.RegistryToken,
		ServerAddress: parsed.Context().RegistryStr(),
	})
	if err != nil {
		return ""
	}
	return base64.URLEncoding.EncodeToString(text)
}
