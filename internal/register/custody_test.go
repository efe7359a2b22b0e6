package register_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// setStatus has a sync say how the directory sees a person.
func (w *world) setStatus(person int64, status string) {
	w.t.Helper()
	field, err := w.svc.EnsureStatusField(w.t.Context(), w.by[register.People])
	must(w.t, err)
	must(w.t, errorOf(w.svc.WriteBatch(w.t.Context(), w.p.Actor(), 7, []register.Write{{
		Record: person, Account: w.account, Set: []register.FieldValue{{Field: field, Value: datatype.OfText(status)}},
	}})))
}

func TestCustody(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		ctx, p := t.Context(), w.p
		laptop, phone := w.create(register.Main, "Name", "Laptop"), w.create(register.Main, "Name", "Phone")
		ada, eve := w.create(register.People, "Name", "Ada"), w.create(register.People, "Name", "Eve")
		out := func(asset, holder int64, due time.Time, override string) error {
			_, err := w.svc.CheckOut(ctx, p, register.CheckOut{Account: w.account, Asset: asset, Holder: holder, Due: due, Note: "for work", Override: override})
			return err
		}
		must(t, out(laptop.ID, ada.ID, clock.Add(time.Hour), ""))
		wantKind(t, out(laptop.ID, eve.ID, time.Time{}, ""), errs.Conflict, "Laptop is checked out to Ada")
		wantKind(t, out(phone.ID, laptop.ID, time.Time{}, ""), errs.Invalid, "only people")
		wantKind(t, out(ada.ID, eve.ID, time.Time{}, ""), errs.Invalid, "cannot be checked out")
		wantKind(t, out(phone.ID, ada.ID, clock, ""), errs.Invalid, "past")
		_, err := w.svc.Archive(ctx, p, w.account, ada.ID, 1, "")
		wantKind(t, err, errs.Conflict, "still checked out")
		_, err = w.svc.CheckIn(ctx, p, register.CheckIn{Account: w.account, Asset: phone.ID})
		wantKind(t, err, errs.Conflict, "not checked out")

		w.setStatus(eve.ID, register.StatusActive)
		must(t, out(phone.ID, eve.ID, time.Time{}, ""))
		leavers, err := w.svc.Leavers(ctx, p, w.account, 0, 0, 10)
		if err != nil || len(leavers) != 0 {
			t.Errorf("got leavers %v, %v", leavers, err)
		}
		for _, status := range register.LeftStatuses() {
			w.setStatus(ada.ID, status)
			leavers, err := w.svc.Leavers(ctx, p, w.account, 0, 0, 10)
			if err != nil || len(leavers) != 1 || leavers[0].HolderTitle != "Ada" || leavers[0].AssetTitle != "Laptop" {
				t.Errorf("%s: got leavers %v, %v", status, leavers, err)
			}
		}
		back, err := w.svc.CheckInAll(ctx, p, ada.ID, register.CheckIn{Account: w.account, Note: "handed in"})
		if err != nil || len(back) != 1 || back[0].Open() {
			t.Errorf("got %v, %v", back, err)
		}
		wantKind(t, out(laptop.ID, ada.ID, time.Time{}, ""), errs.Conflict, "has left")
		must(t, out(laptop.ID, ada.ID, time.Time{}, "until Friday"))
		history, err := w.svc.CustodyHistory(ctx, p, w.account, laptop.ID)
		if err != nil || len(history) != 2 || history[0].OverrideReason != "until Friday" || history[1].CheckInNote != "handed in" {
			t.Errorf("got %+v, %v", history, err)
		}
		if held, err := w.svc.CustodyHistory(ctx, p, w.account, ada.ID); err != nil || len(held) != 2 {
			t.Errorf("got %v, %v", held, err)
		}
	})
}

func TestOverdue(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		ada := w.create(register.People, "Name", "Ada")
		for _, name := range []string{"one", "two", "three"} {
			asset := w.create(register.Main, "Name", name)
			_, err := w.svc.CheckOut(t.Context(), w.p, register.CheckOut{Account: w.account, Asset: asset.ID, Holder: ada.ID, Due: clock.Add(time.Hour)})
			must(t, err)
		}
		later := register.New(db, func() time.Time { return clock.Add(2 * time.Hour) })
		for svc, want := range map[*register.Service]int{w.svc: 0, later: 3} {
			got, err := svc.Overdue(t.Context(), w.p, w.account, 0, 0, 10)
			if err != nil || len(got) != want {
				t.Errorf("got %v, %v; want %d", got, err, want)
			}
		}
		page, err := later.Overdue(t.Context(), w.p, w.account, 0, 0, 2)
		must(t, err)
		rest, err := later.Overdue(t.Context(), w.p, w.account, 0, page[1].ID, 2)
		if err != nil || len(page) != 2 || len(rest) != 1 || rest[0].AssetTitle != "three" {
			t.Errorf("got %v and %v, %v", page, rest, err)
		}
		limited := account.Principal{Name: "Bob", Kind: "user", Holds: []account.Holding{{Account: w.account, Module: w.module,
			Role: account.Role{Permissions: []account.Permission{{Action: account.View, Collection: w.by[register.People]}}}}}}
		if hidden, err := later.Overdue(t.Context(), limited, w.account, 0, 0, 10); err != nil || len(hidden) != 0 {
			t.Errorf("somebody who may not see assets got %v, %v", hidden, err)
		}
	})
}

