package report

import (
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// element is any XML, as a reader without a schema takes it.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

func (e *element) attr(name string) (string, bool) {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

func (e *element) child(name string) *element {
	for i := range e.Children {
		if e.Children[i].XMLName.Local == name {
			return &e.Children[i]
		}
	}
	return nil
}

func (e *element) property(name string) (string, bool) {
	for _, p := range e.child("properties").Children {
		if n, _ := p.attr("name"); n == name {
			return p.attr("value")
		}
	}
	return "", false
}

// jenkinsCase is what Jenkins makes of a testcase.
type jenkinsCase struct {
	status         string
	message, stack string
	duration       float64
}

// jenkins reads as SuiteResult.parse and CaseResult do: suites may be nested, a
// case with a skipped element was not run, an error goes before a failure, and
// cases are kept by classname and name, so that a second one would hide the first.
func jenkins(t *testing.T, doc string) map[string]jenkinsCase {
	var root element
	require.NoError(t, xml.Unmarshal([]byte(doc), &root))
	require.Equal(t, "testsuites", root.XMLName.Local)
	cases := map[string]jenkinsCase{}
	count := map[string]int{}
	for _, suite := range root.Children {
		require.Equal(t, "testsuite", suite.XMLName.Local)
		for _, c := range suite.Children {
			if c.XMLName.Local != "testcase" {
				require.Equal(t, "properties", c.XMLName.Local)
				continue
			}
			class, ok := c.attr("classname")
			require.True(t, ok)
			name, ok := c.attr("name")
			require.True(t, ok)
			require.NotContains(t, cases, class+"."+name)
			got := jenkinsCase{status: "passed"}
			for _, word := range []string{"failure", "error", "skipped"} {
				if why := c.child(word); why != nil {
					got.status, got.stack = word, why.Text
					got.message, _ = why.attr("message")
					count[word]++
				}
			}
			time, _ := c.attr("time")
			var err error
			got.duration, err = strconv.ParseFloat(time, 64)
			require.NoError(t, err)
			cases[class+"."+name] = got
		}
	}
	for attr, want := range map[string]int{"tests": len(cases), "failures": count["failure"], "errors": count["error"], "skipped": count["skipped"]} {
		got, _ := root.attr(attr)
		require.Equal(t, strconv.Itoa(want), got, attr)
	}
	return cases
}

func TestJUnit(t *testing.T) {
	doc := one(t, junitOne, graded("exit status 127"))
	cases := jenkins(t, doc)
	require.Len(t, cases, 4)
	assert.Equal(t, jenkinsCase{status: "passed", duration: 1.2}, cases["ada.pack.builds"])
	assert.Equal(t, "failure", cases["ada.pack.starts"].status, "the learner's")
	assert.Equal(t, "want the service to answer, got exit status 127", cases["ada.pack.starts"].message)
	assert.Contains(t, cases["ada.pack.starts"].stack, "look    Dockerfile:7")
	assert.Equal(t, jenkinsCase{status: "skipped", message: "not run: it needs starts, which did not pass"}, cases["ada.pack.stops"])
	assert.Equal(t, "passed", cases["ada.parse.parses"].status)

	var root element
	require.NoError(t, xml.Unmarshal([]byte(doc), &root))
	points, _ := root.Children[0].property("points")
	assert.Equal(t, "3", points, "after the policy")
	late, _ := root.Children[0].property("points of: late by 1 day")
	assert.Equal(t, "-2", late)
	starts := root.Children[0].Children[2]
	file, _ := starts.attr("file")
	line, _ := starts.attr("line")
	assert.Equal(t, "Dockerfile:7", file+":"+line)
}

func TestJUnitOfWhatHasNoGrade(t *testing.T) {
	doc := all(t, junitAll, batch(graded("x"), ungraded("x"), refused("x")))
	cases := jenkins(t, doc)
	assert.Equal(t, "error", cases["bob.submission.can-be-graded"].status, "ours")
	assert.Equal(t, "error", cases["bob.pack.builds"].status, "ours")
	assert.Equal(t, "skipped", cases["bob.pack.starts"].status)
	assert.Equal(t, "failure", cases["eve.submission.can-be-read"].status, "trying again does not help")
	var root element
	require.NoError(t, xml.Unmarshal([]byte(doc), &root))
	for _, suite := range root.Children {
		name, _ := suite.attr("name")
		_, has := suite.property("points")
		assert.Equal(t, strings.HasPrefix(name, "ada."), has, "%s: what has no grade has no points, not zero", name)
	}
}

// Whatever the text, the XML parses back to it, less what XML forbids.
func FuzzJUnit(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		cases := jenkins(t, one(t, junitOne, graded(text)))
		require.Len(t, cases, 4)
		e := entries(graded(text))[1]
		require.Equal(t, cut(e.short(), junitMessage), cases["ada.pack.starts"].message)
		require.Equal(t, e.title+"\n\n"+e.long(), cases["ada.pack.starts"].stack)
		d := xml.NewDecoder(strings.NewReader(all(t, junitAll, batch(everywhere(text)...))))
		for {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			switch token.(type) {
			case xml.Comment, xml.Directive:
				t.Fatalf("a learner's text became %T", token)
			}
		}
	})
}
