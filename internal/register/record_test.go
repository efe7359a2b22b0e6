package register_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestRecordLivesWithHistory(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		ctx := t.Context()
		rec := w.create(register.People, "Name", "Ada Lövelace", "Email", "ada@contoso.example")
		if rec.Version != 1 || rec.Title != "Ada Lövelace" || rec.TitleKey != "ada lövelace" {
			t.Errorf("got version %d, title %q, key %q", rec.Version, rec.Title, rec.TitleKey)
		}
		in := register.Input{Account: w.account, Set: w.set(register.People, "Name", "Ada King", "Email", ""), Note: "married"}
		got, err := w.svc.Update(ctx, w.p, rec.ID, 1, in)
		must(t, err)
		if got.Version != 2 || got.Title != "Ada King" || len(got.Fields) != 1 {
			t.Errorf("got %+v", got)
		}
		again, err := w.svc.Update(ctx, w.p, rec.ID, 2, in)
		must(t, err)
		if again.Version != 2 {
			t.Errorf("a change of nothing made version %d", again.Version)
		}
		_, err = w.svc.Update(ctx, w.p, rec.ID, 1, in)
		var stale *register.Stale
		if !errors.As(err, &stale) || stale.Current != 2 {
			t.Errorf("got %v, want a stale version", err)
		}
		wantKind(t, err, errs.Conflict, "version 2")
		history, err := w.svc.RecordHistory(ctx, w.p, w.account, rec.ID, 0, 10)
		must(t, err)
		if len(history) != 2 || history[0].Action != register.ActionUpdate || history[0].Note != "married" || len(history[0].Changes) != 2 {
			t.Fatalf("got history %+v", history)
		}
		if c := history[0].Changes[0]; c.Before.String() != "Ada Lövelace" || c.After.String() != "Ada King" {
			t.Errorf("got change %v", c)
		}
		if !history[0].At.Equal(clock) || history[1].Version != 1 {
			t.Errorf("got %v, version %d", history[0].At, history[1].Version)
		}
	})
}

func TestRecordRules(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		other := newWorld(t, db, "Fabrikam")
		office := w.create(register.Locations, "Name", "Berlin")
		foreign := other.create(register.Locations, "Name", "Paris")
		person := w.create(register.People, "Name", "Ada")
		name := w.field(register.People, "Name").ID
		link := w.field(register.People, "Office").ID
		status, err := w.svc.EnsureStatusField(t.Context(), w.by[register.People])
		must(t, err)
		value := func(field int64, v datatype.Value) register.FieldValue {
			return register.FieldValue{Field: field, Value: v}
		}
		tests := []struct {
			name string
			set  []register.FieldValue
			kind errs.Kind
			says string
		}{
			{"a required field missing", []register.FieldValue{value(link, datatype.OfRecord(office.ID))}, errs.Invalid, "Name is required"},
			{"a link out of the account", []register.FieldValue{value(name, datatype.OfText("x")), value(link, datatype.OfRecord(foreign.ID))}, errs.Invalid, "no record"},
			{"a link to another collection", []register.FieldValue{value(name, datatype.OfText("x")), value(link, datatype.OfRecord(person.ID))}, errs.Invalid, "no record"},
			{"a value of another type", []register.FieldValue{value(name, datatype.OfText("x")), value(link, datatype.OfText("Berlin"))}, errs.Invalid, "Office"},
			{"a field of Muster's own", []register.FieldValue{value(name, datatype.OfText("x")), value(status, datatype.OfText("Active"))}, errs.Forbidden, "Muster only"},
			{"a field of another account", []register.FieldValue{value(name, datatype.OfText("x")), value(other.field(register.People, "Email").ID, datatype.OfText("a@b.example"))}, errs.NotFound, "field"},
			{"a field twice", []register.FieldValue{value(name, datatype.OfText("x")), value(name, datatype.OfText("y"))}, errs.Invalid, "twice"},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				_, err := w.svc.Create(t.Context(), w.p, register.Input{Account: w.account, Collection: w.by[register.People], Set: tt.set})
				wantKind(t, err, tt.kind, tt.says)
			})
		}
		if n, err := w.svc.Count(t.Context(), w.p, w.account, w.by[register.People]); err != nil || n != 1 {
			t.Errorf("got %d people, %v; want 1", n, err)
		}
	})
}

