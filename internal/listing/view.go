package listing

import (
	"context"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
)

// View is a question that somebody keeps under a name: words, conditions,
// columns and order, as the address of the page has them.
type View struct {
	ID         int64
	Account    int64
	Collection int64
	Login      int64  // whose it is; 0 for everybody's
	Name       string // "" for how somebody always wants the collection
	Query      string // of the page's address
	CreatedAt  time.Time
}

// viewStore keeps views.
type viewStore interface {
	Views(ctx context.Context, collection, login int64) ([]View, error) // the login's and everybody's, by name
	PutView(ctx context.Context, v View) (int64, error)                 // replaces one of the same owner and name
	DeleteView(ctx context.Context, collection, id int64) error         // NotFound
}

// viewName is the most characters of a view's name.
const viewName = 60

// Views lists the views of a collection that somebody has: their own, and those
// that everybody has.
func (s *Service) Views(ctx context.Context, p account.Principal, acct, collection int64) ([]View, error) {
	if _, err := s.registry.Collection(ctx, p, acct, collection); err != nil {
		return nil, err
	}
	return s.store.Views(ctx, collection, p.Login)
}

// SaveView keeps a view, and replaces the one of the same name and owner. One
// for everybody needs the right to manage the collection.
func (s *Service) SaveView(ctx context.Context, p account.Principal, v View, now time.Time) (View, error) {
	c, err := s.registry.Collection(ctx, p, v.Account, v.Collection)
	if err != nil {
		return v, err
	}
	v.Name = strings.TrimSpace(v.Name)
	switch {
	case v.Name == "" && v.Login == 0:
		return v, errs.New(errs.Invalid, "a view for everybody needs a name")
	case len([]rune(v.Name)) > viewName:
		return v, errs.New(errs.Invalid, "the name of a view has %d characters at most", viewName)
	case v.Login != 0 && v.Login != p.Login:
		return v, errs.New(errs.Forbidden, "a view can be kept for oneself or for everybody")
	case v.Login == 0:
		if err := p.May(account.ManageCollections, v.Account, c.Module, 0); err != nil {
			return v, err
		}
	}
	v.CreatedAt = now
	v.ID, err = s.store.PutView(ctx, v)
	return v, err
}

// RemoveView removes a view of one's own or, with the right to manage the
// collection, one of everybody's.
func (s *Service) RemoveView(ctx context.Context, p account.Principal, acct, collection, id int64) error {
	c, err := s.registry.Collection(ctx, p, acct, collection)
	if err != nil {
		return err
	}
	views, err := s.store.Views(ctx, collection, p.Login)
	if err != nil {
		return err
	}
	for _, v := range views {
		if v.ID != id {
			continue
		}
		if v.Login == 0 {
			if err := p.May(account.ManageCollections, acct, c.Module, 0); err != nil {
				return err
			}
		}
		return s.store.DeleteView(ctx, collection, id)
	}
	return errs.New(errs.NotFound, "there is no such view")
}
