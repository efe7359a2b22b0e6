package integration_test

import (
	"slices"
	"testing"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// synced maps everybody and runs once; it returns the connection and somebody.
func (o *office) synced() (syncer.Connection, register.Record) {
	o.t.Helper()
	ctx, c := o.t.Context(), o.configured()
	_, err := o.svc.SaveMappings(ctx, chief, c.ID, o.everyone())
	o.must(err)
	o.sync(c)
	page, err := o.records.List(ctx, chief, register.Query{Account: o.module.Account, Collection: o.people.ID})
	o.must(err)
	i := slices.IndexFunc(page.Records, func(r register.Record) bool { return !r.Value(o.fields["Email"]).IsEmpty() })
	return c, page.Records[i]
}

func (o *office) sync(c syncer.Connection) {
	o.t.Helper()
	id, err := o.svc.Start(o.t.Context(), chief, c.ID, integration.Order{Full: true})
	o.must(err)
	if run := o.ended(id); run.State != syncer.Succeeded {
		o.t.Fatalf("the run ended as %s: %s", run.State, run.Error)
	}
}

// edit writes one field of a record by hand.
func (o *office) edit(r register.Record, field, text string) error {
	_, err := o.records.Update(o.t.Context(), chief, r.ID, 0, register.Input{
		Account: o.module.Account, Set: []register.FieldValue{{Field: o.fields[field], Value: datatype.OfText(text)}},
	})
	return err
}

func (o *office) name(r register.Record) string {
	o.t.Helper()
	now, err := o.records.Record(o.t.Context(), chief, o.module.Account, r.ID)
	o.must(err)
	return now.Value(o.fields["Name"]).String()
}

func TestFieldsFromTheDirectoryAreNotEditedByHandUnlessPinned(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, ctx := open(t, db), t.Context()
		c, r := o.synced()
		pin := func(on bool) {
			_, err := o.records.Pin(ctx, chief, o.module.Account, r.ID, o.fields["Name"], on)
			o.must(err)
		}

		if err := o.edit(r, "Name", "Somebody else"); !errs.Is(err, errs.Conflict) || errs.HintOf(err) == "" {
			t.Errorf("editing a name that the directory keeps: %v, want Conflict with a next step", err)
		}
		o.must(o.edit(r, "Name", r.Title)) // as it is: nothing to refuse
		o.must(o.edit(r, "Department", "Rocket science"))

		kept, err := o.records.Kept(ctx, chief, o.module.Account, r.ID)
		o.must(err)
		want := []register.Kept{
			{Field: o.fields["Name"], From: "displayName", Mapping: "Everyone", Said: true, Wants: r.Title},
			{Field: o.fields["Email"], From: "mail", Mapping: "Everyone", Said: true, Wants: r.Value(o.fields["Email"]).String()},
		}
		slices.SortFunc(want, func(a, b register.Kept) int { return int(a.Field - b.Field) })
		if !slices.Equal(kept, want) {
			t.Errorf("kept by the directory:\n got %+v\nwant %+v", kept, want)
		}

		pin(true)
		o.must(o.edit(r, "Name", "Kept by hand"))
		o.sync(c)
		if got := o.name(r); got != "Kept by hand" {
			t.Errorf("after a sync the pinned name is %q", got)
		}
		pin(false)
		why, _, err := o.svc.ExplainRecord(ctx, chief, o.module.Account, r.ID)
		o.must(err)
		id, err := o.svc.Start(ctx, chief, c.ID, integration.Order{Person: why.Subject.Object.String()})
		o.must(err)
		o.ended(id)
		if got := o.name(r); got != r.Title {
			t.Errorf("after unpinning and a sync of the person the name is %q, want %q", got, r.Title)
		}
	})
}

func TestManyRecordsAreNotEditedAgainstTheDirectory(t *testing.T) {
	t.Parallel()
	o, ctx := open(t, storetest.SQLite(t)), t.Context()
	_, r := o.synced()
	own, err := o.records.Create(ctx, chief, register.Input{
		Account: o.module.Account, Collection: o.people.ID, Set: []register.FieldValue{{Field: o.fields["Name"], Value: datatype.OfText("A visitor")}},
	})
	o.must(err)
	done, err := o.records.ChangeMany(ctx, chief, register.Many{
		Account: o.module.Account, Collection: o.people.ID, Records: []int64{r.ID, own.ID},
		Set: []register.FieldValue{{Field: o.fields["Email"], Value: datatype.OfText("all@contoso.example")}},
	})
	o.must(err)
	if done.Changed != 1 || len(done.Failed) != 1 || done.Failed[0].Record != r.ID {
		t.Errorf("got %+v, want the visitor changed and the person of the directory left alone", done)
	}
}

func TestWhoHasLeftMayBeEditedByHand(t *testing.T) {
	t.Parallel()
	o, ctx := open(t, storetest.SQLite(t)), t.Context()
	c, r := o.synced()
	why, _, err := o.svc.ExplainRecord(ctx, chief, o.module.Account, r.ID)
	o.must(err)
	_, err = o.hr.SoftDelete(why.Subject.Object.String())
	o.must(err)
	o.sync(c)
	if err := o.edit(r, "Name", r.Title+" (left)"); err != nil {
		t.Errorf("the directory writes nothing any more, and yet: %v", err)
	}
}
