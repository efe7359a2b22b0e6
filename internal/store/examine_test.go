package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestADatabaseIsExaminedWithoutBeingChanged(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if _, err := store.Examine(t.Context(), store.Config{Path: filepath.Join(folder, "muster.db")}); !errs.Is(err, errs.NotFound) {
		t.Errorf("where nothing is: got %v, want NotFound", err)
	}
	if list, err := os.ReadDir(folder); err != nil || len(list) > 0 {
		t.Fatalf("looking made %v, %v", list, err)
	}
	for name, conf := range map[string]store.Config{
		"sqlite":   {Path: filepath.Join(folder, "muster.db")},
		"postgres": {URL: storetest.PostgresURL(t)},
	} {
		db := storetest.Open(t, conf)
		fill(t, db, 100)
		look := func() store.Condition {
			c, err := store.Examine(t.Context(), conf)
			must(t, err)
			return c
		}
		c := look()
		if c.Engine != name || c.Schema != c.Newest || c.Pending != 0 || c.Bytes == 0 || c.Version == "" || len(c.Damage) != 0 {
			t.Errorf("%s: a filled one is %+v", name, c)
		}
		if name == "sqlite" && c.LogBytes == 0 || name == "postgres" && (c.MaxConnections == 0 || c.Connections == 0) {
			t.Errorf("%s: the engine's own numbers are missing: %+v", name, c)
		}
		must(t, db.Exec(t.Context(), `DELETE FROM goose_db_version WHERE version_id = $1`, c.Newest))
		for range 2 { // looking does not migrate
			if c := look(); c.Schema >= c.Newest || c.Pending != 1 {
				t.Errorf("%s: an older schema is %+v", name, c)
			}
		}
		must(t, db.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, $1)`, sqlBool(name)))
		if c := look(); c.Schema != 99999 || c.Schema <= c.Newest {
			t.Errorf("%s: a newer schema is %+v", name, c)
		}
	}
}

// sqlBool is true as the engine's column of goose takes it.
func sqlBool(engine string) any {
	if engine == "sqlite" {
		return 1
	}
	return true
}

func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "muster.db")
	db, err := store.Open(t.Context(), store.Config{Path: path})
	must(t, err)
	fill(t, db, 5000)
	must(t, db.Close()) // which puts all of it into the one file
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	info, err := f.Stat()
	must(t, err)
	for at := info.Size() / 2; at < info.Size()*3/4; at += 8192 {
		_, err = f.WriteAt(make([]byte, 512), at/8192*8192)
		must(t, err)
	}
	must(t, f.Close())
	if c, err := store.Examine(t.Context(), store.Config{Path: path}); err == nil && len(c.Damage) == 0 {
		t.Errorf("the database is said to be sound: %+v", c)
	}
}
