package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/grade"
)

// Markdown for GITHUB_STEP_SUMMARY, which GitHub shows on a run's page, as GitHub
// Flavored Markdown without any HTML. A summary above 1,024 KiB is dropped as a
// whole, so it is written in blocks that each stand for themselves, and ends
// after the last that fits, with a note.

// summaryRoom is what a summary may fill, in bytes: less than the limit, as other
// parts of the step may write to the same file.
const summaryRoom = 1_000_000

// quoteLimit is how many bytes of one explanation a summary quotes.
const quoteLimit = 8 << 10

const cutNote = "\n**The rest is left out here, as GitHub shows no summary that is longer.** The other reports have all of it.\n"

func summaryOne(w io.Writer, g *grade.Grade) error {
	_, err := io.WriteString(w, fit(gradeBlocks(g), summaryRoom))
	return err
}

func summaryAll(w io.Writer, b *grade.Batch) error {
	_, err := io.WriteString(w, fit(batchBlocks(b), summaryRoom))
	return err
}

// fit joins the blocks that fit into room bytes, and says so when some do not;
// "" when there is not even room to say so.
func fit(blocks []string, room int) string {
	whole := strings.Join(blocks, "")
	if len(whole) <= room {
		return whole
	}
	var b strings.Builder
	for _, block := range blocks {
		if b.Len()+len(block)+len(cutNote) > room {
			break
		}
		b.WriteString(block)
	}
	if b.Len()+len(cutNote) > room {
		return ""
	}
	return b.String() + cutNote
}

// gradeBlocks is the summary of one grade.
func gradeBlocks(g *grade.Grade) []string {
	blocks := []string{
		fmt.Sprintf("## Day %d: %s\n\n", g.Day, headline(g)),
		"Submission: " + codeSpan(learner(g.Submission)) + "\n\n",
	}
	if g.Status != grade.Graded {
		blocks = append(blocks, codeBlock(cutBytes(reason(g), quoteLimit))+"\n")
	}
	all := entries(g)
	blocks = append(blocks, "| | Check | Points |\n|---|---|--:|\n")
	for _, e := range all {
		points := fmt.Sprintf("%d/%d", e.points, e.max)
		if e.status == check.Errored {
			points = "–"
		}
		blocks = append(blocks, fmt.Sprintf("| %s | %s: %s | %s |\n", mark(e.status), codeSpan(e.name()), markdownText(e.title), points))
	}
	if len(g.Lines) > 0 && g.Status == grade.Graded {
		blocks = append(blocks, "\n| How the points came about | |\n|---|--:|\n")
		for _, l := range g.Lines {
			blocks = append(blocks, fmt.Sprintf("| %s | %s |\n", markdownText(l.Text), number(l.Points)))
		}
	}
	for _, e := range all {
		if long := e.long(); long != "" && e.status != check.Skipped && e.exercise != whole {
			blocks = append(blocks, fmt.Sprintf("\n### %s %s\n\n%s\n\n%s", mark(e.status), codeSpan(e.name()), markdownText(e.title), codeBlock(cutBytes(long, quoteLimit))))
		}
	}
	return blocks
}

// batchBlocks is the summary of a batch: what could not be graded first, as it
// asks for somebody to act.
func batchBlocks(b *grade.Batch) []string {
	count := map[grade.Status]int{}
	for i := range b.Grades {
		count[b.Grades[i].Status]++
	}
	blocks := []string{
		fmt.Sprintf("## Day %d: %s\n\n", b.Day, markdownText(b.Title)),
		fmt.Sprintf("%d submissions: %d graded, %d to be tried again, %d refused.\n\n", len(b.Grades), count[grade.Graded], len(b.Grades)-count[grade.Graded]-count[grade.Refused], count[grade.Refused]),
	}
	for i := range b.Grades {
		if g := &b.Grades[i]; g.Status != grade.Graded {
			blocks = append(blocks, fmt.Sprintf("### %s: %s\n\n%s\n", codeSpan(learner(g.Submission)), headline(g), codeBlock(cutBytes(reason(g), quoteLimit))))
		}
	}
	blocks = append(blocks, "| Submission | Learner | | Points |\n|---|---|---|--:|\n")
	for i := range b.Grades {
		g := &b.Grades[i]
		points := "–"
		if g.Status == grade.Graded {
			points = number(g.Points) + "/" + number(g.MaxPoints)
		}
		blocks = append(blocks, fmt.Sprintf("| %s | %s | %s | %s |\n", codeSpan(g.Submission.ID), codeSpan(g.Submission.Name), stateWord(g.Status), points))
	}
	return blocks
}

// headline is a grade in a few words, all of them ours.
func headline(g *grade.Grade) string {
	if g.Status == grade.Graded {
		return fmt.Sprintf("%s of %s points", number(g.Points), number(g.MaxPoints))
	}
	return stateWord(g.Status)
}

func stateWord(s grade.Status) string {
	switch s {
	case grade.Graded:
		return "graded"
	case grade.Refused:
		return "refused, no points"
	}
	return "not graded, try again"
}

// mark is a sign for a status, with the word beside it, as a sign alone is
// neither read aloud nor searched for.
func mark(s check.Status) string {
	switch s {
	case check.Passed:
		return "✅ passed"
	case check.Failed:
		return "❌ failed"
	case check.Skipped:
		return "⏭️ not run"
	}
	return "⚠️ not decided"
}
