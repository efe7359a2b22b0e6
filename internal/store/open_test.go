package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, content, 0o600))
		return path
	}
	whole := filepath.Join(dir, "whole.db")
	db, err := store.Open(t.Context(), store.Config{Path: whole})
	must(t, err)
	insertRecords(t, db, 2000)
	must(t, db.Close())
	content, err := os.ReadFile(whole)
	must(t, err)
	broken := append([]byte{}, content...)
	copy(broken[4096:], strings.Repeat("x", 40*4096))

	tests := []struct {
		name string
		c    store.Config
		kind errs.Kind
		says string
	}{
		{"a directory", store.Config{Path: dir}, errs.Invalid, "is a directory"},
		{"no directory", store.Config{Path: filepath.Join(dir, "no", "such", "muster.db")}, errs.Invalid, "does not exist"},
		{"not a database", store.Config{Path: file("letter.txt", []byte(strings.Repeat("Dear Sir or Madam, ", 500)))}, errs.Invalid, "not a database"},
		{"damaged", store.Config{Path: file("broken.db", broken)}, errs.Internal, "damaged"},
		{"a URL that is none", store.Config{URL: "postgres://user:se%zzcret@host"}, errs.Invalid, "cannot be read"},
		{"nobody there", store.Config{URL: "postgres://user:secret@127.0.0.1:1/muster"}, errs.Unavailable, "cannot be reached"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db, err := store.Open(t.Context(), tt.c)
			if err == nil {
				db.Close()
			}
			if !errs.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) || errs.HintOf(err) == "" {
				t.Errorf("got %v (%v, hint %q), want %v saying %q", err, errs.KindOf(err), errs.HintOf(err), tt.kind, tt.says)
			}
			if err != nil && strings.Contains(err.Error(), "cret") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestOpenPostgresSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	name := url[strings.LastIndex(url, "/test_")+1 : strings.Index(url, "?")]
	db, err := store.Open(t.Context(), store.Config{URL: strings.Replace(url, name, "nowhere", 1)})
	if err == nil {
		db.Close()
	}
	if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "no such database") {
		t.Errorf("got %v", err)
	}
}

func TestOpenRefusesANewerDatabase(t *testing.T) {
	t.Parallel()
	for _, c := range []store.Config{{Path: filepath.Join(t.TempDir(), "muster.db")}, {URL: storetest.PostgresURL(t)}} {
		db, err := store.Open(t.Context(), c)
		must(t, err)
		must(t, db.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, $1)`, true))
		engine := db.Engine()
		must(t, db.Close())
		db, err = store.Open(t.Context(), c)
		if err == nil {
			db.Close()
		}
		if !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "version 9999") || errs.HintOf(err) == "" {
			t.Errorf("%s: got %v", engine, err)
		}
	}
}

// Two processes may have one SQLite file open: each waits for the other.
func TestWritersOfOneFileWaitForEachOther(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "muster.db")
	one, two := storetest.Open(t, store.Config{Path: path}), storetest.Open(t, store.Config{Path: path})
	inside, done := make(chan struct{}), make(chan error)
	release := make(chan struct{})
	go func() {
		done <- one.InTx(context.Background(), func(ctx context.Context) error {
			close(inside)
			<-release
			_, err := one.NextIDs(ctx, "x", 1)
			return err
		})
	}()
	<-inside
	time.AfterFunc(50*time.Millisecond, func() { close(release) })
	if got := next(t, two, "x"); got != 2 {
		t.Errorf("got %d, want 2: the second writer did not wait", got)
	}
	must(t, <-done)
}

func TestBulkInsertAndConflicts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		columns := []string{"collection_id", "field_id", "value_key", "record_id"}
		row := func(i int, dst []any) { copy(dst, []any{int64(1), int64(2), string(rune('a' + i)), int64(i)}) }
		must(t, db.BulkInsert(ctx, "record_key", columns, 3, row))
		err := db.BulkInsert(ctx, "record_key", columns, 5, row)
		if got, ok := db.IsUnique(err); !ok || got != "record_key(collection_id, field_id, value_key)" {
			t.Errorf("got %q, %v for %v", got, ok, err)
		}
		if n, err := db.Number(ctx, `SELECT COUNT(*) FROM record_key`); err != nil || n != 3 {
			t.Errorf("a failed insert left %d rows, %v; want 3", n, err)
		}
		must(t, db.BulkInsert(ctx, "record_key", columns, 1200, func(i int, dst []any) {
			row(i%26, dst)
			dst[1], dst[3] = int64(3+i/26), int64(i)
		}, "ON CONFLICT DO NOTHING"))
		must(t, db.BulkInsert(ctx, "record_key", columns, 3, func(i int, dst []any) { row(i, dst); dst[3] = int64(100) },
			"ON CONFLICT (collection_id, field_id, value_key) DO UPDATE SET record_id = excluded.record_id"))
		if n, err := db.Number(ctx, `SELECT COUNT(*) FROM record_key`); err != nil || n != 1203 {
			t.Errorf("got %d rows, %v; want 1203", n, err)
		}
		if n, err := db.Number(ctx, `SELECT SUM(record_id) FROM record_key WHERE field_id = 2`); err != nil || n != 300 {
			t.Errorf("got %d, %v; want 300", n, err)
		}
	})
}

// A transaction whose caller gave up leaves nothing and lets the next one in.
func TestCancelledTransaction(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.InTx(ctx, func(ctx context.Context) error {
			if _, err := db.NextIDs(ctx, "x", 5); err != nil {
				return err
			}
			cancel()
			_, err := db.NextIDs(ctx, "x", 5)
			return err
		})
		if err == nil {
			t.Error("a cancelled transaction committed")
		}
		if got := next(t, db, "x"); got != 1 {
			t.Errorf("got %d, want 1", got)
		}
	})
}

// A relaxed transaction changes how commits wait, and only its own.
func TestRelaxed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		query, strict, lazy := `SELECT synchronous FROM pragma_synchronous`, int64(2), int64(1)
		if db.Engine() == "postgres" {
			query, strict, lazy = `SELECT CASE current_setting('synchronous_commit') WHEN 'off' THEN 1 ELSE 2 END`, 1, 1 // the test server never waits
		}
		for _, tt := range []struct {
			ctx  context.Context
			want int64
		}{{t.Context(), strict}, {db.Relaxed(t.Context()), lazy}, {t.Context(), strict}} {
			must(t, db.InTx(tt.ctx, func(ctx context.Context) error {
				got, err := db.Number(ctx, query)
				if got != tt.want {
					t.Errorf("got %d, want %d", got, tt.want)
				}
				return err
			}))
		}
	})
}
