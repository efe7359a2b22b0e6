package exchange_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/exchange"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/sheet"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// uploads are the use cases as one server over the depot's database has them.
func (d *depot) uploads(now *time.Time) *exchange.Uploads {
	svc := exchange.New(d.records, listing.New(d.db, d.records), d.db, func() time.Time { return *now })
	return svc.Uploads(d.db, d.t.TempDir(), slog.New(slog.DiscardHandler))
}

func (d *depot) uploaded(u *exchange.Uploads, text string) exchange.Upload {
	d.t.Helper()
	up, err := u.Keep(d.t.Context(), d.p, d.assets.Account, d.assets.ID, "assets.csv", sheet.UTF8, strings.NewReader(text))
	must(d.t, err)
	return up
}

// order is an import of an upload by the names of its columns.
func (d *depot) order(up exchange.Upload) exchange.Import {
	d.t.Helper()
	fields, err := d.records.Fields(d.t.Context(), d.assets.Account, d.assets.ID)
	must(d.t, err)
	return exchange.Import{Account: d.assets.Account, Collection: d.assets.ID, Name: up.Name, Match: exchange.Suggest(up.Head, fields)}
}

// read waits until an upload is no longer read.
func (d *depot) read(u *exchange.Uploads, id string) exchange.Upload {
	d.t.Helper()
	for {
		up, err := u.Find(d.t.Context(), d.p, d.assets.ID, id)
		must(d.t, err)
		if up.Pass.Ended {
			return up
		}
	}
}

func TestAnyServerGoesOnWithAnUpload(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, now, ctx := open(t, db), clock, t.Context()
		one, two := d.uploads(&now), d.uploads(&now)
		up := d.uploaded(one, "Name;Price\nPhone 1;12\n"+strings.Repeat("Phone 2;"+strings.Repeat("cheap ", 100)+"\n", 1000)) // of several parts
		if list, err := two.Of(ctx, d.p, d.assets.ID); err != nil || len(list) != 1 || list[0].Pass != nil || len(list[0].Samples) != exchange.SamplesShown {
			t.Fatalf("the other server lists %d uploads, %v", len(list), err)
		}
		must(t, two.Begin(ctx, d.p, up, d.order(up), false))
		if seen := d.read(one, up.ID); seen.Pass.Error != "" || seen.Pass.Tally[exchange.Added] != 1 || seen.Pass.Tally[exchange.Faulty] != 1000 {
			t.Errorf("the look of the other server says %+v", seen.Pass)
		}
		must(t, one.Begin(ctx, d.p, up, d.order(up), true))
		done := d.read(two, up.ID)
		if got := d.export("Name", "Price"); done.Pass.Rows[exchange.Added][0].Record == 0 || got != "Name,Price\nPhone 1,12\n" {
			t.Errorf("the import says %+v, and there is %q", done.Pass, got)
		}
		var faults bytes.Buffer
		must(t, two.WriteFaults(ctx, done, &faults))
		if strings.Count(faults.String(), "Phone 2") != 1000 {
			t.Errorf("the rows to mend are %d bytes: %.300q", faults.Len(), &faults)
		}
	})
}

func TestAnyServerStopsAnImport(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const rows = 30_000
		d, now, ctx := open(t, db), clock, t.Context()
		one, two := d.uploads(&now), d.uploads(&now)
		var text strings.Builder
		text.WriteString("Name\n")
		for i := range rows {
			fmt.Fprintf(&text, "Phone %d\n", i)
		}
		up := d.uploaded(one, text.String())
		must(t, one.Begin(ctx, d.p, up, d.order(up), true))
		if err := two.Begin(ctx, d.p, up, d.order(up), true); !errs.Is(err, errs.Conflict) {
			t.Errorf("beginning it twice: %v, want Conflict", err)
		}
		must(t, two.Stop(ctx, up))
		if done := d.read(two, up.ID); done.Pass.Error == "" || done.Pass.Tally.Total() >= rows {
			t.Errorf("it was asked to stop, and says %v after %d rows", done.Pass.Fault(), done.Pass.Tally.Total())
		}
	})
}

func TestAnImportOfAServerThatDiedCanBeBegunAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, now, ctx := open(t, db), clock, t.Context()
		u := d.uploads(&now)
		up := d.uploaded(u, "Name\nPhone 1\n")
		dead := up.Standing
		dead.Pass = &exchange.Pass{Write: true}
		if mine, err := db.ClaimUpload(ctx, up.ID, "a server that died", dead, now, now); err != nil || !mine {
			t.Fatalf("claimed %v, %v", mine, err)
		}
		now = now.Add(20 * time.Second)
		if err := u.Begin(ctx, d.p, up, d.order(up), true); !errs.Is(err, errs.Conflict) {
			t.Errorf("beginning it while its reader may live: %v, want Conflict", err)
		}
		now = now.Add(20 * time.Second)
		if seen := d.read(u, up.ID); errs.KindOf(seen.Pass.Fault()) != errs.Unavailable || errs.HintOf(seen.Pass.Fault()) == "" {
			t.Errorf("the dead reader's import says %v", seen.Pass.Fault())
		}
		must(t, u.Begin(ctx, d.p, up, d.order(up), true))
		if _, err := db.TellUpload(ctx, up.ID, "a server that died", dead, now, true); !errs.Is(err, errs.Conflict) {
			t.Errorf("the dead reader comes back and is told %v, want Conflict", err)
		}
		if done := d.read(u, up.ID); done.Pass.Error != "" || done.Pass.Tally[exchange.Added] != 1 {
			t.Errorf("the second import says %+v", done.Pass)
		}
	})
}

func TestAnUploadIsItsOwnersForAnHour(t *testing.T) {
	t.Parallel()
	d, now, ctx := open(t, storetest.SQLite(t)), clock, t.Context()
	u := d.uploads(&now)
	up := d.uploaded(u, "Name\nPhone 1\n")
	other := account.System()
	other.Login = 77
	for name, find := range map[string]func() error{
		"somebody else":      func() error { _, err := u.Find(ctx, other, d.assets.ID, up.ID); return err },
		"another collection": func() error { _, err := u.Find(ctx, d.p, d.assets.ID+1, up.ID); return err },
		"another number":     func() error { _, err := u.Find(ctx, d.p, d.assets.ID, "nothing"); return err },
	} {
		if err := find(); !errs.Is(err, errs.NotFound) {
			t.Errorf("%s: %v, want NotFound", name, err)
		}
	}
	now = now.Add(59 * time.Minute)
	if _, err := u.Find(ctx, d.p, d.assets.ID, up.ID); err != nil {
		t.Errorf("after an hour less a minute: %v", err)
	}
	now = now.Add(61 * time.Minute)
	if _, err := u.Find(ctx, d.p, d.assets.ID, up.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("an hour after the last use: %v, want NotFound", err)
	}
	d.uploaded(u, "Name\nPhone 2\n")
	if _, err := d.db.UploadPart(ctx, up.ID, 0, 0); !errs.Is(err, errs.NotFound) {
		t.Errorf("its bytes are still there: %v", err)
	}
}
