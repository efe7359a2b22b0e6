package register

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
)

// Field is a typed column of a collection.
type Field struct {
	ID         int64
	Account    int64
	Collection int64
	Name       string
	Spec       datatype.Spec
	Position   int64
	Title      bool // its value names the record
	Hidden     bool
	System     bool // owned by Muster: the integration status

	linkTo Kind // of a default field: the collection to link to
}

// Fields returns the fields of a collection in order. It checks no permission:
// it serves syncs and set-up; people use FieldsFor.
func (s *Service) Fields(ctx context.Context, acct, collection int64) ([]Field, error) {
	if _, err := s.collectionOf(ctx, acct, collection); err != nil {
		return nil, err
	}
	return s.store.Fields(ctx, collection)
}

// FieldsFor returns the fields of a collection that the principal may view.
func (s *Service) FieldsFor(ctx context.Context, p account.Principal, acct, collection int64) ([]Field, error) {
	if _, err := s.collection(ctx, p, account.View, acct, collection); err != nil {
		return nil, err
	}
	return s.store.Fields(ctx, collection)
}

// TitleField returns the number of the field that names a collection's records.
func (s *Service) TitleField(ctx context.Context, collection int64) (int64, error) {
	fields, err := s.store.Fields(ctx, collection)
	if err != nil {
		return 0, err
	}
	for _, f := range fields {
		if f.Title {
			return f.ID, nil
		}
	}
	return 0, errs.New(errs.Conflict, "the collection %d has no title field", collection)
}

// AddField adds a field at the end of its collection. A new title field takes
// the place of the former one.
func (s *Service) AddField(ctx context.Context, p account.Principal, f Field) (Field, error) {
	f.ID, f.System = 0, false
	return s.saveField(ctx, p, f, nil)
}

// ChangeField stores an edited field: its name, whether it is required, unique,
// hidden or the title, its choices, length, link target and currency. What
// would not fit the records there are is refused with those records named. Its
// type is for ConvertField.
func (s *Service) ChangeField(ctx context.Context, p account.Principal, f Field) (Field, error) {
	return s.ChangeFieldChoices(ctx, p, f, nil)
}

// ChangeFieldChoices is ChangeField with choices that are called otherwise from
// now on, by their names of before: records follow.
func (s *Service) ChangeFieldChoices(ctx context.Context, p account.Principal, f Field, renamed map[string]string) (Field, error) {
	if f.ID == 0 {
		return f, notFound("field", 0)
	}
	return s.saveField(ctx, p, f, renamed)
}

func (s *Service) saveField(ctx context.Context, p account.Principal, in Field, renamed map[string]string) (f Field, err error) {
	c, err := s.collection(ctx, p, manage, in.Account, in.Collection)
	if err != nil {
		return in, err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.LockCollection(ctx, in.Collection, true); err != nil {
			return err
		}
		fields, err := s.store.Fields(ctx, in.Collection)
		if err != nil {
			return err
		}
		var old Field
		action := fieldAdded
		if in.ID == 0 {
			f, err = s.insertField(ctx, in, fields)
		} else {
			action = fieldChanged
			f, old, err = s.updateField(ctx, in, fields)
			if err == nil {
				err = s.renameChoices(ctx, p, old, f, renamed)
			}
			if err == nil {
				err = at(ChoicesPart, s.fitChoices(ctx, old, f))
			}
		}
		if err != nil {
			return err
		}
		return s.audit(ctx, p, action, c, "field", f.ID, f.Name, fieldDetails(old, f)...)
	})
	return f, err
}

func (s *Service) insertField(ctx context.Context, f Field, fields []Field) (Field, error) {
	f, err := s.checkField(ctx, f)
	if err != nil {
		return f, err
	}
	f.Position = 1
	if n := len(fields); n > 0 {
		f.Position = fields[n-1].Position + 1
	}
	if f.ID, err = s.store.InsertField(ctx, f, s.moment()); err != nil {
		return f, nameOf(err)
	}
	if f.Title {
		return f, s.moveTitle(ctx, f, fields)
	}
	return f, nil
}

