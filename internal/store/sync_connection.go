package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/syncer"
)

const connectionColumns = `id, account_id, module_id, kind, tenant_id, client_id, application_object_id,
	cloud, login_url, graph_url, ca_pem, credential, certificate_pem, sealed, limits, schedule, readers, version, updated_at,
	checked_at, check_passed, credential_ends, inside`

func scanConnection(row interface{ Scan(...any) error }) (syncer.Connection, error) {
	var c syncer.Connection
	var limits, schedule string
	var updated, checked, ends int64
	err := row.Scan(&c.ID, &c.Account, &c.Module, &c.Kind, &c.TenantID, &c.ClientID, &c.ApplicationObjectID,
		&c.Cloud, &c.LoginURL, &c.GraphURL, &c.CAPEM, &c.Credential, &c.CertificatePEM, &c.Sealed,
		&limits, &schedule, &c.Readers, &c.Version, &updated,
		&checked, &c.Verdict.Passed, &ends, &c.Inside)
	if errors.Is(err, sql.ErrNoRows) {
		return c, errs.New(errs.NotFound, "there is no such connection").WithHint("List the connections with: muster connections")
	}
	if err != nil {
		return c, err
	}
	c.UpdatedAt, c.Verdict.At, c.Verdict.CredentialEnds = fromMicros(updated), fromMicros(checked), fromMicros(ends)
	if err := json.Unmarshal([]byte(limits), &c.Limits); err != nil {
		return c, err
	}
	return c, json.Unmarshal([]byte(schedule), &c.Schedule)
}

// FindConnection returns a module's connection of a kind, or NotFound.
func (db *DB) FindConnection(ctx context.Context, module int64, kind string) (syncer.Connection, error) {
	return scanConnection(db.conn(ctx).QueryRowContext(ctx,
		`SELECT `+connectionColumns+` FROM connection WHERE module_id = $1 AND kind = $2`, module, kind))
}

// Connection returns a connection by number, or NotFound.
func (db *DB) Connection(ctx context.Context, id int64) (syncer.Connection, error) {
	return scanConnection(db.conn(ctx).QueryRowContext(ctx,
		`SELECT `+connectionColumns+` FROM connection WHERE id = $1`, id))
}

// Connections returns all connections, by number.
func (db *DB) Connections(ctx context.Context) ([]syncer.Connection, error) {
	return collect(ctx, db, scanConnection, `SELECT `+connectionColumns+` FROM connection ORDER BY id`)
}

