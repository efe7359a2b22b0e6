package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

// Organization returns the organization, or NotFound before the set-up.
func (db *DB) Organization(ctx context.Context) (account.Organization, error) {
	var o account.Organization
	var created int64
	err := db.conn(ctx).QueryRowContext(ctx, `SELECT name, created_at FROM organization WHERE id = 1`).Scan(&o.Name, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return o, errs.New(errs.NotFound, "Muster is not set up yet").WithHint("Describe your organization in a file and run: muster apply -f muster.yaml")
	}
	o.CreatedAt = fromMicros(created)
	return o, err
}

// CreateOrganization stores the one organization.
func (db *DB) CreateOrganization(ctx context.Context, o account.Organization) error {
	_, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO organization (id, name, created_at) VALUES (1, $1, $2)`, o.Name, micros(o.CreatedAt))
	return err
}

func scanAccount(row interface{ Scan(...any) error }) (account.Account, error) {
	var a account.Account
	var created int64
	err := row.Scan(&a.ID, &a.Name, &created)
	a.CreatedAt = fromMicros(created)
	return a, err
}

// Accounts lists all accounts, by name.
func (db *DB) Accounts(ctx context.Context) ([]account.Account, error) {
	return collect(ctx, db, scanAccount, `SELECT id, name, created_at FROM account ORDER BY name_key`)
}

// CreateAccount stores an account; Conflict when the name is taken.
func (db *DB) CreateAccount(ctx context.Context, a account.Account) (account.Account, error) {
	err := db.conn(ctx).QueryRowContext(ctx, `INSERT INTO account (name, name_key, created_at) VALUES ($1, $2, $3) RETURNING id`,
		a.Name, nameKey(a.Name), micros(a.CreatedAt)).Scan(&a.ID)
	return a, db.taken(err, "account", a.Name)
}

// taken turns the violation of a unique name into a Conflict that says so.
func (db *DB) taken(err error, what, name string) error {
	if _, unique := db.isUnique(err); unique {
		return errs.New(errs.Conflict, "there is a %s named %q already", what, name).Because(err)
	}
	return err
}

func scanModule(row interface{ Scan(...any) error }) (account.Module, error) {
	var m account.Module
	var created int64
	err := row.Scan(&m.ID, &m.Account, &m.Name, &created)
	m.CreatedAt = fromMicros(created)
	return m, err
}

// Modules lists the modules of an account, or with 0 all of them.
func (db *DB) Modules(ctx context.Context, acct int64) ([]account.Module, error) {
	return collect(ctx, db, scanModule, `SELECT id, account_id, name, created_at FROM module
		WHERE $1 = 0 OR account_id = $1 ORDER BY account_id, name_key`, acct)
}

// CreateModule stores a module; Conflict when the name is taken in its account.
func (db *DB) CreateModule(ctx context.Context, m account.Module) (account.Module, error) {
	err := db.conn(ctx).QueryRowContext(ctx, `INSERT INTO module (account_id, name, name_key, created_at)
		VALUES ($1, $2, $3, $4) RETURNING id`, m.Account, m.Name, nameKey(m.Name), micros(m.CreatedAt)).Scan(&m.ID)
	return m, db.taken(err, "module", m.Name)
}

func scanRole(row interface{ Scan(...any) error }) (account.Role, error) {
	var r account.Role
	var permissions string
	if err := row.Scan(&r.ID, &r.Account, &r.Module, &r.Name, &r.Scope, &r.Rank, &permissions); err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(permissions), &r.Permissions)
}

// Roles lists all roles, the highest first.
func (db *DB) Roles(ctx context.Context) ([]account.Role, error) {
	return collect(ctx, db, scanRole, `SELECT id, account_id, module_id, name, scope, rank, permissions FROM role ORDER BY rank DESC, id`)
}

// CreateRole stores a role; Conflict when the name is taken in its module.
func (db *DB) CreateRole(ctx context.Context, r account.Role) (account.Role, error) {
	permissions, err := json.Marshal(r.Permissions)
	if err != nil {
		return r, err
	}
	err = db.conn(ctx).QueryRowContext(ctx, `INSERT INTO role (account_id, module_id, name, name_key, scope, rank, permissions)
		VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
		r.Account, r.Module, r.Name, nameKey(r.Name), string(r.Scope), r.Rank, string(permissions)).Scan(&r.ID)
	return r, db.taken(err, "role", r.Name)
}

