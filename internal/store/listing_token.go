package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
)

// noteWritten notes, in the transaction that writes them, that records are to be
// indexed.
func (db *DB) noteWritten(ctx context.Context, records []register.Record) error {
	if len(records) == 0 {
		return nil
	}
	ids := make([]int64, len(records))
	for i := range records {
		ids[i] = records[i].ID
	}
	return db.insertNote(ctx, listing.RangesOf(ids))
}

// noteNumber notes one record, about which something else than its fields changed.
func (db *DB) noteNumber(ctx context.Context, record int64) error {
	return db.insertNote(ctx, []listing.Range{{First: record, Last: record}})
}

// noteAll notes that every record is to be indexed.
func (db *DB) noteAll(ctx context.Context) error {
	var last int64
	if err := db.conn(ctx).QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM record`).Scan(&last); err != nil || last == 0 {
		return err
	}
	return db.insertNote(ctx, []listing.Range{{First: 1, Last: last}})
}

func (db *DB) insertNote(ctx context.Context, ranges []listing.Range) error {
	_, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO index_note (ranges) VALUES ($1)`, packRanges(ranges))
	return err
}

// packRanges writes ranges as varints: how far each begins behind the end of the
// one before, and how long it is.
func packRanges(ranges []listing.Range) []byte {
	var out []byte
	end := int64(0)
	for _, r := range ranges {
		out = binary.AppendUvarint(out, uint64(r.First-end))
		out = binary.AppendUvarint(out, uint64(r.Last-r.First))
		end = r.Last
	}
	return out
}

func unpackRanges(packed []byte) ([]listing.Range, error) {
	var out []listing.Range
	end := int64(0)
	for len(packed) > 0 {
		gap, n := binary.Uvarint(packed)
		length, m := binary.Uvarint(packed[max(n, 0):])
		if n <= 0 || m <= 0 {
			return nil, fmt.Errorf("a note of records to index cannot be read")
		}
		first := end + int64(gap)
		end = first + int64(length)
		out = append(out, listing.Range{First: first, Last: end})
		packed = packed[n+m:]
	}
	return out, nil
}

// Waiting returns the oldest notes of records to index.
func (db *DB) Waiting(ctx context.Context, limit int, lock bool) ([]listing.Note, error) {
	query := `SELECT id, ranges FROM index_note ORDER BY id LIMIT $1`
	if lock {
		query += db.dialect.locking("FOR UPDATE")
	}
	return collect(ctx, db, func(row interface{ Scan(...any) error }) (listing.Note, error) {
		var n listing.Note
		var packed []byte
		if err := row.Scan(&n.ID, &packed); err != nil {
			return n, err
		}
		var err error
		n.Ranges, err = unpackRanges(packed)
		return n, err
	}, query, int64(limit))
}

// SetNote stores what is left of a note; one with nothing left goes.
func (db *DB) SetNote(ctx context.Context, n listing.Note) error {
	if len(n.Ranges) == 0 {
		_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM index_note WHERE id = $1`, n.ID)
		return err
	}
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE index_note SET ranges = $2 WHERE id = $1`, n.ID, packRanges(n.Ranges))
	return err
}

