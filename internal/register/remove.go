package register

import (
	"context"
	"slices"
	"strconv"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
)

// CountValues counts the records that hold something in a field: what removing
// it would take. Those put away are not counted.
func (s *Service) CountValues(ctx context.Context, p account.Principal, acct, collection, field int64) (n int, err error) {
	if _, err := s.collection(ctx, p, manage, acct, collection); err != nil {
		return 0, err
	}
	err = s.store.EachValue(ctx, collection, field, func(int64, datatype.Value) error {
		n++
		return nil
	})
	return n, err
}

// RemoveField removes a field with its values, for good: nothing brings them
// back but the histories of the records, which keep what people changed. It has
// to be hidden, which can be taken back, before; otherwise that is Conflict.
func (s *Service) RemoveField(ctx context.Context, p account.Principal, acct, collection, field int64) error {
	c, err := s.collection(ctx, p, manage, acct, collection)
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.LockCollection(ctx, collection, true); err != nil {
			return err
		}
		fields, err := s.store.Fields(ctx, collection)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(fields, func(f Field) bool { return f.ID == field })
		if i < 0 {
			return notFound("field", field)
		}
		f := fields[i]
		if err := removable(f); err != nil {
			return err
		}
		n, err := s.clearField(ctx, f)
		if err != nil {
			return err
		}
		if err := s.store.DeleteField(ctx, field); err != nil {
			return err
		}
		return s.audit(ctx, p, fieldRemoved, c, "field", f.ID, f.Name,
			audit.Detail{Name: "type", Before: f.Spec.Type.Label()}, audit.Detail{Name: "values", Before: strconv.Itoa(n)})
	})
}

// removable refuses what keeps a collection going, and what nobody had the
// chance to miss.
func removable(f Field) error {
	switch {
	case f.System:
		return errs.New(errs.Forbidden, "field %s belongs to Muster and can only be hidden", f.Name)
	case f.Title:
		return errs.New(errs.Conflict, "%s names the records", f.Name).WithHint("Make another field the title first.")
	case !f.Hidden:
		return errs.New(errs.Conflict, "%s is in use", f.Name).WithHint("Hide it first. When nobody misses it, remove it.")
	}
	return nil
}

// clearField takes a field's values and keys away, a batch of records at a time,
// and returns how many there were.
func (s *Service) clearField(ctx context.Context, f Field) (n int, err error) {
	if err := s.store.DeleteFieldKeys(ctx, f.Collection, f.ID); err != nil {
		return 0, err
	}
	now := s.moment()
	q := Query{Account: f.Account, Collection: f.Collection, Archived: true, Limit: convertBatch, ByID: true}
	for {
		page, err := s.store.ListRecords(ctx, q)
		if err != nil || len(page) == 0 {
			return n, err
		}
		var changed []Record
		q.After.ID = page[len(page)-1].ID
		for _, rec := range page {
			if rec.Value(f.ID).IsEmpty() {
				continue
			}
			rec.Fields = merge(rec.Fields, []FieldValue{{f.ID, datatype.Value{}}})
			rec.Pinned = slices.DeleteFunc(rec.Pinned, func(id int64) bool { return id == f.ID })
			rec.Version, rec.UpdatedAt = rec.Version+1, now
			changed = append(changed, rec)
		}
		if err := s.store.UpdateRecords(ctx, changed, false); err != nil {
			return n, err
		}
		n += len(changed)
	}
}