// updateField returns the field as it is now and as it was.
func (s *Service) updateField(ctx context.Context, f Field, fields []Field) (now, old Field, err error) {
	i := slices.IndexFunc(fields, func(o Field) bool { return o.ID == f.ID })
	if i < 0 {
		return f, f, notFound("field", f.ID)
	}
	old = fields[i]
	f.System, f.Position = old.System, old.Position
	if err := checkEdit(old, f); err != nil {
		return f, old, err
	}
	if f, err = s.checkField(ctx, f); err != nil {
		return f, old, err
	}
	if err := s.store.UpdateField(ctx, f); err != nil {
		return f, old, nameOf(err)
	}
	if err := s.fitUnique(ctx, old, f); err != nil {
		return f, old, at(UniquePart, err)
	}
	if f.Title && !old.Title {
		err = s.moveTitle(ctx, f, fields)
	}
	return f, old, err
}

// checkEdit refuses edits that no record could follow.
func checkEdit(old, f Field) error {
	switch {
	case old.Spec.Type != f.Spec.Type:
		return at(TypePart, errs.New(errs.Invalid, "the type of field %s cannot change from %s to %s", old.Name, old.Spec.Type.Label(), f.Spec.Type.Label()).
			WithHint("Change the type by itself: that shows what becomes of the values."))
	case old.Spec.Collection != f.Spec.Collection:
		return at(LinkPart, errs.New(errs.Invalid, "field %s cannot link to another collection", old.Name).
			WithHint("Change the type by itself, to a link to there: that shows what becomes of the values."))
	case old.Title && !f.Title:
		return at(TitlePart, errs.New(errs.Invalid, "a collection needs a title field").WithHint("Make another field the title instead."))
	case old.System && (old.Name != f.Name || !slices.Equal(old.Spec.Choices, f.Spec.Choices) || f.Spec.Required || f.Spec.Unique || f.Title):
		return errs.New(errs.Forbidden, "field %s belongs to Muster and can only be hidden or moved", old.Name)
	}
	return nil
}

// checkField refuses a field that makes no sense by itself.
func (s *Service) checkField(ctx context.Context, f Field) (Field, error) {
	var err error
	if f.Name, err = cleanName("field", f.Name); err != nil {
		return f, at(NamePart, err)
	}
	if !f.Spec.Type.Known() {
		return f, at(TypePart, errs.New(errs.Invalid, "%q is not a type of field", f.Spec.Type))
	}
	if f.Spec.Type != datatype.Link {
		f.Spec.Collection = 0
	} else if _, err := s.collectionOf(ctx, f.Account, f.Spec.Collection); err != nil {
		return f, at(LinkPart, err)
	}
	if f.Title && !canTitle(f.Spec.Type) {
		return f, at(TitlePart, errs.New(errs.Invalid, "a field of type %s cannot be the title", f.Spec.Type.Label()))
	}
	if f.Spec.Unique && !canUnique(f.Spec.Type) {
		return f, at(UniquePart, errs.New(errs.Invalid, "a field of type %s cannot be unique", f.Spec.Type.Label()))
	}
	if f.Spec.Type != datatype.Currency {
		f.Spec.Currency = ""
	} else if !isCurrency(f.Spec.Currency) {
		return f, at(CurrencyPart, errs.New(errs.Invalid, "%q is not the code of a currency", f.Spec.Currency).WithHint("A code has three capital letters, like EUR."))
	}
	f.Spec.Choices, err = cleanChoices(f.Spec)
	return f, at(ChoicesPart, err)
}

