package store_test

import (
	"testing"

	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// A table that a run fills is known to be full before PostgreSQL's own look.
func TestStatisticsFollowALoad(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Config{URL: storetest.PostgresURL(t)})
	insertRecords(t, db, 5000)
	got, err := db.Number(t.Context(), `SELECT reltuples::bigint FROM pg_class WHERE relname = 'record'`)
	if err != nil || got != 5000 {
		t.Errorf("PostgreSQL believes in %d rows, %v; want 5000", got, err)
	}
}
