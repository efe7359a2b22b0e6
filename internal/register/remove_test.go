package register_test

import (
	"testing"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestAFieldIsHiddenBeforeItIsRemovedWithItsValues(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		ctx := t.Context()
		one := w.create(register.Main, "Name", "one", "Serial number", "S1", "Notes", "stays")
		w.create(register.Main, "Name", "two")
		serial := w.field(register.Main, "Serial number")
		serial.Spec.Unique = true
		_, err := w.svc.ChangeField(ctx, w.p, serial)
		must(t, err)
		remove := func(f register.Field) error { return w.svc.RemoveField(ctx, w.p, w.account, f.Collection, f.ID) }
		wantKind(t, remove(serial), errs.Conflict, "is in use")
		wantKind(t, remove(w.field(register.Main, "Name")), errs.Conflict, "names the records")
		serial.Hidden = true
		_, err = w.svc.ChangeField(ctx, w.p, serial)
		must(t, err)
		if n, err := w.svc.CountValues(ctx, w.p, w.account, serial.Collection, serial.ID); err != nil || n != 1 {
			t.Errorf("%d values would go, %v; want 1", n, err)
		}
		must(t, remove(serial))
		wantKind(t, remove(serial), errs.NotFound, "no field")
		rec, err := w.svc.Record(ctx, w.p, w.account, one.ID)
		if err != nil || !rec.Value(serial.ID).IsEmpty() || len(rec.Fields) != 2 || rec.Version != one.Version+1 {
			t.Errorf("the record is %+v, %v; want it without the value, a version further", rec, err)
		}
		serial.ID, serial.Hidden = 0, false
		_, err = w.svc.AddField(ctx, w.p, serial) // the name is free again, and no key is left behind
		must(t, err)
		w.create(register.Main, "Name", "three", "Serial number", "S1")
	})
}

func TestChoicesAreRenamedWithTheirValues(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		ctx := t.Context()
		worn := w.create(register.Main, "Name", "one", "Condition", "Worn")
		good := w.create(register.Main, "Name", "two", "Condition", "Good")
		f := w.field(register.Main, "Condition")
		f.Spec.Choices = []string{"New", "Worn", "Good", "Retired"} // good and worn swap; nobody uses Broken
		_, err := w.svc.ChangeFieldChoices(ctx, w.p, f, map[string]string{"Good": "Worn", "Worn": "Good", "New": "New"})
		must(t, err)
		for id, want := range map[int64]string{worn.ID: "Good", good.ID: "Worn"} {
			if got := w.value(register.Main, id, "Condition"); got != want {
				t.Errorf("record %d holds %q, want %q", id, got, want)
			}
		}
		f.Spec.Choices = []string{"New", "Fine", "Retired"}
		_, err = w.svc.ChangeFieldChoices(ctx, w.p, f, map[string]string{"Good": "Fine"})
		wantKind(t, err, errs.Conflict, "two (")
		if got := w.value(register.Main, worn.ID, "Condition"); got != "Good" {
			t.Errorf("a refused edit left %q", got)
		}
		history, err := w.svc.RecordHistory(ctx, w.p, w.account, worn.ID, 0, 1)
		if err != nil || len(history) != 1 || history[0].Note != "choices of Condition renamed" {
			t.Errorf("the history ends with %+v, %v", history, err)
		}
	})
}
