package register_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// childVariable makes the test binary write to the database it names.
const childVariable = "MUSTER_TEST_WRITE_TO"

// perBatch is how many records a batch of the child has.
const perBatch = 100

// writeUntilKilled creates batches of people and prints a line after each
// commit. place is "account collection name-field unique-field database".
func writeUntilKilled(place string) {
	var acct, collection, name, upn int64
	var where string
	if _, err := fmt.Sscan(place, &acct, &collection, &name, &upn, &where); err != nil {
		panic(err)
	}
	ctx := context.Background()
	db, err := store.Open(ctx, configOf(where))
	if err != nil {
		panic(err)
	}
	svc := register.New(db, nil)
	for {
		err := db.InTx(db.Relaxed(ctx), func(ctx context.Context) error {
			first, err := db.NextIDs(ctx, "record", perBatch)
			if err != nil {
				return err
			}
			writes := make([]register.Write, perBatch)
			for i := range writes {
				id := first + int64(i)
				writes[i] = register.Write{Record: id, Create: true, Account: acct, Collection: collection, Set: []register.FieldValue{
					{Field: name, Value: datatype.OfText(fmt.Sprint("Person ", id))}, {Field: upn, Value: datatype.OfText(fmt.Sprint(id))}}}
			}
			_, err = svc.WriteBatch(ctx, audit.Actor{}, 7, writes)
			return err
		})
		if err != nil {
			panic(err)
		}
		fmt.Println("committed")
	}
}

func configOf(where string) store.Config {
	if strings.HasPrefix(where, "postgres:") {
		return store.Config{URL: where}
	}
	return store.Config{Path: where}
}

// A process killed while it writes leaves whole batches: all that it reported,
// and keys for exactly the records that are there.
func TestKilledWriterLeavesWholeBatches(t *testing.T) {
	t.Parallel()
	for _, where := range []string{filepath.Join(t.TempDir(), "muster.db"), "postgres"} {
		name, _, _ := strings.Cut(filepath.Base(where), ".")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if where == "postgres" {
				where = storetest.PostgresURL(t)
			}
			db := storetest.Open(t, configOf(where))
			w := newWorld(t, db, "Contoso")
			upn := w.field(register.People, "User principal name").ID
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %d %d %s", childVariable,
				w.account, w.by[register.People], w.field(register.People, "Name").ID, upn, where))
			child.Stderr = os.Stderr
			out, err := child.StdoutPipe()
			must(t, err)
			must(t, child.Start())
			lines := 0
			for in := bufio.NewScanner(out); in.Scan(); lines++ {
				if lines == 20 {
					must(t, child.Process.Kill())
				}
			}
			child.Wait()
			n, err := w.svc.Count(t.Context(), w.p, w.account, w.by[register.People])
			must(t, err)
			if n < lines*perBatch || n%perBatch != 0 {
				t.Errorf("%d records are there after %d batches of %d", n, lines, perBatch)
			}
			keys := make([]string, n+perBatch)
			for i := range keys {
				keys[i] = fmt.Sprint(i + 1)
			}
			held, err := db.FindKeys(t.Context(), w.by[register.People], upn, keys)
			if err != nil || len(held) != n {
				t.Errorf("%d keys for %d records, %v", len(held), n, err)
			}
			w.create(register.People, "Name", "somebody after the crash")
		})
	}
}
