package listing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var clock = time.Date(2026, 5, 18, 9, 0, 0, 0, time.UTC)

// world is an account with one module.
type world struct {
	t       *testing.T
	db      *store.DB
	records *register.Service
	list    *listing.Service
	p       account.Principal
	account int64
	module  int64
	by      map[register.Kind]int64
	fields  map[string]register.Field // of the people
}

func newWorld(t *testing.T, db *store.DB) *world {
	t.Helper()
	a, err := db.CreateAccount(t.Context(), account.Account{Name: "Contoso", CreatedAt: clock})
	must(t, err)
	m, err := db.CreateModule(t.Context(), account.Module{Account: a.ID, Name: "IT", CreatedAt: clock})
	must(t, err)
	w := &world{t: t, db: db, p: account.System(), account: a.ID, module: m.ID, by: map[register.Kind]int64{}, fields: map[string]register.Field{}}
	w.records = register.New(db, func() time.Time { return clock })
	w.list = listing.New(db, w.records)
	made, err := w.records.SetUpModule(t.Context(), w.p.Actor(), a.ID, m.ID, "Assets")
	must(t, err)
	for _, c := range made {
		w.by[c.Kind] = c.ID
	}
	fields, err := w.records.Fields(t.Context(), w.account, w.by[register.People])
	must(t, err)
	for _, f := range fields {
		w.fields[f.Name] = f
	}
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// person makes one from name, text, name, text, …
func (w *world) person(pairs ...string) register.Record {
	w.t.Helper()
	in := register.Input{Account: w.account, Collection: w.by[register.People]}
	for i := 0; i < len(pairs); i += 2 {
		f := w.fields[pairs[i]]
		v, err := datatype.Parse(f.Spec, pairs[i+1])
		must(w.t, err)
		in.Set = append(in.Set, register.FieldValue{Field: f.ID, Value: v})
	}
	r, err := w.records.Create(w.t.Context(), w.p, in)
	must(w.t, err)
	return r
}

func (w *world) where(name string, op listing.Op, text string) listing.Condition {
	w.t.Helper()
	c, err := listing.ParseCondition(w.fields[name], op, text)
	must(w.t, err)
	return c
}

// find asks for people and returns their titles.
func (w *world) find(q listing.Query) ([]string, listing.Found) {
	w.t.Helper()
	q.Account, q.Collection = w.account, w.by[register.People]
	found, err := w.list.Find(w.t.Context(), w.p, q)
	must(w.t, err)
	var out []string
	for _, r := range found.Records {
		out = append(out, r.Title)
	}
	return out, found
}

// both runs a check before anything is indexed, and again afterwards: the answer
// must be the same.
func (w *world) both(check func(when string)) {
	w.t.Helper()
	check("before indexing")
	must(w.t, w.list.IndexAll(w.t.Context()))
	check("after indexing")
}

func TestFindByWordsAndConditions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.person("Name", "Zoë O'Brien", "User principal name", "zoe@contoso.com", "Department", "Sales", "Phone", "+49 30 901820")
		w.person("Name", "Jürgen Groß", "User principal name", "jg@contoso.com", "Department", "Marketing")
		w.person("Name", "王小芳", "User principal name", "fang@contoso.com", "Department", "sales")
		w.person("Name", "Ada", "User principal name", "ada@fabrikam.com")
		away := w.person("Name", "Zora Left", "Department", "Sales")
		_, err := w.records.Archive(t.Context(), w.p, w.account, away.ID, away.Version, "")
		must(t, err)
		tests := []struct {
			name string
			q    listing.Query
			want []string
		}{
			{"a beginning", listing.Query{Text: "zo"}, []string{"Zoë O'Brien"}},
			{"two words in any order", listing.Query{Text: "brien ZOE"}, []string{"Zoë O'Brien"}},
			{"the second character", listing.Query{Text: "芳"}, []string{"王小芳"}},
			{"part of an address", listing.Query{Text: "contoso"}, []string{"Jürgen Groß", "Zoë O'Brien", "王小芳"}},
			{"a number as dialled", listing.Query{Text: "901820"}, []string{"Zoë O'Brien"}},
			{"nothing", listing.Query{Text: "nobody"}, nil},
			{"words that the query languages know", listing.Query{Text: "OR NOT NEAR * ' \" & | ! :*"}, nil},
			{"only signs find all", listing.Query{Text: "' \" *"}, []string{"Ada", "Jürgen Groß", "Zoë O'Brien", "王小芳"}},
			{"a value in any case", listing.Query{Where: []listing.Condition{w.where("Department", listing.Is, "SALES")}}, []string{"Zoë O'Brien", "王小芳"}},
			{"not a value", listing.Query{Where: []listing.Condition{w.where("Department", listing.IsNot, "sales")}}, []string{"Ada", "Jürgen Groß"}},
			{"empty", listing.Query{Where: []listing.Condition{w.where("Department", listing.Empty, "")}}, []string{"Ada"}},
			{"not empty", listing.Query{Where: []listing.Condition{w.where("Phone", listing.NotEmpty, "")}}, []string{"Zoë O'Brien"}},
			{"words of one field", listing.Query{Where: []listing.Condition{w.where("Department", listing.Has, "mark")}}, []string{"Jürgen Groß"}},
			{"words of another field", listing.Query{Where: []listing.Condition{w.where("Department", listing.Has, "zoe")}}, nil},
			{"words and a value", listing.Query{Text: "con", Where: []listing.Condition{w.where("Department", listing.Is, "sales")}}, []string{"Zoë O'Brien", "王小芳"}},
			{"those put away", listing.Query{Archived: true}, []string{"Zora Left"}},
			{"words of those put away", listing.Query{Archived: true, Text: "zor"}, []string{"Zora Left"}},
		}
		w.both(func(when string) {
			for _, tt := range tests {
				got, found := w.find(tt.q)
				if !slices.Equal(got, tt.want) {
					t.Errorf("%s, %s: got %q, want %q", when, tt.name, got, tt.want)
				}
				if !tt.q.Archived && found.Total != len(tt.want) {
					t.Errorf("%s, %s: got a total of %d, want %d", when, tt.name, found.Total, len(tt.want))
				}
			}
		})
	})
}

func TestFindSeesEachChangeAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		r := w.person("Name", "Ada", "Department", "Sales")
		must(t, w.list.IndexAll(t.Context()))
		set := func(name, text string) {
			t.Helper()
			v, err := datatype.Parse(w.fields[name].Spec, text)
			must(t, err)
			r, err = w.records.Update(t.Context(), w.p, r.ID, r.Version, register.Input{
				Account: w.account, Set: []register.FieldValue{{Field: w.fields[name].ID, Value: v}},
			})
			must(t, err)
		}
		expect := func(q listing.Query, want ...string) {
			t.Helper()
			w.both(func(when string) {
				if got, _ := w.find(q); !slices.Equal(got, want) {
					t.Errorf("%s: got %q, want %q", when, got, want)
				}
			})
		}
		set("Name", "Grace")
		expect(listing.Query{Text: "ada"})
		expect(listing.Query{Text: "grace"}, "Grace")
		set("Department", "Research")
		expect(listing.Query{Where: []listing.Condition{w.where("Department", listing.Is, "Sales")}})
		expect(listing.Query{Where: []listing.Condition{w.where("Department", listing.Is, "Research")}}, "Grace")
		var err error
		r, err = w.records.Archive(t.Context(), w.p, w.account, r.ID, r.Version, "")
		must(t, err)
		expect(listing.Query{Text: "grace"})
		r, err = w.records.Unarchive(t.Context(), w.p, w.account, r.ID, r.Version, "")
		must(t, err)
		expect(listing.Query{Text: "grace"}, "Grace")
	})
}

// crowd makes n people in three departments, in batches as a sync does.
func (w *world) crowd(n int) {
	w.t.Helper()
	for start := 0; start < n; start += 1000 {
		count := min(1000, n-start)
		first, err := w.db.NextIDs(w.t.Context(), "record", count)
		must(w.t, err)
		var writes []register.Write
		for i := range count {
			number := start + i
			writes = append(writes, register.Write{
				Record: first + int64(i), Create: true, Account: w.account, Collection: w.by[register.People],
				Set: []register.FieldValue{
					{Field: w.fields["Name"].ID, Value: datatype.OfText(fmt.Sprintf("Person %05d", (number*7919)%n))},
					{Field: w.fields["Department"].ID, Value: datatype.OfText(kindOf(number))},
				},
			})
		}
		out, err := w.records.WriteBatch(w.t.Context(), w.p.Actor(), 0, writes)
		must(w.t, err)
		for _, o := range out {
			must(w.t, o.Err)
		}
	}
}

// kindOf makes one in a hundred rare and one in sixteen odd; the others alternate.
func kindOf(n int) string {
	switch {
	case n%100 == 99:
		return "Rare"
	case n%16 == 5:
		return "Odd"
	}
	return []string{"Sales", "Research"}[n%2]
}

