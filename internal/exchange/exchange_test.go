package exchange_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/exchange"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/sheet"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var clock = time.Date(2026, 5, 18, 9, 0, 0, 0, time.UTC)

// depot is a module whose assets are imported and exported.
type depot struct {
	t       *testing.T
	db      *store.DB
	records *register.Service
	svc     *exchange.Service
	p       account.Principal
	assets  register.Collection
	fields  map[string]register.Field
}

func open(t *testing.T, db *store.DB) *depot {
	t.Helper()
	a, err := db.CreateAccount(t.Context(), account.Account{Name: "Contoso", CreatedAt: clock})
	must(t, err)
	m, err := db.CreateModule(t.Context(), account.Module{Account: a.ID, Name: "IT", CreatedAt: clock})
	must(t, err)
	now := func() time.Time { return clock }
	d := &depot{t: t, db: db, records: register.New(db, now), p: account.System(), fields: map[string]register.Field{}}
	d.svc = exchange.New(d.records, listing.New(db, d.records), db, now)
	made, err := d.records.SetUpModule(t.Context(), d.p.Actor(), a.ID, m.ID, "Assets")
	must(t, err)
	d.assets = made[0]
	fields, err := d.records.Fields(t.Context(), a.ID, d.assets.ID)
	must(t, err)
	for _, f := range fields {
		d.fields[f.Name] = f
	}
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bring previews and then imports a file, and checks that the one told what the
// other did.
func (d *depot) bring(text string, change func(*exchange.Match)) (exchange.Tally, []exchange.Row) {
	d.t.Helper()
	all := make([]register.Field, 0, len(d.fields))
	for _, f := range d.fields {
		all = append(all, f)
	}
	pass := func(do func(exchange.Import, sheet.Reader, func(exchange.Row) error) (exchange.Tally, error)) (exchange.Tally, []exchange.Row) {
		d.t.Helper()
		r, err := sheet.Open(strings.NewReader(text), int64(len(text)), "")
		must(d.t, err)
		m := exchange.Suggest(r.Head(), all)
		if change != nil {
			change(&m)
		}
		var rows []exchange.Row
		tally, err := do(exchange.Import{Account: d.assets.Account, Collection: d.assets.ID, Name: "assets.csv", Match: m}, r,
			func(row exchange.Row) error { rows = append(rows, row); return nil })
		must(d.t, err)
		return tally, rows
	}
	ctx := d.t.Context()
	promised, _ := pass(func(in exchange.Import, r sheet.Reader, tell func(exchange.Row) error) (exchange.Tally, error) {
		return d.svc.Preview(ctx, d.p, in, r, tell)
	})
	done, rows := pass(func(in exchange.Import, r sheet.Reader, tell func(exchange.Row) error) (exchange.Tally, error) {
		return d.svc.Run(ctx, d.p, in, r, tell)
	})
	if fmt.Sprint(promised) != fmt.Sprint(done) {
		d.t.Errorf("the preview promised %v, the import did %v", promised, done)
	}
	return done, rows
}

// export returns the assets as CSV.
func (d *depot) export(names ...string) string {
	d.t.Helper()
	var fields []register.Field
	for _, n := range names {
		fields = append(fields, d.fields[n])
	}
	var out bytes.Buffer
	must(d.t, d.svc.Export(d.t.Context(), d.p, listing.Query{Account: d.assets.Account, Collection: d.assets.ID}, fields, sheet.CSV, &out))
	return out.String()
}

func TestAFileIsImportedChangedAndImportedAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := open(t, db)
		linked := func(m *exchange.Match) { m.CreateLinked = true }
		file := "name;Asset Tag;CATEGORY;Purchased;Price;Comment of mine\nMacBook;IT-1;Laptops;2024-01-31;999.50;x\nPhone;IT-2;Phones;45292;100;y\n"
		tally, _ := d.bring(file, linked)
		if tally[exchange.Added] != 2 || tally.Total() != 2 {
			t.Errorf("the first time: got %v, want two added", tally)
		}
		want := "Name,Asset tag,Category,Purchased,Price\nMacBook,IT-1,Laptops,2024-01-31,999.5\nPhone,IT-2,Phones,2024-01-01,100\n"
		if got := d.export("Name", "Asset tag", "Category", "Purchased", "Price"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if tally, _ = d.bring(file, linked); tally[exchange.Unchanged] != 2 {
			t.Errorf("the second time: got %v, want two unchanged", tally)
		}
		tally, rows := d.bring("Asset tag,Name,Price\nit-1,MacBook Pro,\nIT-3,Tablet,50\n", nil)
		if tally[exchange.Changed] != 1 || tally[exchange.Added] != 1 || rows[0].Diffs[0].Before.String() != "MacBook" {
			t.Errorf("a file with news: got %v and %+v, want one changed and one added", tally, rows)
		}
		if got := d.export("Name", "Price"); !strings.Contains(got, "MacBook Pro,999.5\n") {
			t.Errorf("an empty cell cleared a value:\n%s", got)
		}
		d.bring("Asset tag,Price\nIT-1,\n", func(m *exchange.Match) { m.KeepFilled = false })
		if got := d.export("Name", "Price"); !strings.Contains(got, "MacBook Pro,\n") {
			t.Errorf("an empty cell that should clear did not:\n%s", got)
		}
	})
}