// PutTokens replaces the tokens of records.
func (db *DB) PutTokens(ctx context.Context, records []int64, tokens [][]string) error {
	if len(records) == 0 {
		return nil
	}
	if db.dialect.isSQLite() {
		_, err := db.sessionOf(ctx).execMany(ctx, `INSERT OR REPLACE INTO record_token (rowid, tokens) VALUES ($1, $2)`, 2, len(records),
			func(i int, dst []any) { dst[0], dst[1] = records[i], strings.Join(tokens[i], " ") })
		return err
	}
	db.statistics.added("record_token", len(records))
	texts := make([]string, len(tokens))
	for i := range tokens {
		texts[i] = strings.Join(tokens[i], " ")
	}
	_, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO record_token (record_id, tokens)
		SELECT id, array_to_tsvector(string_to_array(list, ' ')) FROM unnest($1::bigint[], $2::text[]) AS new (id, list)
		ON CONFLICT (record_id) DO UPDATE SET tokens = excluded.tokens`, records, texts)
	return err
}

// FindTokens returns the numbers of records that an expression finds, limit at
// most, in any order.
func (db *DB) FindTokens(ctx context.Context, x listing.Expression, limit int) ([]int64, error) {
	query, text := `SELECT record_id FROM record_token WHERE tokens @@ $1::tsquery LIMIT $2`, tsquery(x)
	if db.dialect.isSQLite() {
		query, text = `SELECT rowid FROM record_token WHERE record_token MATCH $1 LIMIT $2`, ftsMatch(x)
	}
	return collect(ctx, db, scanNumber, query, text, int64(limit))
}

func scanNumber(row interface{ Scan(...any) error }) (n int64, err error) { return n, row.Scan(&n) }

// Estimate returns about how many records an expression finds, or 0 when that
// cannot be told cheaply. PostgreSQL's planner has an estimate for common tokens
// and beginnings alike, where reading their lists would cost what is to be saved.
// SQLite reads the list of one token as far as it is asked for, so the first of
// its records say how dense they are; for a beginning, the word itself is looked
// at, since all lists of words that begin so would be merged first.
func (db *DB) Estimate(ctx context.Context, x listing.Expression) (int, error) {
	if !db.dialect.isSQLite() {
		return db.planned(ctx, x)
	}
	tokens := slices.Concat(x.All, x.Begin)
	if len(tokens) != 1 || len(x.None) > 0 {
		return 0, nil
	}
	ids, err := db.FindTokens(ctx, listing.Expression{All: tokens}, sampled)
	if err != nil || len(ids) < sampled {
		return len(ids), err
	}
	var records int64
	if err := db.conn(ctx).QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM record`).Scan(&records); err != nil {
		return 0, err
	}
	return int(float64(sampled) * float64(records) / float64(slices.Max(ids))), nil
}

// sampled is how many records of a token are looked at to estimate all.
const sampled = 500

// planned asks PostgreSQL's planner how many records it expects to find.
func (db *DB) planned(ctx context.Context, x listing.Expression) (int, error) {
	var plan string
	// The text is in the statement, since a plan for any parameter knows no token.
	// Tokens have no quotes in them.
	query := `EXPLAIN (FORMAT JSON) SELECT record_id FROM record_token WHERE tokens @@ '` + strings.ReplaceAll(tsquery(x), "'", "''") + `'::tsquery`
	if err := db.conn(ctx).QueryRowContext(ctx, query).Scan(&plan); err != nil {
		return 0, err
	}
	var plans []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal([]byte(plan), &plans); err != nil || len(plans) == 0 {
		return 0, err
	}
	return int(plans[0].Plan.Rows), nil
}

// NextTokens is FindTokens in the order of numbers, behind one.
func (db *DB) NextTokens(ctx context.Context, x listing.Expression, after int64, down bool, limit int) ([]int64, error) {
	number, match, text := "record_id", "tokens @@ $1::tsquery", tsquery(x)
	if db.dialect.isSQLite() {
		number, match, text = "rowid", "record_token MATCH $1", ftsMatch(x)
	}
	than, order := " > ", ""
	if down {
		than, order = " < ", " DESC"
		if after == 0 {
			after = math.MaxInt64
		}
	}
	return collect(ctx, db, scanNumber, `SELECT `+number+` FROM record_token WHERE `+match+` AND `+number+than+`$2
		ORDER BY `+number+order+` LIMIT $3`, text, after, int64(limit))
}

// ftsMatch writes an expression in the language of SQLite's FTS5. Tokens have
// no quotes in them.
func ftsMatch(x listing.Expression) string {
	var terms []string
	for _, t := range x.All {
		terms = append(terms, `"`+t+`"`)
	}
	for _, t := range x.Begin {
		terms = append(terms, `"`+t+`" *`)
	}
	out := strings.Join(terms, " AND ")
	if len(x.None) > 0 {
		out = "(" + out + `) NOT ("` + strings.Join(x.None, `" OR "`) + `")`
	}
	return out
}

