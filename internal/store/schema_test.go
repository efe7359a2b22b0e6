package store_test

import (
	"flag"
	"os"
	"testing"

	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The schema that migrations make is kept as text, so that a review shows what
// a migration does to it.
func TestSchema(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		got, err := db.Schema(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		file := "schema." + db.Engine() + ".sql"
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("the schema is not as %s has it; see what changed with: go test ./internal/store -run TestSchema -update && git diff", file)
		}
	})
}
