package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// bulkRows and bulkDoc are about a tenant of a hundred thousand people.
const bulkRows = 100_000

func bulkDoc(i int) []byte {
	return []byte(fmt.Sprintf(`{"id":"%032x","displayName":"Person %d","rest":"%s"}`, i, i, strings.Repeat("x", 1040)))
}

// BenchmarkBulkInsert loads mirror rows of 1.1 KB in transactions of a thousand,
// as a run does. One operation is all hundred thousand rows.
func BenchmarkBulkInsert(b *testing.B) {
	for name, open := range map[string]func() *store.DB{
		"sqlite":   func() *store.DB { return storetest.SQLite(b) },
		"postgres": func() *store.DB { return storetest.Open(b, store.Config{URL: storetest.PostgresURL(b)}) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				db := open()
				b.StartTimer()
				for at := 0; at < bulkRows; at += 1000 {
					insertEntries(b, db, at, 1000)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/bulkRows, "ns/row")
		})
	}
}

func insertEntries(b *testing.B, db *store.DB, at, n int) {
	object := make([]byte, 16)
	hash := make([]byte, 16)
	must(b, db.BulkInsert(db.Relaxed(context.Background()), "entry",
		[]string{"id", "connection_id", "kind", "object_id", "version", "standing", "missing", "deleted_at", "purge_at", "run_id", "hash", "doc"},
		n, func(i int, dst []any) {
			copy(object, fmt.Sprintf("%016x", uint64(at+i)*0x9E3779B97F4A7C15))
			dst[0], dst[1], dst[2], dst[3] = int64(at+i+1), int64(1), int64(1), append([]byte(nil), object...)
			dst[4], dst[5], dst[6], dst[7], dst[8], dst[9] = int64(1), int64(1), int64(0), int64(0), int64(0), int64(1)
			dst[10], dst[11] = hash, bulkDoc(at+i)
		}))
}

// BenchmarkBulkInsertFloor is the least that SQLite's driver needs for the same
// rows: one bare table, one transaction, no second index, no syncing.
func BenchmarkBulkInsertFloor(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		db, err := sql.Open("sqlite", filepath.Join(b.TempDir(), "floor.db")+"?_pragma=journal_mode(wal)&_pragma=synchronous(off)")
		must(b, err)
		_, err = db.Exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, doc BLOB NOT NULL)`)
		must(b, err)
		b.StartTimer()
		tx, err := db.Begin()
		must(b, err)
		stmt, err := tx.Prepare(`INSERT INTO t VALUES (?, ?)`)
		must(b, err)
		for i := range bulkRows {
			if _, err := stmt.Exec(i, bulkDoc(i)); err != nil {
				b.Fatal(err)
			}
		}
		must(b, tx.Commit())
		must(b, db.Close())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/bulkRows, "ns/row")
}
