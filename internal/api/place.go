package api

import (
	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
)

// InModule is the input of an operation in a module. The types of inputs that
// others embed are exported, because only then the library fills them in.
type InModule struct {
	Module int64 `path:"module" minimum:"1" doc:"The number of the module."`
}

// at is the module that an input names, whatever else it holds.
func (in *InModule) at() InModule { return *in }

// InCollection is the input of an operation on a collection.
type InCollection struct {
	InModule
	Collection int64 `path:"collection" minimum:"1" doc:"The number of the collection."`
}

// OnRecord is the input of an operation on a record.
type OnRecord struct {
	InModule
	Record int64 `path:"record" minimum:"1" doc:"The number of the record."`
}

// Paging is the input of a listing that comes in parts.
type Paging struct {
	Cursor string `query:"cursor" maxLength:"2000" doc:"What the page before gave as next."`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"The most items of a page."`
}

// Counted is the input of a listing that comes in parts, the newest first, whose
// place is the number of an item.
type Counted struct {
	Cursor int64 `query:"cursor" minimum:"0" doc:"What the page before gave as next."`
	Limit  int   `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"The most items of a page."`
}

// counted is the answer of a part of a listing of which one item more than the
// page has was read: that tells whether there is a next page.
func counted[T any](in Counted, list []T, id func(T) int64) *body[client.Page[T]] {
	next := ""
	if len(list) > in.Limit {
		list = list[:in.Limit]
		next = number(id(list[in.Limit-1]))
	}
	return page(list, next)
}

// notHere says that an address leads nowhere, be it that there is nothing or
// that it is not the caller's to see.
func notHere(noun string, id int64) error {
	return errs.New(errs.NotFound, "there is no %s %d here", noun, id).
		WithHint("It may belong to another module, or to an account that this token has no role in.")
}

// module finds a module among those that exist for the caller.
func (v *visit) module(in InModule) (account.Module, error) {
	all, err := v.Accounts.Modules(v.ctx, v.who, 0)
	if err != nil {
		return account.Module{}, err
	}
	for _, m := range all {
		if m.ID == in.Module {
			return m, nil
		}
	}
	return account.Module{}, notHere("module", in.Module)
}

// collection finds a collection of the module of the path, with its fields.
func (v *visit) collection(in InCollection) (register.Collection, []register.Field, error) {
	m, err := v.module(in.InModule)
	if err != nil {
		return register.Collection{}, nil, err
	}
	c, err := v.Records.Collection(v.ctx, v.who, m.Account, in.Collection)
	if err != nil {
		return c, nil, err
	}
	if c.Module != m.ID {
		return c, nil, notHere("collection", in.Collection)
	}
	fields, err := v.Records.FieldsFor(v.ctx, v.who, m.Account, c.ID)
	return c, fields, err
}

// record finds a record of the module of the path, with its collection's fields.
func (v *visit) record(in OnRecord) (register.Record, []register.Field, error) {
	m, err := v.module(in.InModule)
	if err != nil {
		return register.Record{}, nil, err
	}
	return v.recordOf(m, in.Record)
}

func (v *visit) recordOf(m account.Module, id int64) (register.Record, []register.Field, error) {
	r, err := v.Records.Record(v.ctx, v.who, m.Account, id)
	if err != nil {
		return r, nil, err
	}
	c, err := v.Records.Collection(v.ctx, v.who, m.Account, r.Collection)
	if err != nil {
		return r, nil, err
	}
	if c.Module != m.ID {
		return r, nil, notHere("record", id)
	}
	fields, err := v.Records.FieldsFor(v.ctx, v.who, m.Account, r.Collection)
	return r, fields, err
}
