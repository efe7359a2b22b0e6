package api

import (
	"cmp"
	"errors"
	"slices"
	"strconv"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
)

// wire is a mapping as it goes over the wire; definition reads it back.
func (b *book) wire(d *mapping.Definition) client.Mapping {
	out := client.Mapping{
		ID: d.ID, Name: d.Name, Kind: string(d.Kind), ExternalEntity: entities[d.Entity], Collection: d.Collection, UserRole: d.Role,
		UniqueIdentifier: d.Identifier, Guests: cmp.Or(string(d.Guests), "include"), TimeZone: d.Zone,
	}
	if d.LeaveWhenNotFound {
		out.WhenNotFound = "leave"
	}
	if d.Outside.Role != 0 {
		out.WhenOutside = "keep_as_collaborator"
	}
	for _, u := range d.Units {
		out.Units = append(out.Units, client.Unit{Kind: unitKind(u.Kind), Name: u.Name, Nested: pointer(u.Nested)})
	}
	for _, c := range d.Conditions {
		out.Conditions = append(out.Conditions, client.Condition{Attribute: c.Path, Operator: c.Operator, Value: c.Value, Values: c.Values})
	}
	for _, r := range d.Rows {
		out.Fields = append(out.Fields, b.wireRow(r))
	}
	return out
}

// wireRow is a row of a mapping as it goes over the wire.
func (b *book) wireRow(r mapping.Row) client.FieldRow {
	row := client.FieldRow{From: r.From, To: b.target(r.To), Fallback: r.Fallback, Owner: owners[r.Owner], CreateMissing: r.CreateMissing}
	if r.Empty != nil {
		row.WhenEmpty = rules[*r.Empty]
	}
	for _, t := range r.Transforms {
		row.Transforms = append(row.Transforms, client.Transform(t))
	}
	return row
}

// definition reads a mapping, whose place in the request is at.
func (b *book) definition(at string, m client.Mapping) (mapping.Definition, error) {
	d := mapping.Definition{
		ID: m.ID, Name: m.Name, Kind: mapping.Kind(m.Kind), Entity: entities.of(m.ExternalEntity), Collection: m.Collection,
		Identifier: m.UniqueIdentifier, LeaveWhenNotFound: m.WhenNotFound == "leave", Guests: mapping.GuestPolicy(m.Guests), Zone: m.TimeZone,
	}
	if m.Guests == "include" {
		d.Guests = mapping.IncludeGuests
	}
	var faults []error
	if _, there := b.fields[m.Collection]; !there && m.Collection != 0 {
		faults = append(faults, &partFault{at + ".collection", errs.New(errs.Invalid, "the module has no collection %d", m.Collection)})
	}
	if err := b.role(at, m, &d); err != nil {
		faults = append(faults, err)
	}
	for _, u := range m.Units {
		ref := directory.UnitRef{Kind: directory.Group, Name: u.Name, Nested: u.Nested == nil || *u.Nested}
		if u.Kind == "administrative_unit" {
			ref.Kind, ref.Nested = directory.AdministrativeUnit, false
		}
		d.Units = append(d.Units, ref)
	}
	for _, c := range m.Conditions {
		d.Conditions = append(d.Conditions, mapping.Condition{Path: c.Attribute, Operator: c.Operator, Value: c.Value, Values: c.Values})
	}
	for i, r := range m.Fields {
		row, err := b.row(m.Collection, r)
		if err != nil {
			faults = append(faults, &partFault{at + ".fields[" + strconv.Itoa(i) + "].to", err})
		}
		d.Rows = append(d.Rows, row)
	}
	return d, errors.Join(faults...)
}

// role reads the roles that a login mapping gives: to those who are in, and to
// those who leave.
func (b *book) role(at string, m client.Mapping, d *mapping.Definition) error {
	if d.Kind != mapping.Login {
		return nil
	}
	i := slices.IndexFunc(b.roles, func(r account.Role) bool { return r.ID == m.UserRole })
	if i < 0 {
		return &partFault{at + ".user_role", errs.New(errs.Invalid, "no mapping of this module can give the role %d", m.UserRole).WithHint("See list-roles for those there are.")}
	}
	d.Module, d.Role, d.Administrator = b.module.ID, m.UserRole, b.roles[i].Administrator()
	if m.WhenOutside == "keep_as_collaborator" {
		i := slices.IndexFunc(b.roles, func(r account.Role) bool { return r.Name == account.Collaborator && r.Module == 0 })
		if i >= 0 {
			d.Outside = reconcile.RoleWish{Module: b.module.ID, Role: b.roles[i].ID}
		}
	}
	return nil
}

func (b *book) row(collection int64, r client.FieldRow) (mapping.Row, error) {
	row := mapping.Row{From: r.From, Fallback: r.Fallback, Owner: owners.of(cmp.Or(r.Owner, "directory")), CreateMissing: r.CreateMissing}
	if r.WhenEmpty != "" {
		row.Empty = pointer(rules.of(r.WhenEmpty))
	}
	for _, t := range r.Transforms {
		row.Transforms = append(row.Transforms, mapping.Transform(t))
	}
	switch r.To {
	case loginName:
		row.To = mapping.LoginNameField
	case loginEmail:
		row.To = mapping.LoginEmailField
	default:
		f := fieldCalled(b.fields[collection], r.To)
		if f == nil {
			return row, errs.New(errs.Invalid, "the collection has no field %q", r.To)
		}
		row.To = f.ID
	}
	return row, nil
}
