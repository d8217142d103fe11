// Package imports holds no code: its test keeps the arrows between Daybook's
// packages pointing one way, and each rule says why it is there.
//
//	cmd → ui, report, author → run → scenario → workbench → mechanisms → check
//
// A new package is given its place in the test's table. One that fits nowhere
// does two things.
package imports
