package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"example.com/day148/buildinfo"
)

// serve answers HTTP on cfg.Port until ctx is done, then stops gracefully: it takes no new connections and gives the
// requests under way cfg.ShutdownTimeout to finish. It returns nil when they all did.
func serve(ctx context.Context, cfg config, info buildinfo.Info, logger *slog.Logger) error {
	server := &http.Server{
		Handler: newHandler(cfg, info, logger),
		// The zero value of each of these means "wait for ever", which lets one slow client hold a connection for ever.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}

	// No host before the colon: listen on every interface. "localhost" would be the container's own loopback, which a
	// published port does not reach.
	listener, err := net.Listen("tcp", ":"+strconv.Itoa(cfg.Port))
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	logger.Info("listening", "address", listener.Addr().String(), "version", info.Version)

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}

	logger.Info("stopping", "timeout", cfg.ShutdownTimeout.String())
	// ctx is done, so the time to finish in has to come from a new context.
	limit, cancel := context.WithTimeout(context.Background(), cfg.ShutdownTimeout)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return errors.Join(fmt.Errorf("stopping gracefully: %w", err), server.Close())
	}
	logger.Info("stopped")
	return nil
}

func newHandler(cfg config, info buildinfo.Info, logger *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", reply(map[string]string{"status": "ok"}))
	mux.Handle("GET /version", reply(info))
	mux.Handle("GET /{$}", reply(map[string]string{"greeting": cfg.Greeting, "edition": edition}))
	return identify(logger, allowOrigins(cfg.AllowedOrigins, mux))
}

// reply answers every request with the same JSON document: nothing that this service says changes while it runs.
func reply(document any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := json.Marshal(document)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(append(body, '\n')) // an error here means that the client has gone: there is nobody left to tell
	})
}

// identify gives every response an X-Request-ID and logs the request under the same id, so that a complaint about one
// response leads to its line in the log.
func identify(logger *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, start := uuid.NewString(), time.Now()
		w.Header().Set("X-Request-ID", id)
		next.ServeHTTP(w, r)
		logger.Debug("request", "id", id, "method", r.Method, "path", r.URL.Path, "duration", time.Since(start).String())
	})
}

// allowOrigins lets web pages of the given origins read the responses (CORS).
func allowOrigins(origins []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		if origin := r.Header.Get("Origin"); slices.Contains(origins, origin) {
			w.Header().Set("Access-Control-Allow-Origin", origin)
		}
		next.ServeHTTP(w, r)
	})
}
