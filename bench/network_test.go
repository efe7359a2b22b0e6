//go:build linux

package bench

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/syncer"
)

// latency is how long the simulated host takes for an answer.
const latency = 200 * time.Millisecond

// BenchmarkLatency measures the reading of a first sync from a host that takes
// its time: in one chain, which cannot be faster than its requests one after
// the other, and with eight readers.
func BenchmarkLatency(b *testing.B) {
	t := startTenant(b, tenantConfig{People: *peopleFlag, LatencyMS: int(latency.Milliseconds())})
	read := func(readers int) (syncer.Run, traffic) {
		openOffice(b, t, plan{readers: readers}).run(true) // renders the pages
		o := openOffice(b, t, plan{readers: readers})
		t.requests(b)
		run := o.run(true)
		return run, t.traffic(b)
	}
	one, requests := read(1)
	ideal := time.Duration(requests.graph) * latency
	table.against("reading in one chain at 200 ms an answer", "s", one.Stats.Read.Seconds(), ideal.Seconds(), 1.06, requests.note)
	eight, requests := read(8)
	table.against("reading with 8 readers, against a fifth of one chain", "s", eight.Stats.Read.Seconds(), one.Stats.Read.Seconds()/5, 1, requests.note)
}

// traffic is what Graph was asked.
type traffic struct {
	total int    // sign-in included
	graph int    // sign-in not included
	note  string // by kind
}

// traffic is what Graph was asked since the last call.
func (t *tenant) traffic(b *testing.B) traffic {
	b.Helper()
	var out traffic
	kinds := t.requests(b).ByKind
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		if strings.Contains(kind, ":") {
			continue // a part of another kind
		}
		out.total += kinds[kind]
		if !strings.HasPrefix(kind, "token") {
			out.graph += kinds[kind]
		}
		out.note += fmt.Sprintf("%s %d, ", kind, kinds[kind])
	}
	out.note = strings.TrimSuffix(out.note, ", ")
	return out
}

// faultEvery is how many requests come between two faults.
const faultEvery = 25

// faults are the ways in which a request fails, and the wait that each asks
// for; where it asks for none, what a patient client waits first.
var faults = []struct {
	entrasim.Fault
	wait time.Duration
}{
	{entrasim.Fault{Kind: entrasim.FaultThrottle, RetryAfter: "1"}, time.Second},
	{entrasim.Fault{Kind: entrasim.FaultCut, Fraction: 0.7}, time.Second / 4},
	{entrasim.Fault{Kind: entrasim.FaultThrottle, RetryAfter: "1.5"}, 1500 * time.Millisecond},
	{entrasim.Fault{Kind: entrasim.FaultStatus, Status: http.StatusServiceUnavailable}, time.Second / 4},
	{entrasim.Fault{Kind: entrasim.FaultThrottle, RetryAfter: "date:2"}, 2 * time.Second},
	{entrasim.Fault{Kind: entrasim.FaultTruncate}, time.Second / 4},
	{entrasim.Fault{Kind: entrasim.FaultThrottle}, time.Second / 4},
	{entrasim.Fault{Kind: entrasim.FaultStatus, Status: http.StatusServiceUnavailable, RetryAfter: "1"}, time.Second},
	{entrasim.Fault{Kind: entrasim.FaultStatus, Status: http.StatusGatewayTimeout}, time.Second / 4},
}

// BenchmarkFaults counts the requests of a first sync, with and without a fault
// in each 25th answer.
func BenchmarkFaults(b *testing.B) {
	t := startTenant(b, tenantConfig{People: *peopleFlag})
	const size = 100
	o := openOffice(b, t, plan{pageSize: size})
	o.run(true) // renders the pages

	live, deleted := t.counts(b)
	pages := (live+size-1)/size + (deleted+size-1)/size
	read := func() (syncer.Run, traffic) {
		o := openOffice(b, t, plan{pageSize: size})
		t.requests(b)
		run := o.run(true)
		if run.Counts.Added != t.live(b) {
			b.Errorf("%d of %d people arrived", run.Counts.Added, t.live(b))
		}
		return run, t.traffic(b)
	}
	clean, requests := read()
	table.against("requests of a first sync, against pages + 3", "requests", float64(requests.total), float64(pages+3), 1, requests.note)
	for i, f := range faults {
		f.Match, f.Every, f.After = "^/users", faultEvery*len(faults), faultEvery*(i+1-len(faults))
		t.fault(b, f.Fault)
	}
	harmed, more := read()
	struck, asked := t.struck(b)
	t.control(b, http.MethodDelete, "faults", nil, nil)
	table.against("requests with a fault in each 25th answer, against pages + 3 + faults", "requests", float64(more.total), float64(pages+3+struck), 1,
		fmt.Sprintf("%d faults; %s", struck, more.note))
	table.against("time added by faults, against the waits asked for", "s", (harmed.Stats.Read - clean.Stats.Read).Seconds(), asked.Seconds(), 1.2,
		fmt.Sprintf("waited %s", harmed.Stats.Usage.Waited.Round(time.Millisecond)))
}

// struck counts the faults that the tenant made and the waits they ask for.
func (t *tenant) struck(b *testing.B) (n int, asked time.Duration) {
	b.Helper()
	var states []entrasim.FaultState
	t.control(b, http.MethodGet, "faults", nil, &states)
	for i, s := range states {
		n += s.Fired
		asked += time.Duration(s.Fired) * faults[i].wait
	}
	return n, asked
}
