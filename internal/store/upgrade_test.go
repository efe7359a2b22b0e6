package store_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/rawjson"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// older are the backups of earlier schemas, the newest last.
func older(t *testing.T) (archives [][]byte, versions []int64) {
	t.Helper()
	files, err := filepath.Glob("testdata/upgrade/*.zip")
	must(t, err)
	for _, f := range files {
		v, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(f), ".zip"), 10, 64)
		must(t, err)
		versions = append(versions, v)
	}
	slices.Sort(versions)
	for _, v := range versions {
		data, err := os.ReadFile(fmt.Sprintf("testdata/upgrade/%d.zip", v))
		must(t, err)
		archives = append(archives, data)
	}
	if len(archives) == 0 {
		t.Fatal("there are no backups of earlier schemas")
	}
	return archives, versions
}

// migrations are the versions that there are.
func migrations(t *testing.T) (versions []int64) {
	t.Helper()
	files, err := filepath.Glob("migrations/*.sql")
	must(t, err)
	for _, f := range files {
		v, err := strconv.ParseInt(filepath.Base(f)[:5], 10, 64)
		must(t, err)
		versions = append(versions, v)
	}
	slices.Sort(versions)
	return versions
}

// A database of each earlier schema, with data in it, opens with this program
// and holds what it held.
func TestUpgradeFromEachEarlierSchema(t *testing.T) {
	t.Parallel()
	archives, made := older(t)
	for _, version := range migrations(t) {
		i, there := slices.BinarySearch(made, version)
		if !there {
			i-- // one from before, brought to this version first
		}
		for _, engine := range []string{"sqlite", "postgres"} {
			t.Run(fmt.Sprintf("%d on %s", version, engine), func(t *testing.T) {
				t.Parallel()
				where := store.Config{Path: filepath.Join(t.TempDir(), "muster.db")}
				if engine == "postgres" {
					where = store.Config{URL: storetest.PostgresURL(t)}
				}
				old, err := store.OpenAt(t.Context(), where, made[i])
				must(t, err)
				must(t, old.Restore(t.Context(), bytes.NewReader(archives[i]), int64(len(archives[i]))))
				must(t, old.Close())
				between, err := store.OpenAt(t.Context(), where, version)
				must(t, err)
				must(t, between.Close())
				holds(t, storetest.Open(t, where), archives[i])
			})
		}
	}
}

// A backup of an earlier schema restores with this program.
func TestAnOlderBackupRestores(t *testing.T) {
	t.Parallel()
	archives, versions := older(t)
	for i, archive := range archives {
		for _, db := range engines(t) {
			t.Run(fmt.Sprintf("%d on %s", versions[i], db.Engine()), func(t *testing.T) {
				must(t, restore(t, db, archive))
				holds(t, db, archive)
				if err := restore(t, db, archive); !errs.Is(err, errs.Conflict) {
					t.Errorf("over data: %v, want it refused", err)
				}
			})
		}
	}
}

// What an older backup lacks is missed before anything is changed.
func TestADamagedOlderBackupChangesNothing(t *testing.T) {
	t.Parallel()
	archives, _ := older(t)
	dir := t.TempDir()
	file := storetest.Open(t, store.Config{Path: filepath.Join(dir, "muster.db")})
	for _, db := range []*store.DB{file, engines(t)[1]} {
		spoilt := rewrite(t, bytes.Clone(archives[0]), "manifest.json", replace(`"title_key"`, `"tittle_key"`))
		if err := restore(t, db, spoilt); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: a column of another name: %v, want it refused", db.Engine(), err)
		}
		must(t, restore(t, db, archives[0])) // nothing was left in the database either
	}
	if left, err := filepath.Glob(filepath.Join(dir, "restore-*")); err != nil || len(left) > 0 {
		t.Errorf("files are left behind: %v, %v", left, err)
	}
}

// holds compares what a database holds with an older archive: each row and each
// column that was there is there still, and no more rows.
func holds(t *testing.T, db *store.DB, archive []byte) {
	t.Helper()
	want, got := store.Columns(archive), backup(t, db)
	now := store.Columns(got)
	wanted, gotten := tables(t, archive), tables(t, got)
	people := 0
	for name, columns := range want {
		entry := "tables/" + name + ".jsonl"
		a, b := project(t, wanted[entry], columns, columns), project(t, gotten[entry], now[name], columns)
		if !slices.Equal(a, b) {
			t.Errorf("%s: got %.300q, want %.300q", name, b, a)
		}
		people += len(a)
	}
	if people < 200 {
		t.Errorf("only %d rows were compared", people)
	}
}

// project picks columns out of lines, and sorts them.
func project(t *testing.T, lines string, from, columns []string) (out []string) {
	t.Helper()
	for line := range strings.Lines(strings.TrimSpace(lines)) {
		cells := map[string]string{}
		s := rawjson.Scan([]byte(line))
		s.Array()
		for _, c := range from {
			s.Element()
			cells[c] = string(s.Value())
		}
		var picked []string
		for _, c := range columns {
			picked = append(picked, cells[c])
		}
		out = append(out, strings.Join(picked, ","))
	}
	slices.Sort(out)
	return out
}