// Of several who are given one asset at the same moment, one gets it.
func TestCheckOutAmongRivals(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		laptop := w.create(register.Main, "Name", "Laptop")
		people := make([]int64, 8)
		for i := range people {
			people[i] = w.create(register.People, "Name", "Rival").ID
		}
		failures := make([]error, len(people))
		var wg sync.WaitGroup
		for i := range people {
			wg.Go(func() {
				_, failures[i] = w.svc.CheckOut(t.Context(), w.p, register.CheckOut{Account: w.account, Asset: laptop.ID, Holder: people[i]})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range failures {
			if err == nil {
				won++
			} else {
				wantKind(t, err, errs.Conflict, "checked out")
			}
		}
		if history, err := w.svc.CustodyHistory(t.Context(), w.p, w.account, laptop.ID); won != 1 || len(history) != 1 || err != nil {
			t.Errorf("%d won, history %v, %v", won, history, err)
		}
	})
}

// Whatever is checked out and in, an asset has one holder at most and everything
// that happened stays.
func TestNeverTwoHolders(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	w := newWorld(t, db, "Contoso")
	var assets, people []int64
	for _, name := range []string{"a", "b", "c"} {
		assets = append(assets, w.create(register.Main, "Name", name).ID)
		people = append(people, w.create(register.People, "Name", name).ID)
	}
	holder := map[int64]int64{} // asset → person
	acts := 0
	rapid.Check(t, func(rt *rapid.T) {
		for range 10 {
			asset, person := rapid.SampledFrom(assets).Draw(rt, "asset"), rapid.SampledFrom(people).Draw(rt, "person")
			var err error
			var fits bool
			if rapid.Bool().Draw(rt, "out") {
				fits = holder[asset] == 0
				_, err = w.svc.CheckOut(t.Context(), w.p, register.CheckOut{Account: w.account, Asset: asset, Holder: person})
				if fits {
					holder[asset] = person
					acts++
				}
			} else {
				fits = holder[asset] != 0
				_, err = w.svc.CheckIn(t.Context(), w.p, register.CheckIn{Account: w.account, Asset: asset, Condition: "good"})
				delete(holder, asset)
			}
			if fits != (err == nil) {
				rt.Fatalf("got %v, want success %v", err, fits)
			}
		}
		total := 0
		for _, person := range people {
			held, err := w.svc.Holdings(t.Context(), w.p, w.account, person)
			must(t, err)
			var got, want []int64
			for _, c := range held {
				got = append(got, c.Asset)
			}
			for asset, who := range holder {
				if who == person {
					want = append(want, asset)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				rt.Fatalf("person %d holds %v, want %v", person, got, want)
			}
			history, err := w.svc.CustodyHistory(t.Context(), w.p, w.account, person)
			must(t, err)
			total += len(history)
		}
		if total != acts {
			rt.Fatalf("history has %d entries, want %d", total, acts)
		}
	})
}

// Servers' clocks differ by a moment, and one may be put back by an hour: what a
// thing went through stays in the order in which it went through it.
func TestCustodyStaysInOrderWhateverTheClockSays(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx, now := newWorld(t, db, "Contoso"), t.Context(), clock
		svc := register.New(db, func() time.Time { return now })
		laptop, ada := w.create(register.Main, "Name", "Laptop"), w.create(register.People, "Name", "Ada")
		out := func() register.Custody {
			t.Helper()
			c, err := svc.CheckOut(ctx, w.p, register.CheckOut{Account: w.account, Asset: laptop.ID, Holder: ada.ID})
			must(t, err)
			return c
		}
		first := out()
		now = now.Add(-time.Hour)
		back, err := svc.CheckIn(ctx, w.p, register.CheckIn{Account: w.account, Asset: laptop.ID})
		must(t, err)
		if back.CheckedInAt.Before(first.CheckedOutAt) {
			t.Errorf("it came back at %s, before it went at %s", back.CheckedInAt, first.CheckedOutAt)
		}
		if second := out(); second.CheckedOutAt.Before(back.CheckedInAt) {
			t.Errorf("it went again at %s, before it came back at %s", second.CheckedOutAt, back.CheckedInAt)
		}
	})
}
