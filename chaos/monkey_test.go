package chaos

import (
	"context"
	"math/rand/v2"
	"os"
	"time"

	"github.com/musterhq/muster/client"
)

// trouble is one way in which things break, and how they are mended.
type trouble struct {
	name   string
	breaks func(s *site, srv *server)
	lasts  time.Duration // at most
	mends  func(s *site, srv *server)
}

var troubles = []trouble{
	{"a server is killed", (*site).murder, 500 * time.Millisecond, (*site).revive},
	{"a server is told to stop", (*site).dismiss, 500 * time.Millisecond, (*site).revive},
	{"PostgreSQL crashes", func(s *site, _ *server) { s.cluster.Stop(true) }, time.Second, func(s *site, _ *server) { s.cluster.Start() }},
	{"PostgreSQL is stopped", func(s *site, _ *server) { s.cluster.Stop(false) }, time.Second, func(s *site, _ *server) { s.cluster.Start() }},
	{"the line to the database is cut", func(s *site, _ *server) { s.toData.Cut() }, time.Second, func(s *site, _ *server) { s.toData.Mend() }},
	{"the line to the database stalls", func(s *site, _ *server) { s.toData.Stall() }, 2 * time.Second, func(s *site, _ *server) { s.toData.Mend() }},
	{"a clock jumps forward by an hour", (*site).ahead, 3 * time.Second, (*site).right},
	{"a clock jumps back by an hour", (*site).behind, 3 * time.Second, (*site).right},
	{"the line to the directory is cut", func(s *site, _ *server) { s.toGraph.Cut() }, time.Second, func(s *site, _ *server) { s.toGraph.Mend() }},
	{"the line to the directory stalls", func(s *site, _ *server) { s.toGraph.Stall() }, time.Second, func(s *site, _ *server) { s.toGraph.Mend() }},
}

// ahead and behind put a server's clock forward and back; right sets it.
func (s *site) ahead(srv *server)  { s.must(os.WriteFile(srv.clock, []byte("1h"), 0o600)) }
func (s *site) behind(srv *server) { s.must(os.WriteFile(srv.clock, []byte("-1h"), 0o600)) }
func (s *site) right(srv *server)  { s.must(os.WriteFile(srv.clock, nil, 0o600)) }

func (s *site) murder(srv *server) { s.kill(srv) }

// dismiss has a server stop in good order.
func (s *site) dismiss(srv *server) {
	s.must(srv.cmd.Process.Signal(terminate))
	if err := srv.cmd.Wait(); err != nil {
		s.t.Errorf("a server that was told to stop ends with %v:\n%s", err, srv.log)
	}
	srv.cmd = nil
}

func (s *site) revive(srv *server) { s.start(srv) }

// monkey breaks one thing after the other until the context ends, each kind in
// turn in a random order, and leaves everything mended.
func (s *site) monkey(ctx context.Context, random *rand.Rand) (broken int) {
	for ctx.Err() == nil {
		for _, n := range random.Perm(len(troubles)) {
			if !rest(ctx, 200*time.Millisecond+rand.N(800*time.Millisecond)) {
				return broken
			}
			t, srv := troubles[n], s.servers[random.IntN(len(s.servers))]
			s.t.Logf("%s", t.name)
			t.breaks(s, srv)
			rest(ctx, t.lasts/4+time.Duration(random.Int64N(int64(t.lasts))))
			t.mends(s, srv)
			broken++
		}
	}
	return broken
}

// rest lets time pass, and reports whether there is more.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// office hires, moves, disables and deletes people, and has a server sync, until
// the context ends.
func (s *site) office(ctx context.Context, random *rand.Rand) {
	c := make([]*client.Client, len(s.servers))
	for i, srv := range s.servers {
		c[i] = s.client(srv, s.tokens[0])
	}
	for n := 0; rest(ctx, 300*time.Millisecond); n++ {
		list, _ := s.hr.People("", random.IntN(people/2), 1)
		who := list[0].ID
		// What the tenant refuses, such as to enable who is deleted, is no matter.
		switch random.IntN(5) {
		case 0:
			_, _ = s.hr.Move(who, "Department "+string(rune('A'+n%26)), "Accra")
		case 1:
			_, _ = s.hr.Disable(who)
		case 2:
			_, _ = s.hr.Enable(who)
		case 3:
			_, _ = s.hr.SoftDelete(who)
		case 4:
			_, _ = s.hr.Restore(who)
		}
		asked, cancel := context.WithTimeout(ctx, 5*time.Second)
		_, _ = c[random.IntN(len(c))].StartRun(asked, 1, 1, client.RunOrder{Full: n%3 == 0}) // one is under way, or nobody is there
		cancel()
	}
}
