package register

import (
	"errors"
	"fmt"

	"github.com/musterhq/muster/internal/errs"
)

// Taken is the fault that another record has a unique value already. It is of
// kind Conflict.
type Taken struct {
	Record     int64 // that was to get the value
	Field      int64 // the unique field
	FieldName  string
	Value      string // as it is compared
	Other      int64  // the record that has it
	OtherTitle string
}

// Error names the field and the other record.
func (t *Taken) Error() string {
	return fmt.Sprintf("%s %q belongs to %s (record %d) already", t.FieldName, t.Value, t.OtherTitle, t.Other)
}

// Unwrap makes the fault one of kind Conflict with a next step.
func (t *Taken) Unwrap() error {
	return errs.New(errs.Conflict, "the value is taken").
		WithHint("Choose another %s, or open record %d and change it there.", t.FieldName, t.Other)
}

func asTaken(err error) (*Taken, bool) { return errors.AsType[*Taken](err) }

// Stale is the fault that a record changed since it was read. It is of kind
// Conflict.
type Stale struct {
	Record  int64
	Seen    int64 // the version that the caller knew
	Current int64
}

// Error names both versions.
func (s *Stale) Error() string {
	return fmt.Sprintf("record %d is at version %d by now, not %d", s.Record, s.Current, s.Seen)
}

// Unwrap makes the fault one of kind Conflict with a next step.
func (s *Stale) Unwrap() error {
	return errs.New(errs.Conflict, "somebody else changed it").WithHint("Load it again and repeat the change.")
}

// IsStale reports whether an error is that a record changed since it was read.
func IsStale(err error) bool {
	_, ok := errors.AsType[*Stale](err)
	return ok
}

// Left is the fault that somebody who has left was to be given something. It is
// of kind Conflict.
type Left struct{ Person, Status string }

// Error names the person and what the directory says.
func (l *Left) Error() string {
	return fmt.Sprintf("%s has left: the directory says %q", l.Person, l.Status)
}

// Unwrap makes the fault one of kind Conflict with a next step.
func (l *Left) Unwrap() error {
	return errs.New(errs.Conflict, "the person has left").WithHint("Give a reason if it has to be all the same.")
}

// HasLeft reports whether an error is that the person has left.
func HasLeft(err error) bool {
	_, ok := errors.AsType[*Left](err)
	return ok
}
