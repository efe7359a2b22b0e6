package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// A database of either engine moves to either, whole, and goes on counting there.
func TestADatabaseMovesWhole(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		conf := store.Config{Path: filepath.Join(t.TempDir(), "muster.db")}
		if engine == "postgres" {
			conf.URL = storetest.PostgresURL(t)
		}
		old, err := store.Open(t.Context(), conf)
		must(t, err)
		fill(t, old, 4321)
		want := tables(t, backup(t, old))
		must(t, old.Close())
		for _, to := range engines(t) {
			t.Run(engine+" to "+to.Engine(), func(t *testing.T) {
				from, err := store.OpenAlone(t.Context(), conf)
				must(t, err)
				defer from.Close()
				moved := map[string]int64{}
				must(t, to.Absorb(t.Context(), from, func(m store.MovedTable) { moved[m.Name] = m.Rows }))
				if moved["record"] != 4321 || moved["account"] != 1 {
					t.Errorf("it tells of %v", moved)
				}
				got := tables(t, backup(t, to))
				for name := range want {
					if got[name] != want[name] {
						t.Errorf("%s: got %.300s, want %.300s", name, got[name], want[name])
					}
				}
				must(t, to.Exec(t.Context(), `INSERT INTO account (name, name_key, created_at) VALUES ('b', 'b', 0)`))
				if got := next(t, to, "record"); got != 4322 {
					t.Errorf("the sequence goes on at %d, want 4322", got)
				}
				if err := to.Absorb(t.Context(), from, nil); !errs.Is(err, errs.Conflict) {
					t.Errorf("got %v, want a refusal to move over data", err)
				}
			})
		}
	}
}

func TestADatabaseInUseIsNotMoved(t *testing.T) {
	t.Parallel()
	for _, conf := range []store.Config{{Path: filepath.Join(t.TempDir(), "muster.db")}, {URL: storetest.PostgresURL(t)}} {
		db, err := store.Open(t.Context(), conf)
		must(t, err)
		if _, err := store.OpenAlone(t.Context(), conf); !errs.Is(err, errs.Conflict) || errs.HintOf(err) == "" {
			t.Errorf("%s: got %v, want Conflict with what to do", db.Engine(), err)
		}
		must(t, db.Close())
		alone, err := store.OpenAlone(t.Context(), conf)
		must(t, err)
		if alone.Engine() == "sqlite" {
			if late, err := store.Open(t.Context(), conf); err == nil {
				late.Close()
				t.Error("a server could start on the file while it is moved")
			}
		}
		must(t, alone.Close())
	}
}

// Whatever goes wrong, the old file is as it was and the new database is empty.
func TestAMoveThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "muster.db")
	old, err := store.Open(t.Context(), store.Config{Path: path})
	must(t, err)
	fill(t, old, 3000)
	// PostgreSQL keeps no zero byte in a text.
	must(t, old.Exec(t.Context(), `UPDATE record SET title = 'a' || char(0) || 'b' WHERE id = 2999`))
	must(t, old.Close())
	before, err := os.ReadFile(path)
	must(t, err)
	from, err := store.OpenAlone(t.Context(), store.Config{Path: path})
	must(t, err)
	to := storetest.Open(t, store.Config{URL: storetest.PostgresURL(t)})
	if err := to.Absorb(t.Context(), from, nil); err == nil {
		t.Error("what PostgreSQL cannot keep arrived")
	}
	must(t, from.Close())
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the old file was changed, %v", err)
	}
	fresh := storetest.SQLite(t)
	fill(t, fresh, 10)
	must(t, restore(t, to, backup(t, fresh))) // which refuses a database that holds something
}

func TestTablesOfAnotherVersionAreNotMoved(t *testing.T) {
	t.Parallel()
	conf := store.Config{Path: filepath.Join(t.TempDir(), "muster.db")}
	old, err := store.Open(t.Context(), conf)
	must(t, err)
	must(t, old.Exec(t.Context(), `ALTER TABLE record ADD COLUMN extra TEXT`))
	must(t, old.Close())
	from, err := store.OpenAlone(t.Context(), conf)
	must(t, err)
	defer from.Close()
	if err := storetest.SQLite(t).Absorb(t.Context(), from, nil); !errs.Is(err, errs.Conflict) || errs.HintOf(err) == "" {
		t.Errorf("got %v, want Conflict with what to do", err)
	}
}
