//go:build linux

// Package inside is what the first program of a build daemon's container does
// before it starts BuildKit's daemon, and while that runs. It is linked into
// cmd/build-init.
//
// Rules it keeps:
//   - What RUN steps use is limited apart from what the daemon itself needs, so
//     that a step which takes all that there is does not end the daemon.
//   - Of a seed (the state of an earlier daemon) nothing is changed, though all
//     of it can be: what is written goes elsewhere.
//   - When the daemon ends, so does the container, with the daemon's status.
//
// For example, in a container whose /warm is a seed and /var/lib/buildkit empty:
//
//	err := inside.LayOut("/warm", "/var/lib/buildkit")
//	…
//	err = inside.LimitSteps(inside.Limits{Memory: 2 << 30, Tasks: 1000})
//	…
//	status, err := inside.Supervise(ctx, "buildkitd", "--root", "/var/lib/buildkit")
package inside
