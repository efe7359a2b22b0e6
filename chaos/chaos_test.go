package chaos

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
)

var (
	forFlag  = flag.Duration("for", 15*time.Second, "how long things are broken")
	seedFlag = flag.Uint64("seed", 0, "what is broken when; 0 for another each time")
)

// Three servers over one PostgreSQL hand things out and sync while servers die,
// the database stops and lines are cut. In the end everything that was answered
// is true, once, and the register is as the directory.
func TestNothingIsLostAndNothingDoneTwiceWhateverBreaks(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-for %v -seed %d", *forFlag, seed)
	s := openSite(t)
	ctx, stop := context.WithTimeout(t.Context(), *forFlag)
	defer stop()
	var j journal
	var work sync.WaitGroup
	for i := range workers {
		work.Go(func() { s.worker(ctx, i, rand.New(rand.NewPCG(seed, uint64(i))), &j) })
	}
	work.Go(func() { s.office(ctx, rand.New(rand.NewPCG(seed, 100))) })
	broken := s.monkey(ctx, rand.New(rand.NewPCG(seed, 200)))
	began := time.Now()
	work.Wait()
	t.Logf("answered after %v", time.Since(began).Round(time.Second))
	t.Logf("%d things were broken under %d requests", broken, len(j.entries))
	if broken < 3 || len(j.entries) < 20 {
		t.Errorf("that is too few to prove anything")
	}
	s.settle()
	t.Logf("at rest after %v", time.Since(began).Round(time.Second))
	s.compare(&j)
	if t.Failed() || len(j.wrong) > 0 {
		for text, n := range s.faults() {
			t.Logf("logged %d times: %s", n, text)
		}
	}
	for _, text := range j.wrong {
		t.Error(text)
	}
	for _, srv := range s.servers {
		for line := range strings.Lines(srv.log.String()) {
			if strings.Contains(line, "panic") {
				t.Errorf("a server says %s", line)
			}
		}
	}
}

// settle has the register catch up with the directory: what was begun ends, and a
// full sync finds nothing left to do.
func (s *site) settle() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	c := s.client(s.servers[0], s.tokens[0])
	var last []string
	for ctx.Err() == nil {
		run, err := s.sync(ctx, c)
		if err == nil && run.State == "held" {
			_, err = c.Approve(ctx, 1, run.ID, client.Decision{All: true})
		}
		if err == nil && run.State == "succeeded" {
			n := run.Counts
			if n.Added+n.Changed+n.Deactivated+n.Reactivated == 0 {
				s.t.Logf("before it came to rest: %q", last)
				return
			}
		}
		last = append(last, fmt.Sprintf("%s %+v %v", run.State, run.Counts, err))
		rest(ctx, 200*time.Millisecond)
	}
	s.t.Errorf("the register does not come to rest: %q", last)
}

// sync reads the whole directory and waits for the end of that.
func (s *site) sync(ctx context.Context, c *client.Client) (client.Run, error) {
	run, err := c.StartRun(ctx, 1, 1, client.RunOrder{Full: true})
	if err != nil {
		return run, err
	}
	return c.Watch(ctx, 1, run.ID, func(client.Progress) {})
}

// compare holds the register against the journal.
func (s *site) compare(j *journal) {
	s.t.Helper()
	ctx := s.t.Context()
	db, err := store.Open(ctx, store.Config{URL: s.cluster.URL()})
	s.must(err)
	defer db.Close()
	notes := map[string]int{} // how often each act is in the register
	for _, asset := range s.assets {
		list, err := db.ListCustody(ctx, register.CustodyQuery{Account: 1, Asset: asset, Limit: 1 << 20})
		s.must(err)
		var held []register.Custody
		for _, k := range list {
			notes[k.Note]++
			if !k.Open() {
				notes[k.CheckInNote]++
			}
			held = append(held, k)
		}
		s.inOneHand(held)
	}
	tally := map[verdict]int{}
	for _, e := range j.entries {
		tally[e.Verdict]++
		n := notes[e.Key]
		delete(notes, e.Key)
		if n > 1 || e.Verdict == done && n != 1 || e.Verdict == refused && n != 0 {
			s.t.Errorf("%+v is %d times in the register", e, n)
		}
	}
	s.t.Logf("answered %v", tally)
	for note, n := range notes {
		s.t.Errorf("%d times in the register, and nobody knows of it: %q", n, note)
	}
	var runs []struct {
		ID    int64
		State string
	}
	s.json(&runs, "runs", "--limit", "1000")
	for _, r := range runs {
		if r.State == "running" {
			s.t.Errorf("run %d still runs", r.ID)
		}
	}
	if said := s.muster("audit", "verify"); !strings.Contains(said, "as it was written") {
		s.t.Error(said)
	}
}

// inOneHand checks that an asset was never in two hands: of its custodies, the
// latest first, each ended before the next began, and only the last may be open.
func (s *site) inOneHand(list []register.Custody) {
	s.t.Helper()
	for i := 1; i < len(list); i++ {
		if first, next := list[i], list[i-1]; first.Open() || first.CheckedInAt.After(next.CheckedOutAt) {
			s.t.Errorf("%s is in two hands: %+v and %+v", first.AssetTitle, first, next)
		}
	}
}

// faults are the kinds of faults that the servers logged, each with how often.
func (s *site) faults() map[string]int {
	out := map[string]int{}
	for _, srv := range s.servers {
		for line := range strings.Lines(srv.log.String()) {
			var entry struct{ Level, Msg, Error string }
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Level == "ERROR" {
				out[digits.ReplaceAllString(entry.Msg+": "+entry.Error, "N")]++
			}
		}
	}
	return out
}

var digits = regexp.MustCompile(`\d+`)
