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
)

// hand makes a thing and gives it to somebody.
func (o *office) hand(r register.Record, name string) register.Custody {
	o.t.Helper()
	ctx, acct := o.t.Context(), o.module.Account
	all, err := o.records.ModuleCollections(ctx, acct, o.module.ID)
	o.must(err)
	title, err := o.records.TitleField(ctx, all[0].ID)
	o.must(err)
	thing, err := o.records.Create(ctx, chief, register.Input{
		Account: acct, Collection: all[0].ID, Set: []register.FieldValue{{Field: title, Value: datatype.OfText(name)}},
	})
	o.must(err)
	k, err := o.records.CheckOut(ctx, chief, register.CheckOut{Account: acct, Asset: thing.ID, Holder: r.ID})
	o.must(err)
	return k
}

func TestLeaversAreListedWithTheEvidence(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, ctx := open(t, db), t.Context()
		c, r := o.synced()
		page, err := o.records.List(ctx, chief, register.Query{Account: o.module.Account, Collection: o.people.ID, Limit: 2})
		o.must(err)
		other := page.Records[0]
		if other.ID == r.ID {
			other = page.Records[1]
		}
		_, err = o.records.Update(ctx, chief, r.ID, 0, register.Input{
			Account: o.module.Account, Set: []register.FieldValue{{Field: o.fields["Manager"], Value: datatype.OfRecord(other.ID)}},
		})
		o.must(err)
		o.hand(r, "Laptop")
		o.hand(other, "Phone")
		for _, person := range []register.Record{other, r} {
			why, _, err := o.svc.ExplainRecord(ctx, chief, o.module.Account, person.ID)
			o.must(err)
			_, err = o.hr.SoftDelete(why.Subject.Object.String())
			o.must(err)
			o.sync(c)
		}
		o.must(o.records.NoteTold(ctx, chief, register.Told{Account: o.module.Account, Holder: r.ID, About: register.TellLeaver, To: "Mary"}))

		holding, _, err := o.svc.Leavers(ctx, chief, o.module, integration.LeaverQuery{Limit: 1}) // read one at a time, and all of them
		o.must(err)
		if len(holding) != 2 {
			t.Fatalf("%d leavers hold something, want 2", len(holding))
		}
		got := holding[slices.IndexFunc(holding, func(l integration.Leaver) bool { return l.Person.ID == r.ID })]
		if got.Person.ID != r.ID || got.Status != register.StatusDeleted || got.Since.IsZero() || got.Run == 0 || got.Connection != c.ID || got.Mapping != "Everyone" {
			t.Errorf("the evidence: %+v", got)
		}
		if got.Manager == nil || got.Manager.ID != other.ID || got.Told == nil || got.Told.To != "Mary" || len(got.Holds) != 1 || got.Holds[0].AssetTitle != "Laptop" {
			t.Errorf("manager %v, told %v, holds %v", got.Manager, got.Told, got.Holds)
		}

		names := []string{}
		q := integration.LeaverQuery{All: true, Limit: 1}
		for range 9 {
			list, next, err := o.svc.Leavers(ctx, chief, o.module, q)
			o.must(err)
			for _, l := range list {
				names = append(names, l.Person.Title)
			}
			if next.TargetID == 0 {
				break
			}
			q.Before, err = integration.ParseLeaverPlace(integration.LeaverPlace(next))
			o.must(err)
		}
		i, j := slices.Index(names, r.Title), slices.Index(names, other.Title)
		if i != 0 || j < 0 {
			t.Errorf("all who left: %v, want %s before %s", names, r.Title, other.Title)
		}
	})
}

func TestTheHistoryOfARecordIsPeopleAndRunsByTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, ctx := open(t, db), t.Context()
		c, r := o.synced()
		o.must(o.edit(r, "Department", "Rocket science"))
		why, _, err := o.svc.ExplainRecord(ctx, chief, o.module.Account, r.ID)
		o.must(err)
		_, err = o.hr.Rename(why.Subject.Object.String(), "Zoë", "O'Brien")
		o.must(err)
		connection, run, err := o.svc.SyncRecord(ctx, chief, o.module.Account, r.ID)
		o.must(err)
		if o.ended(run); connection != c.ID || o.name(r) != "Zoë O'Brien" {
			t.Errorf("syncing the person: connection %d, name %q", connection, o.name(r))
		}
		o.must(o.edit(r, "Department", "Brain surgery"))

		var kinds []string
		for at := (integration.Place{}); ; {
			list, next, err := o.svc.RecordHistory(ctx, chief, o.module.Account, r.ID, at, 1)
			o.must(err)
			for _, e := range list {
				if e.Hand != nil {
					kinds = append(kinds, "hand: "+e.Hand.Action)
				} else {
					kinds = append(kinds, "run: "+e.Run.Verb.String())
				}
			}
			if next == (integration.Place{}) {
				break
			}
			at, err = integration.ParsePlace(next.String())
			o.must(err)
		}
		whole, _, err := o.svc.RecordHistory(ctx, chief, o.module.Account, r.ID, integration.Place{}, 50)
		o.must(err)
		if len(whole) != len(kinds) {
			t.Errorf("pages of one have %d events, the whole %d", len(kinds), len(whole))
		}
		want := []string{"hand: update", "run: rename", "hand: update", "run: add"}
		if !slices.Equal(kinds, want) {
			t.Errorf("got %q, want %q", kinds, want)
		}
	})
}

func TestPlacesAreReadBackOrRefused(t *testing.T) {
	t.Parallel()
	for _, p := range []integration.Place{{}, {Entry: 3}, {Run: 2, Seq: 9}} {
		if got, err := integration.ParsePlace(p.String()); err != nil || got != p {
			t.Errorf("%q is read as %v, %v", p.String(), got, err)
		}
	}
	for _, text := range []string{"x", "1.2", "1.2.3.4", "-1.2.3", "1.2.3 "} {
		if _, err := integration.ParsePlace(text); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v, want Invalid", text, err)
		}
	}
}