func TestRowsThatDoNotFitAreSetAsideWithTheReason(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := open(t, db)
		d.bring("Name,Asset tag,Serial number\nOld,IT-9,\n", nil)
		file := "Name,Asset tag,Condition,Category,Purchased,Price\n" +
			"Good,IT-1,New,,,1\n" +
			"Bad price,IT-2,New,,,cheap\n" +
			"Bad choice,IT-3,Shiny,,,\n" +
			"No such link,IT-4,,Nowhere,,\n" +
			"Bad date,IT-5,,,soon,\n" +
			"Twice,IT-1,,,,\n" +
			",IT-6,,,,\n" +
			"No key,,,,,\n" +
			"Too long,IT-7,,,,,more\n"
		tally, rows := d.bring(file, nil)
		if tally[exchange.Added] != 1 || tally[exchange.Faulty] != 8 {
			t.Errorf("got %v, want one added and eight faulty", tally)
		}
		for i, want := range []string{"", "Price", "Condition", "there is no record called Nowhere", "2026-05-18", "line 2 has the same Asset tag", "field Name is required", "Asset tag is empty", "more cells"} {
			if !strings.Contains(rows[i].Why, want) || (want == "") != (rows[i].Why == "") {
				t.Errorf("line %d: got %q, want something about %q", rows[i].Number, rows[i].Why, want)
			}
		}
		add, _ := d.bring("Name,Asset tag\nOther,IT-9\nNew,IT-8\n", func(m *exchange.Match) { m.Mode = exchange.AddOnly })
		if add[exchange.LeftOut] != 1 || add[exchange.Added] != 1 {
			t.Errorf("only adding: got %v", add)
		}
		update, _ := d.bring("Name,Asset tag\nOther,IT-9\nNewer,IT-77\n", func(m *exchange.Match) { m.Mode = exchange.UpdateOnly })
		if update[exchange.Changed] != 1 || update[exchange.LeftOut] != 1 {
			t.Errorf("only changing: got %v", update)
		}
	})
}

func TestAnImportIsRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	d := open(t, storetest.SQLite(t))
	reader := account.Principal{Name: "reader", Holds: []account.Holding{{Account: d.assets.Account, Role: account.Role{Name: "Reader"}}}}
	name, tag := d.fields["Name"].ID, d.fields["Asset tag"].ID
	for what, tt := range map[string]struct {
		p     account.Principal
		match exchange.Match
		kind  errs.Kind
	}{
		"without the right":      {reader, exchange.Match{Columns: []int64{name}}, errs.Forbidden},
		"no column matched":      {d.p, exchange.Match{Columns: []int64{0}}, errs.Invalid},
		"a field twice":          {d.p, exchange.Match{Columns: []int64{name, name}}, errs.Invalid},
		"a field of elsewhere":   {d.p, exchange.Match{Columns: []int64{999}}, errs.Invalid},
		"found by no column":     {d.p, exchange.Match{Columns: []int64{name}, By: tag}, errs.Invalid},
		"changes without a key":  {d.p, exchange.Match{Columns: []int64{name}, Mode: exchange.UpdateOnly}, errs.Invalid},
		"a required field lacks": {d.p, exchange.Match{Columns: []int64{tag}}, errs.Invalid},
	} {
		r, err := sheet.Open(strings.NewReader("a\nb\n"), 4, "")
		must(t, err)
		_, err = d.svc.Run(t.Context(), tt.p, exchange.Import{Account: d.assets.Account, Collection: d.assets.ID, Match: tt.match}, r, nil)
		if !errs.Is(err, tt.kind) {
			t.Errorf("%s: got %v, want %v", what, err, tt.kind)
		}
	}
}

