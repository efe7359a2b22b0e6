package register_test

import (
	"testing"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestWhatIsWrittenOffLeavesTheListsAndCanComeBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db, "Contoso"), t.Context()
		laptop, ada := w.create(register.Main, "Name", "Laptop"), w.create(register.People, "Name", "Ada")
		_, err := w.svc.CheckOut(ctx, w.p, register.CheckOut{Account: w.account, Asset: laptop.ID, Holder: ada.ID})
		must(t, err)
		_, err = w.svc.WriteOff(ctx, w.p, w.account, laptop.ID, "  ")
		wantKind(t, err, errs.Invalid, "needs a reason")

		off, err := w.svc.WriteOff(ctx, w.p, w.account, laptop.ID, "lost at sea")
		must(t, err)
		past, err := w.svc.CustodyHistory(ctx, w.p, w.account, ada.ID)
		must(t, err)
		if !off.Archived() || past[0].Open() || !past[0].WrittenOff || past[0].CheckInNote != "lost at sea" {
			t.Errorf("archived %v, custody %+v", off.Archived(), past[0])
		}
		back, err := w.svc.UndoWriteOff(ctx, w.p, w.account, laptop.ID)
		must(t, err)
		held, err := w.svc.Holdings(ctx, w.p, w.account, ada.ID)
		must(t, err)
		if back.Archived() || len(held) != 1 || held[0].WrittenOff || held[0].CheckInNote != "" {
			t.Errorf("after the undo: archived %v, she holds %+v", back.Archived(), held)
		}

		_, err = w.svc.WriteOff(ctx, w.p, w.account, laptop.ID, "lost again")
		must(t, err)
		_, err = w.svc.Archive(ctx, w.p, w.account, ada.ID, 0, "")
		must(t, err)
		if back, err = w.svc.UndoWriteOff(ctx, w.p, w.account, laptop.ID); err != nil || back.Archived() {
			t.Errorf("the holder is put away: %v, archived %v; want the asset on the shelf", err, back.Archived())
		}
		if held, err := w.svc.Holdings(ctx, w.p, w.account, ada.ID); err != nil || len(held) != 0 {
			t.Errorf("somebody put away holds %v, %v", held, err)
		}
	})
}

func TestWhoWasToldLast(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db, "Contoso"), t.Context()
		ada, bob := w.create(register.People, "Name", "Ada"), w.create(register.People, "Name", "Bob")
		wantKind(t, w.svc.NoteTold(ctx, w.p, register.Told{Account: w.account, Holder: ada.ID, About: register.TellLeaver}), errs.Invalid, "who was told")
		wantKind(t, w.svc.NoteTold(ctx, w.p, register.Told{Account: w.account + 1, Holder: ada.ID, About: register.TellLeaver, To: "Mary"}), errs.NotFound, "")
		for _, to := range []string{"Mary", "Grace"} {
			must(t, w.svc.NoteTold(ctx, w.p, register.Told{Account: w.account, Holder: ada.ID, About: register.TellLeaver, To: to}))
		}
		must(t, w.svc.NoteTold(ctx, w.p, register.Told{Account: w.account, Holder: ada.ID, About: register.TellOverdue, To: "Ada"}))
		got, err := w.svc.LastTold(ctx, w.account, register.TellLeaver, []int64{ada.ID, bob.ID})
		must(t, err)
		if len(got) != 1 || got[ada.ID].To != "Grace" || !got[ada.ID].At.Equal(clock) || got[ada.ID].By == "" {
			t.Errorf("got %+v, want Grace, who was told last, of Ada only", got)
		}
	})
}

func TestTheStandingOfCustodyCountsThingsAndPeople(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(t, db, "Contoso"), t.Context()
		other := newWorld(t, db, "Fabrikam")
		ada, bob := w.create(register.People, "Name", "Ada"), w.create(register.People, "Name", "Bob")
		for i, name := range []string{"one", "two", "three"} {
			holder, due := ada.ID, time.Time{}
			if i == 2 {
				holder, due = bob.ID, clock.Add(time.Hour)
			}
			_, err := w.svc.CheckOut(ctx, w.p, register.CheckOut{Account: w.account, Asset: w.create(register.Main, "Name", name).ID, Holder: holder, Due: due})
			must(t, err)
		}
		_, err := w.svc.EnsureStatusField(ctx, w.by[register.People])
		must(t, err)
		w.setStatus(ada.ID, register.StatusDeleted)
		later := register.New(db, func() time.Time { return clock.Add(2 * time.Hour) })
		got, err := later.CustodyStanding(ctx, w.p, w.account, w.module)
		if want := (register.Standing{Held: 3, Overdue: 1, Leavers: 1}); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		if got, err := later.CustodyStanding(ctx, other.p, other.account, other.module); err != nil || got != (register.Standing{}) {
			t.Errorf("the other account: %+v, %v", got, err)
		}
	})
}
