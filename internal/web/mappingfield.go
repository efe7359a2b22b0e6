package web

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web/view"
)

// newField stands in the form for a field that is to be made: the choice "New
// field…" of a row. No definition that leaves this package holds it.
const newField int64 = -1 << 40

// newFieldView is a row whose field is to be made, as it was typed.
func (v *visit) newFieldView(row mapping.Row) view.FieldRow {
	out := rowView(row)
	out.To = "new"
	for i := range v.r.Form["to"] {
		if v.column("to", i) == "new" && v.column("from", i) == row.From {
			out.NewName, out.NewType = v.column("new_name", i), v.column("new_type", i)
			break
		}
	}
	return out
}

// newFieldProblems are the rows whose field is still to be made: nothing can be
// shown or kept of them.
func (v *visit) newFieldProblems() []mapping.Problem {
	var out []mapping.Problem
	for i := range v.r.Form["to"] {
		if v.column("to", i) == "new" {
			out = append(out, mapping.Problem{Row: i, Condition: -1, Message: "the new field is not there yet.", Hint: "Make it with the button Create field, or choose another field."})
		}
	}
	return out
}

// makeFields makes the fields that rows of the form ask for, and shows the form
// again with those chosen and everything else as it was typed.
func (s *Site) makeFields(v *visit) error {
	c, defs, err := v.definitions()
	if err != nil {
		return err
	}
	def, err := v.readForm(defs)
	if err != nil {
		return err
	}
	v.guarded = view.Guard{Name: "stamp", Stamp: v.text("stamp")} // to be compared when it is saved
	status, problems := http.StatusOK, []mapping.Problem(nil)
	for i := range v.r.Form["to"] {
		if v.column("to", i) != "new" {
			continue
		}
		made, err := v.makeField(c, def, i)
		if refused(err) {
			status = statusOf(err)
			problems = append(problems, mapping.Problem{Row: i, Condition: -1, Message: sentence(err, status), Hint: errs.HintOf(err)})
			continue
		}
		if err != nil {
			return err
		}
		v.r.Form["to"][i] = view.Num(made.ID)
	}
	if def.Rows, err = v.readRows(); err != nil {
		return err
	}
	return v.showMapping(status, c, def, problems)
}

// readForm is the definition as the form has it, rows of new fields included.
func (v *visit) readForm(defs []mapping.Definition) (mapping.Definition, error) {
	old := mapping.Definition{}
	if v.r.PathValue("mapping") != "new" {
		stored, ok := v.pick(defs)
		if !ok {
			return old, notHere()
		}
		old = stored
	}
	return v.readMapping(old)
}

// makeField makes the field of a row. What was left open is taken from the
// attribute: its name, the type that suits it, its known values as choices, and
// people as what a reference to a person links to.
func (v *visit) makeField(c syncer.Connection, def mapping.Definition, row int) (register.Field, error) {
	a, known := directory.LookupAttribute(def.Entity, v.column("from", row))
	f := register.Field{Account: c.Account, Collection: def.Collection, Name: v.column("new_name", row)}
	f.Spec.Type = datatype.Type(v.column("new_type", row))
	if known {
		f.Name, f.Spec.Type = cmp.Or(f.Name, a.Label), cmp.Or(f.Spec.Type, datatype.Type(a.Suggest))
	}
	f.Spec.Type = cmp.Or(f.Spec.Type, datatype.Text)
	switch f.Spec.Type {
	case datatype.Choice, datatype.Choices:
		f.Spec.Choices = a.Choices
	case datatype.Link:
		book, err := v.mappingBook()
		if err != nil {
			return f, err
		}
		kind := register.People
		if known && !a.Reference {
			kind = register.Locations
		}
		for _, col := range book.list {
			if col.Kind == kind {
				f.Spec.Collection = col.ID
			}
		}
	}
	if def.Collection == 0 {
		return f, errs.New(errs.Invalid, "the mapping keeps no records that a field could belong to").WithHint("Choose under Also keep a record in where they are kept.")
	}
	made, err := v.site.Records.AddField(v.ctx(), v.who, f)
	if err != nil {
		return made, fmt.Errorf("the field %s: %w", f.Name, err)
	}
	return made, nil
}
