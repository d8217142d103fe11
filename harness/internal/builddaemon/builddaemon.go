// Package builddaemon builds the Dockerfiles of people who may mean harm: with a
// BuildKit daemon of our own for each submission, in a container with limits and
// without a network.
//
// Rules it keeps:
//   - The daemon's container has no network interface but its own loopback, and
//     RUN steps share that. No address, name or host outside can be reached by
//     construction; the only way out is an egress.Gate, which lets module servers
//     be reached and writes down every attempt.
//   - Nothing of one submission reaches the next: each has a daemon of its own,
//     whose state is in memory and gone with it. It begins with a copy of what
//     Prepare has built once: the base images, unpacked, and filled cache mounts.
//     That seed is read-only, and what is written is laid over it.
//   - Only images that were given to Prepare may be named. No registry is asked,
//     no entitlement granted, and nothing fetched by the builder itself.
//   - What a build may use is limited: memory, processes, disk, output, time and
//     the image's size. One that goes beyond that, or takes the daemon with it, is
//     an *imagebuild.Failure, which says what the limit is; a daemon that cannot be
//     started is ours. The next build has a fresh daemon then.
//   - Everything on the engine bears the run's label. The daemon's own image stays,
//     as a cache.
//
// What it does not stop: a hole in the kernel, runc or BuildKit. The daemon has
// many rights in its container, since it mounts; the steps have the few that RUN
// steps always have. Whoever must rule such a hole out runs it in a machine that
// is thrown away.
//
//	seed, err := builddaemon.Prepare(ctx, builddaemon.Config{Engine: e, RunID: run.ID, …})
//	defer seed.Close(ctx)
//	…
//	b := seed.NewBuilder(submission.ID, dir) // for each submission
//	defer b.Close(ctx)
//	built, err := b.Build(ctx, imagebuild.Request{Dir: tree, Tag: tag})
package builddaemon

import "time"

// Limits of one submission's daemon. They are caps, not reservations: a usual
// build takes a tenth of each.
const (
	// stateLimit is how much a submission's builds may write, in bytes. It is in
	// memory. A build that keeps no caches writes a quarter of a GiB (module
	// cache, compiler cache), and a day's checks build half a dozen times.
	stateLimit = 5 << 29
	// filesLimit is how many files that may be; a Go toolchain has 15,000.
	filesLimit = 1_000_000
	// stepsMemory is what RUN steps may use together, in bytes, with what they
	// have written: the Go linker wants half a GiB for a large program.
	stepsMemory = 4 << 30
	// stepsTasks is how many processes and threads they may be: a Go build on
	// many cores is some hundreds.
	stepsTasks = 1000
	// daemonMemory and daemonTasks are what the daemon has besides, so that it
	// outlives its steps. It uses a tenth.
	daemonMemory = 1 << 29
	daemonTasks  = 500
	// mostCPUs is what a daemon may use of the machine's: as many as the small
	// machines of CI have, so that neighbours go on.
	mostCPUs = 2
	// imageLimit bounds an image as a file, in bytes: three times the largest
	// base that one would name. Without it, a file full of holes would fill the
	// engine's disk.
	imageLimit = 3 << 30
)

const (
	// startLimit bounds a daemon's start, which takes half a second; the engine
	// may be busy.
	startLimit = time.Minute
	// stopLimit is how long a daemon may take to close its databases.
	stopLimit = 20 * time.Second
	// endLimit is how long the engine may take to notice that a daemon has ended.
	endLimit = 5 * time.Second
	// removeLimit bounds the removal of a container or volume.
	removeLimit = time.Minute
)
