package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

// fieldHere is the field of the path, among the collection's.
func (v *visit) fieldHere() (register.Collection, register.Field, error) {
	c, fields, err := v.collectionHere()
	if err != nil {
		return c, register.Field{}, err
	}
	id, err := v.number("field")
	if err != nil {
		return c, register.Field{}, err
	}
	i := slices.IndexFunc(fields, func(f register.Field) bool { return f.ID == id })
	if i < 0 {
		return c, register.Field{}, notHere()
	}
	return c, fields[i], nil
}

// hideField hides a field from lists and forms, or shows it again. Its values stay.
func (s *Site) hideField(v *visit) error {
	c, f, err := v.fieldHere()
	if err != nil {
		return err
	}
	f.Hidden = v.text("hidden") != ""
	if _, err := s.Records.ChangeField(v.ctx(), v.who, f); err != nil {
		return err
	}
	if f.Hidden {
		v.flash(true, "The field "+f.Name+" is hidden. Its values are kept.")
	} else {
		v.flash(true, "The field "+f.Name+" is shown again.")
	}
	return v.goTo(structurePath(c))
}

// newField is the form of another field.
func (s *Site) newField(v *visit) error {
	c, _, err := v.collectionHere()
	if err != nil {
		return err
	}
	return v.showField(http.StatusOK, c, register.Field{Spec: datatype.Spec{Type: datatype.Text}}, nil)
}

// createField adds a field to the collection.
func (s *Site) createField(v *visit) error {
	c, _, err := v.collectionHere()
	if err != nil {
		return err
	}
	f := v.fieldTyped(register.Field{Account: c.Account, Collection: c.ID})
	f.Spec.Type = datatype.Type(v.text("type"))
	f.Spec.Collection = v.numberIn("link")
	return v.fieldSaved(c, f, s.Records.AddField)
}

// editField is the form of a field there is.
func (s *Site) editField(v *visit) error {
	c, f, err := v.fieldHere()
	if err != nil {
		return err
	}
	v.guardField(f)
	return v.showField(http.StatusOK, c, f, nil)
}

// saveField keeps what was changed of a field.
func (s *Site) saveField(v *visit) error {
	c, f, err := v.fieldHere()
	if err != nil {
		return err
	}
	stale := v.guardField(f)
	if f.System {
		f.Hidden = v.text("hidden") != ""
	} else {
		f = v.fieldTyped(f)
	}
	if stale {
		return v.showField(http.StatusConflict, c, f, nil)
	}
	return v.fieldSaved(c, f, func(ctx context.Context, p account.Principal, f register.Field) (register.Field, error) {
		_, renamed := v.choicesTyped()
		return s.Records.ChangeFieldChoices(ctx, p, f, renamed)
	})
}

// fieldTyped is a field with what was typed into its form; its type and what it
// links to are for the caller, since they cannot change.
func (v *visit) fieldTyped(f register.Field) register.Field {
	on := func(name string) bool { return v.text(name) != "" }
	f.Name = v.text("name")
	f.Title, f.Hidden = on("title"), on("hidden")
	f.Spec.Required, f.Spec.Unique = on("required"), on("unique")
	f.Spec.Currency = strings.ToUpper(v.text("currency"))
	if f.Spec.Choices = linesOf(v.text("choices")); v.r.Form.Has("choice") {
		f.Spec.Choices, _ = v.choicesTyped()
	}
	return f
}

// choicesTyped are the rows of a field's choices as they stand in the form, and
// those that were there before by their former names. Empty rows are none.
func (v *visit) choicesTyped() (choices []string, renamed map[string]string) {
	renamed = map[string]string{}
	was := v.r.Form["was"]
	for i, name := range v.r.Form["choice"] {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		choices = append(choices, name)
		if i < len(was) && was[i] != "" {
			renamed[was[i]] = name
		}
	}
	return choices, renamed
}

// linesOf are the lines of a text that hold something.
func linesOf(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// fieldSaved keeps a field, or shows its form again with the fault at its part.
func (v *visit) fieldSaved(c register.Collection, f register.Field, save func(context.Context, account.Principal, register.Field) (register.Field, error)) error {
	saved, err := save(v.ctx(), v.who, f)
	if fault, ok := partOf(err); ok {
		return v.showField(statusOf(err), c, f, fault)
	}
	if err != nil {
		return err
	}
	v.flash(true, "The field "+saved.Name+" is saved.")
	return v.goTo(structurePath(c))
}

// partOf returns which part of a field was refused, if that is what is wrong.
func partOf(err error) (*register.FieldFault, bool) {
	fault, ok := errors.AsType[*register.FieldFault](err)
	return fault, ok && errs.KindOf(err) != errs.Internal
}

// showField shows a field's form, with what was wrong with it.
func (v *visit) showField(status int, c register.Collection, f register.Field, fault *register.FieldFault) error {
	page := view.FieldForm{
		Crumbs: v.crumbs(view.Crumb{Name: "Collections", Path: collectionsPath(v.module.ID)}, view.Crumb{Name: c.Name, Path: structurePath(c)}),
		Title:  "Add a field", Path: structurePath(c) + "/fields/new", Back: structurePath(c), New: f.ID == 0, System: f.System,
		Name: f.Name, Type: string(f.Spec.Type), TypeLabel: f.Spec.Type.Label(), Types: typeOptions(), Links: v.linkOptions(), Link: view.Num(f.Spec.Collection),
		Choices: strings.Join(f.Spec.Choices, "\n"), Rows: v.choiceRows(f), Currency: f.Spec.Currency,
		Required: f.Spec.Required, Unique: f.Spec.Unique, Hidden: f.Hidden, IsTitle: f.Title, Faults: map[string]string{}, Guard: v.guarded,
	}
	if f.ID != 0 {
		page.Title, page.Path = "Edit field", fieldPath(c, f.ID)
	}
	if fault != nil {
		page.Faults[string(fault.Part)] = strings.TrimSpace(sentence(fault, status) + " " + errs.HintOf(fault))
	}
	return v.showStatus(status, page.Title, view.FieldFormPage(page))
}

// choiceRows are the choices of a field with what each was called before, as
// they were typed or as they are.
func (v *visit) choiceRows(f register.Field) []view.ChoiceRow {
	was := v.r.Form["was"]
	var out []view.ChoiceRow
	for i, name := range v.r.Form["choice"] {
		row := view.ChoiceRow{Name: name}
		if i < len(was) {
			row.Was = was[i]
		}
		out = append(out, row)
	}
	if out == nil {
		for _, name := range f.Spec.Choices {
			out = append(out, view.ChoiceRow{Was: name, Name: name})
		}
	}
	return out
}

// typeOptions are the types that a field can get by hand. Attachments are left
// out as long as no form takes a file.
func typeOptions() []view.Option {
	var out []view.Option
	for _, t := range datatype.All() {
		if t != datatype.Attachment {
			out = append(out, view.Option{Value: string(t), Label: t.Label()})
		}
	}
	return out
}

// linkOptions are the collections that a field can link to.
func (v *visit) linkOptions() []view.Option {
	var out []view.Option
	for _, c := range v.frame.Module.Collections {
		out = append(out, view.Option{Value: view.Num(c.ID), Label: c.Name})
	}
	return out
}