// An import that ends in the middle leaves whole batches, and goes on when the
// file is imported again.
func TestAnInterruptedImportIsFinishedByImportingAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := open(t, db)
		var file strings.Builder
		file.WriteString("Name,Asset tag\n")
		for i := range 1200 {
			fmt.Fprintf(&file, "Thing %d,T-%04d\n", i, i)
		}
		match := exchange.Match{Columns: []int64{d.fields["Name"].ID, d.fields["Asset tag"].ID}, By: d.fields["Asset tag"].ID}
		in := exchange.Import{Account: d.assets.Account, Collection: d.assets.ID, Name: "things.csv", Match: match}
		run := func(stopAt int) (exchange.Tally, error) {
			r, err := sheet.Open(strings.NewReader(file.String()), int64(file.Len()), "")
			must(t, err)
			stop := errors.New("stop")
			return d.svc.Run(t.Context(), d.p, in, r, func(row exchange.Row) error {
				if row.Number == stopAt {
					return stop
				}
				return nil
			})
		}
		if _, err := run(700); err == nil {
			t.Fatal("the interrupted import ends well")
		}
		n, err := d.records.Count(t.Context(), d.p, d.assets.Account, d.assets.ID)
		must(t, err)
		if n != 1000 {
			t.Errorf("after the interruption there are %d records, want two whole batches", n)
		}
		tally, err := run(0)
		must(t, err)
		if tally[exchange.Unchanged] != 1000 || tally[exchange.Added] != 200 {
			t.Errorf("the second time: got %v, want the rest added", tally)
		}
	})
}

func TestSuggestMatchesColumnsByName(t *testing.T) {
	t.Parallel()
	fields := []register.Field{
		{ID: 1, Name: "Name", Title: true}, {ID: 2, Name: "Asset tag", Spec: datatype.Spec{Unique: true}},
		{ID: 3, Name: "Serial number"}, {ID: 4, Name: "Integration status", System: true},
	}
	got := exchange.Suggest([]string{"SERIAL_NUMBER", "asset-tag", "Name", "name", "Integration status", "Colour"}, fields)
	if want := []int64{3, 2, 1, 0, 0, 0}; !slices.Equal(got.Columns, want) || got.By != 2 {
		t.Errorf("got %v by %d, want %v by the unique field", got.Columns, got.By, want)
	}
}

// keeper is a directory that keeps one field of every record.
type keeper struct{ field int64 }

func (k keeper) Kept(_ context.Context, records []int64) (map[int64][]register.Kept, error) {
	out := map[int64][]register.Kept{}
	for _, id := range records {
		out[id] = []register.Kept{{Field: k.field, From: "department", Mapping: "Everyone"}}
	}
	return out, nil
}

func TestAnImportLeavesToTheDirectoryWhatItKeeps(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := open(t, db)
		d.bring("Name,Asset tag,Serial number,Price\nPhone,IT-1,S1,5\n", nil)
		d.records.KeptBy(keeper{d.fields["Serial number"].ID})
		tally, rows := d.bring("Asset tag,Serial number,Price\nIT-1,S2,6\n", nil)
		if tally[exchange.Changed] != 1 || !strings.Contains(rows[0].Why, "Serial number is left as it is") || len(rows[0].Diffs) != 1 {
			t.Errorf("got %v and %+v, want the price changed and the serial number left", tally, rows)
		}
		if got := d.export("Serial number", "Price"); !strings.Contains(got, "S1,6\n") {
			t.Errorf("got\n%s", got)
		}
		list, err := d.records.FindByKey(t.Context(), d.assets.ID, d.fields["Asset tag"].ID, []string{"it-1"})
		must(t, err)
		out, err := d.records.WriteEach(t.Context(), d.p, d.assets.Account, d.assets.ID, []register.Write{{
			Record: list["it-1"][0], Set: []register.FieldValue{{Field: d.fields["Serial number"].ID, Value: datatype.OfText("S3")}},
		}})
		must(t, err)
		if !errs.Is(out[0].Err, errs.Conflict) {
			t.Errorf("writing past the look: got %v, want Conflict", out[0].Err)
		}
	})
}
