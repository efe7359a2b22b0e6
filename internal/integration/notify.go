package integration

import (
	"context"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/register"
)

// Notice is a letter about what somebody holds.
type Notice struct {
	Person        int64
	About         string // register.TellLeaver or TellOverdue
	Subject, Text string
}

// SendsMail reports whether letters can be sent.
func (s *Service) SendsMail(ctx context.Context) (bool, error) {
	if s.Mail == nil {
		return false, nil
	}
	return s.Mail.SetUp(ctx)
}

// Notify writes to whom it concerns that somebody holds something, and notes that
// they were told: about a leaver to the manager, about overdue things to the
// person and the manager. The addresses are those of the register, whoever asks.
// It returns who is written to.
func (s *Service) Notify(ctx context.Context, p account.Principal, m account.Module, n Notice) (to string, err error) {
	people, err := s.peopleOf(ctx, p, m)
	if err != nil {
		return "", err
	}
	if err := p.May(account.CheckOut, m.Account, m.ID, people.ID); err != nil {
		return "", err
	}
	if s.Mail == nil {
		return "", errs.New(errs.Conflict, "Muster sends no mail here")
	}
	list, err := s.describe(ctx, p, m, people, []int64{n.Person}, n.About)
	if err != nil {
		return "", err
	}
	if len(list) == 0 || list[0].Person.Collection != people.ID {
		return "", errs.New(errs.NotFound, "there is no such person")
	}
	l := list[0]
	if len(l.Holds) == 0 {
		return "", errs.New(errs.Conflict, "%s holds nothing any more", l.Person.Title)
	}
	readers := []*register.Record{l.Manager}
	if n.About == register.TellOverdue {
		readers = []*register.Record{&l.Person, l.Manager}
	}
	addresses, to, err := s.addresses(ctx, p, m, people, readers)
	if err != nil {
		return "", err
	}
	return to, s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Records.NoteTold(ctx, p, register.Told{Account: m.Account, Holder: n.Person, About: n.About, To: to}); err != nil {
			return err
		}
		for _, address := range addresses {
			letter := mail.Letter{Account: m.Account, Module: m.ID, To: address, Subject: n.Subject, Text: n.Text}
			if err := s.Mail.Queue(ctx, letter); err != nil {
				return err
			}
		}
		return nil
	})
}

// addresses returns the emails of those of the readers who are known and have
// one, and the name of the first. Without any it says why.
func (s *Service) addresses(ctx context.Context, p account.Principal, m account.Module, people register.Collection, readers []*register.Record) (list []string, first string, err error) {
	fields, err := s.Records.FieldsFor(ctx, p, m.Account, people.ID)
	if err != nil {
		return nil, "", err
	}
	var email int64
	for _, f := range fields {
		if f.Spec.Type == datatype.Email && email == 0 {
			email = f.ID
		}
	}
	for _, r := range readers {
		if r == nil {
			continue
		}
		if address := r.Value(email).String(); address != "" {
			if list = append(list, address); first == "" {
				first = r.Title
			}
		}
	}
	if len(list) > 0 {
		return list, first, nil
	}
	if readers[0] == nil {
		return nil, "", errs.New(errs.Conflict, "the manager is not known").WithHint("Write to whom it concerns yourself, and note who was told.")
	}
	return nil, "", errs.New(errs.Conflict, "%s has no email address here", readers[0].Title).WithHint("Write to whom it concerns yourself, and note who was told.")
}
