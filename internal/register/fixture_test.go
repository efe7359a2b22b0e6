package register_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestMain(m *testing.M) {
	if place := os.Getenv(childVariable); place != "" {
		writeUntilKilled(place)
		return
	}
	storetest.Main(m)
}

// clock is the instant at which the tests take place.
var clock = time.Date(2026, 5, 18, 9, 0, 0, 0, time.UTC)

// world is an account with one module, as its creation leaves it.
type world struct {
	t       *testing.T
	db      *store.DB
	svc     *register.Service
	p       account.Principal
	account int64
	module  int64
	by      map[register.Kind]int64
}

// newWorld makes another account in db.
func newWorld(t *testing.T, db *store.DB, name string) *world {
	t.Helper()
	a, err := db.CreateAccount(t.Context(), account.Account{Name: name, CreatedAt: clock})
	must(t, err)
	m, err := db.CreateModule(t.Context(), account.Module{Account: a.ID, Name: "IT equipment", CreatedAt: clock})
	must(t, err)
	w := &world{
		t: t, db: db, svc: register.New(db, func() time.Time { return clock }), p: account.System(),
		account: a.ID, module: m.ID, by: map[register.Kind]int64{},
	}
	made, err := w.svc.SetUpModule(t.Context(), w.p.Actor(), a.ID, m.ID, "Assets")
	must(t, err)
	for _, c := range made {
		w.by[c.Kind] = c.ID
	}
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// field returns a field by name.
func (w *world) field(k register.Kind, name string) register.Field {
	w.t.Helper()
	fields, err := w.svc.Fields(w.t.Context(), w.account, w.by[k])
	must(w.t, err)
	i := slices.IndexFunc(fields, func(f register.Field) bool { return f.Name == name })
	if i < 0 {
		w.t.Fatalf("no field %s in %s", name, k)
	}
	return fields[i]
}

// set makes field values from name, text, name, text, …
func (w *world) set(k register.Kind, pairs ...string) []register.FieldValue {
	w.t.Helper()
	var out []register.FieldValue
	for i := 0; i < len(pairs); i += 2 {
		f := w.field(k, pairs[i])
		v, err := datatype.Parse(f.Spec, pairs[i+1])
		must(w.t, err)
		out = append(out, register.FieldValue{Field: f.ID, Value: v})
	}
	slices.SortFunc(out, func(a, b register.FieldValue) int { return int(a.Field - b.Field) })
	return out
}

// create adds a record and fails the test when it cannot.
func (w *world) create(k register.Kind, pairs ...string) register.Record {
	w.t.Helper()
	rec, err := w.svc.Create(w.t.Context(), w.p, register.Input{Account: w.account, Collection: w.by[k], Set: w.set(k, pairs...)})
	must(w.t, err)
	return rec
}

// wantKind fails the test unless err has a kind and says something.
func wantKind(t *testing.T, err error, kind errs.Kind, says string) {
	t.Helper()
	if !errs.Is(err, kind) || !strings.Contains(err.Error(), says) {
		t.Errorf("got %v (%v), want %v saying %q", err, errs.KindOf(err), kind, says)
	}
}
