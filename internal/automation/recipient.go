package automation

import (
	"context"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
)

// addressed is somebody with what they are to be told.
type addressed struct {
	email    string
	subjects []Subject
}

// addressBook finds the people of one message.
type addressBook struct {
	s       *Service
	a       *Automation
	fields  map[int64][]register.Field // by collection
	records map[int64]*register.Record
	list    []addressed // in the order in which they were found
	unknown []Subject   // those of whom nobody could be told
}

// recipients returns who gets a message about what. Everybody gets one letter,
// however many ways lead to them.
func (s *Service) recipients(ctx context.Context, a *Automation, action *Action, subjects []Subject) (*addressBook, error) {
	b := &addressBook{s: s, a: a, fields: map[int64][]register.Field{}, records: map[int64]*register.Record{}}
	for _, r := range action.To {
		var err error
		switch r.Kind {
		case Administrators:
			err = b.administrators(ctx, subjects)
		case User:
			err = b.user(ctx, r.Login, subjects)
		case Address:
			b.add(r.Address, subjects...)
		default:
			err = b.ofRecords(ctx, r, subjects)
		}
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

// add gives a recipient subjects, each once.
func (b *addressBook) add(email string, subjects ...Subject) {
	i := slices.IndexFunc(b.list, func(r addressed) bool { return strings.EqualFold(r.email, email) })
	if i < 0 {
		b.list = append(b.list, addressed{email: email, subjects: slices.Clone(subjects)})
		return
	}
	for _, one := range subjects {
		if !slices.Contains(b.list[i].subjects, one) {
			b.list[i].subjects = append(b.list[i].subjects, one)
		}
	}
}

func (b *addressBook) administrators(ctx context.Context, subjects []Subject) error {
	list, err := b.s.Accounts.Administrators(ctx, b.a.Account, b.a.Module)
	for _, l := range list {
		b.add(l.Email, subjects...)
	}
	return err
}

func (b *addressBook) user(ctx context.Context, login int64, subjects []Subject) error {
	found, err := b.s.Accounts.LoadLogins(ctx, []int64{login})
	if err != nil {
		return err
	}
	if len(found) == 0 || found[0].State == account.Deactivated || found[0].Email == "" {
		return errs.New(errs.NotFound, "the user who gets the email is gone or deactivated").WithHint("Edit the automation.")
	}
	b.add(found[0].Email, subjects...)
	return nil
}

// ofRecords adds the holders of subjects, or those that a field leads to.
func (b *addressBook) ofRecords(ctx context.Context, r Recipient, subjects []Subject) error {
	for _, one := range subjects {
		who := one.Holder
		if r.Kind == PersonField {
			who = one.Record
		}
		email, err := b.lookUp(ctx, who, r.Field)
		if err != nil {
			return err
		}
		if email == "" && r.Kind == PersonField && one.Holder != 0 && one.Holder != one.Record {
			if email, err = b.lookUp(ctx, one.Holder, r.Field); err != nil {
				return err
			}
		}
		if email == "" {
			b.unknown = append(b.unknown, one)
		} else {
			b.add(email, one)
		}
	}
	return nil
}

// lookUp returns the email address to which a field of a record leads, or with
// field 0 that of the record itself; "" when there is none.
func (b *addressBook) lookUp(ctx context.Context, record, field int64) (string, error) {
	rec, fields, err := b.load(ctx, record)
	if err != nil || rec == nil {
		return "", err
	}
	if field == 0 {
		return emailOf(rec, fields), nil
	}
	i := slices.IndexFunc(fields, func(f register.Field) bool { return f.ID == field })
	if i < 0 || rec.Value(field).IsEmpty() {
		return "", nil
	}
	if fields[i].Spec.Type != datatype.Link {
		if text := rec.Value(field).String(); isAddress(text) {
			return text, nil
		}
		return "", nil
	}
	rec, fields, err = b.load(ctx, rec.Value(field).Record())
	if err != nil || rec == nil {
		return "", err
	}
	return emailOf(rec, fields), nil
}

// load returns a record of the account with the fields of its collection; nil
// when there is none.
func (b *addressBook) load(ctx context.Context, id int64) (*register.Record, []register.Field, error) {
	rec, known := b.records[id]
	if !known {
		found, err := b.s.Records.Load(ctx, []int64{id})
		if err != nil {
			return nil, nil, err
		}
		if len(found) == 1 && found[0].Account == b.a.Account {
			rec = &found[0]
		}
		b.records[id] = rec
	}
	if rec == nil {
		return nil, nil, nil
	}
	if b.fields[rec.Collection] == nil {
		fields, err := b.s.Records.Fields(ctx, b.a.Account, rec.Collection)
		if err != nil {
			return nil, nil, err
		}
		b.fields[rec.Collection] = fields
	}
	return rec, b.fields[rec.Collection], nil
}

// emailOf returns what the first email field of a record holds; "" for nothing.
func emailOf(rec *register.Record, fields []register.Field) string {
	for _, f := range fields {
		if f.Spec.Type == datatype.Email && !rec.Value(f.ID).IsEmpty() {
			return rec.Value(f.ID).String()
		}
	}
	return ""
}
