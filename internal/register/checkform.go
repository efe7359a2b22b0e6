package register

import (
	"context"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
)

// QuestionKind is how a question of a form is answered. Its text is stored.
type QuestionKind string

// The kinds.
const (
	AskText   QuestionKind = "text"
	AskChoice QuestionKind = "choice"
	AskYesNo  QuestionKind = "yesno" // "yes" or "no"
)

// Question is asked when an asset goes out or comes back.
type Question struct {
	Name     string       `json:"name"`
	Kind     QuestionKind `json:"kind"`
	Choices  []string     `json:"choices,omitempty"`
	Required bool         `json:"required,omitempty"`
}

// CheckForm is what a module asks at check-out and check-in, beyond who, until
// when and a note. The zero form asks nothing.
type CheckForm struct {
	Out       []Question `json:"out,omitempty"`
	In        []Question `json:"in,omitempty"`
	Statement string     `json:"statement,omitempty"` // that the holder has to accept; "" for none
}

// Answer is what somebody answered. It keeps the question's words as they were.
type Answer struct {
	Question string `json:"question"`
	Text     string `json:"text"`
}

// accepted is the question under which an accepted statement is kept.
const accepted = "Accepted"

// The most that a form asks, and its longest texts in bytes.
const (
	questionsMost  = 20
	statementLimit = 4000
	answerLimit    = 2000
)

const formSaved audit.Action = "form of check-out saved"

// CheckForm returns the form of a module, for whoever manages its collections.
func (s *Service) CheckForm(ctx context.Context, p account.Principal, acct, module int64) (CheckForm, error) {
	if err := p.May(manage, acct, module, 0); err != nil {
		return CheckForm{}, err
	}
	return s.store.CheckForm(ctx, module)
}

// CheckFormOf returns the form that applies to a record's module, for whoever
// may see the record.
func (s *Service) CheckFormOf(ctx context.Context, p account.Principal, acct, record int64) (CheckForm, error) {
	rec, err := s.record(ctx, p, account.View, acct, record)
	if err != nil {
		return CheckForm{}, err
	}
	return s.formFor(ctx, rec)
}

func (s *Service) formFor(ctx context.Context, rec Record) (CheckForm, error) {
	c, err := s.store.Collection(ctx, rec.Collection)
	if err != nil {
		return CheckForm{}, err
	}
	return s.store.CheckForm(ctx, c.Module)
}

// SaveCheckForm stores what a module asks from now on. Answers that were given
// keep the words of their questions.
func (s *Service) SaveCheckForm(ctx context.Context, p account.Principal, acct, module int64, f CheckForm) (CheckForm, error) {
	if err := p.May(manage, acct, module, 0); err != nil {
		return f, err
	}
	f.Statement = strings.TrimSpace(f.Statement)
	if len(f.Statement) > statementLimit {
		return f, errs.New(errs.Invalid, "the statement is too long; %d bytes fit", statementLimit)
	}
	for _, list := range [][]Question{f.Out, f.In} {
		if err := cleanQuestions(list); err != nil {
			return f, err
		}
	}
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		old, err := s.store.CheckForm(ctx, module)
		if err != nil {
			return err
		}
		if err := s.store.SaveCheckForm(ctx, module, f); err != nil {
			return err
		}
		return s.store.WriteAudit(ctx, audit.Event{
			At: s.moment(), Account: acct, Module: module, Actor: p.Actor(), Action: formSaved, SubjectKind: "module", SubjectID: module,
			SubjectName: "Forms of check-out", Details: formDetails(old, f),
		})
	})
	return f, err
}

// cleanQuestions tidies questions in place and refuses those that nobody could
// answer.
func cleanQuestions(list []Question) error {
	if len(list) > questionsMost {
		return errs.New(errs.Invalid, "%d questions are too many; %d fit", len(list), questionsMost)
	}
	seen := map[string]bool{nameKey(accepted): true}
	for i := range list {
		q := &list[i]
		var err error
		if q.Name, err = cleanName("question", q.Name); err != nil {
			return err
		}
		if seen[nameKey(q.Name)] {
			return errs.New(errs.Invalid, "the question %q is there twice, or is a word of Muster's own", q.Name)
		}
		seen[nameKey(q.Name)] = true
		switch q.Kind {
		case AskText, AskYesNo:
			q.Choices = nil
		case AskChoice:
			q.Choices = cleanAnswers(q.Choices)
			if len(q.Choices) == 0 {
				return errs.New(errs.Invalid, "the question %q has nothing to choose from", q.Name)
			}
		default:
			return errs.New(errs.Invalid, "the question %q is of no kind that there is", q.Name)
		}
	}
	return nil
}

// cleanAnswers returns what there is to choose from without doubles and blanks.
func cleanAnswers(list []string) []string {
	var out []string
	for _, c := range list {
		if c = strings.TrimSpace(c); c != "" && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// formDetails returns what an edit changed in a form.
func formDetails(old, f CheckForm) []audit.Detail {
	var out []audit.Detail
	add := func(name, before, after string) {
		if before != after {
			out = append(out, audit.Detail{Name: name, Before: before, After: after})
		}
	}
	add("asked at check-out", questionNames(old.Out), questionNames(f.Out))
	add("asked at check-in", questionNames(old.In), questionNames(f.In))
	add("statement", old.Statement, f.Statement)
	return out
}

func questionNames(list []Question) string {
	names := make([]string, len(list))
	for i, q := range list {
		names[i] = q.Name
		if q.Required {
			names[i] += " (required)"
		}
	}
	return strings.Join(names, ", ")
}

// answers checks what was answered, by question, and returns it in the form's
// order. Questions that were not asked are refused.
func answers(asked []Question, given map[string]string) ([]Answer, error) {
	var out []Answer
	for name := range given {
		if !slices.ContainsFunc(asked, func(q Question) bool { return q.Name == name }) {
			return nil, errs.New(errs.Invalid, "the form does not ask for %q", name).WithHint("It asks for: %s.", questionNames(asked))
		}
	}
	for _, q := range asked {
		text := strings.TrimSpace(given[q.Name])
		switch {
		case text == "" && q.Required:
			return nil, errs.New(errs.Invalid, "%s has to be answered", q.Name)
		case text == "":
			continue
		case len(text) > answerLimit:
			return nil, errs.New(errs.Invalid, "the answer to %s is too long; %d bytes fit", q.Name, answerLimit)
		case q.Kind == AskChoice && !slices.Contains(q.Choices, text):
			return nil, errs.New(errs.Invalid, "%q is no choice of %s", text, q.Name).WithHint("Choose one of: %s.", strings.Join(q.Choices, ", "))
		case q.Kind == AskYesNo && text != "yes" && text != "no":
			return nil, errs.New(errs.Invalid, "%s is answered with yes or no", q.Name)
		}
		out = append(out, Answer{q.Name, text})
	}
	return out, nil
}
