package automation

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/datatype"
)

// Letter is an email to one person.
type Letter struct {
	Account, Module int64
	To              string // the email address
	Subject, Text   string
	Key             string // tells the letter apart from all others; the same one need not be sent twice
}

// linesMost is how many things a message names; the others are counted.
const linesMost = 50

func isAddress(text string) bool {
	v, err := datatype.Parse(datatype.Spec{Type: datatype.Email}, text)
	return err == nil && !v.IsEmpty()
}

// writing is what the texts of a message are about.
type writing struct {
	automation *Automation
	module     string
	baseURL    string
	at         time.Time
	subjects   []Subject
}

// Words are the words in braces that texts of actions can use, and what stands
// for them.
func Words() [][2]string {
	return [][2]string{
		{"{what}", "what happened, or how many things happened"},
		{"{list}", "what happened, a line each"},
		{"{count}", "how many things happened"},
		{"{record}", "the name of the record"},
		{"{holder}", "who holds it"},
		{"{due}", "when it is due back"},
		{"{date}", "today's date"},
		{"{automation}", "the name of the automation"},
		{"{module}", "the name of the module"},
	}
}

// fill puts what it is about in the place of words in braces.
func (w *writing) fill(text string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	return strings.NewReplacer(
		"{what}", w.headline(), "{list}", w.list(), "{count}", strconv.Itoa(len(w.subjects)),
		"{record}", told(w.subjects), "{holder}", w.each(func(s *Subject) string { return s.HolderTitle }),
		"{due}", w.each(func(s *Subject) string { return dateOf(s.Due) }), "{date}", dateOf(w.at),
		"{automation}", w.automation.Name, "{module}", w.module,
	).Replace(text)
}

// each gives one thing of the subjects, each once and no more than a few.
func (w *writing) each(of func(*Subject) string) string {
	var out []string
	seen := map[string]bool{}
	for i := range w.subjects {
		if text := of(&w.subjects[i]); text != "" && !seen[text] {
			seen[text] = true
			out = append(out, text)
		}
	}
	return listed(out)
}

func dateOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// headline is what happened in one sentence, without its full stop.
func (w *writing) headline() string {
	switch len(w.subjects) {
	case 0:
		return w.automation.Name
	case 1:
		return w.subjects[0].Text
	}
	return fmt.Sprintf("%s: %d in %s", w.automation.Name, len(w.subjects), w.module)
}

// list is what happened, a line each.
func (w *writing) list() string {
	var b strings.Builder
	for i := range w.subjects[:min(linesMost, len(w.subjects))] {
		s := &w.subjects[i]
		fmt.Fprintf(&b, "- %s\n", s.Text)
		if at := w.link(s); at != "" {
			fmt.Fprintf(&b, "  %s\n", at)
		}
	}
	if more := len(w.subjects) - linesMost; more > 0 {
		fmt.Fprintf(&b, "- and %d more\n", more)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// link is where a browser finds a subject; "" when that is not known.
func (w *writing) link(s *Subject) string {
	if w.baseURL == "" {
		return ""
	}
	module := w.baseURL + "/m/" + strconv.FormatInt(w.automation.Module, 10)
	switch {
	case s.Record != 0:
		return fmt.Sprintf("%s/c/%d/%d", module, s.Collection, s.Record)
	case s.Run != 0:
		return fmt.Sprintf("%s/integrations/%d/runs/%d", module, s.Connection, s.Run)
	case s.Connection != 0:
		return fmt.Sprintf("%s/integrations/%d", module, s.Connection)
	}
	return ""
}

// subject is the subject line of a letter.
func (w *writing) subject(a *Action) string {
	line := cmp.Or(w.fill(a.Subject), w.headline())
	return strings.Join(strings.Fields(line), " ")
}

// body is the text of a letter, with where it comes from.
func (w *writing) body(a *Action) string {
	text := cmp.Or(w.fill(a.Text), w.list(), w.automation.Name)
	return fmt.Sprintf("%s\n\nThe automation %q of %s sent this.\n", text, w.automation.Name, w.module)
}
