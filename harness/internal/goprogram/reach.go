package goprogram

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// askLimit is for one request and its answer: who needs longer is of no use to a
// build.
const askLimit = 10 * time.Second

// ModuleProxy gives the URL of the first module proxy in a GOPROXY setting, or ""
// when that names none. See https://go.dev/ref/mod#goproxy-protocol.
func ModuleProxy(setting string) string {
	first, _, _ := strings.Cut(strings.ReplaceAll(setting, "|", ","), ",")
	if !strings.HasPrefix(first, "http") {
		return ""
	}
	return first
}

// Reach asks for a URL, by this machine's own way out, and takes any answer at
// all for good.
func Reach(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}