// A listing is the same in each of the ways in which it is made, page by page:
// sorted in memory, walked by title, and in the order of adding.
func TestPagesTogetherAreTheWhole(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		const n = 35_000
		w.crowd(n)
		kinds := map[string]int{}
		for i := range n {
			kinds[kindOf(i)]++
		}
		must(t, w.list.IndexAll(t.Context()))
		tests := []struct {
			name  string
			q     listing.Query
			want  int
			total int
		}{
			{"all", listing.Query{}, n, n},
			{"all from the end", listing.Query{Order: listing.Order{Down: true}}, n, n},
			{"all as added", listing.Query{Order: listing.Order{Added: true}}, n, -1},
			{"few", listing.Query{Where: []listing.Condition{w.where("Department", listing.Is, "Rare")}}, kinds["Rare"], kinds["Rare"]},
			{"few from the end", listing.Query{Order: listing.Order{Down: true}, Where: []listing.Condition{w.where("Department", listing.Is, "Rare")}}, kinds["Rare"], kinds["Rare"]},
			{"half", listing.Query{Where: []listing.Condition{w.where("Department", listing.Is, "Sales")}}, kinds["Sales"], -1},
			{"half from the end", listing.Query{Order: listing.Order{Down: true}, Where: []listing.Condition{w.where("Department", listing.Is, "Sales")}}, kinds["Sales"], -1},
			{"nearly all", listing.Query{Where: []listing.Condition{w.where("Department", listing.IsNot, "Rare")}}, n - kinds["Rare"], -1},
			{"a third", listing.Query{Text: "person 0"}, 10_000, -1},
			{"sparse", listing.Query{Where: []listing.Condition{w.where("Department", listing.Is, "Odd")}}, kinds["Odd"], -1},
			{"some", listing.Query{Text: "person 00"}, 1_000, 1_000},
			{"nearly all as added, the last first", listing.Query{Order: listing.Order{Added: true, Down: true}, Where: []listing.Condition{w.where("Department", listing.IsNot, "Rare")}}, n - kinds["Rare"], -1},
		}
		for _, tt := range tests {
			tt.q.Limit = 500
			var got []string
			var added bool
			seen := map[int64]bool{}
			for {
				titles, found := w.find(tt.q)
				added = found.Order.Added
				got = append(got, titles...)
				for _, r := range found.Records {
					if seen[r.ID] {
						t.Fatalf("%s: %s comes twice", tt.name, r.Title)
					}
					seen[r.ID] = true
				}
				if found.Total != tt.total {
					t.Errorf("%s: got a total of %d, want %d", tt.name, found.Total, tt.total)
				}
				if found.Next.ID == 0 {
					break
				}
				after, err := listing.ParseCursor(found.Next.String())
				must(t, err)
				tt.q.After = after
			}
			if len(got) != tt.want {
				t.Errorf("%s: the pages have %d records, want %d", tt.name, len(got), tt.want)
			}
			if wants := tt.q.Order.Added || tt.name == "sparse"; added != wants {
				t.Errorf("%s: in the order of adding: got %t, want %t", tt.name, added, wants)
			}
			if added {
				continue
			}
			if tt.q.Order.Down {
				slices.Reverse(got)
			}
			if !slices.IsSorted(got) {
				t.Errorf("%s: the pages are not in order", tt.name)
			}
		}
	})
}

func TestAnyFieldSortsWhatIsFew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		boss := w.person("Name", "Zoe")
		w.person("Name", "Ada", "Department", "b", "Manager", fmt.Sprint(boss.ID))
		w.person("Name", "Bob", "Department", "A")
		by := func(name string, down bool) listing.Query {
			return listing.Query{Order: listing.Order{Field: w.fields[name].ID, Down: down}, Limit: 2}
		}
		w.both(func(when string) {
			for _, tt := range []struct {
				q    listing.Query
				want string
			}{
				{by("Department", false), "Bob Ada Zoe"},
				{by("Department", true), "Ada Bob Zoe"}, // nothing stays at the end
				{by("Manager", false), "Ada Zoe Bob"},
			} {
				first, found := w.find(tt.q)
				tt.q.After = found.Next
				second, _ := w.find(tt.q)
				if got := strings.Join(append(first, second...), " "); got != tt.want {
					t.Errorf("%s, by %s: got %s, want %s", when, tt.q.Order, got, tt.want)
				}
			}
		})
	})
}

func TestARestoredDatabaseIsIndexedAnew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.crowd(3_000)
		must(t, w.list.IndexAll(t.Context()))
		var archive strings.Builder
		must(t, db.Backup(t.Context(), &archive))
		other := storetest.SQLite(t)
		must(t, other.Restore(t.Context(), strings.NewReader(archive.String()), int64(archive.Len())))
		w.db, w.records = other, register.New(other, nil)
		w.list = listing.New(other, w.records)
		if _, found := w.find(listing.Query{Text: "person 00007"}); found.Behind == 0 {
			t.Error("a search in a database that is not indexed yet does not say so")
		}
		must(t, w.list.IndexAll(t.Context()))
		got, found := w.find(listing.Query{Text: "person 00007"})
		if want := []string{"Person 00007"}; !slices.Equal(got, want) || found.Behind != 0 {
			t.Errorf("got %q and %d behind, want %q and none", got, found.Behind, want)
		}
	})
}

