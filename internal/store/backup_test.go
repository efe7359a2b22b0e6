package store_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// fill puts rows of every kind of value into db, with what is hard to keep:
// bytes, NULL, empty and odd texts.
func fill(t *testing.T, db *store.DB, records int) {
	t.Helper()
	must(t, db.Exec(t.Context(), `INSERT INTO organization (id, name, created_at) VALUES (1, $1, -5)`, "Zoë & \"Söhne\" \n \\ \u2028 \x01 </script>"))
	must(t, db.Exec(t.Context(), `INSERT INTO account (name, name_key, created_at) VALUES ('a', 'a', 9007199254740993)`))
	insertRecords(t, db, records)
	must(t, db.BulkInsert(t.Context(), "entry",
		[]string{"id", "connection_id", "kind", "object_id", "version", "standing", "missing", "deleted_at", "purge_at", "run_id", "hash", "doc"},
		3, func(i int, dst []any) {
			copy(dst, []any{int64(i + 1), int64(1), int64(1), []byte{0, byte(i), 255}, int64(1), int64(1), int64(0), int64(0), int64(0), int64(0), nil, []byte{}})
			if i > 0 {
				dst[10] = []byte("hash")
			}
		}))
	must(t, db.Exec(t.Context(), `INSERT INTO unit (connection_id, kind, ref, nested, name, known, problem, members, groups, read_at)
		VALUES (1, 1, 'x', $1, '', $2, '', $3, '[]', 0)`, true, false, []byte{}))
	if _, err := db.NextIDs(t.Context(), "record", records); err != nil {
		t.Fatal(err)
	}
}

func insertRecords(t testing.TB, db *store.DB, n int) {
	t.Helper()
	must(t, db.BulkInsert(context.Background(), "record",
		[]string{"id", "account_id", "collection_id", "version", "title", "title_key", "fields", "pinned", "created_at", "updated_at", "archived_at"},
		n, func(i int, dst []any) {
			name := fmt.Sprintf("Record %06d", i)
			copy(dst, []any{int64(i + 1), int64(1), int64(1), int64(1), name, name, `{"1":"` + name + `"}`, "[]", int64(0), int64(0), nil})
			if i%2 == 0 {
				dst[10] = int64(i)
			}
		}))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open returns empty databases of both engines.
func engines(t *testing.T) []*store.DB {
	t.Helper()
	return []*store.DB{storetest.SQLite(t), storetest.Open(t, store.Config{URL: storetest.PostgresURL(t)})}
}

// tables returns the contents of an archive's tables by name.
func tables(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	must(t, err)
	out := map[string]string{}
	for _, f := range r.File {
		entry, err := f.Open()
		must(t, err)
		text, err := io.ReadAll(entry)
		must(t, err)
		if filepath.Ext(f.Name) == ".jsonl" {
			lines := bytes.Split(text, []byte("\n"))
			slices.SortFunc(lines, bytes.Compare)
			out[f.Name] = string(bytes.Join(lines, []byte("\n")))
		}
	}
	return out
}

func backup(t *testing.T, db *store.DB) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, db.Backup(t.Context(), &b))
	return b.Bytes()
}

func restore(t *testing.T, db *store.DB, archive []byte) error {
	t.Helper()
	return db.Restore(t.Context(), bytes.NewReader(archive), int64(len(archive)))
}

// A backup of either engine restores on either engine, and a backup of that is
// the same again.
func TestBackupMovesBetweenEngines(t *testing.T) {
	t.Parallel()
	for _, from := range engines(t) {
		fill(t, from, 4321)
		archive := backup(t, from)
		for _, to := range engines(t) {
			t.Run(from.Engine()+" to "+to.Engine(), func(t *testing.T) {
				must(t, restore(t, to, archive))
				got, want := tables(t, backup(t, to)), tables(t, archive)
				for name := range want {
					if got[name] != want[name] {
						t.Errorf("%s: got %.300s, want %.300s", name, got[name], want[name])
					}
				}
				if len(want) < 20 || len(got) != len(want) {
					t.Errorf("got %d tables, want %d", len(got), len(want))
				}
				must(t, to.Exec(t.Context(), `INSERT INTO account (name, name_key, created_at) VALUES ('b', 'b', 0)`))
				if got := next(t, to, "record"); got != 4322 {
					t.Errorf("the sequence goes on at %d, want 4322", got)
				}
				if err := restore(t, to, archive); !errs.Is(err, errs.Conflict) {
					t.Errorf("got %v, want a refusal to restore over data", err)
				}
			})
		}
	}
}