const loginColumns = `id, email, name, state, deactivated_by, origin, break_glass, password_hash <> '', tenant_id, object_id,
	person_id, version, created_at, updated_at`

func scanLogin(row interface{ Scan(...any) error }) (account.Login, error) {
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
	query, where, args := `SELECT `+loginColumns+` FROM login`, "", []any(nil)
	if ids != nil {
		in, arg := db.inNumbers("id", 1, ids)
		where, args = " WHERE "+in, []any{arg}
	}
	list, err := collect(ctx, db, scanLogin, query+where+` ORDER BY name, id`, args...)
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

// grants returns the grants of logins, or with nil of all.
func (db *DB) grants(ctx context.Context, ids []int64) ([]account.LoginGrant, error) {
	where, args := "", []any{account.CollaboratorRank}
	if ids != nil {
		in, arg := db.inNumbers("g.login_id", 2, ids)
		where, args = " WHERE "+in, append(args, arg)
	}
	return collect(ctx, db, func(row interface{ Scan(...any) error }) (account.LoginGrant, error) {
		var g account.LoginGrant
		err := row.Scan(&g.Login, &g.Account, &g.Module, &g.Mapping, &g.Role, &g.RoleName, &g.Administrator)
		return g, err
	}, `SELECT g.login_id, g.account_id, g.module_id, g.mapping_id, g.role_id, r.name, r.rank > $1
		FROM role_grant g JOIN role r ON r.id = g.role_id`+where+` ORDER BY g.login_id, r.rank DESC, g.mapping_id`, args...)
}

// CreateLogin stores one login; Conflict when its email is taken.
func (db *DB) CreateLogin(ctx context.Context, l account.Login, passwordHash string) error {
	_, err := db.conn(ctx).ExecContext(ctx, `INSERT INTO login (id, email, email_key, name, state, deactivated_by, origin, break_glass,
		password_hash, tenant_id, object_id, person_id, version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`, loginValues(l, passwordHash)...)
	return db.taken(err, "user with the email", l.Email)
}

func loginValues(l account.Login, passwordHash string) []any {
	var object any
	if !l.Object.IsZero() {
		object = l.Object[:]
	}
	return []any{
		l.ID, l.Email, emailKey(l.Email), l.Name, string(l.State), l.DeactivatedBy, l.Origin, l.BreakGlass,
		passwordHash, l.Tenant, object, l.Person, l.Version, micros(l.CreatedAt), micros(l.UpdatedAt),
	}
}

// emailKey returns the stored key of an email; NULL, which is never taken, for
// none.
func emailKey(email string) any {
	if key := account.EmailKey(email); key != "" {
		return key
	}
	return nil
}

// InsertLogins stores many new logins; Conflict when an email is taken.
func (db *DB) InsertLogins(ctx context.Context, logins []account.Login) error {
	err := db.bulkInsert(ctx, "login", []string{"id", "email", "email_key", "name", "state", "deactivated_by", "origin", "break_glass",
		"password_hash", "tenant_id", "object_id", "person_id", "version", "created_at", "updated_at"},
		len(logins), func(i int, dst []any) { copy(dst, loginValues(logins[i], "")) })
	if _, unique := db.isUnique(err); unique {
		return errs.New(errs.Conflict, "another user has the same email").Because(err).
			WithHint("See who it is with: muster users")
	}
	return err
}

// UpdateLogins stores logins; those to release give their email up.
func (db *DB) UpdateLogins(ctx context.Context, logins []account.Login, release []int64) error {
	for _, l := range logins {
		var object any
		if !l.Object.IsZero() {
			object = l.Object[:]
		}
		_, err := db.conn(ctx).ExecContext(ctx, `UPDATE login SET email = $2, email_key = CASE WHEN email_key IS NULL AND email = $2 THEN NULL ELSE $3 END,
			name = $4, state = $5, deactivated_by = $6, origin = $7, tenant_id = $8, object_id = $9, person_id = $10,
			version = $11, updated_at = $12 WHERE id = $1`,
			l.ID, l.Email, emailKey(l.Email), l.Name, string(l.State), l.DeactivatedBy, l.Origin, l.Tenant, object, l.Person,
			l.Version, micros(l.UpdatedAt))
		if err := db.taken(err, "user with the email", l.Email); err != nil {
			return err
		}
	}
	if len(release) == 0 {
		return nil
	}
	in, arg := db.inNumbers("id", 1, release)
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE login SET email_key = NULL WHERE `+in, arg)
	return err
}

// SetPassword stores a login's password hash; an empty one ends the password.
func (db *DB) SetPassword(ctx context.Context, login int64, hash string, now time.Time) error {
	_, err := db.conn(ctx).ExecContext(ctx, `UPDATE login SET password_hash = $2, version = version + 1, updated_at = $3 WHERE id = $1`,
		login, hash, micros(now))
	return err
}

// LoginsByEmail returns the logins that have emails with the given keys.
func (db *DB) LoginsByEmail(ctx context.Context, keys []string) (map[string]int64, error) {
	out := map[string]int64{}
	if len(keys) == 0 {
		return out, nil
	}
	in, arg := db.inStrings("email_key", 1, keys)
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT email_key, id FROM login WHERE `+in, arg)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var id int64
		if err := rows.Scan(&key, &id); err != nil {
			return nil, err
		}
		out[key] = id
	}
	return out, rows.Err()
}