// isCurrency reports whether a text has the form of an ISO 4217 code; "" leaves
// the currency open.
func isCurrency(code string) bool {
	return code == "" || len(code) == 3 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// canTitle: a title is one short line.
func canTitle(t datatype.Type) bool {
	switch t {
	case datatype.LongText, datatype.Choices, datatype.Attachment, datatype.Link, datatype.YesNo:
		return false
	}
	return true
}

func canUnique(t datatype.Type) bool {
	switch t {
	case datatype.LongText, datatype.Choices, datatype.YesNo, datatype.Attachment:
		return false
	}
	return true
}

func cleanChoices(spec datatype.Spec) ([]string, error) {
	if spec.Type != datatype.Choice && spec.Type != datatype.Choices {
		return nil, nil
	}
	var out []string
	seen := map[string]bool{}
	for _, c := range spec.Choices {
		c = strings.TrimSpace(c)
		key := datatype.KeyOfText(c)
		if key == "" || seen[key] {
			return nil, errs.New(errs.Invalid, "the choice %q is empty or there twice", c)
		}
		seen[key] = true
		out = append(out, c)
	}
	return out, nil
}

// fitChoices refuses to take away a choice that records use.
func (s *Service) fitChoices(ctx context.Context, old, f Field) error {
	if len(f.Spec.Choices) == 0 || slices.Equal(old.Spec.Choices, f.Spec.Choices) {
		return nil
	}
	var users []int64
	err := s.store.EachValue(ctx, f.Collection, f.ID, func(record int64, v datatype.Value) error {
		for _, item := range v.Items() {
			if !slices.Contains(f.Spec.Choices, item) {
				users = append(users, record)
				break
			}
		}
		return nil
	})
	if err != nil || len(users) == 0 {
		return err
	}
	return errs.New(errs.Conflict, "%d records use a choice of field %s that would go away: %s", len(users), f.Name, s.name(ctx, users)).
		WithHint("Give those records another choice first, or keep it.")
}

// fitUnique makes or drops the keys of a field whose uniqueness changes.
func (s *Service) fitUnique(ctx context.Context, old, f Field) error {
	switch {
	case old.Spec.Unique == f.Spec.Unique:
		return nil
	case !f.Spec.Unique:
		return s.store.DeleteFieldKeys(ctx, f.Collection, f.ID)
	}
	holders := map[string][]int64{}
	var keys []Key
	err := s.store.EachValue(ctx, f.Collection, f.ID, func(record int64, v datatype.Value) error {
		text := datatype.Key(v)
		holders[text] = append(holders[text], record)
		if len(holders[text]) == 1 {
			keys = append(keys, Key{f.Collection, f.ID, text, record})
		}
		return nil
	})
	if err != nil {
		return err
	}
	var clash []int64
	for _, k := range keys {
		if len(holders[k.Text]) > 1 {
			clash = append(clash, holders[k.Text]...)
		}
	}
	if len(clash) > 0 {
		return errs.New(errs.Conflict, "field %s cannot be unique: %d records share a value: %s", f.Name, len(clash), s.name(ctx, clash)).
			WithHint("Give those records different values or none, then try again.")
	}
	_, err = s.store.InsertKeys(ctx, keys)
	return err
}

// name lists records by title for a message, the first ten of them.
func (s *Service) name(ctx context.Context, ids []int64) string {
	const most = 10
	records, err := s.store.Records(ctx, ids[:min(most, len(ids))], false)
	if err != nil {
		return fmt.Sprint(ids[:min(most, len(ids))])
	}
	var parts []string
	for _, r := range records {
		parts = append(parts, fmt.Sprintf("%s (%d)", r.Title, r.ID))
	}
	if len(ids) > most {
		parts = append(parts, "…")
	}
	return strings.Join(parts, ", ")
}

// titleBatch is how many records get their new title in one statement.
const titleBatch = 1000

// moveTitle makes f the only title field and names all records by it.
func (s *Service) moveTitle(ctx context.Context, f Field, fields []Field) error {
	for _, o := range fields {
		if o.Title && o.ID != f.ID {
			o.Title = false
			if err := s.store.UpdateField(ctx, o); err != nil {
				return err
			}
		}
	}
	q := Query{Collection: f.Collection, Account: f.Account, Archived: true, Limit: titleBatch, ByID: true}
	for {
		page, err := s.store.ListRecords(ctx, q)
		if err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			page[i].setTitle(f.ID)
		}
		if err := s.store.UpdateRecords(ctx, page, true); err != nil {
			return err
		}
		q.After.ID = page[len(page)-1].ID
	}
}

// MoveFields puts the fields of a collection in the given order. Fields not
// given follow in their present order.
func (s *Service) MoveFields(ctx context.Context, p account.Principal, acct, collection int64, order []int64) error {
	if _, err := s.collection(ctx, p, manage, acct, collection); err != nil {
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		fields, err := s.store.Fields(ctx, collection)
		if err != nil {
			return err
		}
		rank := func(f Field) int {
			if i := slices.Index(order, f.ID); i >= 0 {
				return i
			}
			return len(order)
		}
		slices.SortStableFunc(fields, func(a, b Field) int { return rank(a) - rank(b) })
		for i, f := range fields {
			if f.Position == int64(i+1) {
				continue
			}
			f.Position = int64(i + 1)
			if err := s.store.UpdateField(ctx, f); err != nil {
				return err
			}
		}
		return nil
	})
}
