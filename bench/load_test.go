//go:build linux

package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/cli"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
)

const (
	loadClients = 4                // ask at once, each the next thing when it has its answer
	loadFor     = 10 * time.Second // each measurement
	loadAssets  = 20_000           // to hand out
	loadMoves   = 200              // people who change between two syncs
)

// BenchmarkLoad asks a real `muster serve` for what people ask most, by several
// browsers at once, over a register of *people: by itself, and with a sync
// running beside it all the time. The floor is a server that answers with the
// same bytes from memory, asked by the same browsers: it is what the network, the
// HTTP library and the browsers themselves cost.
func BenchmarkLoad(b *testing.B) {
	t := startTenant(b, tenantConfig{People: 20_000})
	for _, e := range engines() {
		b.Run(e.name, func(b *testing.B) {
			l := openLoad(b, e, t)
			for _, beside := range []bool{false, true} {
				what := ", " + e.name
				stop := func() {}
				if beside {
					what += ", a sync beside"
					stop = l.syncAlways(t)
				}
				for _, a := range l.acts() {
					l.measure(a, a.name+what)
				}
				stop()
			}
		})
	}
}

// load is an installation that is served, and somebody signed in.
type load struct {
	b      *testing.B
	office *office
	url    string
	client *http.Client
	list   string // the address of the list of people
	things string // and of assets
	first  int64  // the first person's record
	asset  int64  // the next one to hand out
}

func openLoad(b *testing.B, e engine, t *tenant) *load {
	b.Helper()
	p := plan{}
	p.database, _ = e.open(b)
	l := &load{b: b, office: openOffice(b, t, p)}
	records := register.New(l.office.db, nil)
	lists := listing.New(l.office.db, records)
	all, err := records.ModuleCollections(b.Context(), l.office.conn.Account, l.office.conn.Module)
	must(b, err)
	for _, c := range all {
		switch c.Kind {
		case register.People:
			l.list = fmt.Sprintf("/m/%d/c/%d", c.Module, c.ID)
			l.first = l.fill(records, c, *peopleFlag, name)
		case register.Main:
			l.things = fmt.Sprintf("/m/%d/c/%d", c.Module, c.ID)
			l.asset = l.fill(records, c, loadAssets, func(n int) string { return fmt.Sprintf("Laptop %06d", n) })
		}
	}
	must(b, lists.IndexAll(b.Context()))
	lists.Close()
	l.serve(p)
	return l
}

// fill makes n records with a title, a thousand at a time, and returns the number
// of the first.
func (l *load) fill(records *register.Service, c register.Collection, n int, title func(int) string) (first int64) {
	l.b.Helper()
	ctx := l.b.Context()
	fields, err := records.Fields(ctx, c.Account, c.ID)
	must(l.b, err)
	field := fields[slices.IndexFunc(fields, func(f register.Field) bool { return f.Title })].ID
	for start := 0; start < n; start += 1000 {
		count := min(1000, n-start)
		next, err := l.office.db.NextIDs(ctx, "record", count)
		must(l.b, err)
		if start == 0 {
			first = next
		}
		writes := make([]register.Write, count)
		for i := range writes {
			writes[i] = register.Write{Record: next + int64(i), Create: true, Account: c.Account, Collection: c.ID,
				Set: []register.FieldValue{{Field: field, Value: datatype.OfText(title(start + i))}}}
		}
		must(l.b, l.office.db.InTx(ctx, func(ctx context.Context) error {
			_, err := records.WriteBatch(ctx, actor, 0, writes)
			return err
		}))
	}
	return first
}

// serve starts `muster serve` for web alone and signs in.
func (l *load) serve(p plan) {
	l.b.Helper()
	args := []string{"--data", l.office.data, "serve", "--listen", "127.0.0.1:0", "--no-work", "--log-level", "error"}
	if p.database != "" {
		args = append(args, "--database", p.database)
	}
	ctx, stop := context.WithCancel(context.Background())
	r, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, args, nil, w, w, func(string) string { return "" })
		w.Close()
	}()
	l.b.Cleanup(func() { stop(); <-ended })
	says := bufio.NewScanner(r)
	for l.url == "" && says.Scan() {
		if m := regexp.MustCompile(`listens on (http://\S+)`).FindStringSubmatch(says.Text()); m != nil {
			l.url = m[1]
		}
	}
	go io.Copy(io.Discard, r)
	jar, err := cookiejar.New(nil)
	must(l.b, err)
	l.client = &http.Client{
		Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: loadClients},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if status, _ := l.ask(l.client, l.url, "/sign-in", url.Values{"email": {"boss@bench.example"}, "password": {"correct horse battery"}}); status != http.StatusSeeOther {
		l.b.Fatalf("signing in answers %d", status)
	}
}