func TestViewsAreOnesOwnOrEverybodys(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		people := w.by[register.People]
		as := func(login int64, role string) account.Principal {
			for _, r := range account.BuiltIn() {
				if r.Name == role {
					return account.Principal{Login: login, Name: role, Holds: []account.Holding{{Account: w.account, Module: w.module, Role: r}}}
				}
			}
			t.Fatalf("no role %s", role)
			return account.Principal{}
		}
		admin, worker := as(1, "Module Admin"), as(2, "Collaborator")
		save := func(p account.Principal, login int64, name, query string) error {
			_, err := w.list.SaveView(t.Context(), p, listing.View{Account: w.account, Collection: people, Login: login, Name: name, Query: query}, clock)
			return err
		}
		must(t, save(admin, 0, "Leavers", "f=1"))
		must(t, save(worker, 2, "Mine", "q=x"))
		must(t, save(worker, 2, " mine ", "q=y")) // the same name: replaced
		for _, tt := range []struct {
			what string
			err  error
			kind errs.Kind
		}{
			{"for everybody without the right", save(worker, 0, "All", ""), errs.Forbidden},
			{"for somebody else", save(worker, 1, "Yours", ""), errs.Forbidden},
			{"for everybody without a name", save(admin, 0, "", ""), errs.Invalid},
			{"with an endless name", save(worker, 2, strings.Repeat("x", 99), ""), errs.Invalid},
		} {
			if !errs.Is(tt.err, tt.kind) {
				t.Errorf("a view %s: got %v, want %v", tt.what, tt.err, tt.kind)
			}
		}
		views, err := w.list.Views(t.Context(), worker, w.account, people)
		must(t, err)
		var got []string
		for _, v := range views {
			got = append(got, v.Name+"?"+v.Query)
		}
		if want := []string{"Leavers?f=1", "mine?q=y"}; !slices.Equal(got, want) {
			t.Errorf("got the views %q, want %q", got, want)
		}
		if err := w.list.RemoveView(t.Context(), worker, w.account, people, views[0].ID); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a collaborator removes everybody's view: got %v, want Forbidden", err)
		}
		if err := w.list.RemoveView(t.Context(), admin, w.account, people, views[1].ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("an administrator removes somebody's own view: got %v, want NotFound", err)
		}
		must(t, w.list.RemoveView(t.Context(), worker, w.account, people, views[1].ID))
	})
}

func TestParseCursorRefusesWhatItDidNotWrite(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"x", "..", "a.b.c", "12.0.", "-.zz.%%", "added.1"} {
		if _, err := listing.ParseCursor(s); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: got %v, want Invalid", s, err)
		}
	}
}

func TestAssetsAreFoundByWhetherSomebodyHoldsThem(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ada := w.person("Name", "Ada")
		fields, err := w.records.Fields(t.Context(), w.account, w.by[register.Main])
		must(t, err)
		var laptops []register.Record
		for i := range 3 {
			r, err := w.records.Create(t.Context(), w.p, register.Input{
				Account: w.account, Collection: w.by[register.Main],
				Set: []register.FieldValue{{Field: fields[0].ID, Value: datatype.OfText(fmt.Sprint("Laptop ", i))}},
			})
			must(t, err)
			laptops = append(laptops, r)
		}
		expect := func(c listing.Custody, want ...string) {
			t.Helper()
			w.both(func(when string) {
				found, err := w.list.Find(t.Context(), w.p, listing.Query{Account: w.account, Collection: w.by[register.Main], Custody: c})
				must(t, err)
				var got []string
				for _, r := range found.Records {
					got = append(got, r.Title)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s, %q: got %q, want %q", when, c, got, want)
				}
			})
		}
		expect(listing.Held)
		expect(listing.Free, "Laptop 0", "Laptop 1", "Laptop 2")
		_, err = w.records.CheckOut(t.Context(), w.p, register.CheckOut{Account: w.account, Asset: laptops[1].ID, Holder: ada.ID})
		must(t, err)
		expect(listing.Held, "Laptop 1")
		expect(listing.Free, "Laptop 0", "Laptop 2")
		_, err = w.records.CheckIn(t.Context(), w.p, register.CheckIn{Account: w.account, Asset: laptops[1].ID})
		must(t, err)
		expect(listing.Held)
	})
}
