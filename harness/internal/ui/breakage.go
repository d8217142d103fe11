package ui

import (
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/daybook-dev/daybook/harness/internal/breakage"
	"github.com/daybook-dev/daybook/harness/internal/check"
)

// Question shows a mistake, what it was planted in, and the checks that may
// catch it, numbered from 1.
func (t *Text) Question(q *breakage.Question) {
	fmt.Fprintln(t.out, t.bold(fmt.Sprintf("Day %d: %s", q.Plan.Day.Number, q.Plan.Day.Title)))
	fmt.Fprintf(t.out, "%s\n\n", t.faint(fmt.Sprintf("one mistake, seed %d", q.Plan.Seed)))
	if q.Fewer {
		fmt.Fprintln(t.out, wrap("No Docker engine answers, so this is one of the mistakes whose checks need none.", ""))
	}
	fmt.Fprintln(t.out, wrap(ground(q), ""))
	for _, c := range q.Changes {
		fmt.Fprintln(t.out)
		t.change(c)
	}
	fmt.Fprintf(t.out, "\n%s\n", t.bold("Which of these checks will catch it?"))
	for i, c := range q.Checks {
		const column = "                                     "
		title := strings.TrimPrefix(wrap(c.Title, column), column)
		fmt.Fprintf(t.out, "%4d  %-29s  %s\n", i+1, c.ID, title)
	}
}

// ground says what the mistake was planted in, and why not in the learner's
// own work.
func ground(q *breakage.Question) string {
	own := shown(q.Plan.Dir)
	if q.Ground == breakage.Own {
		return fmt.Sprintf("Your own work passes. This was changed in a copy of it (%s stays as it is):", own)
	}
	why := fmt.Sprintf("None of the mistakes that were tried can be made in %s as it is written", own)
	switch q.Ground {
	case breakage.Untouched:
		why = own + " is as it was handed out"
	case breakage.NotPassing:
		why = fmt.Sprintf("%s does not pass yet (`%s` says what is missing)", own, again(q.Plan.Plan, q.Exercise))
	}
	return fmt.Sprintf("%s, so this was changed in a right answer of the day's own (%s):", why, q.Right)
}

// change shows what was changed in one file.
func (t *Text) change(c breakage.Change) {
	text := string(diff.Diff(c.Name, c.Old, c.Name, c.New))
	_, text, _ = strings.Cut(text, "\n") // `diff NAME NAME` says nothing more
	for line := range strings.Lines(text) {
		line = strings.TrimRight(clean(line), "\n")
		switch {
		case strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "@@"):
			line = t.faint(line)
		case strings.HasPrefix(line, "-"):
			line = t.red(line)
		case strings.HasPrefix(line, "+"):
			line = t.green(line)
		}
		fmt.Fprintln(t.out, line)
	}
}

// Answered says what the checks made of the mistake, next to what was answered
// and why.
func (t *Text) Answered(q *breakage.Question, r *check.Result, o breakage.Outcome, why string) {
	for i, text := range r.StandIns {
		if i == 0 {
			fmt.Fprintln(t.out)
		}
		t.standIn(text)
	}
	t.troubles(r)
	if o.Errored {
		fmt.Fprint(t.out, "\nSo whether you are right cannot be said. When that is mended:\n")
		t.part("again", repeat(q))
		return
	}
	fmt.Fprintf(t.out, "\n%s\n", t.judgement(q, o))
	subject := o.Said
	if subject.Status != check.Failed && len(o.Failed) > 0 {
		subject = o.Failed[0]
	}
	because := ""
	if f := subject.Finding; f != nil {
		t.finding(f, "", q.Dir)
		because = f.Because
	}
	if why = strings.TrimSpace(why); why != "" {
		t.wrapped("you", why)
	}
	if because != "" {
		t.wrapped("because", because)
	}
	t.wrapped("mistake", q.Mistake.Name+": "+q.Mistake.Said)
	for _, c := range q.Checks {
		if c.ID == subject.ID {
			t.part("read", pageOf(q.Plan.Day, c))
		}
	}
	t.part("another", target("break", q.Plan.Plan, q.Plan.Exercise))
	t.part("again", repeat(q))
}

// repeat is the command that asks the same question again.
func repeat(q *breakage.Question) string {
	args := fmt.Sprintf("--seed %d", q.Plan.Seed)
	if q.Plan.Mistake != "" {
		args = "--mistake " + q.Plan.Mistake + " " + args
	}
	return target("break", q.Plan.Plan, q.Plan.Exercise) + fmt.Sprintf(" ARGS=%q", args)
}

// judgement says whether the answer is right, and what it was.
func (t *Text) judgement(q *breakage.Question, o breakage.Outcome) string {
	word, color := "Not so.", t.red
	if o.Right {
		word, color = "Right.", t.green
	}
	return strings.Replace(wrap(word+" "+verdict(q, o), ""), word, color(word), 1)
}

func verdict(q *breakage.Question, o breakage.Outcome) string {
	if len(o.Failed) == 0 {
		return fmt.Sprintf("All checks pass: your way of writing it is immune to this mistake. In the day's solution it is caught by %s.", list(q.Mistake.Fails))
	}
	var failed []string
	for _, c := range o.Failed {
		failed = append(failed, c.ID)
	}
	text := fmt.Sprintf("It is caught by %s.", list(failed))
	if q.Elsewhere(o) {
		text += fmt.Sprintf(" (In the day's solution it is caught by %s: yours goes wrong in another way.)", list(q.Mistake.Fails))
	}
	if n := len(o.Skipped); n > 0 {
		text += fmt.Sprintf(" (%d more could not be run after that.)", n)
	}
	switch {
	case o.Right:
	case o.Answer == "":
		text += " You said that none would."
	case o.Said.Status == check.Skipped:
		text += fmt.Sprintf(" You said %s, which was not run: it needs %s.", o.Answer, o.Said.MissedNeed)
	default:
		text += fmt.Sprintf(" You said %s, which passes.", o.Answer)
	}
	return text
}

// list is "a", "a and b" or "a, b and c".
func list(ids []string) string {
	last := len(ids) - 1
	if last < 1 {
		return strings.Join(ids, "")
	}
	return strings.Join(ids[:last], ", ") + " and " + ids[last]
}
