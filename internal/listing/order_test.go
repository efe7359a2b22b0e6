package listing_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// inOrder reads all pages by a field, as "value/title", once the order is made.
func (w *world) inOrder(q listing.Query) []string {
	w.t.Helper()
	q.Limit = 300
	var out []string
	for {
		_, found := w.find(q)
		if found.Preparing && q.After.ID == 0 {
			continue
		}
		if found.Order != q.Order {
			w.t.Fatalf("got the order %q, want %q", found.Order, q.Order)
		}
		for _, r := range found.Records {
			out = append(out, r.Value(q.Order.Field).String()+"/"+r.Title)
		}
		if found.Next.ID == 0 {
			return out
		}
		after, err := listing.ParseCursor(found.Next.String())
		must(w.t, err)
		q.After = after
	}
}

func (w *world) set(r register.Record, field, text string) register.Record {
	w.t.Helper()
	v, err := datatype.Parse(w.fields[field].Spec, text)
	must(w.t, err)
	r, err = w.records.Update(w.t.Context(), w.p, r.ID, r.Version, register.Input{
		Account: w.account, Set: []register.FieldValue{{Field: w.fields[field].ID, Value: v}},
	})
	must(w.t, err)
	return r
}

// Many records are put in order by any field, in either direction, with those
// that have nothing there at the end, and each change is seen at once.
func TestManyAreSortedByAnyField(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		t.Cleanup(w.list.Close)
		const n = 3_000
		w.crowd(n)
		ada := w.person("Name", "Ada", "Department", "Astronomy")
		bare := w.person("Name", "Bare")
		must(t, w.list.IndexAll(t.Context()))
		up := listing.Query{Order: listing.Order{Field: w.fields["Department"].ID}}
		down := listing.Query{Order: listing.Order{Field: w.fields["Department"].ID, Down: true}}
		sales := up
		sales.Where = []listing.Condition{w.where("Department", listing.IsNot, "Research")}

		got := w.inOrder(up)
		if len(got) != n+2 || got[0] != "Astronomy/Ada" || got[n+1] != "/Bare" {
			t.Errorf("got %d records from %s to %s, want %d from Astronomy/Ada to /Bare", len(got), got[0], got[len(got)-1], n+2)
		}
		byDepartment := func(a, b string) int {
			a, _, _ = strings.Cut(a, "/")
			b, _, _ = strings.Cut(b, "/")
			if (a == "") != (b == "") {
				return cmp.Compare(b, a) // nothing stays at the end
			}
			return cmp.Compare(a, b)
		}
		if !slices.IsSortedFunc(got, byDepartment) {
			t.Error("the records are not in the order of their departments")
		}
		got = w.inOrder(down)
		if len(got) != n+2 || got[n] != "Astronomy/Ada" || got[n+1] != "/Bare" {
			t.Errorf("downwards: got %d records, at the end %q, want %d, Astronomy/Ada and /Bare", len(got), got[len(got)-2:], n+2)
		}
		for _, text := range w.inOrder(sales) {
			if strings.HasPrefix(text, "Research/") {
				t.Fatalf("a filter lets %s through", text)
			}
		}

		w.set(ada, "Department", "Zoology")
		w.set(bare, "Department", "Biology")
		w.both(func(when string) {
			got := w.inOrder(up)
			if len(got) != n+2 || got[0] != "Biology/Bare" || got[n+1] != "Zoology/Ada" {
				t.Errorf("%s: got %d records from %s to %s, want %d from Biology/Bare to Zoology/Ada", when, len(got), got[0], got[len(got)-1], n+2)
			}
		})
		_, err := w.records.Archive(t.Context(), w.p, w.account, bare.ID, bare.Version+1, "")
		must(t, err)
		w.both(func(when string) {
			if got := w.inOrder(up); len(got) != n+1 || strings.HasPrefix(got[0], "Biology") {
				t.Errorf("%s: got %d records from %s, want %d without who was put away", when, len(got), got[0], n+1)
			}
		})
	})
}

// Links are sorted by the titles of what they lead to, numbers by their size.
func TestManyAreSortedByLinksAndNumbers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		t.Cleanup(w.list.Close)
		w.crowd(2_500)
		f, err := w.records.AddField(t.Context(), w.p, register.Field{Account: w.account, Collection: w.by[register.People], Name: "Desk", Spec: datatype.Spec{Type: datatype.Number}})
		must(t, err)
		w.fields["Desk"] = f
		zoe, abe := w.person("Name", "Zoe", "Desk", "9"), w.person("Name", "Abe", "Desk", "-10.5")
		w.person("Name", "Uma", "Manager", fmt.Sprint(zoe.ID), "Desk", "100")
		w.person("Name", "Vic", "Manager", fmt.Sprint(abe.ID), "Desk", "-2")
		must(t, w.list.IndexAll(t.Context()))
		for _, tt := range []struct{ field, want string }{
			{"Manager", "Vic Uma"},
			{"Desk", "Abe Vic Zoe Uma"},
		} {
			var got []string
			for _, text := range w.inOrder(listing.Query{Order: listing.Order{Field: w.fields[tt.field].ID}})[:4] {
				if value, title, _ := strings.Cut(text, "/"); value != "" {
					got = append(got, title)
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("by %s: got %q first, want %s", tt.field, got, tt.want)
			}
		}
	})
}
