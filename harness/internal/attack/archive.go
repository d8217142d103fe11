package attack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// archiveFile is the name of the entry that describes what is handed in where
// that is not a plain folder.
const archiveFile = "archive.yaml"

// Archive is what is handed in, part by part. As YAML it reads
//
//	kind: zip                      # or another of Forms
//	name: Ada.zip                  # of the file; without it the learner's id
//	entries:
//	  - work: Homework 3/          # all files of the attack, in that folder
//	    crlf: true                 # with the ends of lines of Windows
//	    bom: true                  # with a byte order mark
//	  - {name: ../../etc/passwd, text: evil}
//	  - {name: zeros, text: "\0", times: 20000000}
//	  - {name: inner.zip, pack: zip}          # an archive of all files
//	  - {name: Dockerfile, type: symlink, to: /etc/passwd}
//	lies:
//	  - {entry: 0, field: size, value: 5}     # what the header says instead
//	  - {entry: 1, field: offset, as: 0}      # what entry 0 has there
//	cut: 30                        # bytes cut off the end
type Archive struct {
	Kind    string  `yaml:"kind"`
	Name    string  `yaml:"name"`
	To      string  `yaml:"to"`    // of a symlink
	Text    string  `yaml:"text"`  // of a file
	Times   int     `yaml:"times"` // how often the text is there; 0 for once
	Entries []Part  `yaml:"entries"`
	Lies    []False `yaml:"lies"`
	Cut     int     `yaml:"cut"`
}

// Part is one entry of an archive or a folder, or all files of the attack.
type Part struct {
	Name  string  `yaml:"name"`
	Type  string  `yaml:"type"` // one of Types; file when empty
	To    string  `yaml:"to"`   // of a link
	Text  string  `yaml:"text"`
	Times int     `yaml:"times"`
	Pack  string  `yaml:"pack"` // the text is an archive of that kind, of all files
	Work  *string `yaml:"work"`
	CRLF  bool    `yaml:"crlf"`
	BOM   bool    `yaml:"bom"`
}

// False is a field of a zip's list that says what is not so.
type False struct {
	Entry int     `yaml:"entry"` // from 0, after parts that stand for several
	Field string  `yaml:"field"` // one of the keys of fields
	Value *uint32 `yaml:"value"`
	As    *int    `yaml:"as"` // the entry that has this value
}

// Forms are the kinds of what is handed in. A folder, a file and a symlink are
// themselves; the others are archives of the entries.
var Forms = []string{"zip", "tar", "tar.gz", "tar.zst", "folder", "file", "symlink"}

// Types are those of entries.
var Types = []string{"file", "dir", "symlink", "hardlink", "device", "fifo"}

// field is where a field lies in a record of a zip's list, and how many bytes
// it has; see APPNOTE.TXT, 4.3.12.
type field struct{ at, size int }

var fields = map[string]field{
	"flags": {8, 2}, "method": {10, 2}, "checksum": {16, 4}, "packed": {20, 4}, "size": {24, 4}, "offset": {42, 4},
}

// textLimit bounds what a text comes to, in bytes: bombs are made in memory.
const textLimit = 1 << 30

// archive reads archive.yaml, which begins after a line of the file.
func (l *loader) archive(text []byte, line int) *Archive {
	a := &Archive{}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(a); err != nil && !errors.Is(err, io.EOF) {
		l.yaml(err, line)
		return a
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		l.add(line, "%s holds more than one document", archiveFile)
	}
	if !slices.Contains(Forms, a.Kind) {
		l.add(line, "%s: kind %q: one of %v is wanted", archiveFile, a.Kind, Forms)
	}
	if (a.Kind == "symlink") != (a.To != "") {
		l.add(line, "%s: to: it is for a symlink, which has to have it", archiveFile)
	}
	if a.Kind != "file" && a.Text != "" {
		l.add(line, "%s: text: it is for a file; an archive has entries", archiveFile)
	}
	if single := a.Kind == "file" || a.Kind == "symlink"; single && len(a.Entries) > 0 {
		l.add(line, "%s: a %s has no entries", archiveFile, a.Kind)
	}
	if a.Kind != "zip" && len(a.Lies) > 0 {
		l.add(line, "%s: lies: only the list of a zip can be told to lie", archiveFile)
	}
	for i, p := range a.Entries {
		if why := p.wrong(a.Kind); why != "" {
			l.add(line, "%s: entry %d: %s", archiveFile, i, why)
		}
	}
	for i, f := range a.Lies {
		if _, ok := fields[f.Field]; !ok || (f.Value == nil) == (f.As == nil) {
			l.add(line, "%s: lie %d: a field of a zip's list, and either a value or as is wanted", archiveFile, i)
		}
	}
	return a
}

// wrong says what is wrong with a part, or nothing.
func (p Part) wrong(kind string) string {
	link := p.Type == "symlink" || p.Type == "hardlink"
	switch {
	case p.Work != nil && (p.Name != "" || p.Type != "" || p.Text != "" || p.Pack != ""):
		return "work stands for files: it has no name, type or text of its own"
	case p.Work == nil && p.Name == "" && (kind == "folder" || kind == "zip"):
		return "it has no name"
	case p.Work == nil && (p.CRLF || p.BOM):
		return "crlf and bom are for work"
	case p.Type != "" && !slices.Contains(Types, p.Type):
		return fmt.Sprintf("type %q: one of %v is wanted", p.Type, Types)
	case link != (p.To != ""):
		return "to is for links, which have to have it"
	case kind == "zip" && p.Type == "hardlink", kind == "folder" && (p.Type == "device" || p.Type == "hardlink"):
		return fmt.Sprintf("a %s has no %s", kind, p.Type)
	case p.Pack != "" && (p.Text != "" || !slices.Contains(Forms[:4], p.Pack)):
		return fmt.Sprintf("pack: one of %v is wanted, and no text beside it", Forms[:4])
	case len(p.Text)*max(1, p.Times) > textLimit:
		return fmt.Sprintf("its text has more than %d bytes", textLimit)
	}
	return ""
}

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

// yaml says where in the attack's file an error of the YAML is.
func (l *loader) yaml(err error, line int) {
	said := []string{err.Error()}
	var several *yaml.TypeError
	if errors.As(err, &several) {
		said = several.Errors
	}
	for _, s := range said {
		at := line
		if m := yamlLine.FindStringSubmatch(s); m != nil {
			n, _ := strconv.Atoi(m[1]) // digits, by the pattern
			at, s = line+n, m[2]
		}
		l.add(at, "%s: %s", archiveFile, s)
	}
}
