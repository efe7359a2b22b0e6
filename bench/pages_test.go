//go:build linux

package bench

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/attachment"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web"
)

// pageBar is how long a page may take inside the server, in milliseconds.
const pageBar = 50

// visits is how often each page is asked for; the slowest twentieth is left out.
const visits = 40

// BenchmarkPages asks for pages of a collection as large as *people, on both
// engines, and reports what the server takes for them.
func BenchmarkPages(b *testing.B) {
	for _, e := range engines() {
		b.Run(e.name, func(b *testing.B) {
			s := openShop(b, e, *peopleFlag)
			for _, p := range s.pages() {
				s.measure(p.name+", "+e.name, p.path)
			}
		})
	}
}

// shop is an installation with a crowd of people, and somebody signed in.
type shop struct {
	b       *testing.B
	db      *store.DB
	records *register.Service
	lists   *listing.Service
	handler http.Handler
	cookie  string
	module  account.Module
	people  register.Collection
	fields  map[string]register.Field
	someone int64 // a record in the middle
}

func openShop(b *testing.B, e engine, n int) *shop {
	b.Helper()
	ctx, p := b.Context(), account.CommandLine()
	config := store.Config{Path: filepath.Join(b.TempDir(), "muster.db")}
	if address, _ := e.open(b); address != "" {
		config = store.Config{URL: address}
	}
	db, err := store.Open(ctx, config)
	must(b, err)
	b.Cleanup(func() { db.Close() })
	s := &shop{b: b, db: db, records: register.New(db, nil), fields: map[string]register.Field{}}
	s.lists = listing.New(db, s.records)
	accounts := account.NewService(db, nil)
	must(b, accounts.Setup(ctx, "Contoso", "boss@contoso.example", secret.New("correct horse battery staple")))
	acct, err := accounts.CreateAccount(ctx, p, "Contoso")
	must(b, err)
	s.module, err = accounts.CreateModule(ctx, p, acct.ID, "IT", nil)
	must(b, err)
	made, err := s.records.SetUpModule(ctx, p.Actor(), acct.ID, s.module.ID, "Assets")
	must(b, err)
	for _, c := range made {
		if c.Kind == register.People {
			s.people = c
		}
	}
	fields, err := s.records.Fields(ctx, acct.ID, s.people.ID)
	must(b, err)
	for _, f := range fields {
		s.fields[f.Name] = f
	}
	s.fill(n)
	began := processCPU(b)
	must(b, s.lists.IndexAll(ctx))
	b.ReportMetric(float64((processCPU(b)-began).Microseconds())/float64(n), "µs-CPU-to-index")
	boss, err := accounts.SignIn(ctx, "boss@contoso.example", secret.New("correct horse battery staple"), "")
	must(b, err)
	token, err := accounts.StartSession(ctx, boss, "bench")
	must(b, err)
	s.cookie = token.Reveal()
	keys, err := secret.NewKeyring(make([]byte, 32))
	must(b, err)
	work := integration.New(integration.Deps{Store: db, Accounts: accounts, Records: s.records, Sync: syncer.New(syncer.Deps{
		Store: db, Records: s.records, Logins: accounts, Keys: keys, Host: syncer.ThisHost(),
	})})
	b.Cleanup(work.Close)
	s.handler = web.New(web.Deps{Accounts: accounts, Records: s.records, Lists: s.lists, Integrations: work, Files: attachment.New(db, s.records, nil)}).Handler()
	return s
}

// Names: a few hundred of each, so that each word of a name is shared by
// thousands in a crowd of a million.
var (
	departments = []string{"Sales", "Marketing", "Finance", "Operations", "Legal", "IT", "Research", "Field Service", "People", "Support"}
	syllables   = []string{"ma", "ri", "jo", "an", "el", "to", "ka", "su", "be", "lo", "ni", "da", "fe", "ro", "vi", "ze"}
)

func name(n int) string {
	word := func(n, parts int) string {
		var w strings.Builder
		for range parts {
			w.WriteString(syllables[n%len(syllables)])
			n /= len(syllables)
		}
		return strings.ToUpper(w.String()[:1]) + w.String()[1:]
	}
	return word(n*7, 2) + " " + word(n*13+5, 3)
}