// ask gets a page, or posts a form, and returns the status and the bytes.
func (l *load) ask(client *http.Client, host, path string, form url.Values) (int, []byte) {
	var resp *http.Response
	var err error
	if form == nil {
		resp, err = client.Get(host + path)
	} else {
		resp, err = client.PostForm(host+path, form)
	}
	if err != nil {
		l.b.Error(err)
		return 0, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		l.b.Error(err)
	}
	return resp.StatusCode, body
}

// act is what is asked for again and again: the n-th time a path and, for what
// changes something, a form.
type act struct {
	name string
	want int // status
	of   func(n int) (path string, form url.Values)
}

func (l *load) acts() []act {
	next := regexp.MustCompile(`href="([^"]*after=[^"]*)" rel="next"`)
	_, body := l.ask(l.client, l.url, l.list, nil)
	second := l.list
	if m := next.FindSubmatch(body); m != nil {
		second = strings.ReplaceAll(string(m[1]), "&amp;", "&")
	}
	person := func(n int) int { return n * 7919 % *peopleFlag }
	return []act{
		{"list", http.StatusOK, func(n int) (string, url.Values) {
			if n%2 == 0 {
				return l.list, nil
			}
			return second, nil
		}},
		{"search", http.StatusOK, func(n int) (string, url.Values) {
			return l.list + "?" + url.Values{"q": {name(person(n))}}.Encode(), nil
		}},
		{"record", http.StatusOK, func(n int) (string, url.Values) {
			return fmt.Sprintf("%s/%d", l.list, l.first+int64(person(n))), nil
		}},
		{"check-out", http.StatusSeeOther, func(n int) (string, url.Values) {
			who := person(n)
			return fmt.Sprintf("%s/%d/check-out", l.things, l.asset+int64(n)), url.Values{"holder": {fmt.Sprintf("%s #%d", name(who), l.first+int64(who))}}
		}},
	}
}

// measure asks for an act as fast as the clients can, and for answers of the same
// size from memory.
func (l *load) measure(a act, what string) {
	l.b.Helper()
	path, form := a.of(0)
	status, body := l.ask(l.client, l.url, path, form)
	if status != a.want {
		l.b.Fatalf("%s: %s answers %d: %.500s", what, path, status, body)
	}
	floor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Location", "/")
		w.WriteHeader(a.want)
		_, _ = io.Copy(w, bytes.NewReader(body))
	}))
	least := l.storm(a, floor.URL)
	floor.Close()
	got := l.storm(a, l.url)
	if form != nil {
		l.asset += int64(len(got)) + 1
	}
	if l.b.Failed() {
		l.b.FailNow()
	}
	table.against("load at "+fmt.Sprint(*peopleFlag)+" records: "+what, "ms p99", got.slow(99), least.slow(99), 0,
		fmt.Sprintf("%.0f requests/s (floor %.0f), median %.1f ms", got.rate(), least.rate(), got.slow(50)))
}

// took is how long each request of a storm took, sorted.
type took []time.Duration

// slow is the time within which so many percent were answered, in milliseconds.
func (t took) slow(percent int) float64 {
	return float64(t[(len(t)-1)*percent/100].Microseconds()) / 1000
}

func (t took) rate() float64 { return float64(len(t)) / loadFor.Seconds() }

// storm has the clients ask a host for as long as a measurement takes.
func (l *load) storm(a act, host string) took {
	l.b.Helper()
	var mu sync.Mutex
	var all took
	var turn atomic.Int64
	end := time.Now().Add(loadFor)
	var clients sync.WaitGroup
	for range loadClients {
		clients.Go(func() {
			var own took
			for time.Now().Before(end) {
				path, form := a.of(int(turn.Add(1)))
				began := time.Now()
				status, _ := l.ask(l.client, host, path, form)
				own = append(own, time.Since(began))
				if status != a.want {
					l.b.Errorf("%s answers %d", path, status)
					return
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, own...)
		})
	}
	clients.Wait()
	slices.Sort(all)
	return all
}

// syncAlways syncs in full without a pause, with people changed before each,
// until it is told to stop.
func (l *load) syncAlways(t *tenant) (stop func()) {
	ctx, cancel := context.WithCancel(l.b.Context())
	ended := make(chan error, 1)
	go func() {
		runs := 0
		for ctx.Err() == nil {
			t.move(l.b, loadMoves, fmt.Sprintf("City %d", runs))
			if _, err := l.office.sync.Run(ctx, fullRun(l.office.conn.ID)); err != nil && ctx.Err() == nil {
				ended <- err
				return
			}
			runs++
		}
		if runs < 2 {
			ended <- errors.New("no sync ended while it was measured")
			return
		}
		ended <- nil
	}()
	return func() {
		cancel()
		must(l.b, <-ended)
	}
}
