package store

import (
	"context"
	"sync"
)

// statistics has PostgreSQL look at tables while they are being filled. Its own
// look comes up to a minute late, and until then it takes a table for nearly
// empty and reads all of it for every batch of a first load. SQLite plans from
// the indexes alone.
type statistics struct {
	mu     sync.Mutex
	tables map[string]*growth
}

// growth is how many rows this process added to a table and at how many it is
// looked at next.
type growth struct{ rows, next int }

// The first look comes after a batch or two, each other after four times as
// many rows, so that ten looks serve a hundred million rows.
const (
	firstLook  = 2000
	lookFactor = 4
)

// added notes rows added to a table.
func (s *statistics) added(table string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tables == nil {
		s.tables = map[string]*growth{}
	}
	if s.tables[table] == nil {
		s.tables[table] = &growth{next: firstLook}
	}
	s.tables[table].rows += n
}

// due returns the tables to look at now.
func (s *statistics) due() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for name, g := range s.tables {
		if g.rows >= g.next {
			g.next = g.rows * lookFactor
			out = append(out, name)
		}
	}
	return out
}

// look refreshes the statistics that are due, after a transaction. It changes
// nothing but speed, so a failure is left to PostgreSQL's own look.
func (db *DB) look(ctx context.Context) {
	if db.dialect.isSQLite() {
		return
	}
	for _, table := range db.statistics.due() {
		if _, err := db.pool.ExecContext(ctx, "ANALYZE "+quoteName(table)); err != nil {
			return
		}
	}
}
