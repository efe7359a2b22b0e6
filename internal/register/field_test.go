package register_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestModuleStartsWithCollections(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		list, err := w.svc.Collections(t.Context(), w.p, w.account, w.module)
		must(t, err)
		var names []string
		for _, c := range list {
			names = append(names, c.Name)
			if _, err := w.svc.TitleField(t.Context(), c.ID); err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
		}
		if want := []string{"Assets", "Locations", "People", "Categories"}; !slices.Equal(names, want) {
			t.Errorf("got %q, want %q", names, want)
		}
		if got := w.field(register.People, "Manager").Spec.Collection; got != w.by[register.People] {
			t.Errorf("Manager links to %d, want %d", got, w.by[register.People])
		}
		custom, err := w.svc.CreateCollection(t.Context(), w.p, w.account, w.module, " Software ")
		if err != nil || custom.Name != "Software" || custom.Kind != register.Custom {
			t.Errorf("got %+v, %v", custom, err)
		}
		_, err = w.svc.CreateCollection(t.Context(), w.p, w.account, w.module, "SOFTWARE")
		wantKind(t, err, errs.Conflict, "already")
	})
}

func TestFieldEdits(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		ctx := t.Context()
		w.create(register.Main, "Name", "one", "Serial number", "S1", "Condition", "Worn")
		w.create(register.Main, "Name", "two", "Serial number", "s1")
		w.create(register.Main, "Name", "three", "Serial number", "S3")
		status, err := w.svc.EnsureStatusField(ctx, w.by[register.People])
		must(t, err)
		edit := func(k register.Kind, name string, change func(*register.Field)) error {
			f := w.field(k, name)
			change(&f)
			_, err := w.svc.ChangeField(ctx, w.p, f)
			return err
		}
		tests := []struct {
			name   string
			kind   register.Kind
			field  string
			change func(*register.Field)
			want   errs.Kind
			says   string
			part   register.FieldPart // that the fault is shown at; "" for none
		}{
			{"another type", register.Main, "Serial number", func(f *register.Field) { f.Spec.Type = datatype.Number }, errs.Invalid, "cannot change", register.TypePart},
			{"unique with values shared", register.Main, "Serial number", func(f *register.Field) { f.Spec.Unique = true }, errs.Conflict, "one (", register.UniquePart},
			{"a choice in use taken away", register.Main, "Condition", func(f *register.Field) { f.Spec.Choices = []string{"New"} }, errs.Conflict, "1 records use", register.ChoicesPart},
			{"a choice twice", register.Main, "Condition", func(f *register.Field) { f.Spec.Choices = append(f.Spec.Choices, "new") }, errs.Invalid, "twice", register.ChoicesPart},
			{"a name that is taken", register.Main, "Condition", func(f *register.Field) { f.Name = "notes" }, errs.Conflict, "already", register.NamePart},
			{"no name", register.Main, "Condition", func(f *register.Field) { f.Name = " " }, errs.Invalid, "needs a name", register.NamePart},
			{"no title", register.Main, "Name", func(f *register.Field) { f.Title = false }, errs.Invalid, "needs a title", register.TitlePart},
			{"a long text as title", register.Main, "Notes", func(f *register.Field) { f.Title = true }, errs.Invalid, "cannot be the title", register.TitlePart},
			{"yes/no unique", register.Main, "Notes", func(f *register.Field) { f.Spec.Unique = true }, errs.Invalid, "cannot be unique", register.UniquePart},
			{"the status renamed", register.People, "Integration status", func(f *register.Field) { f.Name = "Status" }, errs.Forbidden, "belongs to Muster", ""},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				err := edit(tt.kind, tt.field, tt.change)
				wantKind(t, err, tt.want, tt.says)
				part := register.FieldPart("")
				if fault, ok := errors.AsType[*register.FieldFault](err); ok {
					part = fault.Part
				}
				if part != tt.part {
					t.Errorf("the fault is shown at %q, want %q", part, tt.part)
				}
			})
		}
		if f := w.field(register.Main, "Serial number"); f.Spec.Unique {
			t.Error("a refused edit was kept")
		}
		must(t, edit(register.People, "Integration status", func(f *register.Field) { f.Hidden = true }))
		if again, err := w.svc.EnsureStatusField(ctx, w.by[register.People]); err != nil || again != status {
			t.Errorf("got %d, %v; want %d", again, err, status)
		}
	})
}

func TestACurrencyHasACode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), "Contoso")
	for i, tt := range []struct {
		code string
		ok   bool
	}{{"EUR", true}, {"", true}, {"eur", false}, {"Euro", false}, {"E1R", false}, {"É1", false}} {
		f := register.Field{Account: w.account, Collection: w.by[register.Main], Name: fmt.Sprint("Cost ", i), Spec: datatype.Spec{Type: datatype.Currency, Currency: tt.code}}
		if _, err := w.svc.AddField(t.Context(), w.p, f); (err == nil) != tt.ok || err != nil && !errs.Is(err, errs.Invalid) {
			t.Errorf("currency %q: %v, want it taken: %v", tt.code, err, tt.ok)
		}
	}
}

func TestFieldBecomesUniqueAndTitle(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		ctx := t.Context()
		first := w.create(register.Main, "Name", "one", "Serial number", "S1")
		w.create(register.Main, "Name", "two", "Serial number", "S2")
		serial := w.field(register.Main, "Serial number")
		serial.Spec.Unique, serial.Title, serial.Name = true, true, "Serial"
		serial, err := w.svc.ChangeField(ctx, w.p, serial)
		must(t, err)
		_, err = w.svc.Create(ctx, w.p, register.Input{Account: w.account, Collection: w.by[register.Main], Set: w.set(register.Main, "Name", "three", "Serial", "s2")})
		wantKind(t, err, errs.Conflict, "S2")
		if got, err := w.svc.Record(ctx, w.p, w.account, first.ID); err != nil || got.Title != "S1" || got.TitleKey != "s1" {
			t.Errorf("got %+v, %v", got, err)
		}
		if w.field(register.Main, "Name").Title {
			t.Error("two fields are the title")
		}
		serial.Spec.Unique = false
		_, err = w.svc.ChangeField(ctx, w.p, serial)
		must(t, err)
		w.create(register.Main, "Name", "three", "Serial", "s2")
	})
}

func TestFieldsNeedAnAdministrator(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	w := newWorld(t, db, "Contoso")
	roles := account.BuiltIn()
	p := account.Principal{Name: "Bob", Kind: "user", Holds: []account.Holding{{Account: w.account, Module: w.module, Role: roles[len(roles)-1]}}}
	_, err := w.svc.AddField(t.Context(), p, register.Field{Account: w.account, Collection: w.by[register.Main], Name: "x", Spec: datatype.Spec{Type: datatype.Text}})
	wantKind(t, err, errs.Forbidden, "may not")
	rec, err := w.svc.Create(t.Context(), p, register.Input{Account: w.account, Collection: w.by[register.Main], Set: w.set(register.Main, "Name", "one")})
	must(t, err)
	_, err = w.svc.Archive(t.Context(), p, w.account, rec.ID, 1, "")
	wantKind(t, err, errs.Forbidden, "may not")
}
