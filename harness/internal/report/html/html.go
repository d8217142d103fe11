// Package html writes grades as pages for a browser: one for a batch, for the
// instructor, and one for a single learner.
//
// Rules it keeps:
//   - A page is one file. It asks for nothing over the network, and its
//     Content-Security-Policy would not let it: default-src is 'none', and the
//     only style and script are ours, named by their hashes.
//   - Whatever a learner wrote is text. It is escaped where it stands by
//     html/template, isolated from the direction of what is beside it, and
//     shown with its invisible characters made visible.
//   - A page is whole without JavaScript. Sorting, filtering and the arrow keys
//     of the heat map are added by a script; nothing else is.
//   - What has no points never looks like zero points.
//   - A learner's page holds nothing of other learners, and nothing that it
//     does not show. Of our own trouble it says only that there was some.
//   - The same grade gives the same bytes.
//
// For example, next to the other reports of a batch:
//
//	err := html.Batch(file, batch)
//	…
//	err = html.One(file, &batch.Grades[0])
package html

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/grade"
)

//go:embed assets
var assets embed.FS

// templates are parsed once: a mistake in one shows when the program starts.
var templates = template.Must(template.ParseFS(assets, "assets/*.tmpl"))

// document is what a template is given.
type document struct {
	Title  string
	Policy string // Content-Security-Policy
	CSS    template.CSS
	JS     template.JS
	Batch  *batchView // of a batch's page
	Grade  *gradeView // of a learner's page
}

// Batch writes the page of a whole batch to w. An error is one of w's, wrapped.
func Batch(w io.Writer, b *grade.Batch) error {
	view := newBatch(b)
	d := document{Title: view.Title + " · " + view.Day, Batch: view}
	d.dress([]string{"page.css", "batch.css"}, []string{"batch.js"})
	if err := write(w, "batch.tmpl", d); err != nil {
		return fmt.Errorf("writing the page of the batch: %w", err)
	}
	return nil
}

// One writes the page for the learner whose grade g is to w. An error is one of
// w's, wrapped.
func One(w io.Writer, g *grade.Grade) error {
	view := newGrade(g, forLearner())
	d := document{Title: view.Name + " · " + view.Day, Grade: view}
	d.dress([]string{"page.css", "one.css"}, nil)
	if err := write(w, "one.tmpl", d); err != nil {
		return fmt.Errorf("writing the page of a grade: %w", err)
	}
	return nil
}

// write runs a template. It writes in pieces of some size, since a page is made
// of ten thousands of small ones.
func write(w io.Writer, name string, d document) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	if err := templates.ExecuteTemplate(buffered, name, d); err != nil {
		return err
	}
	return buffered.Flush()
}

// dress gives d styles and scripts out of the assets, and the policy that lets
// these run and nothing else. They are our own files: nothing of a grade is
// ever put into them.
func (d *document) dress(styles, scripts []string) {
	css, js := read(styles), read(scripts)
	d.CSS, d.JS = template.CSS(css), template.JS(js)
	// The empty icon is written into the page, or browsers would ask for one.
	policy := []string{"default-src 'none'", "img-src data:", "style-src " + hash(css), "base-uri 'none'", "form-action 'none'"}
	if js != "" {
		policy = append(policy, "script-src "+hash(js))
	}
	d.Policy = strings.Join(policy, "; ")
}

// read joins assets. One that is missing is a mistake of ours in this file.
func read(names []string) string {
	var all strings.Builder
	for _, name := range names {
		data, err := assets.ReadFile("assets/" + name)
		if err != nil {
			panic(err)
		}
		all.Write(data)
	}
	return all.String()
}

// hash is how a Content-Security-Policy names an inline style or script.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