// What is written during a backup is in it whole or not at all.
func TestBackupIsOfOneInstant(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		fill(t, db, 2000)
		w := &interrupter{at: 10, do: func() {
			must(t, db.InTx(t.Context(), func(ctx context.Context) error {
				if err := db.Exec(ctx, `UPDATE record SET title = 'changed'`); err != nil {
					return err
				}
				return db.Exec(ctx, `UPDATE unit SET name = 'changed'`)
			}))
		}}
		must(t, db.Backup(t.Context(), w))
		if w.at >= 0 {
			t.Fatal("nothing was written meanwhile")
		}
		for name, text := range tables(t, w.Bytes()) {
			if bytes.Contains([]byte(text), []byte("changed")) {
				t.Errorf("%s has what was written after the backup began", name)
			}
		}
	})
}

// interrupter does something when an archive's first bytes arrive.
type interrupter struct {
	bytes.Buffer
	at int
	do func()
}

func (w *interrupter) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if w.at >= 0 && w.Len() > w.at {
		w.at = -1
		w.do()
	}
	return n, err
}

func TestRestoreRefusesDamage(t *testing.T) {
	t.Parallel()
	from := storetest.SQLite(t)
	fill(t, from, 50)
	whole := backup(t, from)
	to := storetest.SQLite(t)
	for name, spoil := range map[string]func([]byte) []byte{
		"cut off":          func(b []byte) []byte { return b[:len(b)-10] },
		"nothing":          func([]byte) []byte { return nil },
		"a byte turned":    func(b []byte) []byte { b[middle(t, b)] ^= 0x40; return b },
		"a row left out":   func(b []byte) []byte { return rewrite(t, b, "tables/record.jsonl", dropLine) },
		"a table left out": func(b []byte) []byte { return rewrite(t, b, "tables/record.jsonl", nil) },
		"no manifest":      func(b []byte) []byte { return rewrite(t, b, "manifest.json", nil) },
		"another value":    func(b []byte) []byte { return rewrite(t, b, "tables/record.jsonl", replace(`"Record 000001"`, `17`)) },
		"a text changed": func(b []byte) []byte {
			return rewrite(t, b, "tables/record.jsonl", replace(`Record 000001`, `Record 00000X`))
		},
		"a newer format":    func(b []byte) []byte { return rewrite(t, b, "manifest.json", replace(`"format": 1`, `"format": 2`)) },
		"another schema":    func(b []byte) []byte { return rewrite(t, b, "manifest.json", replace(`"schema": `, `"schema": 99`)) },
		"a column too many": func(b []byte) []byte { return rewrite(t, b, "manifest.json", replace(`"title_key"`, `"tittle_key"`)) },
	} {
		err := restore(t, to, spoil(bytes.Clone(whole)))
		if !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.Conflict) || errs.HintOf(err) == "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := restore(t, to, whole); err != nil {
		t.Errorf("the refusals left something behind: %v", err)
	}
}

// middle returns a place inside the packed rows of the largest table.
func middle(t *testing.T, archive []byte) int64 {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	must(t, err)
	f := slices.MaxFunc(r.File, func(a, b *zip.File) int { return int(a.CompressedSize64) - int(b.CompressedSize64) })
	start, err := f.DataOffset()
	must(t, err)
	return start + int64(f.CompressedSize64)/2
}

// rewrite returns the archive with one entry changed or, with nil, left out.
func rewrite(t *testing.T, archive []byte, name string, change func([]byte) []byte) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	must(t, err)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range r.File {
		entry, err := f.Open()
		must(t, err)
		text, err := io.ReadAll(entry)
		must(t, err)
		if f.Name == name && change == nil {
			continue
		}
		if f.Name == name {
			text = change(text)
		}
		out, err := w.Create(f.Name)
		must(t, err)
		if _, err := out.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	must(t, w.Close())
	return b.Bytes()
}

func dropLine(b []byte) []byte { return b[bytes.IndexByte(b, '\n')+1:] }

func replace(old, by string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(by), 1) }
}
