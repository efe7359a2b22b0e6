package register_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// BenchmarkWriteBatch creates and then changes a thousand people with eight
// fields, one of them unique, in one transaction each, as a run does.
func BenchmarkWriteBatch(b *testing.B) {
	for name, open := range map[string]func() *store.DB{
		"sqlite":   func() *store.DB { return storetest.SQLite(b) },
		"postgres": func() *store.DB { return storetest.Open(b, store.Config{URL: storetest.PostgresURL(b)}) },
	} {
		b.Run(name, func(b *testing.B) {
			db := open()
			ctx := db.Relaxed(context.Background())
			svc, acct, people := people(b, db)
			fields, err := svc.Fields(ctx, acct, people)
			if err != nil {
				b.Fatal(err)
			}
			var last []register.Write
			b.Run("create", func(b *testing.B) {
				for b.Loop() {
					last = writes(b, db, acct, people, fields)
					batch(b, svc, ctx, last)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
			})
			b.Run("update", func(b *testing.B) {
				n := 0
				for b.Loop() {
					n++
					changes := make([]register.Write, len(last))
					for i, w := range last {
						changes[i] = register.Write{Record: w.Record, Account: acct, Set: []register.FieldValue{
							w.Set[0], {Field: w.Set[3].Field, Value: datatype.OfText(fmt.Sprint("Department ", n))},
						}}
					}
					batch(b, svc, ctx, changes)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
			})
			b.Run("load", func(b *testing.B) {
				ids := make([]int64, len(last))
				for i := range last {
					ids[i] = last[i].Record
				}
				for b.Loop() {
					if got, err := svc.Load(ctx, ids); err != nil || len(got) != len(ids) {
						b.Fatal(len(got), err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
			})
		})
	}
}

// BenchmarkList reads a page in the middle, a page by the beginning of the title
// and a page by a field, in a collection of a hundred thousand people.
func BenchmarkList(b *testing.B) {
	for name, open := range map[string]func() *store.DB{
		"sqlite":   func() *store.DB { return storetest.SQLite(b) },
		"postgres": func() *store.DB { return storetest.Open(b, store.Config{URL: storetest.PostgresURL(b)}) },
	} {
		b.Run(name, func(b *testing.B) {
			db := open()
			ctx := db.Relaxed(context.Background())
			svc, acct, people := people(b, db)
			fields, err := svc.Fields(ctx, acct, people)
			if err != nil {
				b.Fatal(err)
			}
			for range 100 {
				batch(b, svc, ctx, writes(b, db, acct, people, fields))
			}
			department := register.FieldValue{Field: fields[3].ID, Value: datatype.OfText("Department of Redundancy")}
			nowhere := register.FieldValue{Field: fields[3].ID, Value: datatype.OfText("Department of Nothing")}
			for name, q := range map[string]register.Query{
				"middle": {After: register.Cursor{TitleKey: "person number 50000", ID: 1}},
				"prefix": {Prefix: "Person Number 7777"},
				"field":  {Match: department},
				"absent": {Match: nowhere},
			} {
				q.Account, q.Collection, q.Limit = acct, people, 50
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						if _, err := svc.List(ctx, account.System(), q); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}

func people(b *testing.B, db *store.DB) (svc *register.Service, acct, collection int64) {
	b.Helper()
	ctx := context.Background()
	a, err := db.CreateAccount(ctx, account.Account{Name: "Contoso", CreatedAt: clock})
	if err != nil {
		b.Fatal(err)
	}
	m, err := db.CreateModule(ctx, account.Module{Account: a.ID, Name: "IT", CreatedAt: clock})
	if err != nil {
		b.Fatal(err)
	}
	svc = register.New(db, nil)
	made, err := svc.SetUpModule(ctx, audit.Actor{}, a.ID, m.ID, "")
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range made {
		if c.Kind == register.People {
			collection = c.ID
		}
	}
	return svc, a.ID, collection
}

// writes returns a thousand creations.
func writes(b *testing.B, db *store.DB, acct, collection int64, fields []register.Field) []register.Write {
	b.Helper()
	first, err := db.NextIDs(context.Background(), "record", 1000)
	if err != nil {
		b.Fatal(err)
	}
	out := make([]register.Write, 1000)
	for i := range out {
		id := first + int64(i)
		out[i] = register.Write{Record: id, Create: true, Account: acct, Collection: collection}
		for j, text := range []string{
			fmt.Sprintf("Person Number %d", id), fmt.Sprintf("p%x@contoso.example", uint64(id)*0x9E3779B97F4A7C15),
			fmt.Sprintf("p%d@contoso.example", id), "Department of Redundancy", "Senior Engineer", "+49 30 1234567",
		} {
			out[i].Set = append(out[i].Set, register.FieldValue{Field: fields[j].ID, Value: datatype.OfText(text)})
		}
	}
	return out
}

func batch(b *testing.B, svc *register.Service, ctx context.Context, writes []register.Write) {
	b.Helper()
	out, err := svc.WriteBatch(ctx, audit.Actor{}, 7, writes)
	if err != nil {
		b.Fatal(err)
	}
	for _, o := range out {
		if o.Err != nil {
			b.Fatal(o.Err)
		}
	}
}

// BenchmarkConvertField previews and then does a change of type in a collection
// of a hundred thousand people: of all values, with a history entry each.
func BenchmarkConvertField(b *testing.B) {
	for name, open := range map[string]func() *store.DB{
		"sqlite":   func() *store.DB { return storetest.SQLite(b) },
		"postgres": func() *store.DB { return storetest.Open(b, store.Config{URL: storetest.PostgresURL(b)}) },
	} {
		b.Run(name, func(b *testing.B) {
			db := open()
			svc, acct, collection := people(b, db)
			fields, err := svc.Fields(b.Context(), acct, collection)
			if err != nil {
				b.Fatal(err)
			}
			for range 100 {
				batch(b, svc, db.Relaxed(b.Context()), writes(b, db, acct, collection, fields))
			}
			in := register.Conversion{Account: acct, Collection: collection, Field: fields[3].ID, Type: datatype.Choices}
			b.Run("preview", func(b *testing.B) {
				for b.Loop() {
					if _, err := svc.PreviewConversion(b.Context(), account.System(), in); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("apply", func(b *testing.B) {
				for b.Loop() {
					in.Type = map[bool]datatype.Type{true: datatype.Text, false: datatype.Choices}[in.Type == datatype.Choices]
					if _, err := svc.ConvertField(b.Context(), account.System(), in); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
