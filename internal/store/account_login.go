package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

const loginColumns = `id, email, name, state, deactivated_by, origin, break_glass, password_hash <> '', tenant_id, object_id,
	person_id, version, created_at, updated_at`

func scanLogin(row scanner) (account.Login, error) {
	var l account.Login
	var object []byte
	var created, updated int64
	err := row.Scan(&l.ID, &l.Email, &l.Name, &l.State, &l.DeactivatedBy, &l.Origin, &l.BreakGlass, &l.HasPassword,
		&l.Tenant, &object, &l.Person, &l.Version, &created, &updated)
	copy(l.Object[:], object)
	l.CreatedAt, l.UpdatedAt = fromMicros(created), fromMicros(updated)
	return l, err
}

// Logins returns logins with their grants: those asked for, or with nil all, by
// name.
func (db *DB) Logins(ctx context.Context, ids []int64) ([]account.Login, error) {
	where, args := "", []any(nil)
	if ids != nil {
		in, arg := db.inNumbers("id", 1, ids)
		where, args = " WHERE "+in, []any{arg}
	}
	list, err := collect(ctx, db, scanLogin, `SELECT `+loginColumns+` FROM login`+where+` ORDER BY name, id`, args...)
	if err != nil || len(list) == 0 {
		return list, err
	}
	at := make(map[int64]int, len(list))
	for i := range list {
		at[list[i].ID] = i
	}
	grants, err := db.grants(ctx, ids)
	for _, g := range grants {
		if i, ok := at[g.Login]; ok {
			list[i].Grants = append(list[i].Grants, g.Grant)
		}
	}
	return list, err
}

// objectColumn is how a directory object's ID is stored; NULL stands for none.
func objectColumn(id directory.ObjectID) []byte {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

// emailKey returns the stored key of an email; NULL, which is never taken, for
// none.
func emailKey(email string) any {
	if key := account.EmailKey(email); key != "" {
		return key
	}
	return nil
}

// InsertLogins stores new logins, without passwords.
func (db *DB) InsertLogins(ctx context.Context, logins []account.Login) error {
	columns := []string{
		"id", "email", "email_key", "name", "state", "deactivated_by", "origin", "break_glass", "password_hash",
		"tenant_id", "object_id", "person_id", "version", "created_at", "updated_at",
	}
	err := db.bulkInsert(ctx, "login", columns, len(logins), func(i int, dst []any) {
		l := &logins[i]
		dst[0], dst[1], dst[2], dst[3] = l.ID, l.Email, emailKey(l.Email), l.Name
		dst[4], dst[5], dst[6], dst[7], dst[8] = string(l.State), l.DeactivatedBy, l.Origin, l.BreakGlass, ""
		dst[9], dst[10], dst[11] = l.Tenant, nil, l.Person
		if object := objectColumn(l.Object); object != nil {
			dst[10] = object
		}
		dst[12], dst[13], dst[14] = l.Version, micros(l.CreatedAt), micros(l.UpdatedAt)
	})
	return db.sameLogin(err)
}

// sameLogin says which of the things that are unique among logins was taken.
func (db *DB) sameLogin(err error) error {
	constraint, unique := db.isUnique(err)
	switch {
	case !unique:
		return err
	case constraint == "login(tenant_id, object_id)":
		return errs.New(errs.Conflict, "another user stands for the same person in the directory").Because(err)
	case constraint == "login(email_key)":
		return errs.New(errs.Conflict, "another user has the same email").Because(err).WithHint("See who it is with: muster users")
	}
	return errs.New(errs.Conflict, "the user is there already").Because(err)
}

// vacate takes emails from the logins of a batch whose emails change, so that
// two of them can swap theirs.
const vacate = `UPDATE login SET email_key = NULL FROM {{rows}} WHERE login.id = v.id AND login.email <> v.email`

// updateLogins writes logins. A released email stays released until its login
// is opened again or gets another one. The directory's users keep no password
// unless break-glass (F25).
const updateLogins = `UPDATE login SET
	email_key = CASE WHEN v.state = 'deactivated' AND login.email_key IS NULL AND login.email = v.email THEN NULL ELSE NULLIF(v.email_key, '') END,
	email = v.email, name = v.name, state = v.state, deactivated_by = v.deactivated_by, origin = v.origin,
	break_glass = v.break_glass, tenant_id = v.tenant_id, object_id = v.object_id, person_id = v.person_id,
	version = v.version, updated_at = v.updated_at,
	password_hash = CASE WHEN v.origin = 'directory' AND NOT v.break_glass THEN '' ELSE login.password_hash END
	FROM {{rows}} WHERE login.id = v.id AND login.version = v.version - 1`

// UpdateLogins stores logins as their next version; those to release give up
// their email's key.
func (db *DB) UpdateLogins(ctx context.Context, logins []account.Login, release []int64) error {
	if len(logins) == 0 {
		return nil
	}
	return db.InTx(ctx, func(ctx context.Context) error {
		if _, err := db.execRows(ctx, vacate, loginRows(logins, "id", "email")); err != nil {
			return err
		}
		n, err := db.execRows(ctx, updateLogins, loginRows(logins, "id", "email", "email_key", "name", "state", "deactivated_by",
			"origin", "break_glass", "tenant_id", "object_id", "person_id", "version", "updated_at"))
		if err != nil {
			return db.sameLogin(err)
		}
		if n != int64(len(logins)) {
			return errs.New(errs.Conflict, "somebody else changed the user at the same time").WithHint("Try again.")
		}
		return db.releaseEmails(ctx, release)
	})
}

// loginRows returns columns of logins as updates take them.
func loginRows(logins []account.Login, columns ...string) rowSet {
	set := rowSet{n: len(logins)}
	for _, name := range columns {
		c := rowColumn{name: name, kind: "text"}
		switch name {
		case "id", "person_id", "version", "updated_at":
			c.kind = "bigint"
		case "break_glass":
			c.kind = "boolean"
		case "object_id":
			c.kind = "bytea"
		}
		c.value = func(i int) any { return loginColumn(&logins[i], name) }
		set.columns = append(set.columns, c)
	}
	return set
}

func loginColumn(l *account.Login, name string) any {
	switch name {
	case "id":
		return l.ID
	case "email":
		return l.Email
	case "email_key":
		return account.EmailKey(l.Email)
	case "name":
		return l.Name
	case "state":
		return string(l.State)
	case "deactivated_by":
		return l.DeactivatedBy
	case "origin":
		return l.Origin
	case "break_glass":
		return l.BreakGlass
	case "tenant_id":
		return l.Tenant
	case "object_id":
		return objectColumn(l.Object)
	case "person_id":
		return l.Person
	case "version":
		return l.Version
	}
	return micros(l.UpdatedAt)
}

func (db *DB) releaseEmails(ctx context.Context, logins []int64) error {
	if len(logins) == 0 {
		return nil
	}
	in, arg := db.inNumbers("id", 1, logins)
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE login SET email_key = NULL WHERE `+in, arg)
	return err
}

// SetPassword stores a login's password hash; an empty one ends the password.
func (db *DB) SetPassword(ctx context.Context, login int64, hash string) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE login SET password_hash = $2 WHERE id = $1`, login, hash)
	return err
}