// fill makes n people, a thousand at a time.
func (s *shop) fill(n int) {
	s.b.Helper()
	ctx, actor := s.b.Context(), account.System().Actor()
	for start := 0; start < n; start += 1000 {
		count := min(1000, n-start)
		first, err := s.db.NextIDs(ctx, "record", count)
		must(s.b, err)
		writes := make([]register.Write, count)
		for i := range writes {
			who := start + i
			set := []register.FieldValue{
				{Field: s.fields["Name"].ID, Value: datatype.OfText(name(who))},
				{Field: s.fields["User principal name"].ID, Value: datatype.OfText(fmt.Sprintf("p%07d@contoso.example", who))},
				{Field: s.fields["Email"].ID, Value: datatype.OfText(fmt.Sprintf("p%07d@contoso.example", who))},
				{Field: s.fields["Department"].ID, Value: datatype.OfText(departments[who%len(departments)])},
				{Field: s.fields["Job title"].ID, Value: datatype.OfText(fmt.Sprintf("Engineer %d", who%500))},
			}
			slices.SortFunc(set, func(a, b register.FieldValue) int { return cmp.Compare(a.Field, b.Field) })
			writes[i] = register.Write{Record: first + int64(i), Create: true, Account: s.module.Account, Collection: s.people.ID, Set: set}
		}
		must(s.b, s.db.InTx(ctx, func(ctx context.Context) error {
			_, err := s.records.WriteBatch(ctx, actor, 0, writes)
			return err
		}))
		s.someone = first
	}
}

// address is one that is measured.
type address struct{ name, path string }

func (s *shop) pages() []address {
	list := fmt.Sprintf("/m/%d/c/%d", s.module.ID, s.people.ID)
	field := func(name string) int64 { return s.fields[name].ID }
	out := []address{
		{"list", list},
		{"list, the last added first", list + "?sort=-added"},
		{"list, by department", fmt.Sprintf("%s?sort=%d", list, field("Department"))},
		{"list, by email, the last first", fmt.Sprintf("%s?sort=-%d", list, field("Email"))},
		{"filter, one in ten, by email", fmt.Sprintf("%s?f=%d.is.Legal&sort=%d", list, field("Department"), field("Email"))},
		{"search, one person", list + "?q=p0000777"},
		{"search, a name", list + "?q=" + strings.ReplaceAll(name(4321), " ", "+")},
		{"search, a beginning that thousands share", list + "?q=mari"},
		{"search, a word that everybody has", list + "?q=contoso"},
		{"filter, one in ten", fmt.Sprintf("%s?f=%d.is.Legal", list, field("Department"))},
		{"filter, one in five hundred", fmt.Sprintf("%s?f=%d.is.Engineer+77&sort=%d", list, field("Job title"), field("Email"))},
		{"filter and search", fmt.Sprintf("%s?f=%d.is.Legal&q=mari", list, field("Department"))},
		{"filter by what is empty", fmt.Sprintf("%s?f=%d.empty", list, field("Phone"))},
		{"record", fmt.Sprintf("%s/%d", list, s.someone)},
		{"dashboard", "/"},
		{"search everywhere", "/search?q=mari"},
	}
	next := regexp.MustCompile(`href="([^"]*after=[^"]*)" rel="next"`)
	path := list
	for range 5 {
		m := next.FindStringSubmatch(s.get(path))
		if m == nil {
			break
		}
		path = strings.ReplaceAll(m[1], "&amp;", "&")
	}
	return append(out, address{"list, the sixth page", path})
}

// get asks for a page and returns it.
func (s *shop) get(path string) string {
	s.b.Helper()
	req := httptest.NewRequestWithContext(s.b.Context(), http.MethodGet, path, nil)
	req.AddCookie(&http.Cookie{Name: "muster_session", Value: s.cookie})
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, req)
	if w.Code != http.StatusOK {
		s.b.Fatalf("%s answers %d: %s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

// measure asks for a page many times and reports the time of the slow ones.
func (s *shop) measure(name, path string) {
	s.b.Helper()
	for began := time.Now(); strings.Contains(s.get(path), "takes a moment"); {
		if time.Since(began) > time.Minute {
			s.b.Fatalf("%s is not put in order in a minute", path)
		}
	}
	took := make([]time.Duration, visits)
	for i := range took {
		began := time.Now()
		s.get(path)
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	table.plain(fmt.Sprintf("page at %d records: %s", *peopleFlag, name), "ms", milliseconds(cost{cpu: took[visits*19/20-1]}), pageBar,
		fmt.Sprintf("median %.1f ms", float64(took[visits/2].Microseconds())/1000))
}
