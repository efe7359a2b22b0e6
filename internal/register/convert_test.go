package register_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// conversion is a change of a field's type.
func (w *world) conversion(k register.Kind, name string, to datatype.Type) register.Conversion {
	return register.Conversion{Account: w.account, Collection: w.by[k], Field: w.field(k, name).ID, Type: to}
}

// value is what a record holds in a field, as people read it.
func (w *world) value(k register.Kind, record int64, name string) string {
	w.t.Helper()
	rec, err := w.svc.Record(w.t.Context(), w.p, w.account, record)
	must(w.t, err)
	return rec.Value(w.field(k, name).ID).String()
}

func TestAConversionIsShownAndThenDone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		ctx := t.Context()
		one := w.create(register.Main, "Name", "one", "Serial number", "0012")
		two := w.create(register.Main, "Name", "two", "Serial number", "A7")
		w.create(register.Main, "Name", "three")
		gone := w.create(register.Main, "Name", "put away", "Serial number", "9")
		_, err := w.svc.Archive(ctx, w.p, w.account, gone.ID, gone.Version, "")
		must(t, err)
		in := w.conversion(register.Main, "Serial number", datatype.Number)
		effect, err := w.svc.PreviewConversion(ctx, w.p, in)
		must(t, err)
		if effect.Fits != 2 || effect.Empty != 1 || effect.Lost != 1 || len(effect.Sample) != 2 {
			t.Errorf("the preview says %+v; want 2 that fit, 1 empty, 1 lost", effect)
		}
		if len(effect.Misfits) != 1 || effect.Misfits[0].Record != two.ID || effect.Misfits[0].Value != "A7" || !strings.Contains(effect.Misfits[0].Why, "not a number") {
			t.Errorf("the misfits are %+v", effect.Misfits)
		}
		_, err = w.svc.ConvertField(ctx, w.p, in)
		wantKind(t, err, errs.Conflict, "1 values do not fit")
		if got := w.value(register.Main, one.ID, "Serial number"); got != "0012" || w.field(register.Main, "Serial number").Spec.Type != datatype.Text {
			t.Errorf("a refused conversion left %q", got)
		}
		in.Lose = 1
		_, err = w.svc.ConvertField(ctx, w.p, in)
		must(t, err)
		if got := w.field(register.Main, "Serial number").Spec.Type; got != datatype.Number {
			t.Errorf("the type is %s", got)
		}
		for id, want := range map[int64]string{one.ID: "12", two.ID: "", gone.ID: "9"} {
			if got := w.value(register.Main, id, "Serial number"); got != want {
				t.Errorf("record %d holds %q, want %q", id, got, want)
			}
		}
		history, err := w.svc.RecordHistory(ctx, w.p, w.account, two.ID, 0, 1)
		must(t, err)
		if len(history) != 1 || len(history[0].Changes) != 1 || history[0].Changes[0].Before.String() != "A7" || !strings.Contains(history[0].Note, "from text to number") {
			t.Errorf("the history of what was lost is %+v", history)
		}
	})
}

func TestConversionsOfLinksGoByTitle(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		ctx := t.Context()
		berlin := w.create(register.Locations, "Name", "Berlin")
		for range 2 {
			w.create(register.People, "Name", "Ann")
		}
		one := w.create(register.Main, "Name", "one", "Location", fmt.Sprint(berlin.ID), "Serial number", "BERLIN")
		two := w.create(register.Main, "Name", "two", "Serial number", "Oslo")
		three := w.create(register.Main, "Name", "three", "Serial number", "ann")
		to := w.conversion(register.Main, "Serial number", datatype.Link)
		to.Link, to.Lose = w.by[register.Locations], 2
		_, err := w.svc.ConvertField(ctx, w.p, to)
		must(t, err)
		if got := w.value(register.Main, one.ID, "Serial number"); got != fmt.Sprint(berlin.ID) {
			t.Errorf("the text became a link to %q, want %d", got, berlin.ID)
		}
		if got := w.value(register.Main, two.ID, "Serial number") + w.value(register.Main, three.ID, "Serial number"); got != "" {
			t.Errorf("texts that name nothing became %q", got)
		}
		_, err = w.svc.ConvertField(ctx, w.p, w.conversion(register.Main, "Location", datatype.Text))
		must(t, err)
		if got := w.value(register.Main, one.ID, "Location"); got != "Berlin" {
			t.Errorf("the link became %q, want the title", got)
		}
		again := w.conversion(register.Main, "Location", datatype.Link)
		again.Link = w.by[register.People]
		effect, err := w.svc.PreviewConversion(ctx, w.p, again)
		if err != nil || effect.Lost != 1 || !strings.Contains(effect.Misfits[0].Why, "no record") {
			t.Errorf("a link to where there is no such record: %+v, %v", effect, err)
		}
	})
}

func TestConversionsThatAreRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		ctx := t.Context()
		one := w.create(register.Main, "Name", "one", "Serial number", "1.0", "Notes", "a")
		w.create(register.Main, "Name", "two", "Serial number", "1", "Notes", "b")
		serial := w.field(register.Main, "Serial number")
		serial.Spec.Unique = true
		_, err := w.svc.ChangeField(ctx, w.p, serial)
		must(t, err)
		foreign := newWorld(t, db, "Fabrikam")
		link := w.conversion(register.Main, "Notes", datatype.Link)
		link.Link = foreign.by[register.People]
		_, err = w.svc.EnsureStatusField(ctx, w.by[register.Main])
		must(t, err)
		for _, tt := range []struct {
			name string
			in   register.Conversion
			want errs.Kind
			says string
		}{
			{"unique values that become the same", w.conversion(register.Main, "Serial number", datatype.Number), errs.Conflict, "one ("},
			{"a required field that would be empty", w.conversion(register.Main, "Name", datatype.Number), errs.Conflict, "is required"},
			{"a title that names nothing", w.conversion(register.Main, "Name", datatype.LongText), errs.Invalid, "cannot be the title"},
			{"what never converts", w.conversion(register.Main, "Price", datatype.Date), errs.Invalid, "does not turn into"},
			{"another account's collection", link, errs.NotFound, "no collection"},
			{"the status", w.conversion(register.Main, "Integration status", datatype.Text), errs.Forbidden, "belongs to Muster"},
			{"a field of another collection", register.Conversion{Account: w.account, Collection: w.by[register.People], Field: serial.ID, Type: datatype.Text}, errs.NotFound, "no field"},
			{"from another account", register.Conversion{Account: foreign.account, Collection: w.by[register.Main], Field: serial.ID, Type: datatype.Text}, errs.NotFound, "no collection"},
		} {
			tt.in.Lose = 100
			_, err := w.svc.ConvertField(ctx, w.p, tt.in)
			wantKind(t, err, tt.want, tt.says)
		}
		effect, err := w.svc.PreviewConversion(ctx, w.p, w.conversion(register.Main, "Serial number", datatype.Number))
		if err != nil || effect.Shared != 1 {
			t.Errorf("the preview finds %d shared values, %v; want 1", effect.Shared, err)
		}
		// The keys are as before: what was refused left nothing.
		_, err = w.svc.Create(ctx, w.p, register.Input{Account: w.account, Collection: w.by[register.Main], Set: w.set(register.Main, "Name", "x", "Serial number", "1.0")})
		wantKind(t, err, errs.Conflict, one.Title)
	})
}

func TestAUniqueTitleThatIsConvertedStaysUniqueAndNamesItsRecords(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		ctx := t.Context()
		one := w.create(register.Locations, "Name", "0012")
		_, err := w.svc.ConvertField(ctx, w.p, w.conversion(register.Locations, "Name", datatype.Number))
		must(t, err)
		rec, err := w.svc.Record(ctx, w.p, w.account, one.ID)
		if err != nil || rec.Title != "12" || rec.TitleKey != "12" {
			t.Errorf("the record is called %q, %v; want 12", rec.Title, err)
		}
		_, err = w.svc.Create(ctx, w.p, register.Input{Account: w.account, Collection: w.by[register.Locations], Set: w.set(register.Locations, "Name", "12.0")})
		wantKind(t, err, errs.Conflict, "12")
		w.create(register.Locations, "Name", "13")
	})
}

func TestTheValuesThereAreBecomeTheChoices(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		for i, serial := range []string{"red", "Green", "RED", "green", "blue"} {
			w.create(register.Main, "Name", fmt.Sprint(i), "Serial number", serial)
		}
		_, err := w.svc.ConvertField(t.Context(), w.p, w.conversion(register.Main, "Serial number", datatype.Choice))
		must(t, err)
		if got := w.field(register.Main, "Serial number").Spec.Choices; !slices.Equal(got, []string{"blue", "Green", "red"}) {
			t.Errorf("the choices are %q", got)
		}
		for i := range 100 {
			w.create(register.Main, "Name", fmt.Sprint("x", i), "Notes", fmt.Sprint(i))
		}
		_, err = w.svc.PreviewConversion(t.Context(), w.p, w.conversion(register.Main, "Notes", datatype.Choice))
		must(t, err)
		w.create(register.Main, "Name", "one more", "Notes", "100")
		_, err = w.svc.PreviewConversion(t.Context(), w.p, w.conversion(register.Main, "Notes", datatype.Choice))
		wantKind(t, err, errs.Conflict, "more than 100 different values")
	})
}

func TestLinksThatWaitGoWithTheLink(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, "Contoso")
		ctx := t.Context()
		ann := w.create(register.People, "Name", "Ann")
		manager := w.field(register.People, "Manager")
		waits := syncer.PendingReference{Record: ann.ID, Field: manager.ID, Object: directory.ObjectID{1}, Collection: w.by[register.People]}
		must(t, db.AddPending(ctx, 1, []syncer.PendingReference{waits}))
		_, err := w.svc.ConvertField(ctx, w.p, w.conversion(register.People, "Manager", datatype.Text))
		must(t, err)
		if left, err := db.Pending(ctx, 1, []int64{ann.ID}); err != nil || len(left) != 0 {
			t.Errorf("%d links still wait to be written into a text, %v", len(left), err)
		}
	})
}
