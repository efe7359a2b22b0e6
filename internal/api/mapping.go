package api

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
)

func (s *Server) mappingOperations() {
	const tag, path = "Mappings", connectionPath + "/mappings"
	add(s, op{method: http.MethodGet, path: path, id: "list-mappings", may: account.ManageIntegrations, tag: tag, summary: "List the mappings of a connection, in order"},
		func(v *visit, in *OnConnection) (*tagged[client.List[client.Mapping]], error) {
			c, err := v.connection(*in)
			if err != nil {
				return nil, err
			}
			items, err := v.mappings(c)
			return &tagged[client.List[client.Mapping]]{printOf(items), client.List[client.Mapping]{Items: some(items)}}, err
		})
	add(s, op{method: http.MethodPut, path: path, id: "save-mappings", may: account.ManageIntegrations, tag: tag, summary: "Make these the mappings of a connection, in this order", text: "Mappings that are not given are removed. What they would do is shown by preview-mappings."},
		func(v *visit, in *struct {
			OnConnection
			Seen
			Body client.MappingSet
		}) (*tagged[client.MappingsSaved], error) {
			c, defs, err := v.draft(in.OnConnection, in.Body.Items)
			if err != nil {
				return nil, err
			}
			var done []string
			now := func() ([]client.Mapping, error) { return v.mappings(c) }
			saved, err := change(v, "mappings "+number(c.ID), in.Seen, now, func() (err error) {
				done, err = v.Integrations.SaveMappings(v.ctx, v.who, c.ID, defs)
				return err
			})
			if err != nil {
				return nil, err
			}
			return &tagged[client.MappingsSaved]{saved.ETag, client.MappingsSaved{Items: saved.Body, Done: some(done)}}, nil
		})
	add(s, op{method: http.MethodPost, path: path + "/preview", id: "preview-mappings", may: account.ManageIntegrations, tag: tag, summary: "Show what a set of mappings would do if it were saved", text: "It takes as long as a sync's reading. The answer is a run, whose changes can be listed."},
		func(v *visit, in *struct {
			OnConnection
			Body client.MappingSet
		}) (*body[client.Run], error) {
			c, defs, err := v.draft(in.OnConnection, in.Body.Items)
			if err != nil {
				return nil, err
			}
			rep, err := v.Integrations.Effect(v.ctx, v.who, c.ID, defs, nil)
			return &body[client.Run]{runOf(rep.Run)}, err
		})
	add(s, op{method: http.MethodPost, path: path + "/try", id: "try-mapping", may: account.ManageIntegrations, tag: tag, summary: "Show what a mapping makes of one real object of the directory"},
		func(v *visit, in *struct {
			OnConnection
			At   int `query:"at" minimum:"0" doc:"Which of them, from 0."`
			Body client.Mapping
		}) (*body[client.Trial], error) {
			c, defs, err := v.draft(in.OnConnection, []client.Mapping{in.Body})
			if err != nil {
				return nil, err
			}
			trial, err := v.Integrations.Try(v.ctx, v.who, c.ID, defs[0], in.At)
			if err != nil {
				return nil, err
			}
			b, err := v.book(c)
			return &body[client.Trial]{trialOf(trial, b)}, err
		})
}

// suggestOperation offers rows for a mapping.
func (s *Server) suggestOperation() {
	add(s, op{method: http.MethodGet, path: connectionPath + "/mappings/suggest", id: "suggest-rows", may: account.ManageIntegrations, tag: "Mappings", summary: "List the pairs of attributes and fields that are obvious from the names of a collection's fields"},
		func(v *visit, in *struct {
			OnConnection
			Entity string `query:"external_entity" enum:"users,devices,groups" default:"users" doc:"What is mapped."`
			To     int64  `query:"collection" minimum:"1" required:"true" doc:"The number of the collection that it is mapped to."`
		}) (*body[client.List[client.FieldRow]], error) {
			c, err := v.connection(in.OnConnection)
			if err != nil {
				return nil, err
			}
			if _, _, err := v.collection(InCollection{in.InModule, in.To}); err != nil {
				return nil, err
			}
			rows, err := v.Integrations.Suggest(v.ctx, v.who, c.ID, entities.of(in.Entity), in.To)
			if err != nil {
				return nil, err
			}
			b, err := v.book(c)
			return whole(each(rows, b.wireRow)), err
		})
}

// book is what the numbers in mappings are called in a connection's module.
type book struct {
	module account.Module
	roles  []account.Role             // those that a mapping can give
	fields map[int64][]register.Field // by collection
}

func (v *visit) book(c syncer.Connection) (book, error) {
	b := book{module: account.Module{ID: c.Module, Account: c.Account}, fields: map[int64][]register.Field{}}
	collections, err := v.Records.Collections(v.ctx, v.who, c.Account, c.Module)
	if err != nil {
		return b, err
	}
	for _, col := range collections {
		if b.fields[col.ID], err = v.Records.FieldsFor(v.ctx, v.who, c.Account, col.ID); err != nil {
			return b, err
		}
	}
	b.roles, err = v.Accounts.RolesIn(v.ctx, v.who, c.Account, c.Module)
	b.roles = slices.DeleteFunc(b.roles, func(r account.Role) bool { return r.Scope != account.ModuleWide })
	return b, err
}

