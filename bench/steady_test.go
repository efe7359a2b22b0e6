//go:build linux

package bench

import (
	"database/sql"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// everything is the plan with all that a sync can do for people.
var everything = plan{manager: true, logins: true}

// BenchmarkUnchanged measures a full sync that finds nothing new, against
// downloading and decoding the same pages. It may write no row but the run's own.
func BenchmarkUnchanged(b *testing.B) {
	t := startTenant(b, tenantConfig{People: *peopleFlag})
	for _, e := range engines() {
		for name, p := range map[string]plan{"people": {}, "everything": everything} {
			b.Run(e.name+"/"+name, func(b *testing.B) {
				var server *postmaster
				p.database, server = e.open(b)
				o := openOffice(b, t, p)
				o.run(true)
				f := newFloor(b, t, p)
				f.decode() // renders the pages and opens the connection
				var got, least []cost
				for range *repsFlag {
					least = append(least, measure(b, nil, "", func() { f.decode() }))
					got = append(got, measure(b, server, "unchanged-"+e.name+"-"+name, func() { o.run(true) }))
				}
				g, l := best(got), best(least)
				table.against("full sync, nothing changed, "+name+", "+e.name, "µs CPU/user", perUser(g, t.live(b)), perUser(l, t.live(b)), 2, walls(g, l))
				if p.database == "" {
					w := o.watch()
					o.run(true)
					n, note := w.others()
					table.plain("full sync, nothing changed, "+name+": rows beside the run's own", "rows", float64(n), -1, note)
				}
			})
		}
	}
}

// perUser is the CPU of one of n, in microseconds.
func perUser(c cost, n int) float64 { return float64(c.cpu.Microseconds()) / float64(n) }

func walls(got, least cost) string {
	return fmt.Sprintf("wall %s against %s", got.wall.Round(time.Millisecond), least.wall.Round(time.Millisecond))
}

// watcher counts what is written to an SQLite database, by triggers.
type watcher struct {
	b     *testing.B
	file  *sql.DB
	total int // rows that others counted last, the run's own included
}

// ownTables are the run's own: its row, how far the reading got, the cursor for
// the next run, and the lease.
var ownTables = []string{"run", "run_page", "cursor", "lease", "sequence"}

// watch puts triggers on every table of an office on SQLite, but the index of
// words, which is written in the background.
func (o *office) watch() *watcher {
	o.b.Helper()
	file, err := sql.Open("sqlite", filepath.Join(o.data, "muster.db")+"?_pragma=busy_timeout(5000)")
	must(o.b, err)
	o.b.Cleanup(func() { file.Close() })
	w := &watcher{b: o.b, file: file}
	w.exec(`CREATE TABLE bench_written (name TEXT PRIMARY KEY, n INTEGER)`)
	rows, err := file.QueryContext(o.b.Context(), `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'
		AND name NOT LIKE 'record_token%' AND name <> 'bench_written'`)
	must(o.b, err)
	var names []string
	for rows.Next() {
		var name string
		must(o.b, rows.Scan(&name))
		names = append(names, name)
	}
	must(o.b, rows.Err())
	for _, name := range names {
		for _, verb := range []string{"INSERT", "UPDATE", "DELETE"} {
			w.exec(fmt.Sprintf(`CREATE TRIGGER bench_%[1]s_%[2]s AFTER %[2]s ON %[1]s BEGIN
				INSERT INTO bench_written VALUES ('%[1]s', 1) ON CONFLICT (name) DO UPDATE SET n = n + 1; END`, name, verb))
		}
	}
	return w
}

func (w *watcher) exec(text string) {
	w.b.Helper()
	_, err := w.file.ExecContext(w.b.Context(), text)
	must(w.b, err)
}

// written returns the rows written to each table since the last call.
func (w *watcher) written() map[string]int {
	w.b.Helper()
	out := map[string]int{}
	rows, err := w.file.QueryContext(w.b.Context(), `SELECT name, n FROM bench_written`)
	must(w.b, err)
	for rows.Next() {
		var name string
		var n int
		must(w.b, rows.Scan(&name, &n))
		out[name] = n
	}
	must(w.b, rows.Err())
	w.exec(`DELETE FROM bench_written`)
	return out
}

// others counts the rows written to tables that are not the run's own, and
// tells all.
func (w *watcher) others() (n int, note string) {
	w.b.Helper()
	all := w.written()
	w.total = 0
	var words []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		words = append(words, fmt.Sprintf("%s %d", name, all[name]))
		w.total += all[name]
		if !slices.Contains(ownTables, name) {
			n += all[name]
		}
	}
	return n, strings.Join(words, ", ")
}

