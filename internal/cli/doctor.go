package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/doctor"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
)

// doctorCmd looks whether the installation can work. It takes the settings that
// serve takes, and changes nothing.
type doctorCmd struct {
	Listen         string   `help:"Address that serve listens on." default:"127.0.0.1:8080" env:"MUSTER_LISTEN" placeholder:"ADDRESS"`
	BaseURL        string   `name:"base-url" help:"Address at which browsers find Muster; it is asked whether it is ready." env:"MUSTER_BASE_URL" placeholder:"URL"`
	TLSCert        string   `name:"tls-cert" help:"PEM file with the certificate of serve." env:"MUSTER_TLS_CERTIFICATE" type:"path" placeholder:"FILE"`
	TLSKey         string   `name:"tls-key" help:"PEM file with its private key." env:"MUSTER_TLS_KEY" type:"path" placeholder:"FILE"`
	TrustedProxies []string `name:"trusted-proxy" help:"Proxy in front of serve." env:"MUSTER_TRUSTED_PROXIES" placeholder:"ADDRESS"`
	Offline        bool     `help:"Ask nobody on the network: neither directories nor the mail server nor the base URL."`
	JSON           bool     `help:"Print the report as JSON."`
}

// Run prints a line a fact. Its exit code is 1 when a line fails.
func (cmd *doctorCmd) Run(ctx context.Context, c *console, p *program) error {
	r := &doctor.Report{}
	if !cmd.JSON {
		r.Tell = func(l doctor.Line) { c.line("%s", strings.TrimRight(l.Format(), "\n")) }
	}
	(&examination{doctorCmd: cmd, c: c, p: p, report: r}).all(ctx)
	if cmd.JSON {
		if err := c.json(r); err != nil {
			return err
		}
	}
	if r.State() == doctor.Fail {
		return exit{ExitFailed}
	}
	return nil
}

// examination is one look at everything.
type examination struct {
	*doctorCmd
	c      *console
	p      *program
	report *doctor.Report
	keys   *secret.Keyring // nil when there is none to use
}

// pass, and the others, add a line.
func (x *examination) pass(id, format string, args ...any) {
	x.report.Add(doctor.Line{ID: id, State: doctor.Pass, Text: fmt.Sprintf(format, args...)})
}

func (x *examination) skip(id, format string, args ...any) {
	x.report.Add(doctor.Line{ID: id, State: doctor.Skip, Text: fmt.Sprintf(format, args...)})
}

func (x *examination) warn(id, remedy, format string, args ...any) {
	x.report.Add(doctor.Line{ID: id, State: doctor.Warn, Text: fmt.Sprintf(format, args...), Remedy: remedy})
}

// fail adds a line for a fault, with its own next step.
func (x *examination) fail(id string, err error, format string, args ...any) {
	x.report.Add(doctor.Line{ID: id, State: doctor.Fail, Text: fmt.Sprintf(format, args...), Remedy: errs.HintOf(err), Detail: err.Error()})
}