func TestUniqueValues(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		ctx := t.Context()
		first := w.create(register.People, "Name", "Ada", "User principal name", "Ada@contoso.example")
		in := register.Input{Account: w.account, Collection: w.by[register.People], Set: w.set(register.People, "Name", "Eve", "User principal name", "ADA@contoso.example")}
		_, err := w.svc.Create(ctx, w.p, in)
		var taken *register.Taken
		if !errors.As(err, &taken) || taken.Other != first.ID || taken.OtherTitle != "Ada" || taken.FieldName != "User principal name" {
			t.Fatalf("got %v, want the value taken by Ada", err)
		}
		wantKind(t, err, errs.Conflict, "belongs to Ada")

		_, err = w.svc.Archive(ctx, w.p, w.account, first.ID, 1, "left")
		must(t, err)
		second, err := w.svc.Create(ctx, w.p, in)
		if err != nil {
			t.Fatalf("the value of somebody put away is not free: %v", err)
		}
		_, err = w.svc.Unarchive(ctx, w.p, w.account, first.ID, 2, "back")
		if !errors.As(err, &taken) || taken.Other != second.ID {
			t.Errorf("got %v, want the value taken by Eve", err)
		}
		_, err = w.svc.Update(ctx, w.p, second.ID, 1, register.Input{Account: w.account, Set: w.set(register.People, "User principal name", "")})
		must(t, err)
		back, err := w.svc.Unarchive(ctx, w.p, w.account, first.ID, 2, "back")
		if err != nil || back.Archived() || back.Version != 3 {
			t.Errorf("got %+v, %v", back, err)
		}
		found, err := w.svc.FindByKey(ctx, w.by[register.People], taken.Field, []string{"ada@contoso.example", "nobody"})
		if err != nil || len(found) != 1 || !slices.Equal(found["ada@contoso.example"], []int64{first.ID}) {
			t.Errorf("got %v, %v", found, err)
		}
	})
}

// Of several that claim one value at the same moment, one gets it.
func TestUniqueAmongRivals(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		var wg sync.WaitGroup
		errors := make([]error, 8)
		sets := make([][]register.FieldValue, len(errors))
		for i := range errors {
			sets[i] = w.set(register.People, "Name", fmt.Sprint("rival ", i), "User principal name", "one@contoso.example")
		}
		for i := range errors {
			wg.Go(func() {
				_, errors[i] = w.svc.Create(t.Context(), w.p, register.Input{Account: w.account, Collection: w.by[register.People], Set: sets[i]})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errors {
			if err == nil {
				won++
			} else {
				wantKind(t, err, errs.Conflict, "belongs to rival")
			}
		}
		if n, err := w.svc.Count(t.Context(), w.p, w.account, w.by[register.People]); won != 1 || n != 1 || err != nil {
			t.Errorf("%d won and %d are there, %v; want 1", won, n, err)
		}
	})
}

func TestAccountsAreSeparate(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		other := newWorld(t, db, "Fabrikam")
		ctx := t.Context()
		asset := other.create(register.Main, "Name", "Laptop")
		person := other.create(register.People, "Name", "Ada")
		mine := w.create(register.Main, "Name", "Laptop")
		p, acct := w.p, w.account
		calls := map[string]func() error{
			"Record":  func() error { _, err := w.svc.Record(ctx, p, acct, asset.ID); return err },
			"Update":  func() error { _, err := w.svc.Update(ctx, p, asset.ID, 1, register.Input{Account: acct}); return err },
			"Archive": func() error { _, err := w.svc.Archive(ctx, p, acct, asset.ID, 1, ""); return err },
			"Pin": func() error {
				_, err := w.svc.Pin(ctx, p, acct, asset.ID, w.field(register.Main, "Name").ID, true)
				return err
			},
			"History": func() error { _, err := w.svc.RecordHistory(ctx, p, acct, asset.ID, 0, 1); return err },
			"Create": func() error {
				_, err := w.svc.Create(ctx, p, register.Input{Account: acct, Collection: other.by[register.Main]})
				return err
			},
			"List": func() error {
				_, err := w.svc.List(ctx, p, register.Query{Account: acct, Collection: other.by[register.Main]})
				return err
			},
			"Count":  func() error { _, err := w.svc.Count(ctx, p, acct, other.by[register.Main]); return err },
			"Fields": func() error { _, err := w.svc.FieldsFor(ctx, p, acct, other.by[register.Main]); return err },
			"AddField": func() error {
				_, err := w.svc.AddField(ctx, p, register.Field{Account: acct, Collection: other.by[register.Main], Name: "x", Spec: datatype.Spec{Type: datatype.Text}})
				return err
			},
			"AddLink": func() error {
				_, err := w.svc.AddField(ctx, p, register.Field{Account: acct, Collection: w.by[register.Main], Name: "x", Spec: datatype.Spec{Type: datatype.Link, Collection: other.by[register.Main]}})
				return err
			},
			"Rename": func() error { _, err := w.svc.RenameCollection(ctx, p, acct, other.by[register.Main], "x"); return err },
			"CheckOut": func() error {
				_, err := w.svc.CheckOut(ctx, p, register.CheckOut{Account: acct, Asset: asset.ID, Holder: person.ID})
				return err
			},
			"Lend": func() error {
				_, err := w.svc.CheckOut(ctx, p, register.CheckOut{Account: acct, Asset: mine.ID, Holder: person.ID})
				return err
			},
			"CheckIn": func() error {
				_, err := w.svc.CheckIn(ctx, p, register.CheckIn{Account: acct, Asset: asset.ID})
				return err
			},
			"Holdings": func() error { _, err := w.svc.Holdings(ctx, p, acct, person.ID); return err },
			"Batch": func() error {
				out, err := w.svc.WriteBatch(ctx, p.Actor(), 7, []register.Write{{Record: asset.ID, Account: acct}})
				return errors.Join(err, out[0].Err)
			},
		}
		for name, call := range calls {
			if err := call(); !errs.Is(err, errs.NotFound) {
				t.Errorf("%s: got %v, want not found", name, err)
			}
		}
	})
}

