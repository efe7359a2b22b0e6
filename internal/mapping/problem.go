package mapping

import (
	"errors"

	"github.com/musterhq/muster/internal/errs"
)

// Problem is something that keeps a mapping from being used.
type Problem struct {
	Row       int // the row it is about, counted from 0; -1 for the mapping as a whole
	Condition int // the condition it is about, counted from 0; -1 for none
	Subject   string
	Message   string
	Hint      string // what to do; may be empty
}

// whole is a problem of the mapping as a whole.
func whole(subject, message, hint string) Problem {
	return Problem{Row: -1, Condition: -1, Subject: subject, Message: message, Hint: hint}
}

// joinProblems makes one error of all problems, each errs.Invalid, or nil.
func joinProblems(problems []Problem) error {
	all := make([]error, len(problems))
	for i, p := range problems {
		e := errs.New(errs.Invalid, "%s", p.Message).About("%s", p.Subject)
		if p.Hint != "" {
			e = e.WithHint("%s", p.Hint)
		}
		all[i] = e
	}
	return errors.Join(all...)
}