// all looks at what does not need the database first, and goes further only
// over a database that this program would leave as it is.
func (x *examination) all(ctx context.Context) {
	x.pass("version", "This is muster %s, built with %s for %s/%s.", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	x.report.Add(doctor.Files(x.p.Data))
	state, sound := x.database(ctx)
	x.key(state.Schema > 0)
	x.report.Add(doctor.Disk(x.p.Data, state.Bytes))
	e := doctor.Entrance{Listen: x.Listen, BaseURL: x.BaseURL, Certificate: x.TLSCert, Key: x.TLSKey, Proxied: len(x.TrustedProxies) > 0}
	x.report.Add(e.Address(), e.CertificateLine(time.Now()))
	x.reachable(ctx)
	if !sound || x.keys == nil {
		for _, what := range [][2]string{{"sealed", "the stored secrets"}, {"mail", "the mail server"}, {"letters", "the letters"},
			{"connections", "the connections"}, {"clock", "the clock"}} {
			x.skip(what[0], "Not looked at, for want of database and key: %s.", what[1])
		}
		return
	}
	h, err := x.p.open(ctx, x.c)
	if err != nil {
		x.fail("start", err, "Muster cannot start.")
		return
	}
	defer h.close()
	x.sealed(ctx, h)
	x.post(ctx, h)
	x.directories(ctx, h)
}

// largeLog is a write-ahead log that was not taken over into the database for
// long: ten times what serve lets it grow to.
const largeLog = 400 << 20

// database looks at the database. sound reports whether it can be opened without
// being changed.
func (x *examination) database(ctx context.Context) (state store.Condition, sound bool) {
	state, err := store.Examine(ctx, store.Config{Path: filepath.Join(x.p.Data, "muster.db"), URL: x.p.Database})
	if state.Engine == "sqlite" && (errs.Is(err, errs.NotFound) || errors.Is(statOf(x.p.Data), fs.ErrNotExist)) {
		x.skip("database", "There is no database yet; it is made at the first start.")
		return state, false
	}
	if err != nil {
		x.fail("database", err, "The database cannot be used.")
		return state, false
	}
	x.pass("database", "The database answers: %s, %s %s, %s.", state.Place, state.Engine, state.Version, doctor.Size(state.Bytes))
	sound = x.schema(state)
	if len(state.Damage) > 0 {
		x.report.Add(doctor.Line{ID: "integrity", State: doctor.Fail, Text: "The database is damaged inside.", Detail: strings.Join(state.Damage, "\n"),
			Remedy: "Stop Muster, keep a copy of the database, and restore the last backup with: muster restore"})
		return state, false
	}
	x.pass("integrity", "The database is sound inside.")
	switch {
	case state.Engine != "sqlite":
		x.room(state)
	case state.LogBytes > largeLog:
		x.warn("log", "Restart Muster. If it grows again, another program has the file open: only muster should.",
			"The write-ahead log has grown to %s.", doctor.Size(state.LogBytes))
	default:
		x.pass("log", "The write-ahead log has %s.", doctor.Size(state.LogBytes))
	}
	return state, sound
}

func statOf(path string) error {
	_, err := os.Stat(path)
	return err
}

// schema compares the database's schema with the program's.
func (x *examination) schema(s store.Condition) (same bool) {
	switch {
	case s.Schema > s.Newest:
		x.report.Add(doctor.Line{ID: "schema", State: doctor.Fail, Text: fmt.Sprintf("A newer Muster wrote this database: its schema is %d, this program knows %d.", s.Schema, s.Newest),
			Remedy: "Start that version or a later one, or restore a backup made by this one."})
	case s.Schema == 0:
		x.skip("schema", "The database is empty; it is set up at the first start.")
	case s.Pending > 0:
		x.warn("schema", "Make a backup with the older version, then start this one: it brings the database forward.",
			"The database is of an older Muster: %d steps are to be taken.", s.Pending)
	default:
		x.pass("schema", "The schema is this version's (%d).", s.Schema)
		return true
	}
	return false
}

// room looks whether PostgreSQL has connections left for another server.
func (x *examination) room(s store.Condition) {
	const perServer = store.PostgresConnections
	if left := s.MaxConnections - s.Connections; left < 2*perServer {
		x.warn("postgres-connections", "Raise max_connections on the server, or stop what else uses it.",
			"PostgreSQL has %d of %d connections left, and each server takes up to %d.", left, s.MaxConnections, perServer)
		return
	}
	x.pass("postgres-connections", "PostgreSQL has %d of %d connections in use.", s.Connections, s.MaxConnections)
}

// key looks at the keys without making any. needed says whether a database is
// there whose secrets were sealed with them.
func (x *examination) key(needed bool) {
	if text := x.c.getenv("MUSTER_KEY"); text != "" {
		keys, err := secret.ParseKeyring(text)
		if err != nil {
			x.fail("key", err, "The keys in MUSTER_KEY cannot be used.")
			return
		}
		x.keys = keys
		x.pass("key", "The key comes from MUSTER_KEY.")
		return
	}
	path := filepath.Join(x.p.Data, "key")
	if err := statOf(path); errors.Is(err, fs.ErrNotExist) {
		if !needed {
			x.skip("key", "There is no key yet; it is made at the first start.")
			return
		}
		x.report.Add(doctor.Line{ID: "key", State: doctor.Fail, Text: "The key file " + path + " is missing.",
			Remedy: "Put it back from where you keep it. Without it the stored secrets have to be entered again."})
		return
	}
	keys, err := secret.KeyFile(path)
	if err != nil {
		x.fail("key", err, "The key file cannot be used.")
		return
	}
	x.keys = keys
	x.pass("key", "The key file %s is there, for its owner only.", path)
}
