package main

// edition is one half of what GET / answers. It has a file to itself because the check that rebuilds your image after
// a source edit makes exactly that edit: it replaces this file, with another edition in it, in a copy of your work.
const edition = "first"