func TestListPages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		for i, name := range []string{"zebra", "Öl", "apple", "Apple", "appliance", "ÖL"} {
			w.create(register.Main, "Name", name, "Asset tag", fmt.Sprint("TAG-", i),
				"Condition", map[bool]string{true: "New", false: "Worn"}[len(name) > 5])
		}
		list := func(q register.Query) (titles []string) {
			q.Account, q.Collection = w.account, w.by[register.Main]
			for {
				page, err := w.svc.List(t.Context(), w.p, q)
				must(t, err)
				for _, r := range page.Records {
					titles = append(titles, r.Title)
				}
				if page.Next == (register.Cursor{}) {
					return titles
				}
				if q.After, err = register.ParseCursor(page.Next.String()); err != nil {
					t.Fatal(err)
				}
			}
		}
		tag := w.set(register.Main, "Asset tag", "tag-0")[0]
		worn := w.set(register.Main, "Condition", "Worn")[0]
		tests := []struct {
			name string
			q    register.Query
			want []string
		}{
			{"all by title", register.Query{}, []string{"apple", "Apple", "appliance", "zebra", "Öl", "ÖL"}},
			{"in pages of two", register.Query{Limit: 2}, []string{"apple", "Apple", "appliance", "zebra", "Öl", "ÖL"}},
			{"by the beginning of the title", register.Query{Prefix: "APPL", Limit: 1}, []string{"apple", "Apple", "appliance"}},
			{"by another beginning", register.Query{Prefix: "ö"}, []string{"Öl", "ÖL"}},
			{"by a field", register.Query{Match: worn, Limit: 3}, []string{"apple", "Apple", "zebra", "Öl", "ÖL"}},
			{"by an empty field", register.Query{Match: register.FieldValue{Field: w.field(register.Main, "Serial number").ID}, Prefix: "z"}, []string{"zebra"}},
			{"by a unique field", register.Query{Match: tag}, []string{"zebra"}},
			{"by a unique field and another beginning", register.Query{Match: tag, Prefix: "a"}, nil},
			{"none", register.Query{Prefix: "x"}, nil},
		}
		for _, tt := range tests {
			if got := list(tt.q); !slices.Equal(got, tt.want) {
				t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
			}
		}
	})
}