// LoginsByObject returns the logins that stand for objects of a tenant.
func (db *DB) LoginsByObject(ctx context.Context, tenant string, objects []directory.ObjectID) (map[directory.ObjectID]int64, error) {
	out := map[directory.ObjectID]int64{}
	if len(objects) == 0 {
		return out, nil
	}
	in, arg := db.inObjects("object_id", 2, objects)
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT object_id, id FROM login WHERE tenant_id = $1 AND `+in, tenant, arg)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var object []byte
		var id int64
		if err := rows.Scan(&object, &id); err != nil {
			return nil, err
		}
		var o directory.ObjectID
		copy(o[:], object)
		out[o] = id
	}
	return out, rows.Err()
}

// Grant stores grants, each in place of what its key held.
func (db *DB) Grant(ctx context.Context, run int64, now time.Time, grants []account.LoginGrant) error {
	return db.bulkInsert(ctx, "role_grant",
		[]string{"login_id", "account_id", "module_id", "mapping_id", "role_id", "run_id", "granted_at"},
		len(grants), func(i int, dst []any) {
			g := grants[i]
			dst[0], dst[1], dst[2], dst[3], dst[4], dst[5], dst[6] = g.Login, g.Account, g.Module, g.Mapping, g.Role, run, micros(now)
		}, `ON CONFLICT (login_id, account_id, module_id, mapping_id) DO UPDATE SET role_id = excluded.role_id,
			run_id = excluded.run_id, granted_at = excluded.granted_at`)
}

// Revoke removes grants by their keys.
func (db *DB) Revoke(ctx context.Context, grants []account.LoginGrant) error {
	for _, g := range grants {
		_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM role_grant WHERE login_id = $1 AND account_id = $2 AND module_id = $3 AND mapping_id = $4`,
			g.Login, g.Account, g.Module, g.Mapping)
		if err != nil {
			return err
		}
	}
	return nil
}

// ActiveAdministrators returns the active logins with a role for the whole
// organization.
func (db *DB) ActiveAdministrators(ctx context.Context) ([]int64, error) {
	return collect(ctx, db, func(row interface{ Scan(...any) error }) (id int64, err error) {
		return id, row.Scan(&id)
	}, `SELECT DISTINCT l.id FROM role_grant g JOIN role r ON r.id = g.role_id JOIN login l ON l.id = g.login_id
		WHERE r.scope = 'organization' AND l.state = 'active' ORDER BY l.id`)
}

// WriteAudit appends an event to the chain.
func (db *DB) WriteAudit(ctx context.Context, e audit.Event) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		var last []byte
		err := db.conn(ctx).QueryRowContext(ctx, `SELECT chain FROM audit_event ORDER BY id DESC LIMIT 1`).Scan(&last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var before [32]byte
		copy(before[:], last)
		chain := audit.Chain(before, e)
		details, err := json.Marshal(e.Details)
		if err != nil {
			return err
		}
		_, err = db.conn(ctx).ExecContext(ctx, `INSERT INTO audit_event (at, account_id, actor_kind, actor_id, actor_name, address, action,
			subject_kind, subject_id, subject_name, details, chain) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			micros(e.At), e.Account, e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Actor.Address, string(e.Action),
			e.SubjectKind, e.SubjectID, e.SubjectName, string(details), chain[:])
		return err
	})
}