// collect runs a query and scans each row.
func collect[T any](ctx context.Context, db *DB, scan func(interface{ Scan(...any) error }) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.conn(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, explain(rows.Err(), db.place)
}

// SaveConnection inserts a connection without a number and updates one with.
func (db *DB) SaveConnection(ctx context.Context, c syncer.Connection, now time.Time) (syncer.Connection, error) {
	limits, err := json.Marshal(c.Limits)
	if err != nil {
		return c, err
	}
	schedule, err := json.Marshal(c.Schedule)
	if err != nil {
		return c, err
	}
	c.UpdatedAt = now
	if c.ID == 0 {
		c.Version = 1
		err = db.conn(ctx).QueryRowContext(ctx, `INSERT INTO connection (account_id, module_id, kind, tenant_id, client_id,
			application_object_id, cloud, login_url, graph_url, ca_pem, credential, certificate_pem, sealed, limits,
			schedule, readers, version, created_at, updated_at, inside)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1, $17, $17, $18) RETURNING id`,
			c.Account, c.Module, c.Kind, c.TenantID, c.ClientID, c.ApplicationObjectID, c.Cloud, c.LoginURL, c.GraphURL,
			c.CAPEM, string(c.Credential), c.CertificatePEM, c.Sealed, string(limits), string(schedule), c.Readers, micros(now), c.Inside).Scan(&c.ID)
		return c, err
	}
	c.Version++
	_, err = db.conn(ctx).ExecContext(ctx, `UPDATE connection SET tenant_id = $2, client_id = $3, application_object_id = $4,
		cloud = $5, login_url = $6, graph_url = $7, ca_pem = $8, credential = $9, certificate_pem = $10, sealed = $11,
		limits = $12, schedule = $13, readers = $14, version = $15, updated_at = $16,
		checked_at = $17, check_passed = $18, credential_ends = $19, inside = $20 WHERE id = $1`,
		c.ID, c.TenantID, c.ClientID, c.ApplicationObjectID, c.Cloud, c.LoginURL, c.GraphURL, c.CAPEM, string(c.Credential),
		c.CertificatePEM, c.Sealed, string(limits), string(schedule), c.Readers, c.Version, micros(now),
		microsOrZero(c.Verdict.At), c.Verdict.Passed, microsOrZero(c.Verdict.CredentialEnds), c.Inside)
	return c, err
}

// NoteVerdict stores what a check of a connection found, unless the connection
// was edited since it was read as a version.
func (db *DB) NoteVerdict(ctx context.Context, connection, version int64, v syncer.Verdict) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE connection SET checked_at = $3, check_passed = $4, credential_ends = $5
		WHERE id = $1 AND version = $2`, connection, version, microsOrZero(v.At), v.Passed, microsOrZero(v.CredentialEnds))
	return err
}

func scanMapping(row interface{ Scan(...any) error }) (syncer.Mapping, error) {
	var m syncer.Mapping
	var id int64
	var name, definition string
	var removed sql.NullInt64
	if err := row.Scan(&id, &m.Connection, &m.Position, &name, &definition, &m.Version, &removed); err != nil {
		return m, err
	}
	err := json.Unmarshal([]byte(definition), &m.Definition)
	m.ID, m.Name, m.Removed = id, name, removed.Valid
	return m, err
}

// Mappings returns a connection's mappings in order, those put away last.
func (db *DB) Mappings(ctx context.Context, connection int64) ([]syncer.Mapping, error) {
	return collect(ctx, db, scanMapping, `SELECT id, connection_id, position, name, definition, version, removed_at
		FROM mapping WHERE connection_id = $1 ORDER BY CASE WHEN removed_at IS NULL THEN 0 ELSE 1 END, position, id`, connection)
}

// SaveMappings makes defs a connection's mappings, matched by name, and returns
// a line for each that was added, changed or put away.
func (db *DB) SaveMappings(ctx context.Context, connection int64, defs []mapping.Definition, now time.Time) (done []string, err error) {
	err = db.InTx(ctx, func(ctx context.Context) error {
		done = nil
		old, err := db.Mappings(ctx, connection)
		if err != nil {
			return err
		}
		matched, gone := matchMappings(old, defs)
		for _, m := range gone { // first, so that their names are free
			done = append(done, "- mapping "+m.Name)
			if _, err := db.conn(ctx).ExecContext(ctx, `UPDATE mapping SET removed_at = $2, version = version + 1 WHERE id = $1`, m.ID, micros(now)); err != nil {
				return err
			}
		}
		for position, def := range defs {
			line, err := db.saveMapping(ctx, connection, position, def, matched[position])
			if err != nil {
				return db.taken(err, "a mapping", def.Name)
			}
			if line != "" {
				done = append(done, line)
			}
		}
		return nil
	})
	return done, err
}

// matchMappings finds the stored mapping that each definition is an edit of: the
// one of its number, or of its name for definitions without one, as files have
// them; a zero Mapping for new ones. gone are those that no definition is of.
func matchMappings(old []syncer.Mapping, defs []mapping.Definition) (matched, gone []syncer.Mapping) {
	matched = make([]syncer.Mapping, len(defs))
	left := map[int64]syncer.Mapping{}
	for _, m := range old {
		if !m.Removed {
			left[m.ID] = m
		}
	}
	take := func(i int, is func(m syncer.Mapping) bool) {
		for id, m := range left {
			if matched[i].ID == 0 && is(m) {
				matched[i] = m
				delete(left, id)
			}
		}
	}
	for i, def := range defs {
		take(i, func(m syncer.Mapping) bool { return m.ID == def.ID })
	}
	for i, def := range defs {
		take(i, func(m syncer.Mapping) bool { return def.ID == 0 && nameKey(m.Name) == nameKey(def.Name) })
	}
	for _, m := range old {
		if _, is := left[m.ID]; is {
			gone = append(gone, m)
		}
	}
	return matched, gone
}

func (db *DB) saveMapping(ctx context.Context, connection int64, position int, def mapping.Definition, old syncer.Mapping) (string, error) {
	def.ID = old.ID
	doc, err := json.Marshal(def)
	if err != nil {
		return "", err
	}
	if old.ID == 0 {
		_, err = db.conn(ctx).ExecContext(ctx, `INSERT INTO mapping (connection_id, position, name, name_key, definition, version)
			VALUES ($1, $2, $3, $4, $5, 1)`, connection, position, def.Name, nameKey(def.Name), string(doc))
		return "+ mapping " + def.Name, err
	}
	before, err := json.Marshal(old.Definition)
	if err != nil || (string(before) == string(doc) && old.Position == position && old.Name == def.Name) {
		return "", err
	}
	_, err = db.conn(ctx).ExecContext(ctx, `UPDATE mapping SET position = $2, name = $3, name_key = $5, definition = $4, version = version + 1
		WHERE id = $1`, old.ID, position, def.Name, string(doc), nameKey(def.Name))
	return "~ mapping " + def.Name, err
}

// RenamePreviews gives previews of a configuration the fingerprint that it has
// from now on.
func (db *DB) RenamePreviews(ctx context.Context, connection int64, from, to string) error {
	if from == to {
		return nil
	}
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE run SET configuration = $3 WHERE connection_id = $1 AND mode = $4 AND configuration = $2`,
		connection, from, to, string(syncer.Preview))
	return err
}

// ConfigurationVersion returns a text that another set of mappings, or another
// version of one, never has.
func (db *DB) ConfigurationVersion(ctx context.Context, connection int64) (string, error) {
	rows, err := db.conn(ctx).QueryContext(ctx,
		`SELECT id, version FROM mapping WHERE connection_id = $1 ORDER BY id`, connection)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	sum := sha256.New()
	for rows.Next() {
		var id, version int64
		if err := rows.Scan(&id, &version); err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%d:%d ", id, version)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), explain(rows.Err(), db.place)
}

// nameKey is the canonical form in which names are unique.
func nameKey(name string) string { return datatype.Key(datatype.OfText(name)) }
