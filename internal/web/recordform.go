package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

// draft is a record's form on its way: what was typed, and what stands in the
// way of saving it. The zero draft shows the record as it is.
type draft struct {
	version int64                 // that the form is about; 0 for the record's
	typed   map[int64]string      // by field, where it differs from the record
	faults  map[int64]string      // by field; 0 is the form as a whole
	theirs  map[int64]view.Theirs // what somebody else wrote meanwhile, by field
	notice  string
}

// newRecord is the form of a record that is not there yet.
func (s *Site) newRecord(v *visit) error {
	c, fields, err := v.collectionHere()
	if err != nil {
		return err
	}
	if err := v.mayIn(account.Create, c); err != nil {
		return err
	}
	return v.showForm(http.StatusOK, c, fields, register.Record{}, draft{})
}

// editRecord is the form of a record.
func (s *Site) editRecord(v *visit) error {
	r, c, fields, err := v.recordHere()
	if err != nil {
		return err
	}
	if err := v.mayIn(account.Edit, c); err != nil {
		return err
	}
	return v.showForm(http.StatusOK, c, fields, r, draft{})
}

// mayIn keeps forms from those who could not send them. What they do is checked
// again by the use case.
func (v *visit) mayIn(a account.Action, c register.Collection) error {
	return v.who.May(a, v.module.Account, v.module.ID, c.ID)
}

// showForm shows a record's form.
func (v *visit) showForm(status int, c register.Collection, fields []register.Field, r register.Record, d draft) error {
	form := view.RecordForm{
		Crumbs: v.crumbs(view.Crumb{Name: c.Name, Path: collectionPath(v.module.ID, c.ID)}), Title: "Add to " + c.Name,
		Path: collectionPath(v.module.ID, c.ID) + "/new", Back: collectionPath(v.module.ID, c.ID), Version: r.Version,
		Fault: d.faults[0], Notice: d.notice,
	}
	if d.version != 0 {
		form.Version = d.version
	}
	var kept []register.Kept
	var err error
	if r.ID != 0 {
		form.Title, form.Back = r.Title, recordPath(v.module.ID, c.ID, r.ID)
		form.Path = form.Back + "/edit"
		form.PinPath = form.Back + "/pin"
		if kept, err = v.site.Records.Kept(v.ctx(), v.who, v.module.Account, r.ID); err != nil {
			return err
		}
	}
	names, err := v.linkNames(fields, r)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if f.System || f.Spec.Type == datatype.Attachment {
			continue
		}
		in := v.recordInput(f, r, names, d)
		in.Kept = keptNote(f, r, kept)
		form.Inputs = append(form.Inputs, in)
	}
	return v.showStatus(status, form.Title, view.RecordFormPage(form))
}

// recordInput is one field of a record's form.
func (v *visit) recordInput(f register.Field, r register.Record, names map[int64]string, d draft) view.RecordInput {
	now := formText(f, r, names)
	text, ok := d.typed[f.ID]
	if !ok {
		text = now
	}
	in := view.RecordInput{Field: view.Field{
		Name: inputName(f.ID), Label: f.Name, Value: text, Required: f.Spec.Required, Fault: d.faults[f.ID], Type: inputType(f.Spec.Type),
	}, ID: f.ID, Was: now, Long: f.Spec.Type == datatype.LongText}
	if t, ok := d.theirs[f.ID]; ok {
		in.Theirs = &t
	}
	switch f.Spec.Type {
	case datatype.Choice:
		in.Choices = f.Spec.Choices
	case datatype.YesNo:
		in.Choices = []string{"yes", "no"}
	case datatype.Link:
		in.Pick = modulePath(v.module.ID) + "/choose/" + inputName(f.Spec.Collection)[1:]
	}
	return in
}

// formText is what a record holds in a field, as forms show and read it.
func formText(f register.Field, r register.Record, names map[int64]string) string {
	value := r.Value(f.ID)
	switch {
	case f.Spec.Type == datatype.Link:
		return names[value.Record()]
	case f.Spec.Type == datatype.YesNo && !value.IsEmpty():
		return map[string]string{"true": "yes", "false": "no"}[value.JSON()]
	}
	return value.String()
}

