package register

import (
	"context"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
)

// What the audit log says was done. Changes of records have a history of their
// own, and custody is one.
const (
	collectionCreated audit.Action = "collection created"
	collectionRenamed audit.Action = "collection renamed"
	fieldAdded        audit.Action = "field added"
	fieldChanged      audit.Action = "field changed"
	fieldRemoved      audit.Action = "field removed"
)

// audit records what a principal did to a collection, in the log of its module.
func (s *Service) audit(ctx context.Context, p account.Principal, action audit.Action, c Collection, kind string, id int64, name string, details ...audit.Detail) error {
	return s.store.WriteAudit(ctx, audit.Event{
		At: s.moment(), Account: c.Account, Module: c.Module, Actor: p.Actor(), Action: action,
		SubjectKind: kind, SubjectID: id, SubjectName: name, Details: details,
	})
}

// fieldDetails returns what an edit changed in a field.
func fieldDetails(old, f Field) []audit.Detail {
	var out []audit.Detail
	add := func(name, before, after string) {
		if before != after {
			out = append(out, audit.Detail{Name: name, Before: before, After: after})
		}
	}
	add("name", old.Name, f.Name)
	add("type", string(old.Spec.Type), string(f.Spec.Type))
	add("title", strconv.FormatBool(old.Title), strconv.FormatBool(f.Title))
	add("hidden", strconv.FormatBool(old.Hidden), strconv.FormatBool(f.Hidden))
	add("required", strconv.FormatBool(old.Spec.Required), strconv.FormatBool(f.Spec.Required))
	add("unique", strconv.FormatBool(old.Spec.Unique), strconv.FormatBool(f.Spec.Unique))
	add("choices", strings.Join(old.Spec.Choices, ", "), strings.Join(f.Spec.Choices, ", "))
	add("longest text", strconv.Itoa(old.Spec.MaxLength), strconv.Itoa(f.Spec.MaxLength))
	add("currency", old.Spec.Currency, f.Spec.Currency)
	return out
}
