package register

import (
	"context"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
)

// Kind is what a collection is for.
type Kind string

// The kinds. Each module has one collection of each but Custom.
const (
	Main       Kind = "main"       // the assets; named by the module's creator
	People     Kind = "people"     // who can hold assets
	Locations  Kind = "locations"  // where assets are
	Categories Kind = "categories" // what assets are
	Custom     Kind = "custom"
)

// Collection is a table of records.
type Collection struct {
	ID       int64
	Account  int64
	Module   int64
	Name     string
	Kind     Kind
	Position int64
}

// manage is what adding and changing collections and fields takes.
const manage = account.ManageCollections

// nameLimit is the longest name of a collection or field, in bytes.
const nameLimit = 120

// cleanName returns a name without white space around it, or Invalid.
func cleanName(noun, name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", errs.New(errs.Invalid, "a %s needs a name", noun)
	case len(name) > nameLimit:
		return "", errs.New(errs.Invalid, "the name %q is too long; %d bytes fit", name, nameLimit)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", errs.New(errs.Invalid, "the name %q has control characters", name)
	}
	return name, nil
}

// nameKey is the form in which names are unique.
func nameKey(name string) string { return datatype.KeyOfText(name) }

// collection returns a collection of the account that the principal may act on.
func (s *Service) collection(ctx context.Context, p account.Principal, action account.Action, acct, id int64) (Collection, error) {
	c, err := s.collectionOf(ctx, acct, id)
	if err != nil {
		return c, err
	}
	return c, p.May(action, c.Account, c.Module, c.ID)
}

// collectionOf returns a collection of an account, or NotFound.
func (s *Service) collectionOf(ctx context.Context, acct, id int64) (Collection, error) {
	c, err := s.store.Collection(ctx, id)
	if err != nil {
		return c, err
	}
	if c.Account != acct {
		return Collection{}, notFound("collection", id)
	}
	return c, nil
}

// Collection returns a collection of an account.
func (s *Service) Collection(ctx context.Context, p account.Principal, acct, id int64) (Collection, error) {
	return s.collection(ctx, p, account.View, acct, id)
}

// Collections returns the collections of a module that the principal may view,
// in order; module 0 stands for all modules of the account.
func (s *Service) Collections(ctx context.Context, p account.Principal, acct, module int64) ([]Collection, error) {
	all, err := s.store.Collections(ctx, acct, module)
	if err != nil {
		return nil, err
	}
	var out []Collection
	for _, c := range all {
		if p.May(account.View, c.Account, c.Module, c.ID) == nil {
			out = append(out, c)
		}
	}
	return out, nil
}

// ModuleCollections is Collections for the program itself: set-up and syncs.
func (s *Service) ModuleCollections(ctx context.Context, acct, module int64) ([]Collection, error) {
	return s.store.Collections(ctx, acct, module)
}

// CreateCollection adds a custom collection with one field, its title.
func (s *Service) CreateCollection(ctx context.Context, p account.Principal, acct, module int64, name string) (c Collection, err error) {
	if err := p.May(manage, acct, module, 0); err != nil {
		return c, err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		others, err := s.store.Collections(ctx, acct, module)
		if err != nil {
			return err
		}
		c, err = s.addCollection(ctx, Collection{
			Account: acct, Module: module, Name: name, Kind: Custom, Position: int64(len(others) + 1),
		}, s.moment())
		if err != nil {
			return err
		}
		title := Field{Account: acct, Collection: c.ID, Name: "Name", Title: true, Position: 1, Spec: datatype.Spec{Type: datatype.Text, Required: true}}
		if _, err = s.store.InsertField(ctx, title, s.moment()); err != nil {
			return err
		}
		return s.audit(ctx, p, collectionCreated, c, "collection", c.ID, c.Name)
	})
	return c, err
}

func (s *Service) addCollection(ctx context.Context, c Collection, now time.Time) (Collection, error) {
	var err error
	if c.Name, err = cleanName("collection", c.Name); err != nil {
		return c, err
	}
	c.ID, err = s.store.InsertCollection(ctx, c, now)
	return c, err
}

// RenameCollection gives a collection another name.
func (s *Service) RenameCollection(ctx context.Context, p account.Principal, acct, id int64, name string) (c Collection, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if c, err = s.collection(ctx, p, manage, acct, id); err != nil {
			return err
		}
		old := c.Name
		if c.Name, err = cleanName("collection", name); err != nil {
			return err
		}
		if err := s.store.UpdateCollection(ctx, c); err != nil {
			return err
		}
		return s.audit(ctx, p, collectionRenamed, c, "collection", id, c.Name, audit.Detail{Name: "name", Before: old, After: c.Name})
	})
	return c, err
}

// SetUpModule makes the collections that every module has, with their default
// fields; main names the first. Creating a module calls it in its transaction.
func (s *Service) SetUpModule(ctx context.Context, _ audit.Actor, acct, module int64, main string) (made []Collection, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		made = nil
		now := s.moment()
		byKind := map[Kind]int64{}
		for i, c := range Defaults(main) {
			got, err := s.addCollection(ctx, Collection{Account: acct, Module: module, Name: c.Name, Kind: c.Kind, Position: int64(i + 1)}, now)
			if err != nil {
				return err
			}
			made = append(made, got)
			byKind[c.Kind] = got.ID
		}
		for i, c := range Defaults(main) {
			for j, f := range c.Fields {
				f.Account, f.Collection, f.Position = acct, made[i].ID, int64(j+1)
				if f.Spec.Type == datatype.Link {
					f.Spec.Collection = byKind[f.linkTo]
				}
				if _, err := s.store.InsertField(ctx, f, now); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return made, err
}
