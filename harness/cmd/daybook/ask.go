package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
)

// asker asks for lines, until its context ends.
type asker struct {
	ctx     context.Context
	prompts io.Writer
	lines   <-chan string // closed at the end of the input
}

// newAsker reads from in. A read from a terminal cannot be interrupted, so it
// goes on in the background until the process ends.
func newAsker(ctx context.Context, in io.Reader, prompts io.Writer) *asker {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return &asker{ctx: ctx, prompts: prompts, lines: lines}
}

// line asks for one line. The error is io.EOF or that of the context.
func (a *asker) line(prompt string) (string, error) {
	fmt.Fprint(a.prompts, prompt)
	select {
	case <-a.ctx.Done():
		return "", a.ctx.Err()
	case l, ok := <-a.lines:
		if !ok {
			return "", io.EOF
		}
		return strings.TrimSpace(l), nil
	}
}
