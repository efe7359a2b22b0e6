package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// numbers returns where the sequence stands, as a witness of what committed.
func next(t *testing.T, db *store.DB, name string) int64 {
	t.Helper()
	got, err := db.NextIDs(t.Context(), name, 1)
	if err != nil {
		t.Fatalf("next ids: %v", err)
	}
	return got
}

func TestNextIDsHandsOutBlocks(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, want := range []int64{1, 2, 3} {
			if got := next(t, db, "record"); got != want {
				t.Errorf("got %d, want %d", got, want)
			}
		}
		first, err := db.NextIDs(t.Context(), "brand new", 100)
		if err != nil || first != 1 {
			t.Errorf("got %d, %v; want 1", first, err)
		}
		if got := next(t, db, "brand new"); got != 101 {
			t.Errorf("got %d, want 101", got)
		}
	})
}

func TestInTx(t *testing.T) {
	t.Parallel()
	bad := errors.New("bad")
	tests := []struct {
		name string
		run  func(ctx context.Context, db *store.DB) error
		want int64 // the next number afterwards
		err  error
	}{
		{"commits", func(ctx context.Context, db *store.DB) error {
			return db.InTx(ctx, func(ctx context.Context) error { return take(ctx, db) })
		}, 2, nil},
		{"leaves no trace of a failure", func(ctx context.Context, db *store.DB) error {
			return db.InTx(ctx, func(ctx context.Context) error { return errors.Join(take(ctx, db), bad) })
		}, 1, bad},
		{"leaves no trace of a panic", func(ctx context.Context, db *store.DB) (err error) {
			defer func() { err, _ = recover().(error) }()
			return db.InTx(ctx, func(ctx context.Context) error {
				if err := take(ctx, db); err != nil {
					return err
				}
				panic(bad)
			})
		}, 1, bad},
		{"joins the outer one", func(ctx context.Context, db *store.DB) error {
			return db.InTx(ctx, func(ctx context.Context) error {
				if err := db.InTx(ctx, func(ctx context.Context) error { return take(ctx, db) }); err != nil {
					return err
				}
				return bad
			})
		}, 1, bad},
		{"takes back a savepoint alone", func(ctx context.Context, db *store.DB) error {
			return db.InTx(ctx, func(ctx context.Context) error {
				if err := take(ctx, db); err != nil {
					return err
				}
				err := db.Savepoint(ctx, func(ctx context.Context) error { return errors.Join(take(ctx, db), bad) })
				if !errors.Is(err, bad) {
					return errors.New("the savepoint lost its error")
				}
				return db.Savepoint(ctx, func(ctx context.Context) error { return take(ctx, db) })
			})
		}, 3, nil},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for i, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				name := string(rune('a' + i))
				ctx := context.WithValue(t.Context(), sequenceKey{}, name)
				if err := tt.run(ctx, db); !errors.Is(err, tt.err) {
					t.Errorf("got error %v, want %v", err, tt.err)
				}
				if got := next(t, db, name); got != tt.want {
					t.Errorf("got %d, want %d", got, tt.want)
				}
			})
		}
	})
}

type sequenceKey struct{}

// take takes one number of the test's sequence.
func take(ctx context.Context, db *store.DB) error {
	_, err := db.NextIDs(ctx, ctx.Value(sequenceKey{}).(string), 1)
	return err
}

// Rivals that read and then write the same row end up one after the other.
func TestInTxOfRivals(t *testing.T) {
	t.Parallel()
	const rivals, rounds = 8, 10
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var wg sync.WaitGroup
		for range rivals {
			wg.Go(func() {
				for range rounds {
					if err := db.InTx(t.Context(), func(ctx context.Context) error {
						_, err := db.NextIDs(ctx, "shared", 1)
						return err
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if got := next(t, db, "shared"); got != rivals*rounds+1 {
			t.Errorf("got %d, want %d", got, rivals*rounds+1)
		}
	})
}

func TestThreeMigratorsAtOnce(t *testing.T) {
	t.Parallel()
	configs := map[string]func(t *testing.T) store.Config{
		"sqlite":   func(t *testing.T) store.Config { return store.Config{Path: filepath.Join(t.TempDir(), "muster.db")} },
		"postgres": func(t *testing.T) store.Config { return store.Config{URL: storetest.EmptyPostgresURL(t)} },
	}
	for name, config := range configs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(t)
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					db, err := store.Open(context.Background(), c)
					if err != nil {
						t.Error(err)
						return
					}
					if v, err := db.SchemaVersion(context.Background()); err != nil || v < 1 {
						t.Errorf("got version %d, %v", v, err)
					}
					db.Close()
				})
			}
			wg.Wait()
		})
	}
}
