package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/errs"
)

// querier runs SQL with $1 placeholders: in the context's transaction when
// there is one, otherwise each statement by itself.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) row
}

// row is the one row of a query; Scan fails with sql.ErrNoRows when there is none.
type row interface{ Scan(dst ...any) error }

// conn returns where to run SQL under ctx.
func (db *DB) conn(ctx context.Context) querier {
	if s := db.sessionOf(ctx); s != nil {
		return s
	}
	if db.dialect.isSQLite() {
		return explained{(*router)(db), db.place}
	}
	return explained{pool{db.pool}, db.place}
}

// explained says of faults outside of transactions what they mean, as InTx does
// of those inside: that the database is away, say, is nobody's mistake.
type explained struct {
	querier
	place string
}

// ExecContext implements querier.
func (e explained) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	res, err := e.querier.ExecContext(ctx, query, args...)
	return res, explain(err, e.place)
}

// QueryContext implements querier.
func (e explained) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := e.querier.QueryContext(ctx, query, args...)
	return rows, explain(err, e.place)
}

// QueryRowContext implements querier.
func (e explained) QueryRowContext(ctx context.Context, query string, args ...any) row {
	return explainedRow{e.querier.QueryRowContext(ctx, query, args...), e.place}
}

type explainedRow struct {
	row
	place string
}

// Scan implements row.
func (r explainedRow) Scan(dst ...any) error { return explain(r.row.Scan(dst...), r.place) }

// pool runs single statements on PostgreSQL.
type pool struct{ *sql.DB }

// QueryRowContext implements querier.
func (p pool) QueryRowContext(ctx context.Context, query string, args ...any) row {
	return p.DB.QueryRowContext(ctx, query, args...)
}

// session is one connection that a transaction runs on, with the statements
// prepared on it.
type session struct {
	db    *DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt   // SQLite only; pgx keeps its own
	raw   map[string]driver.Stmt // SQLite only: statements of bulk inserts
	depth int                    // of savepoints
	lazy  bool                   // SQLite only: commits do not wait for the disk
}

type sessionKey struct{ db *DB }

func (db *DB) sessionOf(ctx context.Context) *session {
	s, _ := ctx.Value(sessionKey{db}).(*session)
	return s
}

func (db *DB) newSession(ctx context.Context, pool *sql.DB) (*session, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &session{db: db, conn: conn, stmts: map[string]*sql.Stmt{}, raw: map[string]driver.Stmt{}}, nil
}

func (s *session) close() error {
	for _, stmt := range s.stmts {
		stmt.Close()
	}
	for _, stmt := range s.raw {
		stmt.Close()
	}
	return s.conn.Close()
}

// prepared returns the session's statement for a text, or nil to run it as it is.
func (s *session) prepared(ctx context.Context, query string) *sql.Stmt {
	if !s.db.dialect.isSQLite() {
		return nil
	}
	if stmt, ok := s.stmts[query]; ok {
		return stmt
	}
	if len(s.stmts) >= stmtLimit {
		return nil
	}
	stmt, err := s.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil // running it says what is wrong
	}
	s.stmts[query] = stmt
	return stmt
}

// ExecContext implements querier.
func (s *session) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if stmt := s.prepared(ctx, query); stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return s.conn.ExecContext(ctx, query, args...)
}

// QueryContext implements querier.
func (s *session) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt := s.prepared(ctx, query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return s.conn.QueryContext(ctx, query, args...)
}

// QueryRowContext implements querier.
func (s *session) QueryRowContext(ctx context.Context, query string, args ...any) row {
	if stmt := s.prepared(ctx, query); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return s.conn.QueryRowContext(ctx, query, args...)
}

// router runs single statements on SQLite: those that read on the pool of
// readers, the others on the writing connection. It is for statements outside
// of transactions; inside one, the writing connection is taken.
type router DB

// reads reports whether a statement only reads. Statements that write start
// with their verb in this package.
func reads(query string) bool {
	query = strings.TrimLeft(query, " \t\n")
	return strings.HasPrefix(query, "SELECT") || strings.HasPrefix(query, "WITH")
}

// prepared returns the readers' statement for a text, or nil to run it as it is.
func (r *router) prepared(ctx context.Context, query string) *sql.Stmt {
	r.mu.Lock()
	defer r.mu.Unlock()
	if stmt, ok := r.stmts[query]; ok {
		return stmt
	}
	if len(r.stmts) >= stmtLimit {
		return nil
	}
	stmt, err := r.pool.PrepareContext(ctx, query)
	if err != nil {
		return nil // running it says what is wrong
	}
	r.stmts[query] = stmt
	return stmt
}

// ExecContext implements querier.
func (r *router) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	var result sql.Result
	err := (*DB)(r).withWriter(ctx, func(s *session) (err error) {
		result, err = s.ExecContext(ctx, query, args...)
		return err
	})
	return result, err
}

// QueryContext implements querier. A statement that writes and returns rows has
// to go through QueryRowContext or a transaction.
func (r *router) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if !reads(query) {
		return nil, errors.New("store: rows of a statement that writes need a transaction")
	}
	if stmt := r.prepared(ctx, query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return r.pool.QueryContext(ctx, query, args...)
}

// QueryRowContext implements querier. A statement that writes runs when its row
// is scanned.
func (r *router) QueryRowContext(ctx context.Context, query string, args ...any) row {
	if !reads(query) {
		return writtenRow{ctx, (*DB)(r), query, args}
	}
	if stmt := r.prepared(ctx, query); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return r.pool.QueryRowContext(ctx, query, args...)
}

