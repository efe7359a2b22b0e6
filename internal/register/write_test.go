package register_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// batch returns creations of n people with user principal names.
func (w *world) batch(n int) []register.Write {
	name, upn := w.field(register.People, "Name").ID, w.field(register.People, "User principal name").ID
	first, err := w.db.NextIDs(w.t.Context(), "record", n)
	must(w.t, err)
	out := make([]register.Write, n)
	for i := range out {
		out[i] = register.Write{Record: first + int64(i), Create: true, Account: w.account, Collection: w.by[register.People], Set: []register.FieldValue{
			{Field: name, Value: datatype.OfText(fmt.Sprintf("Person %04d", i))},
			{Field: upn, Value: datatype.OfText(fmt.Sprintf("p%04d@contoso.example", i))},
		}}
	}
	return out
}

func TestWriteBatch(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		ctx := t.Context()
		actor := w.p.Actor()
		creates := w.batch(50)
		out, err := w.svc.WriteBatch(ctx, actor, 7, creates)
		must(t, err)
		upn := creates[0].Set[1].Field
		update := func(i int, version int64, value string) register.Write {
			return register.Write{Record: creates[i].Record, Account: w.account, Version: version, Set: []register.FieldValue{{Field: upn, Value: datatype.OfText(value)}}}
		}

		t.Run("swaps unique values", func(t *testing.T) {
			out, err = w.svc.WriteBatch(ctx, actor, 7, []register.Write{
				update(0, 1, "p0001@contoso.example"), update(1, 1, "p0000@contoso.example"), update(2, 9, "stale@contoso.example"),
				{Record: 1 << 40, Account: w.account},
			})
			must(t, err)
			var stale *register.Stale
			if out[0].Err != nil || out[1].Err != nil || !errors.As(out[2].Err, &stale) || !errs.Is(out[3].Err, errs.NotFound) {
				t.Errorf("got %+v", out)
			}
			if out[0].Version != 2 || out[0].Before[0].Value.String() != "p0000@contoso.example" {
				t.Errorf("got %+v", out[0])
			}
			found, err := w.svc.FindByKey(ctx, w.by[register.People], upn, []string{"p0000@contoso.example"})
			if err != nil || !slices.Equal(found["p0000@contoso.example"], []int64{creates[1].Record}) {
				t.Errorf("got %v, %v", found, err)
			}
		})
		t.Run("fails whole on a collision", func(t *testing.T) {
			writes := []register.Write{update(3, 0, "fresh@contoso.example"), update(4, 0, "P0010@contoso.example")}
			_, err := w.svc.WriteBatch(ctx, actor, 7, writes)
			var taken *register.Taken
			if !errors.As(err, &taken) || taken.Record != creates[4].Record || taken.Other != creates[10].Record || taken.Field != upn {
				t.Errorf("got %v", err)
			}
			recs, err := w.svc.Load(ctx, []int64{creates[3].Record})
			if err != nil || recs[0].Version != 1 {
				t.Errorf("the failed batch left version %d, %v", recs[0].Version, err)
			}
		})
		t.Run("reports a lone collision", func(t *testing.T) {
			err := w.db.InTx(ctx, func(ctx context.Context) error {
				out, err := w.svc.WriteBatch(ctx, actor, 7, []register.Write{update(4, 0, "p0010@contoso.example")})
				if err != nil {
					return err
				}
				var taken *register.Taken
				if !errors.As(out[0].Err, &taken) || taken.OtherTitle != "Person 0010" {
					t.Errorf("got %v", out[0].Err)
				}
				_, err = w.svc.WriteBatch(ctx, actor, 7, []register.Write{update(5, 0, "after@contoso.example")})
				return err // the transaction goes on
			})
			must(t, err)
		})
		t.Run("collides within the batch", func(t *testing.T) {
			_, err := w.svc.WriteBatch(ctx, actor, 7, []register.Write{update(6, 0, "same@contoso.example"), update(7, 0, "Same@contoso.example")})
			wantKind(t, err, errs.Conflict, "already")
		})
		t.Run("leaves the history to the run", func(t *testing.T) {
			history, err := w.svc.RecordHistory(ctx, w.p, w.account, creates[0].Record, 0, 10)
			if err != nil || len(history) != 0 {
				t.Errorf("got %v, %v", history, err)
			}
		})
	})
}

// Whatever batches do, the keys are exactly the unique values of the records
// that are not put away, and records are what a map would be.
func TestKeysFollowRecords(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	worlds := 0
	rapid.Check(t, func(rt *rapid.T) {
		worlds++
		w := newWorld(t, db, fmt.Sprint("world ", worlds))
		creates := w.batch(5)
		upn := creates[0].Set[1].Field
		must(t, errorOf(w.svc.WriteBatch(t.Context(), w.p.Actor(), 7, creates)))
		model := map[int64]string{} // record → unique value
		away := map[int64]bool{}
		for _, c := range creates {
			model[c.Record] = c.Set[1].Value.String()
		}
		values := rapid.SampledFrom([]string{"", "a@x.example", "b@x.example", "c@x.example", "p0000@contoso.example"})
		for range rapid.IntRange(1, 8).Draw(rt, "batches") {
			next, nextAway := maps.Clone(model), maps.Clone(away)
			var writes []register.Write
			for _, c := range creates {
				if !rapid.Bool().Draw(rt, "touched") {
					continue
				}
				v := values.Draw(rt, "value")
				wr := register.Write{Record: c.Record, Account: w.account, Set: []register.FieldValue{{Field: upn, Value: datatype.OfText(v)}}}
				wr.Archive = rapid.Bool().Draw(rt, "archive")
				wr.Unarchive = !wr.Archive
				next[c.Record], nextAway[c.Record] = v, wr.Archive
				writes = append(writes, wr)
			}
			fits := len(held(next, nextAway)) == count(next, nextAway)
			out, err := w.svc.WriteBatch(t.Context(), w.p.Actor(), 7, writes)
			if err == nil && len(writes) == 1 {
				err = out[0].Err
			}
			if fits != (err == nil) {
				rt.Fatalf("got %v, want success %v: %v", err, fits, next)
			}
			if fits {
				model, away = next, nextAway
			}
			found, err := db.FindKeys(t.Context(), w.by[register.People], upn, []string{"a@x.example", "b@x.example", "c@x.example", "p0000@contoso.example", "p0001@contoso.example", "p0002@contoso.example", "p0003@contoso.example", "p0004@contoso.example"})
			must(t, err)
			if want := held(model, away); !maps.Equal(found, want) {
				rt.Fatalf("got keys %v, want %v", found, want)
			}
		}
	})
}

// held returns who holds each value, and count how many hold one.
func held(model map[int64]string, away map[int64]bool) map[string]int64 {
	out := map[string]int64{}
	for id, v := range model {
		if v != "" && !away[id] {
			out[v] = id
		}
	}
	return out
}

func count(model map[int64]string, away map[int64]bool) (n int) {
	for id, v := range model {
		if v != "" && !away[id] {
			n++
		}
	}
	return n
}

func errorOf(_ []register.Outcome, err error) error { return err }
