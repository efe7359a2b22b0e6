package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/musterhq/muster/internal/account"
)

// permissionDoc is a permission as a role's row keeps it.
type permissionDoc struct {
	Action     account.Action `json:"action"`
	Collection int64          `json:"collection,omitempty"`
}

func scanRole(row scanner) (account.Role, error) {
	var r account.Role
	var permissions string
	if err := row.Scan(&r.ID, &r.Account, &r.Module, &r.Name, &r.Scope, &r.Rank, &permissions); err != nil {
		return r, err
	}
	var docs []permissionDoc
	err := json.Unmarshal([]byte(permissions), &docs)
	for _, d := range docs {
		r.Permissions = append(r.Permissions, account.Permission(d))
	}
	return r, err
}

// Roles lists all roles, the highest first.
func (db *DB) Roles(ctx context.Context) ([]account.Role, error) {
	return collect(ctx, db, scanRole, `SELECT id, account_id, module_id, name, scope, rank, permissions FROM role ORDER BY rank DESC, id`)
}

// permissionsJSON returns permissions as a role's row keeps them.
func permissionsJSON(list []account.Permission) (string, error) {
	docs := make([]permissionDoc, len(list))
	for i, p := range list {
		docs[i] = permissionDoc(p)
	}
	doc, err := json.Marshal(docs)
	return string(doc), err
}

// UpdateRole stores a role's name and permissions; Conflict when the name is
// taken in its module.
func (db *DB) UpdateRole(ctx context.Context, r account.Role) error {
	permissions, err := permissionsJSON(r.Permissions)
	if err != nil {
		return err
	}
	_, err = db.conn(ctx).ExecContext(ctx, `UPDATE role SET name = $2, name_key = $3, permissions = $4 WHERE id = $1`,
		r.ID, r.Name, nameKey(r.Name), permissions)
	return db.taken(err, "a role", r.Name)
}

// DeleteRole removes a role that nobody holds.
func (db *DB) DeleteRole(ctx context.Context, id int64) error {
	_, err := db.conn(ctx).ExecContext(ctx, `DELETE FROM role WHERE id = $1`, id)
	return err
}

// MoveGrants gives another role to all who were given one by hand, in the same
// places, and makes a new version of their logins.
func (db *DB) MoveGrants(ctx context.Context, from, to int64, by string, now time.Time) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		_, err := db.conn(ctx).ExecContext(ctx, `UPDATE login SET version = version + 1, updated_at = $2
			WHERE id IN (SELECT login_id FROM role_grant WHERE role_id = $1 AND mapping_id = 0)`, from, micros(now))
		if err != nil {
			return err
		}
		_, err = db.conn(ctx).ExecContext(ctx, `UPDATE role_grant SET role_id = $2, granted_at = $3, granted_by = $4 WHERE role_id = $1 AND mapping_id = 0`,
			from, to, micros(now), by)
		return err
	})
}

// CountGrants counts who was given a role by hand, and who has it from mappings.
func (db *DB) CountGrants(ctx context.Context, role int64) (byHand, mapped int, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT COUNT(CASE WHEN mapping_id = 0 THEN 1 END), COUNT(CASE WHEN mapping_id <> 0 THEN 1 END)
		FROM role_grant WHERE role_id = $1`, role).Scan(&byHand, &mapped)
	return byHand, mapped, err
}

// CreateRole stores a role; Conflict when the name is taken in its module.
func (db *DB) CreateRole(ctx context.Context, r account.Role) (account.Role, error) {
	permissions, err := permissionsJSON(r.Permissions)
	if err != nil {
		return r, err
	}
	err = db.conn(ctx).QueryRowContext(ctx, `INSERT INTO role (account_id, module_id, name, name_key, scope, rank, permissions)
		VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
		r.Account, r.Module, r.Name, nameKey(r.Name), string(r.Scope), r.Rank, permissions).Scan(&r.ID)
	return r, db.taken(err, "a role", r.Name)
}

func scanGrant(row scanner) (account.LoginGrant, error) {
	var g account.LoginGrant
	var at int64
	err := row.Scan(&g.Login, &g.Account, &g.Module, &g.Mapping, &g.Role, &g.RoleName, &g.Scope, &g.Administrator, &at, &g.By)
	g.At = fromMicros(at)
	return g, err
}

// grants returns the grants of logins, or with nil of all, the highest first.
func (db *DB) grants(ctx context.Context, ids []int64) ([]account.LoginGrant, error) {
	where, args := "", []any{account.CollaboratorRank}
	if ids != nil {
		in, arg := db.inNumbers("g.login_id", 2, ids)
		where, args = " WHERE "+in, append(args, arg)
	}
	return collect(ctx, db, scanGrant, `SELECT g.login_id, g.account_id, g.module_id, g.mapping_id, g.role_id, r.name, r.scope, r.rank > $1,
		g.granted_at, g.granted_by
		FROM role_grant g JOIN role r ON r.id = g.role_id`+where+`
		ORDER BY g.login_id, r.rank DESC, g.account_id, g.module_id, g.mapping_id`, args...)
}

// Grant stores grants, each in place of what its key held.
func (db *DB) Grant(ctx context.Context, run int64, now time.Time, grants []account.LoginGrant) error {
	return db.bulkInsert(ctx, "role_grant",
		[]string{"login_id", "account_id", "module_id", "mapping_id", "role_id", "run_id", "granted_at", "granted_by"},
		len(grants), func(i int, dst []any) {
			g := &grants[i]
			dst[0], dst[1], dst[2], dst[3], dst[4], dst[5], dst[6], dst[7] = g.Login, g.Account, g.Module, g.Mapping, g.Role, run, micros(now), g.By
		}, `ON CONFLICT (login_id, account_id, module_id, mapping_id) DO UPDATE SET role_id = excluded.role_id,
			run_id = excluded.run_id, granted_at = excluded.granted_at, granted_by = excluded.granted_by`)
}

// revoke takes grants away by their keys.
const revoke = `DELETE FROM role_grant WHERE (login_id, account_id, module_id, mapping_id)
	IN (SELECT v.login, v.account, v.module, v.mapping FROM {{rows}})`

// Revoke removes grants by their keys. One that is gone already is as wanted.
func (db *DB) Revoke(ctx context.Context, grants []account.LoginGrant) error {
	key := func(name string, of func(g *account.LoginGrant) int64) rowColumn {
		return rowColumn{name, "bigint", func(i int) any { return of(&grants[i]) }}
	}
	_, err := db.execRows(ctx, revoke, rowSet{len(grants), []rowColumn{
		key("login", func(g *account.LoginGrant) int64 { return g.Login }),
		key("account", func(g *account.LoginGrant) int64 { return g.Account }),
		key("module", func(g *account.LoginGrant) int64 { return g.Module }),
		key("mapping", func(g *account.LoginGrant) int64 { return g.Mapping }),
	}})
	return err
}

// LockAdministrators makes other transactions that call it wait for this one.
// The lock is a row that only this statement writes.
func (db *DB) LockAdministrators(ctx context.Context) error {
	_, err := db.NextIDs(ctx, "lock on administrators", 1)
	return err
}

// ActiveAdministrators returns the active logins with a role for the whole
// organization.
func (db *DB) ActiveAdministrators(ctx context.Context) ([]int64, error) {
	return collect(ctx, db, scanID, `SELECT DISTINCT l.id FROM role_grant g JOIN role r ON r.id = g.role_id JOIN login l ON l.id = g.login_id
		WHERE r.scope = $1 AND l.state = $2 ORDER BY l.id`, string(account.OrganizationWide), string(account.Active))
}
