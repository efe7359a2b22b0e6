package integration

import (
	"context"
	"slices"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
)

// FieldUse is a mapping that writes into a field.
type FieldUse struct {
	Connection, Module int64
	Mapping            int64
	Name               string // of the mapping
	Attribute          string // as people know it
	Problem            string // why it could not write into the field; "" when it could
}

// FieldUses lists the mappings that write into a field of a collection, with
// whether they still could if the field were as f says.
//
//	the attribute's values     problem
//	fit, or fit when written   none; a value that does not is reported by each run
//	never fit the type         named
//	the mapping would break    the first thing that is wrong with it
func (s *Service) FieldUses(ctx context.Context, p account.Principal, f register.Field) ([]FieldUse, error) {
	c, err := s.Records.Collection(ctx, p, f.Account, f.Collection)
	if err != nil {
		return nil, err
	}
	if err := p.May(account.ManageCollections, c.Account, c.Module, c.ID); err != nil {
		return nil, err
	}
	targets, err := s.targets(ctx, syncer.Connection{Account: f.Account}, f.Collection)
	if err != nil {
		return nil, err
	}
	for i := range targets {
		if targets[i].ID == f.ID {
			targets[i].Spec = f.Spec
		}
	}
	all, err := s.Sync.Connections(ctx)
	if err != nil {
		return nil, err
	}
	var out []FieldUse
	for _, conn := range all {
		if conn.Account != f.Account {
			continue
		}
		list, err := s.Sync.Mappings(ctx, conn.ID)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			if use, ok := useOf(m, f, targets); ok && !m.Removed {
				use.Connection, use.Module = conn.ID, conn.Module
				out = append(out, use)
			}
		}
	}
	return out, nil
}

// useOf returns how a mapping uses a field, if it does.
func useOf(m syncer.Mapping, f register.Field, targets []mapping.Field) (FieldUse, bool) {
	i := slices.IndexFunc(m.Rows, func(r mapping.Row) bool { return r.To == f.ID })
	if i < 0 || m.Collection != f.Collection {
		return FieldUse{}, false
	}
	row := m.Rows[i]
	use := FieldUse{Mapping: m.ID, Name: m.Name, Attribute: row.From}
	a, known := directory.LookupAttribute(m.Entity, row.From)
	if known {
		use.Attribute = a.Label
	}
	for _, problem := range mapping.Problems(m.Definition, targets) {
		use.Problem = problem.Message
		return use, true
	}
	from := datatype.Type(a.Suggest)
	if known && !a.Reference && from.Known() && len(row.Transforms) == 0 && from != f.Spec.Type && !datatype.Converts(from, f.Spec.Type) {
		use.Problem = from.Label() + " does not turn into " + f.Spec.Type.Label()
	}
	return use, true
}

// ConvertField changes a field's type as register.ConvertField does, unless that
// would leave a mapping that cannot write into it any more.
func (s *Service) ConvertField(ctx context.Context, p account.Principal, in register.Conversion) (effect register.ConversionEffect, err error) {
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if effect, err = s.Records.ConvertField(ctx, p, in); err != nil {
			return err
		}
		uses, err := s.FieldUses(ctx, p, effect.Field)
		for _, use := range uses {
			if err == nil && use.Problem != "" {
				return errs.New(errs.Conflict, "the mapping %s could not write into %s any more: %s", use.Name, effect.Field.Name, use.Problem).
					WithHint("Take the field out of the mapping first, or choose another type.")
			}
		}
		return err
	})
	return effect, err
}

// RemoveField removes a hidden field with its values, unless a mapping writes
// into it.
func (s *Service) RemoveField(ctx context.Context, p account.Principal, f register.Field) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		uses, err := s.FieldUses(ctx, p, f)
		if err != nil {
			return err
		}
		if len(uses) > 0 {
			return errs.New(errs.Conflict, "the mapping %s writes into %s", uses[0].Name, f.Name).
				WithHint("Take the field out of the mapping first.")
		}
		return s.Records.RemoveField(ctx, p, f.Account, f.Collection, f.ID)
	})
}
