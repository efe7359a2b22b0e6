package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/cli"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/store/storetest"
)

// asMuster makes the test binary the program itself.
const asMuster = "MUSTER_CHAOS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asMuster) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		code := cli.RunAt(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv, crooked(os.Getenv(theirClock)))
		stop()
		os.Exit(code)
	}
	storetest.Main(m)
}

// theirClock names the file that says by how much a server's clock is off.
const theirClock = "MUSTER_CHAOS_CLOCK"

// crooked is a clock that is off by as much as a file says at the time.
func crooked(file string) func() time.Time {
	if file == "" {
		return time.Now
	}
	var mu sync.Mutex
	var looked time.Time
	var off time.Duration
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		if now.Sub(looked) > 100*time.Millisecond {
			text, _ := os.ReadFile(file)
			off, _ = time.ParseDuration(string(text)) // nothing is right on time
			looked = now
		}
		return now.Add(off).Round(0)
	}
}

const (
	people  = 60
	assets  = 24
	workers = 4 // who hand things out, each with a token
)

// site is an installation: three servers over one PostgreSQL, and a directory.
type site struct {
	t        *testing.T
	data     string // its folder, which has the key
	cluster  *storetest.Cluster
	tenant   *entrasim.Server
	hr       *entrasim.Control
	toData   *storetest.Line // the servers' way to the database
	toGraph  *storetest.Line // and to the directory
	database string
	servers  []*server
	tokens   []string
	assets   []int64
	holders  []int64
}

// server is one process that serves.
type server struct {
	at    string
	clock string // the file that says by how much its clock is off
	cmd   *exec.Cmd
	log   *logbook // of all its lives
}

// logbook keeps what a process prints.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan bool
}

func (b *logbook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.more <- true:
	default:
	}
	return b.text.Write(p)
}

func (b *logbook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

const setUp = `organization:
  name: Contoso
  administrator: {email: boss@contoso.example, password: correct horse battery}
accounts:
  - name: Contoso
    modules:
      - name: IT
        main_collection: Assets
        collections:
          - name: People
            fields:
              - {name: Name, type: text, title: true, required: true}
              - {name: User principal name, type: text, unique: true}
              - {name: Department, type: text}
        integrations:
          - kind: microsoft-entra-id
            connection:
              tenant_id: %s
              client_id: %s
              application_object_id: %s
              client_secret: %q
              cloud: custom
              login_url: http://%s
              graph_url: http://%s
            schedule: {incremental: every 5 minutes}
            mappings:
              - name: Everyone
                kind: records
                external_entity: users
                collection: People
                unique_identifier: object_id
                fields:
                  - {from: displayName, to: Name}
                  - {from: userPrincipalName, to: User principal name}
                  - {from: department, to: Department, when_empty: clear}
`

// openSite starts everything, and syncs once.
func openSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, data: t.TempDir(), cluster: storetest.StartCluster(t)}
	company := entrasim.New(entrasim.Config{Seed: 11, People: people})
	var err error
	s.tenant, err = company.Start()
	s.must(err)
	t.Cleanup(func() { s.tenant.Close() })
	s.hr = company.Control()
	s.toData = storetest.Lay(t, s.cluster.Dial)
	s.toGraph = storetest.Lay(t, func() (net.Conn, error) { return net.Dial("tcp", strings.TrimPrefix(s.tenant.URL(), "http://")) })
	s.database = fmt.Sprintf("postgres://postgres@%s/muster?sslmode=disable&connect_timeout=5", s.toData.Address())
	file := filepath.Join(s.data, "muster.yaml")
	s.must(os.WriteFile(file, fmt.Appendf(nil, setUp, entrasim.DefaultTenantID, entrasim.DefaultClientID, entrasim.DefaultApplicationObjectID,
		entrasim.DefaultClientSecret, s.toGraph.Address(), s.toGraph.Address()), 0o600))
	s.muster("apply", "-f", file)
	s.muster("sync")
	for i := range workers {
		s.tokens = append(s.tokens, strings.TrimSpace(s.muster("token", "create", fmt.Sprintf("worker %d", i), "--role", "Module Admin", "--scope", "everything")))
	}
	for range 3 {
		srv := newServer(t)
		s.servers = append(s.servers, srv)
		s.start(srv)
	}
	s.stock()
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// ports counts the ports that were looked at.
var ports atomic.Int32