// mappings are a connection's mappings as they go over the wire.
func (v *visit) mappings(c syncer.Connection) ([]client.Mapping, error) {
	list, err := v.Integrations.Mappings(v.ctx, v.who, c.ID)
	if err != nil {
		return nil, err
	}
	b, err := v.book(c)
	return each(list, func(m syncer.Mapping) client.Mapping { return b.wire(&m.Definition) }), err
}

// draft reads mappings of a connection and tells all that is wrong with them.
func (v *visit) draft(in OnConnection, items []client.Mapping) (syncer.Connection, []mapping.Definition, error) {
	c, err := v.connection(in)
	if err != nil {
		return c, nil, err
	}
	stored, err := v.Integrations.Mappings(v.ctx, v.who, c.ID)
	if err != nil {
		return c, nil, err
	}
	b, err := v.book(c)
	if err != nil {
		return c, nil, err
	}
	defs, faults := []mapping.Definition{}, []error{}
	for i, m := range items {
		at := "body.items[" + number(int64(i)) + "]"
		if m.ID != 0 && !slices.ContainsFunc(stored, func(s syncer.Mapping) bool { return s.ID == m.ID }) {
			faults = append(faults, &partFault{at + ".id", errs.New(errs.Invalid, "the connection has no mapping %d", m.ID)})
			continue
		}
		def, err := b.definition(at, m)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		problems, err := v.Integrations.Problems(v.ctx, v.who, c.ID, def)
		if err != nil {
			return c, nil, err
		}
		faults = append(faults, faultsIn(at, problems)...)
		defs = append(defs, def)
	}
	return c, defs, errors.Join(faults...)
}

// faultsIn puts what is wrong with a mapping at its place in the request.
func faultsIn(at string, problems []mapping.Problem) []error {
	return each(problems, func(p mapping.Problem) error {
		where := at
		switch {
		case p.Row >= 0:
			where += ".fields[" + number(int64(p.Row)) + "]"
		case p.Condition >= 0:
			where += ".conditions[" + number(int64(p.Condition)) + "]"
		}
		return &partFault{where, errs.New(errs.Invalid, "%s", p.Message).About("%s", p.Subject).WithHint("%s", p.Hint)}
	})
}

// trialOf is a trial as it goes over the wire.
func trialOf(t syncer.Trial, b book) client.Trial {
	out := client.Trial{Name: t.Subject.Name, UPN: t.Subject.Principal, At: t.At, Of: t.Of, Enters: true, Fields: []client.TrialRow{}}
	for _, d := range t.Desired {
		if !d.Enters {
			out.Enters, out.Why = false, d.Why.Sentence()
		}
	}
	for _, r := range t.Rows {
		row := client.TrialRow{Field: b.target(r.Field), Value: r.Result.Value.String()}
		if n := len(r.Sources); n > 0 {
			row.Source, row.Raw = r.Sources[n-1].Path, r.Sources[n-1].Text
		}
		if ref := r.Result.Ref; ref != nil {
			row.Value = cmp.Or(ref.Label, "the record of that person")
		}
		if p := r.Result.Problem; p != nil {
			row.Problem = p.Reason.Sentence() + " " + p.Detail
		}
		out.Fields = append(out.Fields, row)
	}
	return out
}

// The targets that are no fields.
const (
	loginName  = "login.name"
	loginEmail = "login.email"
)

// target is what the target of a row is called.
func (b *book) target(id int64) string {
	switch id {
	case mapping.LoginNameField:
		return loginName
	case mapping.LoginEmailField:
		return loginEmail
	}
	for _, fields := range b.fields {
		for i := range fields {
			if fields[i].ID == id {
				return fields[i].Name
			}
		}
	}
	return number(id)
}

// entities, owners and rules are the words for what mappings hold as numbers.
var (
	entities = words[directory.Kind]{directory.User: "users", directory.Device: "devices", directory.Group: "groups"}
	owners   = words[reconcile.Owner]{reconcile.DirectoryWins: "directory", reconcile.FillIfEmpty: "fill_if_empty", reconcile.OnCreate: "on_create"}
	rules    = words[reconcile.EmptyRule]{reconcile.KeepWhenEmpty: "keep", reconcile.ClearWhenEmpty: "clear"}
)

type words[T comparable] map[T]string

// of returns what a word stands for; the zero value for none.
func (w words[T]) of(word string) T {
	var zero T
	for value, name := range w {
		if name == word {
			return value
		}
	}
	return zero
}

func unitKind(k directory.Kind) string {
	if k == directory.AdministrativeUnit {
		return "administrative_unit"
	}
	return "group"
}