// keptNote says that a field comes from the directory; nil when it does not.
func keptNote(f register.Field, r register.Record, kept []register.Kept) *view.Kept {
	i := slices.IndexFunc(kept, func(k register.Kept) bool { return k.Field == f.ID })
	pinned := slices.Contains(r.Pinned, f.ID)
	if i < 0 && !pinned {
		return nil
	}
	note := &view.Kept{Pinned: pinned, Held: i >= 0}
	if i < 0 {
		return note
	}
	k := kept[i]
	note.From, note.Mapping = k.From, k.Mapping
	switch {
	case !k.Said:
	case k.Wants == "":
		note.Next = "it becomes empty."
	case k.Wants == r.Value(f.ID).String():
		note.Next = fmt.Sprintf("the directory says “%s”, too.", k.Wants)
	default:
		note.Next = fmt.Sprintf("it becomes “%s”.", k.Wants)
	}
	return note
}

func inputName(field int64) string { return "f" + view.Num(field) }

func inputType(t datatype.Type) string {
	switch t {
	case datatype.Date:
		return "date"
	case datatype.Email:
		return "email"
	case datatype.WebAddress:
		return "url"
	case datatype.Phone:
		return "tel"
	}
	return "text"
}

// readRecord reads a record's form into values; faults says what does not fit,
// by field. Fields that the form did not have, or that are to stay as somebody
// else wrote them, are left out.
func (v *visit) readRecord(fields []register.Field) (set []register.FieldValue, typed, faults map[int64]string, err error) {
	typed, faults = v.typed(fields), map[int64]string{}
	for _, f := range fields {
		text, there := typed[f.ID]
		if !there {
			continue
		}
		value, fault := datatype.Parse(f.Spec, text)
		if f.Spec.Type == datatype.Link && text != "" {
			if value, fault, err = v.linkOf(f, text); err != nil {
				return nil, nil, nil, err
			}
		}
		if fault == nil {
			fault = datatype.Check(f.Spec, value)
		}
		if fault != nil {
			faults[f.ID] = sentence(fault, 0)
			continue
		}
		set = append(set, register.FieldValue{Field: f.ID, Value: value})
	}
	return set, typed, faults, nil
}

// typed are the texts of a record's form, by field.
func (v *visit) typed(fields []register.Field) map[int64]string {
	out := map[int64]string{}
	for _, f := range fields {
		name := inputName(f.ID)
		text := v.text(name) // reads the form
		if _, there := v.r.Form[name]; !there || f.System || f.Spec.Type == datatype.Attachment || v.text("take"+name) == "theirs" {
			continue
		}
		out[f.ID] = text
	}
	return out
}

// createRecord adds a record.
func (s *Site) createRecord(v *visit) error {
	c, fields, err := v.collectionHere()
	if err != nil {
		return err
	}
	set, typed, faults, err := v.readRecord(fields)
	if err != nil {
		return err
	}
	if len(faults) == 0 {
		rec, err := s.Records.Create(v.ctx(), v.who, register.Input{Account: v.module.Account, Collection: c.ID, Set: filled(set)})
		if err == nil {
			v.flash(true, rec.Title+" is added.")
			return v.goTo(recordPath(v.module.ID, c.ID, rec.ID))
		}
		if k := errs.KindOf(err); k != errs.Invalid && k != errs.Conflict {
			return err
		}
		faults[0] = sentence(err, 0)
	}
	return v.showForm(http.StatusUnprocessableEntity, c, fields, register.Record{}, draft{typed: typed, faults: faults})
}

func filled(set []register.FieldValue) []register.FieldValue {
	return slices.DeleteFunc(set, func(f register.FieldValue) bool { return f.Value.IsEmpty() })
}

