package store

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/musterhq/muster/internal/errs"
)

// restoreChunk is how many rows are inserted at a time.
const restoreChunk = 2000

// Restore fills an empty database from an archive that Backup wrote, on either
// engine. The archive is read to its end and checked first; a damaged one, one
// of a newer schema, and a database that holds something are refused with
// nothing changed. An archive of an older schema is brought forward on the way.
func (db *DB) Restore(ctx context.Context, r io.ReaderAt, size int64) error {
	archive, m, err := openArchive(r, size)
	if err != nil {
		return err
	}
	version, err := db.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	if m.Schema < version {
		return db.restoreOlder(ctx, archive, m)
	}
	return db.load(ctx, archive, m)
}

// load fills the empty database from an archive of the same schema.
func (db *DB) load(ctx context.Context, archive *zip.Reader, m manifest) error {
	err := db.InTx(ctx, func(ctx context.Context) error {
		tables, err := db.tables(ctx)
		if err != nil {
			return err
		}
		if err := db.fits(ctx, m, tables); err != nil {
			return err
		}
		for _, t := range tables {
			if err := db.readTable(ctx, archive, t); err != nil {
				return errs.Wrap(err, "restore table "+t.Name)
			}
		}
		if err := db.noteAll(ctx); err != nil {
			return err
		}
		return db.advanceIdentities(ctx, tables)
	})
	return explain(err, db.place)
}

