package account

import (
	"context"
	"slices"
	"strconv"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// ListLogins lists the logins that hold a role where the principal manages
// users, by name, with those of their roles that hold there. Somebody who
// manages the whole organization sees all.
func (s *Service) ListLogins(ctx context.Context, p Principal) ([]Login, error) {
	all, err := s.store.Logins(ctx, nil)
	if err != nil {
		return nil, err
	}
	if err := s.protect(ctx, all); err != nil {
		return nil, err
	}
	out := all[:0]
	for _, l := range all {
		if l, ok := p.view(l); ok {
			out = append(out, l)
		}
	}
	return out, nil
}

// LoginFilter says which logins are meant.
type LoginFilter struct {
	Text            string // in the email or the name, in any case; "" for all
	State           State  // "" for any
	Origin          string // Local or Directory; "" for both
	Role            int64  // 0 for any
	Account, Module int64  // who has a role that reaches there; 0 for anywhere
}

// LoginQuery asks for a page of logins, by email.
type LoginQuery struct {
	LoginFilter
	After string // what the page before returned as next; "" for the first
	Limit int
}

// PageLogins lists the logins that ListLogins would, a page at a time. next is ""
// on the last page. Those whose email was released, since they are gone for
// good, are not among them.
func (s *Service) PageLogins(ctx context.Context, p Principal, q LoginQuery) (page []Login, next string, err error) {
	next = q.After
	for len(page) < q.Limit {
		keys, ids, err := s.store.LoginsAfter(ctx, next, q.LoginFilter, q.Limit)
		if err != nil {
			return nil, "", err
		}
		if len(ids) == 0 {
			return page, "", nil
		}
		list, err := s.store.Logins(ctx, ids)
		if err != nil {
			return nil, "", err
		}
		if err := s.protect(ctx, list); err != nil {
			return nil, "", err
		}
		byID := make(map[int64]Login, len(list))
		for _, l := range list {
			byID[l.ID] = l
		}
		for i, id := range ids {
			if len(page) == q.Limit {
				return page, next, nil
			}
			next = keys[i]
			if l, ok := p.view(byID[id]); ok {
				page = append(page, l)
			}
		}
	}
	return page, next, nil
}

// CountUsers counts the logins that have a role which reaches into a module.
func (s *Service) CountUsers(ctx context.Context, p Principal, account, module int64) (int, error) {
	if err := p.May(ManageUsers, account, module, 0); err != nil {
		return 0, err
	}
	return s.store.CountUsers(ctx, account, module)
}

// Login returns one login as ListLogins would.
func (s *Service) Login(ctx context.Context, p Principal, id int64) (Login, error) {
	l, err := s.visible(ctx, p, id)
	if err != nil {
		return Login{}, err
	}
	l, _ = p.view(l)
	return l, nil
}

// FindLogin returns the login with an email as ListLogins would.
func (s *Service) FindLogin(ctx context.Context, p Principal, email string) (Login, error) {
	found, err := s.store.LoginsByEmail(ctx, []string{EmailKey(email)})
	if err != nil {
		return Login{}, err
	}
	l, err := s.Login(ctx, p, found[EmailKey(email)])
	if errs.Is(err, errs.NotFound) {
		return l, errs.New(errs.NotFound, "there is no user %q", email).WithHint("List the users with: muster users")
	}
	return l, err
}

// visible returns a login with all its roles, or NotFound for those that the
// principal does not manage in any place.
func (s *Service) visible(ctx context.Context, p Principal, id int64) (Login, error) {
	list, err := s.LoadLogins(ctx, []int64{id})
	if err != nil {
		return Login{}, err
	}
	if len(list) == 1 {
		if _, ok := p.view(list[0]); ok {
			return list[0], nil
		}
	}
	return Login{}, errs.New(errs.NotFound, "there is no user %d", id).WithHint("List the users with: muster users")
}

// view returns a login with the roles that the principal may know of, and
// whether it may know of the login at all.
func (p Principal) view(l Login) (Login, bool) {
	if p.May(ManageUsers, 0, 0, 0) == nil {
		return l, true
	}
	l.Grants = slices.DeleteFunc(slices.Clone(l.Grants), func(g Grant) bool { return !p.manages(g) })
	return l, len(l.Grants) > 0
}

// governs returns nil when the principal may change the login as a whole: it
// manages every place that the login has a role in.
func (p Principal) governs(l *Login) error {
	if p.May(ManageUsers, 0, 0, 0) == nil {
		return nil
	}
	if len(l.Grants) > 0 && !slices.ContainsFunc(l.Grants, func(g Grant) bool { return !p.manages(g) }) {
		return nil
	}
	return errs.New(errs.Forbidden, "%s has roles in places that you do not manage", l.Name).
		WithHint("Take the role in your module away, or ask an Organization Admin.")
}

// Governs returns nil when the principal may change a login as a whole, because
// it manages every place that the login has a role in; Forbidden otherwise.
func (s *Service) Governs(ctx context.Context, p Principal, login int64) error {
	list, err := s.LoadLogins(ctx, []int64{login})
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errs.New(errs.NotFound, "there is no user %d", login)
	}
	return p.governs(&list[0])
}

// LoadLogins returns logins with their roles, and whether they are protected,
// for the program itself: plans and runs.
func (s *Service) LoadLogins(ctx context.Context, ids []int64) ([]Login, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := s.store.Logins(ctx, ids)
	if err != nil {
		return nil, err
	}
	return list, s.protect(ctx, list)
}

// FindByEmailKeys returns the logins that have emails with the given keys.
func (s *Service) FindByEmailKeys(ctx context.Context, keys []string) (map[string]int64, error) {
	return s.store.LoginsByEmail(ctx, keys)
}

// FindByObject returns the logins that stand for directory objects.
func (s *Service) FindByObject(ctx context.Context, tenant string, objects []directory.ObjectID) (map[directory.ObjectID]int64, error) {
	return s.store.LoginsByObject(ctx, tenant, objects)
}

// createLogin makes a local login; the transaction's caller says so in the audit log.
func (s *Service) createLogin(ctx context.Context, l Login) (Login, error) {
	email, err := datatype.Parse(datatype.Spec{Type: datatype.Email}, l.Email)
	if err != nil {
		return l, errs.Wrap(err, "read the email")
	}
	if email.IsEmpty() {
		return l, errs.New(errs.Invalid, "a user needs an email")
	}
	l.Email = email.String()
	if l.Name == "" {
		l.Name = l.Email
	}
	if l.Name, err = cleanName("user", l.Name); err != nil {
		return l, err
	}
	if l.ID, err = s.store.NextIDs(ctx, "login", 1); err != nil {
		return l, err
	}
	l.Origin, l.Version, l.CreatedAt, l.UpdatedAt = Local, 1, s.now(), s.now()
	return l, s.store.InsertLogins(ctx, []Login{l})
}