// updateRecord changes a record; one that somebody else changed meanwhile is
// left alone, and what was typed is shown beside what they wrote.
func (s *Site) updateRecord(v *visit) error {
	r, c, fields, err := v.recordHere()
	if err != nil {
		return err
	}
	set, typed, faults, err := v.readRecord(fields)
	if err != nil {
		return err
	}
	d := draft{version: v.numberIn("version"), typed: typed, faults: faults}
	if len(faults) > 0 {
		return v.showForm(http.StatusUnprocessableEntity, c, fields, r, d)
	}
	_, err = s.Records.Update(v.ctx(), v.who, r.ID, d.version, register.Input{Account: v.module.Account, Set: set})
	k := errs.KindOf(err)
	switch {
	case err == nil:
		v.flash(true, "Saved.")
		return v.goTo(recordPath(v.module.ID, c.ID, r.ID))
	case register.IsStale(err):
		return v.showStale(c, fields, r.ID, d)
	case k != errs.Invalid && k != errs.Conflict:
		return err
	}
	faults[0] = strings.TrimSpace(sentence(err, 0) + " " + errs.HintOf(err))
	return v.showForm(http.StatusUnprocessableEntity, c, fields, r, d)
}

// staleShown is how far back the form looks for who changed a record.
const staleShown = 20

// showStale shows a form again whose record somebody else changed meanwhile:
//
//	typed        they wrote   the form shows
//	as it was    something    theirs, marked
//	something    as it was    what was typed
//	something    the same     that
//	something    another      what was typed, theirs beside it, and a choice
func (v *visit) showStale(c register.Collection, fields []register.Field, id int64, d draft) error {
	r, err := v.site.Records.Record(v.ctx(), v.who, v.module.Account, id)
	if err != nil {
		return err
	}
	names, err := v.linkNames(fields, r)
	if err != nil {
		return err
	}
	who, err := v.changedBy(r, d.version)
	if err != nil {
		return err
	}
	typed := d.typed
	d.typed, d.theirs = map[int64]string{}, map[int64]view.Theirs{}
	d.version = r.Version
	for _, f := range fields {
		text, there := typed[f.ID]
		was, now := v.text("was"+inputName(f.ID)), formText(f, r, names)
		if !there || was == now {
			if there && text != was {
				d.typed[f.ID] = text
			}
			continue
		}
		by, known := who[f.ID]
		if !known {
			by = "A sync"
		}
		t := view.Theirs{By: by, Was: was, Now: now, Choose: text != was && text != now}
		if t.Choose {
			d.typed[f.ID] = text
		}
		d.theirs[f.ID] = t
	}
	d.notice = "Somebody else changed this record while you were at it, so nothing is saved yet. Their changes are marked below: choose where you both changed the same field, and save again."
	return v.showForm(http.StatusConflict, c, fields, r, d)
}

// changedBy names who last changed each field of a record since a version.
func (v *visit) changedBy(r register.Record, since int64) (map[int64]string, error) {
	list, err := v.site.Records.RecordHistory(v.ctx(), v.who, v.module.Account, r.ID, 0, staleShown)
	out := map[int64]string{}
	for _, e := range list {
		if e.Version <= since {
			break
		}
		for _, d := range e.Changes {
			if _, later := out[d.Field]; !later {
				out[d.Field] = e.Actor.Name
			}
		}
	}
	return out, err
}

// pinField keeps the directory from writing a field of the record of the path,
// or lets it again, and shows the form with what was typed so far.
func (s *Site) pinField(v *visit) error {
	r, c, fields, err := v.recordHere()
	if err != nil {
		return err
	}
	d := draft{version: v.numberIn("version"), typed: v.typed(fields)}
	var rec register.Record
	if field := v.numberIn("pin"); field != 0 {
		rec, err = s.Records.Pin(v.ctx(), v.who, v.module.Account, r.ID, field, true)
	} else {
		field = v.numberIn("unpin")
		delete(d.typed, field) // shown as it is, not as it was to become
		rec, err = s.Integrations.Unpin(v.ctx(), v.who, v.module.Account, r.ID, field)
	}
	if err != nil {
		return err
	}
	if d.version == r.Version {
		d.version = rec.Version // else the form is behind, and stays so
	}
	return v.showForm(http.StatusOK, c, fields, rec, d)
}
