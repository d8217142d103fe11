package main

import (
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"

	"example.com/day148/envconfig"
)

// config is everything that may differ between two deployments of this service. The environment sets it and nothing
// else does: there is no file to mount into the image and no flag to bake into its entry point.
type config struct {
	Port            int           `env:"PORT" default:"8080"`
	Greeting        string        `env:"GREETING" default:"Hello from day 148"`
	LogLevel        string        `env:"LOG_LEVEL" default:"info"`
	Debug           bool          `env:"DEBUG" default:"false"`
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" default:"5s"`
	AllowedOrigins  []string      `env:"ALLOWED_ORIGINS" default:""`

	// UpstreamURL and APIToken stand for what a larger service would call and how it would prove who it is. They are
	// read and reported, never used.
	UpstreamURL *url.URL `env:"UPSTREAM_URL" default:"https://example.com"`
	APIToken    string   `env:"API_TOKEN" default:"" secret:"true"`

	level slog.Level // made from LogLevel and Debug; it has no env tag, so Parse leaves it alone
}

// loadConfig reads the configuration from the process's environment.
func loadConfig() (config, error) {
	var cfg config
	if err := envconfig.Parse(&cfg, os.LookupEnv); err != nil {
		return config{}, fmt.Errorf("reading the environment: %w", err)
	}
	if err := cfg.level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		return config{}, fmt.Errorf("reading LOG_LEVEL: %w", err)
	}
	if cfg.Debug {
		cfg.level = min(cfg.level, slog.LevelDebug)
	}
	return cfg, nil
}
