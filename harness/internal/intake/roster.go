package intake

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/agext/levenshtein"
)

// Roster says who handed in what.
type Roster struct{ Lines []Line }

// Line is what a roster says of one learner.
type Line struct {
	ID        string            // unique in the roster whatever the case, and fit for a file's name
	Name      string            // "" where there is none
	File      string            // in the folder of the batch, with slashes; perhaps FILE@REV; "" where nothing was handed in
	Submitted time.Time         // zero where it is not known
	Extra     map[string]string // other columns, by their names
	Number    int               // of the line in the file, from 1
}

// columns are those that are known, and whether a roster must have them.
// "path" is another word for "file".
var columns = map[string]bool{"id": true, "name": false, "file": true, "submitted": false}

// ReadRoster reads a roster, a CSV with commas or semicolons whose first line
// names its columns:
//
//	id,name,file,submitted
//	s1,Ada Lovelace,ada.zip,2026-03-01T17:00:00Z
//
// A byte order mark and CRLF, as spreadsheets write them, do no harm. The
// error is an *InputError that names every problem with its line, or the
// machine's.
func ReadRoster(path string) (*Roster, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, rosterLimit+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	if len(text) > rosterLimit {
		return nil, unusable("%s: it has more than %d bytes, which is the limit of a roster", path, rosterLimit)
	}
	p := &rosterParser{file: filepath.Base(path), ids: map[string]int{}}
	r := p.parse(bytes.TrimPrefix(text, []byte("\ufeff")))
	if len(p.problems) > 0 {
		return nil, &InputError{Message: strings.Join(p.problems, "\n")}
	}
	return r, nil
}

// rosterParser reads one roster, and collects what is wrong with it.
type rosterParser struct {
	file     string
	problems []string
	header   []string
	ids      map[string]int // folded, to the line that has it
}

func (p *rosterParser) add(line int, format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf("%s:%d: %s", p.file, line, fmt.Sprintf(format, args...)))
}

func (p *rosterParser) parse(text []byte) *Roster {
	for i, line := range bytes.Split(text, []byte("\n")) {
		if !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
			p.add(i+1, "it is not UTF-8: save the roster as \"CSV UTF-8\"")
			return nil
		}
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = separator(text)
	r.TrimLeadingSpace = true
	out := &Roster{}
	for {
		fields, err := r.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			if p.header == nil {
				p.add(1, "it is empty: the first line names the columns")
			}
			return out
		case errors.As(err, &bad):
			p.add(bad.Line, "%v", bad.Err)
			if errors.Is(err, csv.ErrFieldCount) && p.header != nil {
				continue // the next line can be read
			}
			return nil
		case err != nil:
			p.add(1, "%v", err)
			return nil
		}
		line, _ := r.FieldPos(0)
		if p.header == nil {
			if !p.columns(line, fields) {
				return nil // what is in which column is not known
			}
			continue
		}
		out.Lines = append(out.Lines, p.line(line, fields))
	}
}

// separator is what stands more often in the first line.
func separator(text []byte) rune {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	if bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		return ';'
	}
	return ','
}

// columns takes in the line that names them.
func (p *rosterParser) columns(line int, fields []string) bool {
	before := len(p.problems)
	p.header = []string{}
	for _, f := range fields {
		name := strings.TrimSpace(f)
		if lower := strings.ToLower(name); lower == "path" {
			name = "file"
		} else if _, known := columns[lower]; known {
			name = lower
		}
		switch {
		case name == "":
			p.add(line, "a column has no name")
		case slices.Contains(p.header, name):
			p.add(line, "there are two columns %s", name)
		}
		p.header = append(p.header, name)
	}
	for _, name := range []string{"id", "name", "file", "submitted"} {
		if slices.Contains(p.header, name) {
			continue
		}
		if near := p.misspelt(name); near != "" {
			p.add(line, "the column %s is not known: %s was perhaps meant", near, name)
		} else if columns[name] {
			p.add(line, "there is no column %s", name)
		}
	}
	return len(p.problems) == before
}

// misspelt is a column that was perhaps meant to be called name. A deadline must
// not be missed for a letter.
func (p *rosterParser) misspelt(name string) string {
	far := 1
	if len(name) > 4 {
		far = 2
	}
	for _, h := range p.header {
		if _, known := columns[h]; !known && len(h) > 2 && levenshtein.Distance(strings.ToLower(h), name, nil) <= far {
			return h
		}
	}
	return ""
}

// line takes in the line of one learner.
func (p *rosterParser) line(number int, fields []string) Line {
	l := Line{Number: number, Extra: map[string]string{}}
	for i, text := range fields {
		text = strings.TrimSpace(text)
		switch name := p.header[i]; name {
		case "id":
			l.ID = text
		case "name":
			l.Name = text
		case "file":
			l.File = p.inside(number, text)
		case "submitted":
			l.Submitted = p.time(number, text)
		default:
			l.Extra[name] = text
		}
	}
	if why := unfit(l.ID); why != "" {
		p.add(number, "%s: %q", why, l.ID)
	} else if first, ok := p.ids[folded(l.ID)]; ok {
		p.add(number, "the id %s is on line %d already", l.ID, first)
	} else {
		p.ids[folded(l.ID)] = number
	}
	return l
}

// inside is the path of a file in the batch's folder.
func (p *rosterParser) inside(number int, file string) string {
	file = strings.TrimSuffix(filepath.ToSlash(file), "/")
	if file != "" && (!filepath.IsLocal(filepath.FromSlash(file)) || filepath.Clean(file) == ".") {
		p.add(number, "the file %q is not in the folder of the submissions", file)
		return ""
	}
	return file
}

func (p *rosterParser) time(number int, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		p.add(number, "%q is no time: write it as 2006-01-02T15:04:05Z or 2006-01-02T15:04:05+02:00", text)
	}
	return t
}
