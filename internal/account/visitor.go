package account

import (
	"context"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

// Visitor is who a directory says has come. Realm and Object decide who that is
// here (F26); the name is for people to read, and emails play no part.
type Visitor struct {
	Realm    string // the authority that vouches, as the sync stored it
	Object   directory.ObjectID
	Name     string // as the directory has it: not to be believed
	Username string
	Address  string // the network address
}

// SignInFromDirectory returns the principal of whom a directory vouches for.
//
//	the login that the sync keyed on realm and object   answer
//	none                                                Forbidden: nobody gave access
//	deactivated                                         Forbidden: the access has ended
//	active                                              its principal, with the roles of this moment
//
// A login is never found, made or linked by its email.
func (s *Service) SignInFromDirectory(ctx context.Context, v Visitor) (Principal, error) {
	found, err := s.store.LoginsByObject(ctx, v.Realm, []directory.ObjectID{v.Object})
	if err != nil {
		return Principal{}, err
	}
	list, err := s.LoadLogins(ctx, []int64{found[v.Object]})
	if err != nil {
		return Principal{}, err
	}
	if len(list) == 0 || v.Object.IsZero() || v.Realm == "" {
		return Principal{}, s.turnAway(ctx, v, nil)
	}
	if list[0].State != Active {
		return Principal{}, s.turnAway(ctx, v, &list[0])
	}
	p, err := s.PrincipalOf(ctx, list[0].ID, v.Address)
	if err != nil {
		return Principal{}, err
	}
	return p, s.signedIn(ctx, p, &list[0], "Microsoft")
}

// turnAway records that somebody was refused, and says so in a way that helps
// them: they did prove who they are. l is their login, if there is one.
func (s *Service) turnAway(ctx context.Context, v Visitor, l *Login) error {
	org, err := s.store.Organization(ctx)
	if err != nil {
		return err
	}
	refused := errs.New(errs.Forbidden, "%s is known at Microsoft, but has no access to Muster", name(v)).
		WithHint("Ask whoever looks after Muster at %s to add you to a group that has access. It works after the next sync.", org.Name)
	reason, subject := "no login", Login{Name: name(v)}
	if l != nil {
		refused = errs.New(errs.Forbidden, "the access of %s to Muster has ended", l.Name).
			WithHint("If that is a mistake, ask whoever looks after Muster at %s.", org.Name)
		reason, subject = "login is "+string(l.State), *l
	}
	if err := s.signInRefused(ctx, &subject, v.Address, "Microsoft", reason); err != nil {
		return err
	}
	return refused
}

// NoteRefusal records that somebody could not sign in with Microsoft, whoever it was.
func (s *Service) NoteRefusal(ctx context.Context, address, reason string) error {
	return s.signInRefused(ctx, &Login{Name: "unknown"}, address, "Microsoft", reason)
}

// name is what to call a visitor.
func name(v Visitor) string {
	for _, text := range []string{v.Username, v.Name} {
		if text, err := cleanName("visitor", text); err == nil {
			return text
		}
	}
	return "the account"
}

// signedIn notes a sign-in with the way by which it came about.
func (s *Service) signedIn(ctx context.Context, p Principal, l *Login, way string) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.SignedIn(ctx, l.ID, s.now()); err != nil {
			return err
		}
		return s.write(ctx, p, home(l), audit.SignedIn, "login", l.ID, l.Email, audit.Detail{Name: "with", After: way})
	})
}

// signInRefused records an attempt that failed. The login is that of whom it
// was tried for, without a number when there is none.
func (s *Service) signInRefused(ctx context.Context, l *Login, address, way, reason string) error {
	subject := l.Email
	if l.ID == 0 {
		subject = l.Name
	}
	return s.store.WriteAudit(ctx, audit.Event{
		At: s.now(), Account: home(l), Actor: audit.Actor{Kind: audit.Visitor, Name: "not signed in", Address: address},
		Action: audit.SignInRefused, SubjectKind: "login", SubjectID: l.ID, SubjectName: subject,
		Details: []audit.Detail{{Name: "with", After: way}, {Name: "reason", After: reason}},
	})
}
