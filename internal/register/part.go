package register

import "github.com/musterhq/muster/internal/errs"

// FieldPart is one thing that a field is set up by.
type FieldPart string

// The parts that can be refused.
const (
	NamePart     FieldPart = "name"
	TypePart     FieldPart = "type"
	TitlePart    FieldPart = "title"
	UniquePart   FieldPart = "unique"
	ChoicesPart  FieldPart = "choices"
	LinkPart     FieldPart = "link"
	CurrencyPart FieldPart = "currency"
)

// FieldFault is what is wrong with how a field is set up, and which part of it
// that concerns, for a form to say so there. Kind and hint are those of Err.
type FieldFault struct {
	Part FieldPart
	Err  error
}

// Error returns the text of the fault alone: it names its part by itself.
func (f *FieldFault) Error() string { return f.Err.Error() }

// Unwrap returns the fault alone.
func (f *FieldFault) Unwrap() error { return f.Err }

// at says which part of a field a fault concerns; nil stays nil.
func at(part FieldPart, err error) error {
	if err == nil {
		return nil
	}
	return &FieldFault{part, err}
}

// nameOf says that a refusal of the database is about the name: names are all
// that it refuses of a field.
func nameOf(err error) error {
	if errs.Is(err, errs.Conflict) {
		return at(NamePart, err)
	}
	return err
}
