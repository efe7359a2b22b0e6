package register

import (
	"context"
	"slices"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
)

// StatusFieldName is the name of the field in which a sync says how the
// directory sees the person or thing.
const StatusFieldName = "Integration status"

// The choices of the status field.
const (
	StatusActive     = "Active"
	StatusDisabled   = "Disabled"
	StatusDeleted    = "Deleted"
	StatusPurged     = "Purged"
	StatusNotFound   = "Not found"
	StatusOutOfScope = "Out of scope"
	StatusConflict   = "Conflict"
)

// Statuses returns the choices in order.
func Statuses() []string {
	return []string{StatusActive, StatusDisabled, StatusDeleted, StatusPurged, StatusNotFound, StatusOutOfScope, StatusConflict}
}

// LeftStatuses returns the statuses of people who have left: they are given
// nothing, and what they hold is asked back.
func LeftStatuses() []string {
	return []string{StatusDisabled, StatusDeleted, StatusPurged, StatusNotFound, StatusOutOfScope}
}

// statusField returns the status field among fields, or nil.
func statusField(fields []Field) *Field {
	i := slices.IndexFunc(fields, func(f Field) bool { return f.System && nameKey(f.Name) == nameKey(StatusFieldName) })
	if i < 0 {
		return nil
	}
	return &fields[i]
}

// EnsureStatusField returns the number of a collection's status field and makes
// the field when it is not there. A field of that name that somebody made by
// hand gives Conflict.
func (s *Service) EnsureStatusField(ctx context.Context, collection int64) (id int64, err error) {
	fields, err := s.store.Fields(ctx, collection)
	if err != nil {
		return 0, err
	}
	if f := statusField(fields); f != nil {
		return f.ID, nil
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.LockCollection(ctx, collection, true); err != nil {
			return err
		}
		c, err := s.store.Collection(ctx, collection)
		if err != nil {
			return err
		}
		fields, err := s.store.Fields(ctx, collection)
		if err != nil {
			return err
		}
		if f := statusField(fields); f != nil { // a rival was faster
			id = f.ID
			return nil
		}
		f := Field{Account: c.Account, Collection: c.ID, Name: StatusFieldName, System: true, Position: 1}
		if n := len(fields); n > 0 {
			f.Position = fields[n-1].Position + 1
		}
		f.Spec = datatype.Spec{Type: datatype.Choice, Choices: Statuses()}
		id, err = s.store.InsertField(ctx, f, s.moment())
		if errs.Is(err, errs.Conflict) {
			return errs.New(errs.Conflict, "the collection %s has a field %s of its own", c.Name, StatusFieldName).
				WithHint("Rename that field: the name is needed for the field that syncs write.").Because(err)
		}
		return err
	})
	return id, err
}