// restoreOlder restores an archive of an older schema. It is loaded into a file
// of that schema, which is then migrated and backed up as any other: this
// database is touched only when that went well. The files take as much room as
// the database will, beside it or, for PostgreSQL, in the folder for such.
func (db *DB) restoreOlder(ctx context.Context, archive *zip.Reader, m manifest) error {
	tables, err := db.tables(ctx)
	if err != nil {
		return err
	}
	if err := db.isEmpty(ctx, tables); err != nil {
		return explain(err, db.place)
	}
	beside := ""
	if db.dialect.isSQLite() {
		beside = filepath.Dir(db.place)
	}
	dir, err := os.MkdirTemp(beside, "restore-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, err := broughtForward(ctx, dir, archive, m)
	if err != nil {
		return errs.Wrap(err, "bring the backup forward")
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	newer, m, err := openArchive(file, info.Size())
	if err != nil {
		return err
	}
	return db.load(ctx, newer, m)
}

// broughtForward makes, in a folder, an archive of the newest schema of one of
// an older schema.
func broughtForward(ctx context.Context, dir string, archive *zip.Reader, m manifest) (*os.File, error) {
	path := filepath.Join(dir, "older.db")
	older, err := openAt(ctx, Config{Path: path}, m.Schema)
	if err != nil {
		return nil, err
	}
	err = older.load(ctx, archive, m)
	if err = errors.Join(err, older.Close()); err != nil {
		return nil, err
	}
	newer, err := Open(ctx, Config{Path: path})
	if err != nil {
		return nil, err
	}
	defer newer.Close()
	file, err := os.Create(filepath.Join(dir, "newer.zip")) // #nosec G304 -- in a folder that was just made
	if err != nil {
		return nil, err
	}
	if err := newer.Backup(ctx, file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func spoiled(format string, args ...any) *errs.Error {
	return errs.New(errs.Invalid, format, args...).About("the backup").
		WithHint("Nothing was changed. Use another backup; copy this one again if it came over a network.")
}

// openArchive checks an archive from end to end.
func openArchive(r io.ReaderAt, size int64) (*zip.Reader, manifest, error) {
	var m manifest
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, m, spoiled("it is not a whole archive").Because(err)
	}
	entry, err := archive.Open(manifestName)
	if err != nil {
		return nil, m, spoiled("it has no %s", manifestName).Because(err)
	}
	defer entry.Close()
	if err := json.NewDecoder(entry).Decode(&m); err != nil {
		return nil, m, spoiled("its %s cannot be read", manifestName).Because(err)
	}
	if m.Format != archiveFormat {
		return nil, m, spoiled("it has format %d and this program reads %d", m.Format, archiveFormat)
	}
	for i := range m.Tables {
		if err := verify(archive, &m.Tables[i]); err != nil {
			return nil, m, err
		}
	}
	return archive, m, nil
}

// verify reads one table's entry and compares it with the manifest.
func verify(archive *zip.Reader, t *archivedTable) error {
	entry, err := archive.Open(entryName(t.Name))
	if err != nil {
		return spoiled("table %s is missing", t.Name).Because(err)
	}
	defer entry.Close()
	sum := sha256.New()
	row := make([]any, len(t.Columns))
	rows := int64(0)
	err = eachLine(io.TeeReader(entry, sum), func(line []byte) error {
		rows++
		return parseLine(&t.table, line, row)
	})
	switch {
	case err != nil:
		return spoiled("table %s cannot be read", t.Name).Because(err)
	case rows != t.Rows || hexSum(sum) != t.SHA256:
		return spoiled("table %s is not as it was written", t.Name)
	}
	return nil
}

// eachLine calls fn with each line; a line may be of any length.
func eachLine(r io.Reader, fn func(line []byte) error) error {
	in := bufio.NewReaderSize(r, 256<<10)
	var long []byte
	for {
		part, err := in.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			long = append(long, part...)
			continue
		}
		if len(long) > 0 {
			long = append(long, part...)
			part = long
		}
		if err == io.EOF && len(part) == 0 {
			return nil
		}
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		if err := fn(bytes.TrimSuffix(part, []byte{'\n'})); err != nil {
			return err
		}
		long = long[:0]
	}
}

// fits refuses an archive that does not match the database, and a database that
// holds something.
func (db *DB) fits(ctx context.Context, m manifest, tables []table) error {
	version, err := db.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	if m.Schema != version {
		return errs.New(errs.Conflict, "the backup has schema version %d and this program knows versions up to %d", m.Schema, version).
			WithHint("A newer Muster made it. Restore it with that version or a later one.")
	}
	for _, t := range tables {
		i := slices.IndexFunc(m.Tables, func(a archivedTable) bool { return a.Name == t.Name })
		if i < 0 || !slices.Equal(m.Tables[i].Columns, t.Columns) {
			return spoiled("its table %s has other columns than the database", t.Name)
		}
	}
	return db.isEmpty(ctx, tables)
}

// isEmpty refuses a database that holds something.
func (db *DB) isEmpty(ctx context.Context, tables []table) error {
	for _, t := range tables {
		if t.Name == sequenceTable {
			continue
		}
		var full bool
		query := "SELECT EXISTS (SELECT 1 FROM " + quoteName(t.Name) + ")"
		if err := db.conn(ctx).QueryRowContext(ctx, query).Scan(&full); err != nil {
			return err
		}
		if full {
			return errs.New(errs.Conflict, "the database holds data already").About("%s", db.place).
				WithHint("Restore into a new, empty database and point the configuration there.")
		}
	}
	return nil
}

// sequenceTable has rows from the beginning, which a restore replaces.
const sequenceTable = "sequence"

// readTable inserts the rows of one table's entry.
func (db *DB) readTable(ctx context.Context, archive *zip.Reader, t table) error {
	if t.Name == sequenceTable {
		if _, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM sequence`); err != nil {
			return err
		}
	}
	entry, err := archive.Open(entryName(t.Name))
	if err != nil {
		return err
	}
	defer entry.Close()
	var chunk [][]any
	flush := func() error {
		err := db.bulkInsert(ctx, t.Name, t.columnNames(), len(chunk), func(i int, dst []any) { copy(dst, chunk[i]) })
		chunk = chunk[:0]
		return err
	}
	err = eachLine(entry, func(line []byte) error {
		row := make([]any, len(t.Columns))
		if err := parseLine(&t, line, row); err != nil {
			return err
		}
		if chunk = append(chunk, row); len(chunk) < restoreChunk {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// advanceIdentities has PostgreSQL's own counters go on behind the numbers that
// were restored. SQLite counts from the highest row by itself.
func (db *DB) advanceIdentities(ctx context.Context, tables []table) error {
	if db.dialect.isSQLite() {
		return nil
	}
	for _, t := range tables {
		if !slices.Contains(t.columnNames(), "id") {
			continue
		}
		_, err := db.conn(ctx).ExecContext(ctx, `SELECT setval(pg_get_serial_sequence($1, 'id'), highest)
			FROM (SELECT MAX(id) AS highest FROM `+quoteName(t.Name)+`) AS t
			WHERE highest IS NOT NULL AND pg_get_serial_sequence($1, 'id') IS NOT NULL`, t.Name)
		if err != nil {
			return err
		}
	}
	return nil
}
