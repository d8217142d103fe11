package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// The format json is Daybook's own: package grade says what it means. It keeps
// every character of every text, so that it can be read back; characters that
// could do harm to whoever looks at the file are escaped as JSON allows.

func jsonOne(w io.Writer, g *grade.Grade) error { return writeJSON(w, g) }

func jsonAll(w io.Writer, b *grade.Batch) error { return writeJSON(w, b) }

// Result writes a run's result as daybook.result/v1, with nothing more escaped
// than JSON asks for: other programs rely on these bytes.
func Result(w io.Writer, r *check.Result) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("writing a result as JSON: %w", err)
	}
	return nil
}

// writeJSON writes v, indented, with a newline at its end. Besides what Go
// escapes (control characters, and < > & because of HTML), it escapes those that
// terminals obey and those that turn the direction of writing around.
func writeJSON(w io.Writer, v any) error {
	plain, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("writing a grade as JSON: %w", err)
	}
	_, err = w.Write(append(escapeUnseen(plain), '\n'))
	return err
}

// escapeUnseen escapes in JSON what cannot be seen. Outside of strings, JSON has
// ASCII only, so whatever is found is in one.
func escapeUnseen(plain []byte) []byte {
	const ascii = 0x7E
	var b bytes.Buffer
	for _, r := range string(plain) {
		if r <= ascii || !unseen(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.Bytes()
}