// freeAddress is one that a server can be started on again and again. Its port is
// below those that systems lend to whoever asks for any, so that nobody else is
// lent it while the server is down.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		at := fmt.Sprintf("127.0.0.1:%d", 20000+(os.Getpid()+int(ports.Add(1)))%12000)
		if l, err := net.Listen("tcp", at); err == nil {
			l.Close()
			return at
		}
	}
	t.Fatal("no port is free between 20000 and 32000")
	return ""
}

// program is the test binary as Muster.
func (s *site) program(args ...string) *exec.Cmd {
	args = append([]string{"--data", s.data}, args...)
	if s.database != "" {
		args = append(args, "--database", s.database)
	}
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asMuster+"=yes")
	return cmd
}

// muster runs a command and returns what it prints.
func (s *site) muster(args ...string) string {
	s.t.Helper()
	cmd := s.program(args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("muster %s: %v\n%s%s", strings.Join(args, " "), err, out, &stderr)
	}
	return string(out)
}

const listening = "Muster listens on"

// newServer is one that is yet to be started.
func newServer(t *testing.T) *server {
	return &server{at: freeAddress(t), clock: filepath.Join(t.TempDir(), "clock"), log: &logbook{more: make(chan bool, 1)}}
}

// start starts a server and waits until it listens.
func (s *site) start(srv *server) {
	s.t.Helper()
	begun := strings.Count(srv.log.String(), listening)
	srv.cmd = s.program("serve", "--listen", srv.at, "--log-format", "json")
	srv.cmd.Env = append(srv.cmd.Env, theirClock+"="+srv.clock)
	srv.cmd.Stdout, srv.cmd.Stderr = srv.log, srv.log
	srv.cmd.SysProcAttr = deathSignal()
	s.must(srv.cmd.Start())
	s.t.Cleanup(func() { s.kill(srv) })
	deadline := time.After(30 * time.Second)
	for strings.Count(srv.log.String(), listening) == begun {
		select {
		case <-srv.log.more:
		case <-deadline:
			s.t.Fatalf("a server does not start:\n%s", srv.log)
		}
	}
}

// kill ends a server in the middle of whatever it does.
func (s *site) kill(srv *server) {
	if srv.cmd == nil {
		return
	}
	_ = srv.cmd.Process.Kill() // it may have died by itself
	_ = srv.cmd.Wait()
	srv.cmd = nil
}

// client is the Go client of one of the servers.
func (s *site) client(srv *server, token string) *client.Client {
	s.t.Helper()
	c, err := client.New("http://"+srv.at, token, client.WithHTTPClient(&http.Client{Timeout: 20 * time.Second}))
	s.must(err)
	return c
}

// stock adds assets and finds the people who can hold them.
func (s *site) stock() {
	s.t.Helper()
	ctx, c := s.t.Context(), s.client(s.servers[0], s.tokens[0])
	all, err := c.Collections(ctx, 1)
	s.must(err)
	for _, col := range all {
		switch col.Kind {
		case "main":
			for i := range assets {
				r, err := c.CreateRecord(ctx, 1, col.ID, client.RecordInput{Fields: client.Values{"Name": fmt.Sprintf("Laptop %d", i)}})
				s.must(err)
				s.assets = append(s.assets, r.ID)
			}
		case "people":
			for r, err := range c.Records(ctx, 1, col.ID, client.RecordQuery{}) {
				s.must(err)
				s.holders = append(s.holders, r.ID)
			}
		}
	}
	if len(s.holders) < people/2 {
		s.t.Fatalf("%d people arrived", len(s.holders))
	}
}

// json runs a command and reads what it prints.
func (s *site) json(out any, args ...string) {
	s.t.Helper()
	s.must(json.Unmarshal([]byte(s.muster(append(args, "--json")...)), out))
}
