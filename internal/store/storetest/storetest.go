// Package storetest runs tests on both engines. SQLite gets a new file for each
// test. PostgreSQL is started once for the test binary, by the test binary, in a
// temporary directory, and each test gets a database of its own.
//
// A package that uses it hands over its TestMain, so that the server stops:
//
//	func TestMain(m *testing.M) { storetest.Main(m) }
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/musterhq/muster/internal/store"
)

// Main runs the tests and then stops the PostgreSQL server if one was started.
// What is given as after runs in between.
func Main(m *testing.M, after ...func()) {
	code := m.Run()
	for _, f := range after {
		f()
	}
	shared.stop()
	os.Exit(code)
}

// Each runs fn as one subtest an engine, in parallel, each with an empty,
// migrated database. Without PostgreSQL its subtest is skipped, and fails where
// the environment variable CI is set.
func Each(t *testing.T, fn func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		fn(t, Open(t, store.Config{URL: PostgresURL(t)}))
	})
}

// SQLite returns an empty, migrated database in a new file.
func SQLite(t testing.TB) *store.DB {
	t.Helper()
	return Open(t, store.Config{Path: filepath.Join(t.TempDir(), "muster.db")})
}

// Open opens a database for the length of the test.
func Open(t testing.TB, c store.Config) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), c)
	if err != nil {
		t.Fatalf("open %s: %v", c.Path+c.URL, err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return db
}

// shared is the one server of the test binary.
var shared server

var databases atomic.Int64

// PostgresURL returns the URL of a new database, migrated already, that is
// dropped when the test ends.
func PostgresURL(t testing.TB) string {
	t.Helper()
	return database(t, " TEMPLATE muster_template")
}

// EmptyPostgresURL is PostgresURL for a database without any table.
func EmptyPostgresURL(t testing.TB) string {
	t.Helper()
	return database(t, "")
}

func database(t testing.TB, template string) string {
	t.Helper()
	if err := shared.start(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("PostgreSQL is needed where CI is set: %v", err)
		}
		t.Skipf("no PostgreSQL, so this was tested on SQLite only: %v", err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := shared.exec("CREATE DATABASE " + name + template); err != nil {
		t.Fatalf("create a database: %v", err)
	}
	t.Cleanup(func() {
		if err := shared.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return shared.url(name)
}

// server is a PostgreSQL server in a temporary directory.
type server struct {
	once  sync.Once
	err   error
	run   *process
	admin *sql.DB
	make  sync.Mutex // one CREATE DATABASE at a time: they copy one template
}

// start starts the server on the first call.
func (s *server) start() error {
	s.once.Do(func() { s.err = s.launch() })
	return s.err
}

func (s *server) launch() (err error) {
	if s.run, err = startProcess(); err != nil {
		return err
	}
	if s.admin, err = sql.Open("pgx", s.url("postgres")); err != nil {
		return err
	}
	if err := s.await(); err != nil {
		return err
	}
	if err := s.exec("CREATE DATABASE muster_template"); err != nil {
		return err
	}
	db, err := store.Open(context.Background(), store.Config{URL: s.url("muster_template")})
	if err != nil {
		return err
	}
	return db.Close()
}

// await asks until the server answers or has died.
func (s *server) await() error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(60 * time.Second)
	for {
		err := s.admin.Ping()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-s.run.died:
			return fmt.Errorf("the server stopped: %s", s.run.log())
		case <-deadline:
			return fmt.Errorf("the server does not answer: %w", err)
		}
	}
}

func (s *server) exec(text string) error {
	s.make.Lock()
	defer s.make.Unlock()
	_, err := s.admin.Exec(text)
	return err
}

func (s *server) url(database string) string {
	return fmt.Sprintf("postgres://postgres@/%s?host=%s&port=5432&sslmode=disable", database, s.run.dir)
}

func (s *server) stop() {
	if s.admin != nil {
		s.admin.Close()
	}
	if s.run != nil {
		s.run.stop()
	}
}

// Dump returns a whole database as pg_dump writes it.
func Dump(url string) ([]byte, error) {
	_, postgres, err := binaries()
	if err != nil {
		return nil, err
	}
	out, err := exec.Command(filepath.Join(filepath.Dir(postgres), "pg_dump"), "--dbname", url).Output()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s", err, e.Stderr)
	}
	return out, err
}
