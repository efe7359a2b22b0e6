package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

// manyNamed is how many records a question about many names.
const manyNamed = 5

// many does something to the records that were selected in a list, or to all of
// the list: it asks first, and then does it.
func (s *Site) many(v *visit) error {
	c, fields, err := v.collectionHere()
	if err != nil {
		return err
	}
	ids, q, err := v.selected(c, fields)
	if err != nil {
		return err
	}
	back := q.with(collectionPath(v.module.ID, c.ID))
	if len(ids) == 0 {
		v.flash(false, "Select some records first.")
		return v.goTo(back)
	}
	act := v.text("act")
	if act == "labels" {
		return v.showLabels(c, fields, ids)
	}
	if act != "edit" && act != "archive" {
		return errs.New(errs.Invalid, "%q cannot be done to many records", act)
	}
	if v.text("sure") == "" {
		return v.askMany(http.StatusOK, c, fields, act, ids, q, nil)
	}
	m := register.Many{Account: v.module.Account, Collection: c.ID, Records: ids, Note: v.text("note")}
	if act == "archive" {
		m.Archive, m.Unarchive = !q.query.Archived, q.query.Archived
	} else {
		set, faults, err := v.ticked(fields)
		if err != nil {
			return err
		}
		if len(faults) > 0 {
			return v.askMany(http.StatusUnprocessableEntity, c, fields, act, ids, q, faults)
		}
		m.Set = set
	}
	ctx := context.WithoutCancel(v.ctx()) // what was begun is done, even when the tab is closed
	done, err := s.Records.ChangeMany(ctx, v.who, m)
	if err != nil {
		return err
	}
	return v.manyDone(c, m, done, back)
}

// selected are the records that a list's form means, with the list they are from.
func (v *visit) selected(c register.Collection, fields []register.Field) ([]int64, question, error) {
	values, err := url.ParseQuery(v.r.FormValue("query"))
	if err != nil {
		return nil, question{}, errs.New(errs.Invalid, "the list cannot be read").Because(err)
	}
	q, err := v.asked(c, fields, values)
	if err != nil {
		return nil, q, err
	}
	var ids []int64
	if v.text("whole") == "" {
		for _, text := range v.r.Form["id"] {
			if id, err := strconv.ParseInt(text, 10, 64); err == nil {
				ids = append(ids, id)
			}
		}
		return ids, q, nil
	}
	full := errors.New("enough")
	err = v.site.Lists.Each(v.ctx(), v.who, q.query, func(r register.Record) error {
		if ids = append(ids, r.ID); len(ids) > register.ManyMost {
			return full
		}
		return nil
	})
	if errors.Is(err, full) {
		err = nil // ChangeMany says that it is too many
	}
	return ids, q, err
}

// ticked are the values that a form for many records sets; faults says what does
// not fit, by field, and under 0 what is wrong with the whole.
func (v *visit) ticked(fields []register.Field) (set []register.FieldValue, faults map[int64]string, err error) {
	all, _, faults, err := v.readRecord(fields)
	if err != nil {
		return nil, nil, err
	}
	on := v.r.Form["on"]
	for _, f := range fields {
		if !slices.Contains(on, inputName(f.ID)) {
			delete(faults, f.ID)
			continue
		}
		if i := slices.IndexFunc(all, func(s register.FieldValue) bool { return s.Field == f.ID }); i >= 0 {
			set = append(set, all[i])
		}
	}
	if len(faults) == 0 && len(set) == 0 {
		faults[0] = "Tick at least one field."
	}
	return set, faults, nil
}

// askMany asks what is to be done to many records.
func (v *visit) askMany(status int, c register.Collection, fields []register.Field, act string, ids []int64, q question, faults map[int64]string) error {
	path := collectionPath(v.module.ID, c.ID)
	page := view.Many{
		Crumbs: v.crumbs(view.Crumb{Name: c.Name, Path: path}), Path: path, Back: q.with(path), Act: act, Query: q.values.Encode(),
		Whole: v.text("whole") != "", Archived: q.query.Archived, Count: len(ids), Fault: faults[0],
	}
	switch {
	case act == "edit":
		page.Title = "Change several records"
	case q.query.Archived:
		page.Title = "Bring records back"
	default:
		page.Title = "Archive records"
	}
	if !page.Whole {
		page.IDs = ids
	}
	if len(ids) > register.ManyMost {
		page.Fault = fmt.Sprintf("More than %d records at once are too many. Filter the list further.", register.ManyMost)
	}
	list, err := v.site.Records.Load(v.ctx(), slices.Clone(ids[:min(len(ids), manyNamed)]))
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.Account == v.module.Account && r.Collection == c.ID {
			page.Names = append(page.Names, r.Title)
		}
	}
	for _, f := range fields {
		if f.System || f.Title || f.Hidden || f.Spec.Type == datatype.Attachment || f.Spec.Unique {
			continue
		}
		page.Inputs = append(page.Inputs, v.manyInput(f, faults[f.ID]))
	}
	return v.showStatus(status, page.Title, view.ManyPage(page))
}

func (v *visit) manyInput(f register.Field, fault string) view.ManyInput {
	name := inputName(f.ID)
	in := view.ManyInput{
		Field: view.Field{Name: name, Label: f.Name, Value: v.text(name), Type: inputType(f.Spec.Type), Fault: fault},
		On:    slices.Contains(v.r.Form["on"], name), Long: f.Spec.Type == datatype.LongText,
	}
	switch f.Spec.Type {
	case datatype.Choice:
		in.Choices = f.Spec.Choices
	case datatype.YesNo:
		in.Choices = []string{"yes", "no"}
	case datatype.Link:
		in.Pick = modulePath(v.module.ID) + "/choose/" + view.Num(f.Spec.Collection)
	}
	return in
}

// manyDone says what became of it: in a sentence, or with a list of what was
// left as it was.
func (v *visit) manyDone(c register.Collection, m register.Many, done register.ManyDone, back string) error {
	verb := "changed"
	switch {
	case m.Archive:
		verb = "put away"
	case m.Unarchive:
		verb = "brought back"
	}
	text := countOf(done.Changed, "record") + " " + verb + "."
	if done.Unchanged > 0 {
		text += " " + countOf(done.Unchanged, "record") + " already as wanted."
	}
	if len(done.Failed) == 0 {
		v.flash(true, text)
		return v.goTo(back)
	}
	path := collectionPath(v.module.ID, c.ID)
	page := view.ManyResult{Crumbs: v.crumbs(view.Crumb{Name: c.Name, Path: path}), Title: "Not all of them", Back: back, Done: text}
	for _, f := range done.Failed {
		why := strings.TrimSpace(sentence(f.Err, 0) + " " + errs.HintOf(f.Err))
		page.Failed = append(page.Failed, view.ManyFault{Title: f.Title, Path: recordPath(v.module.ID, c.ID, f.Record), Why: why})
	}
	return v.show(page.Title, view.ManyResultPage(page))
}

func countOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func joinNumbers(ids []int64) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(parts, ",")
}
