//go:build linux

package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// engine is a database to measure on.
type engine struct {
	name string
	// open returns the URL of a new database, "" for SQLite, and its server.
	open func(b *testing.B) (string, *postmaster)
}

func engines() []engine {
	return []engine{
		{"sqlite", func(*testing.B) (string, *postmaster) { return "", nil }},
		{"postgres", func(b *testing.B) (string, *postmaster) {
			address := storetest.PostgresURL(b)
			return address, postmasterOf(b, address)
		}},
	}
}

// variants of what a first sync does with people.
var variants = []struct {
	name string
	plan plan
}{
	{"people", plan{}},
	{"people with managers", plan{manager: true}},
	{"people and logins", plan{logins: true}},
}

// BenchmarkFirst measures a first sync into an empty database, everything
// included, against downloading and decoding the same pages and inserting one row
// a person.
func BenchmarkFirst(b *testing.B) {
	t := startTenant(b, tenantConfig{People: *peopleFlag})
	for _, e := range engines() {
		b.Run(e.name, func(b *testing.B) {
			for _, v := range variants {
				b.Run(v.name, func(b *testing.B) { e.first(b, t, v.name, v.plan) })
			}
		})
	}
}

// floor takes the floor of a first sync.
func (e engine) floor(b *testing.B, t *tenant, p plan) cost {
	b.Helper()
	address, server := e.open(b)
	f := newFloor(b, t, p)
	f.decode() // renders the pages and opens the connection
	var work func() int
	if address == "" {
		conn := f.sqlite(bareTable)
		work = func() int { return f.insertSQLite(conn) }
	} else {
		conn := f.postgres(address)
		work = func() int { return f.copyPostgres(conn) }
	}
	n := 0
	out := measure(b, server, "floor-"+e.name, func() { n = work() })
	if n != t.live(b) {
		b.Fatalf("the floor saw %d of %d people", n, t.live(b))
	}
	return out
}

// first measures first syncs into new databases.
func (e engine) first(b *testing.B, t *tenant, name string, p plan) {
	b.Helper()
	var costs, floors []cost
	var run syncer.Run
	for range *repsFlag {
		floors = append(floors, e.floor(b, t, p))
		var server *postmaster
		p.database, server = e.open(b)
		o := openOffice(b, t, p)
		costs = append(costs, measure(b, server, "first-"+e.name+"-"+name, func() {
			if run = o.run(true); run.Counts.Added < t.live(b) {
				b.Fatalf("%d of %d people arrived: %+v", run.Counts.Added, t.live(b), run.Counts)
			}
		}))
	}
	got, least := best(costs), best(floors)
	table.against("first sync, "+name+", "+e.name, "µs CPU/user", perUser(got, t.live(b)), perUser(least, t.live(b)), 2.5,
		fmt.Sprintf("%s; of the last run read %s, plan %s, rest %s", walls(got, least), run.Stats.Read.Round(time.Millisecond),
			run.Stats.Planned.Round(time.Millisecond), run.Stats.Applied.Round(time.Millisecond)))
	if p.database == "" {
		o := openOffice(b, t, p)
		w := o.watch()
		o.run(true)
		_, note := w.others()
		table.plain("first sync, "+name+": rows written", "rows/user", float64(w.total)/float64(t.live(b)), 0, note)
	}
}