// BenchmarkIncremental measures syncs by changes: with 1 % of the people
// changed, against downloading and decoding the same pages and updating one row
// each; and with nothing changed.
func BenchmarkIncremental(b *testing.B) {
	t := startTenant(b, tenantConfig{People: *peopleFlag})
	for _, e := range engines() {
		for name, p := range map[string]plan{"people": {}, "everything": everything} {
			b.Run(e.name+"/"+name, func(b *testing.B) {
				var server *postmaster
				p.database, server = e.open(b)
				o := openOffice(b, t, p)
				o.run(true)
				what := name + ", " + e.name
				idle := o.idle(server, "idle-"+e.name+"-"+name)
				table.plain("incremental, nothing changed, "+what, "ms CPU", milliseconds(idle), 10, "wall "+idle.wall.String())
				n := max(*peopleFlag/100, 10)
				got, least := o.changed(t, server, "changed-"+e.name+"-"+name, n)
				table.against("incremental, 1 % changed, "+what, "µs CPU/row", perUser(got, n), perUser(least, n), 3,
					fmt.Sprintf("%d rows; without what nothing changed costs: ratio %.2f", n, float64(got.cpu-idle.cpu)/float64(least.cpu)))
				if p.database == "" {
					w := o.watch()
					t.move(b, n, "Accra")
					o.run(false)
					all, note := w.others()
					table.plain("incremental, 1 % changed, "+what+": rows written per changed person", "rows", float64(all)/float64(n), 0, note)
				}
			})
		}
	}
}

func milliseconds(c cost) float64 { return float64(c.cpu.Microseconds()) / 1000 }

// idle is the cost of an incremental sync without news.
func (o *office) idle(server *postmaster, name string) cost {
	o.b.Helper()
	o.run(false)
	const times = 20 // the kernel counts the server's CPU in steps of 10 ms
	all := measure(o.b, server, name, func() {
		for range times {
			o.run(false)
		}
	})
	return cost{cpu: all.cpu / times, wall: all.wall / times}
}

// changed is the cost of an incremental sync with n people changed, and of its floor.
func (o *office) changed(t *tenant, server *postmaster, name string, n int) (got, least cost) {
	o.b.Helper()
	f := newFloor(o.b, t, plan{})
	conn := f.sqlite(bareTable)
	f.insertSQLite(conn)
	_, err := conn.ExecContext(o.b.Context(), "CREATE UNIQUE INDEX person_id ON person (id)")
	must(o.b, err)
	link := f.pages(t.changesURL(), func([]person) {})
	var gots, leasts []cost
	for i := range *repsFlag {
		t.move(o.b, n, fmt.Sprintf("City %d of %s", i, name))
		told := 0
		leasts = append(leasts, measure(o.b, nil, "", func() { link, told = f.update(conn, link) }))
		if told < n {
			o.b.Fatalf("the floor saw %d of %d changes", told, n)
		}
		gots = append(gots, measure(o.b, server, name, func() {
			if run := o.run(false); run.Counts.Changed < n {
				o.b.Fatalf("%d of %d changes arrived: %+v", run.Counts.Changed, n, run.Counts)
			}
		}))
	}
	return best(gots), best(leasts)
}

// update applies a round of changes to the floor's table, a row a person.
func (f *floor) update(conn *sql.Conn, link string) (next string, told int) {
	f.b.Helper()
	ctx := f.b.Context()
	tx, err := conn.BeginTx(ctx, nil)
	must(f.b, err)
	stmt, err := tx.PrepareContext(ctx, "UPDATE person SET ("+columns+") = (?"+strings.Repeat(", ?", columnCount-1)+") WHERE id = ?")
	must(f.b, err)
	args := make([]any, columnCount+1)
	next = f.pages(link, func(people []person) {
		for i := range people {
			people[i].row(args[:columnCount])
			args[columnCount] = people[i].ID
			_, err := stmt.ExecContext(ctx, args...)
			must(f.b, err)
		}
		told += len(people)
	})
	must(f.b, tx.Commit())
	return next, told
}

// changesURL asks for the link from which changes are told.
func (t *tenant) changesURL() string {
	return t.URL + "/v1.0/users/delta?$select=" + strings.Join(selected(), ",") + "&$deltatoken=latest"
}
