package register_test

import (
	"fmt"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestChangeManyChangesWhatItCanAndNamesTheRest(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		main := w.by[register.Main]
		var ids []int64
		for i := range 3 {
			r, err := w.svc.Create(t.Context(), w.p, register.Input{Account: w.account, Collection: main, Set: w.set(register.Main, "Name", fmt.Sprint("Laptop ", i))})
			must(t, err)
			ids = append(ids, r.ID)
		}
		gone, err := w.svc.Archive(t.Context(), w.p, w.account, ids[2], 0, "")
		must(t, err)
		many := func(m register.Many) register.ManyDone {
			t.Helper()
			m.Account, m.Collection, m.Records = w.account, main, ids
			done, err := w.svc.ChangeMany(t.Context(), w.p, m)
			must(t, err)
			return done
		}

		done := many(register.Many{Set: w.set(register.Main, "Condition", "Worn"), Note: "stocktaking"})
		if done.Changed != 2 || len(done.Failed) != 1 || done.Failed[0].Record != gone.ID {
			t.Errorf("got %+v, want two changed and the archived one named", done)
		}
		if again := many(register.Many{Set: w.set(register.Main, "Condition", "Worn")}); again.Changed != 0 || again.Unchanged != 2 {
			t.Errorf("the second time: got %+v, want two unchanged", again)
		}
		history, err := w.svc.RecordHistory(t.Context(), w.p, w.account, ids[0], 0, 10)
		must(t, err)
		if len(history) != 2 || history[0].Note != "stocktaking" {
			t.Errorf("got the history %+v, want the change with its note", history)
		}

		tag := many(register.Many{Set: w.set(register.Main, "Asset tag", "A-1")})
		if tag.Changed != 1 || len(tag.Failed) != 2 {
			t.Errorf("a unique value for all: got %+v, want one changed and two named", tag)
		}

		away := many(register.Many{Archive: true})
		if away.Changed != 2 || away.Unchanged != 1 {
			t.Errorf("archiving: got %+v, want two changed", away)
		}
		count, err := w.svc.Count(t.Context(), w.p, w.account, main)
		must(t, err)
		if count != 0 {
			t.Errorf("got a count of %d after archiving all, want 0", count)
		}
		if back := many(register.Many{Unarchive: true}); back.Changed != 3 {
			t.Errorf("bringing back: got %+v, want three changed", back)
		}
	})
}

func TestChangeManyIsRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), "Contoso")
	main := w.by[register.Main]
	status, err := w.svc.EnsureStatusField(t.Context(), main)
	must(t, err)
	reader := account.Principal{Name: "reader", Holds: []account.Holding{{Account: w.account, Role: account.Role{Name: "Reader"}}}}
	for _, tt := range []struct {
		name string
		p    account.Principal
		m    register.Many
		kind errs.Kind
	}{
		{"without the right", reader, register.Many{Records: []int64{1}}, errs.Forbidden},
		{"too many", w.p, register.Many{Records: make([]int64, register.ManyMost+1)}, errs.Invalid},
		{"a field of Muster's own", w.p, register.Many{Records: []int64{1}, Set: []register.FieldValue{{Field: status}}}, errs.Forbidden},
	} {
		tt.m.Account, tt.m.Collection = w.account, main
		if _, err := w.svc.ChangeMany(t.Context(), tt.p, tt.m); !errs.Is(err, tt.kind) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.kind)
		}
	}
}