// tsquery writes an expression in the language of PostgreSQL's text search.
func tsquery(x listing.Expression) string {
	var terms []string
	for _, t := range x.All {
		terms = append(terms, "'"+t+"'")
	}
	for _, t := range x.Begin {
		terms = append(terms, "'"+t+"':*")
	}
	for _, t := range x.None {
		terms = append(terms, "!'"+t+"'")
	}
	return strings.Join(terms, " & ")
}

// HeldBy returns those of the assets that somebody holds, with the holder.
func (db *DB) HeldBy(ctx context.Context, assets []int64) (map[int64]int64, error) {
	in, arg := db.inNumbers("asset_id", 1, assets)
	return collectMap(ctx, db, func(row scanner) (asset, holder int64, err error) {
		return asset, holder, row.Scan(&asset, &holder)
	}, `SELECT asset_id, holder_id FROM custody WHERE `+in+` AND checked_in_at IS NULL`, arg)
}

// RecordsBetween returns records with numbers from first to last.
func (db *DB) RecordsBetween(ctx context.Context, first, last int64, limit int) ([]register.Record, error) {
	return collect(ctx, db, scanRecord, `SELECT `+recordColumns+` FROM record WHERE id BETWEEN $1 AND $2 ORDER BY id LIMIT $3`, first, last, int64(limit))
}

// WalkRecords reads a collection by title.
func (db *DB) WalkRecords(ctx context.Context, w listing.Walk) ([]register.Record, error) {
	query, args := walkText(w)
	return collect(ctx, db, scanRecord, query, args...)
}

func walkText(w listing.Walk) (query string, args []any) {
	var b strings.Builder
	b.WriteString(`SELECT ` + recordColumns + ` FROM record WHERE collection_id = $1`)
	args = []any{w.Collection}
	add := func(v any) string {
		args = append(args, v)
		return placeholder(len(args))
	}
	b.WriteString(` AND account_id = ` + add(w.Account))
	b.WriteString(map[bool]string{false: ` AND archived_at IS NULL`, true: ` AND archived_at IS NOT NULL`}[w.Archived])
	than, down := ">", ""
	if w.Down {
		than, down = "<", " DESC"
	}
	if w.After.ID != 0 {
		b.WriteString(` AND (title_key, id) ` + than + ` (` + add(w.After.TitleKey) + `, ` + add(w.After.ID) + `)`)
	}
	b.WriteString(` ORDER BY title_key` + down + `, id` + down + ` LIMIT ` + add(int64(w.Limit)))
	return b.String(), args
}

// CountRecords returns how many records of a collection are not put away.
func (db *DB) CountRecords(ctx context.Context, collection int64) (n int, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT CAST(COALESCE(SUM(records), 0) AS BIGINT) FROM record_count WHERE collection_id = $1`, collection).Scan(&n)
	return n, err
}

// AddCount says that a collection has more or fewer records.
func (db *DB) AddCount(ctx context.Context, collection int64, records int) error {
	_, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO record_count (collection_id, records) VALUES ($1, $2)`, collection, int64(records))
	return err
}

// FoldCounts sums up the rows of collections that have many. It takes away just
// the rows that it added up, whatever others add meanwhile.
func (db *DB) FoldCounts(ctx context.Context) error {
	many, err := collect(ctx, db, scanNumber, `SELECT collection_id FROM record_count GROUP BY collection_id HAVING COUNT(*) > 100`)
	for _, id := range many {
		if err := db.foldCount(ctx, id); err != nil {
			return err
		}
	}
	return err
}

func (db *DB) foldCount(ctx context.Context, collection int64) error {
	rows, err := collect(ctx, db, scanNumber, `DELETE FROM record_count WHERE collection_id = $1 RETURNING records`, collection)
	if err != nil {
		return err
	}
	sum := int64(0)
	for _, n := range rows {
		sum += n
	}
	return db.AddCount(ctx, collection, int(sum))
}