// PasswordHash returns a login's password hash, "" when it has none.
func (db *DB) PasswordHash(ctx context.Context, login int64) (hash string, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT password_hash FROM login WHERE id = $1`, login).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return hash, err
}

// SignedIn notes when a login was last used.
func (db *DB) SignedIn(ctx context.Context, login int64, now time.Time) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE login SET last_sign_in_at = $2 WHERE id = $1`, login, micros(now))
	return err
}

// LoginsByEmail returns the logins that have emails with the given keys.
func (db *DB) LoginsByEmail(ctx context.Context, keys []string) (map[string]int64, error) {
	if len(keys) == 0 {
		return map[string]int64{}, nil
	}
	in, arg := db.inStrings("email_key", 1, keys)
	return collectMap(ctx, db, func(row scanner) (key string, id int64, err error) {
		return key, id, row.Scan(&key, &id)
	}, `SELECT email_key, id FROM login WHERE `+in, arg)
}

// LoginsByObject returns the logins that stand for objects of a tenant.
func (db *DB) LoginsByObject(ctx context.Context, tenant string, objects []directory.ObjectID) (map[directory.ObjectID]int64, error) {
	if len(objects) == 0 {
		return map[directory.ObjectID]int64{}, nil
	}
	in, arg := db.inObjects("object_id", 2, objects)
	return collectMap(ctx, db, func(row scanner) (object directory.ObjectID, id int64, err error) {
		var b []byte
		err = row.Scan(&b, &id)
		copy(object[:], b)
		return object, id, err
	}, `SELECT object_id, id FROM login WHERE tenant_id = $1 AND `+in, tenant, arg)
}

// collectMap runs a query and keeps each row under its key.
func collectMap[K comparable, V any](ctx context.Context, db *DB, scan func(scanner) (K, V, error), query string, args ...any) (map[K]V, error) {
	rows, err := db.conn(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[K]V{}
	for rows.Next() {
		k, v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out[k] = v
	}
	return out, explain(rows.Err(), db.place)
}
