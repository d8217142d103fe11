package intake

import "time"

// Limits of what is handed in, beside submission.FileLimit (bytes of a file)
// and submission.CountLimit (files taken). An exercise is a few dozen files of
// a few kilobytes; the room above that is for a whole clone of the workbook
// with its history, a vendor folder, and a compiled program that was left in.
const (
	// archiveLimit is how many bytes an archive or a bundle may have.
	archiveLimit = 128 << 20
	// expandedLimit is how many bytes an archive may unpack to, those of files
	// that are not taken included: a tar has to be read through.
	expandedLimit = 512 << 20
	// ratioLimit is how many times its own size an archive may unpack to.
	// Source text comes to 10 times, and repeated log lines to 50.
	ratioLimit = 100
	// ratioFloor is how many bytes may be unpacked before the ratio is looked
	// at: a file of a megabyte of the same letter is odd, and no bomb.
	ratioFloor = 16 << 20
	// entryLimit is how many files and folders may be handed in.
	entryLimit = 20_000
	// directoryLimit is how many bytes a zip's own list of its files may have,
	// which is held in memory: 200 bytes for each of entryLimit.
	directoryLimit = 4 << 20
	// nameLimit is how many bytes a name may have, with all of its folders.
	// Systems allow 4,096; a quarter of that leaves room for where it goes.
	nameLimit = 1024
	// depthLimit is how many folders may lie in each other.
	depthLimit = 32
	// windowLimit is how much a zstd archive may have us remember, in bytes:
	// what every decoder has to support, and what zstd -19 asks for.
	windowLimit = 8 << 20
	// listLimit is how many lines LeftOut may have: more are not read by anybody.
	listLimit = 100
	// shownLimit is how many characters of a name are shown.
	shownLimit = 120
)

// Limits of what git is given to read, and of git itself.
const (
	// repositoryLimit is how many bytes of a repository are copied.
	repositoryLimit = 256 << 20
	// repositoryFiles is how many files of a repository are copied. Objects
	// are files of their own until git packs them, at about 7,000.
	repositoryFiles = 50_000
	// refsLimit is how many bytes of git's lists of branches are read.
	refsLimit = 1 << 20
	// gitOutputLimit is how many bytes of a listing of git's are read: 200 for
	// each of entryLimit.
	gitOutputLimit = 4 << 20
	// gitMemory bounds git's address space, in bytes. It maps the packs.
	gitMemory = 1 << 30
	// gitTime is how long all of git's work on one submission may take. It
	// needs a second; the rest is for a machine that is busy. What takes longer
	// is trouble, to be tried again, since a busy machine may be the reason.
	gitTime = 2 * time.Minute
)

// Limits of a batch.
const (
	// rosterLimit is how many bytes a roster may have: 200 for each of 20,000.
	rosterLimit = 4 << 20
	// idLimit is how many characters an id may have. It becomes a file's name,
	// and gets an ending or two.
	idLimit = 100
)