// writtenRow is the row of a statement that writes, outside of a transaction.
type writtenRow struct {
	ctx   context.Context
	db    *DB
	query string
	args  []any
}

// Scan runs the statement and reads its row.
func (r writtenRow) Scan(dst ...any) error {
	return r.db.withWriter(r.ctx, func(s *session) error {
		return s.QueryRowContext(r.ctx, r.query, r.args...).Scan(dst...)
	})
}

// withWriter runs fn on SQLite's one writing session when it is free.
func (db *DB) withWriter(ctx context.Context, fn func(*session) error) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case s := <-db.writer:
		defer func() { db.writer <- s }()
		if err := s.relax(ctx); err != nil {
			return err
		}
		return fn(s)
	}
}

// attempts bounds how often a transaction is run. On SQLite each waits up to
// five seconds for the lock by itself.
const attempts = 6

// InTx runs fn in a transaction that commits when fn returns nil and leaves no
// trace otherwise, also when fn panics. Inside another InTx it joins that one.
//
// fn may run more than once: when another process held a lock for too long, or
// PostgreSQL chose this transaction to break a deadlock. What fn keeps outside
// of the database it has to reset at its beginning.
func (db *DB) InTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if db.sessionOf(ctx) != nil {
		return fn(ctx)
	}
	for attempt := 1; ; attempt++ {
		err := db.runTx(ctx, fn)
		if err == nil {
			db.look(ctx)
			return nil
		}
		if attempt == attempts || !isTransient(err) || pause(ctx, attempt) != nil {
			return explain(err, db.place)
		}
	}
}

type relaxedKey struct{}

// Relaxed returns a context whose transactions do not wait for the disk when
// they commit. Nothing is torn and nothing is lost when the program dies; a
// power cut may take back the last moments, whole transactions in order. That is
// right for runs, which go on where they were, and wrong for what somebody was
// told is done.
func (db *DB) Relaxed(ctx context.Context) context.Context {
	return context.WithValue(ctx, relaxedKey{}, true)
}

// relax puts the session in the state that ctx asks for, outside a transaction.
func (s *session) relax(ctx context.Context) error {
	lazy := ctx.Value(relaxedKey{}) != nil
	if !s.db.dialect.isSQLite() || lazy == s.lazy {
		return nil
	}
	mode := "PRAGMA synchronous = full"
	if lazy {
		mode = "PRAGMA synchronous = normal"
	}
	_, err := s.conn.ExecContext(ctx, mode)
	if err == nil {
		s.lazy = lazy
	}
	return err
}

// beginText returns how a transaction begins under ctx.
func (d dialect) beginText(ctx context.Context) string {
	switch {
	case d.isSQLite():
		return "BEGIN IMMEDIATE"
	case ctx.Value(relaxedKey{}) != nil:
		return "BEGIN; SET LOCAL synchronous_commit = off"
	}
	return "BEGIN"
}

// pause waits before the next attempt: 10 ms at first, doubling, of which a
// random part, so that rivals do not meet again.
func pause(ctx context.Context, attempt int) error {
	most := 10 * time.Millisecond << attempt
	timer := time.NewTimer(most/4 + rand.N(most))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (db *DB) runTx(ctx context.Context, fn func(ctx context.Context) error) error {
	if db.dialect.isSQLite() {
		return db.withWriter(ctx, func(s *session) error { return s.run(ctx, db.dialect.beginText(ctx), fn) })
	}
	s, err := db.newSession(ctx, db.pool)
	if err != nil {
		return err
	}
	defer s.close()
	return s.run(ctx, db.dialect.beginText(ctx), fn)
}

// run is one attempt on a session that no transaction runs on.
func (s *session) run(ctx context.Context, begin string, fn func(ctx context.Context) error) error {
	if _, err := s.conn.ExecContext(ctx, begin); err != nil {
		return err
	}
	s.depth = 0
	done := false
	defer func() {
		if !done { // an error or a panic; a lost connection has rolled back by itself
			s.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	if err := fn(context.WithValue(ctx, sessionKey{s.db}, s)); err != nil {
		return err
	}
	if err := s.commit(ctx); err != nil {
		return err
	}
	done = true
	return nil
}

// commitFor is how long a commit may take. It does not end with its context: in
// the middle of it nobody could tell whether it was done.
const commitFor = 30 * time.Second

func (s *session) commit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitFor)
	defer cancel()
	_, err := s.conn.ExecContext(ctx, "COMMIT")
	if err != nil && (broke(err) || ctx.Err() != nil) {
		err = errors.Join(err, errs.ErrUnsure) // it may have arrived
	}
	return err
}

// Savepoint runs fn inside the context's transaction and takes back fn's work,
// and only that, when it returns an error or panics: one bad person leaves the
// others of a batch in place. Outside of a transaction it is InTx.
func (db *DB) Savepoint(ctx context.Context, fn func(ctx context.Context) error) (err error) {
	s := db.sessionOf(ctx)
	if s == nil {
		return db.InTx(ctx, fn)
	}
	s.depth++
	name := "s" + strconv.Itoa(s.depth)
	defer func() { s.depth-- }()
	if _, err := s.conn.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return err
	}
	done := false
	defer func() {
		if done {
			return
		}
		back := context.WithoutCancel(ctx)
		if _, undo := s.conn.ExecContext(back, "ROLLBACK TO SAVEPOINT "+name); undo == nil {
			s.conn.ExecContext(back, "RELEASE SAVEPOINT "+name)
		}
	}()
	if err := fn(ctx); err != nil {
		return err
	}
	_, err = s.conn.ExecContext(ctx, "RELEASE SAVEPOINT "+name)
	done = err == nil
	return err
}
