package store

import (
	"context"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
)

// LoginsAfter returns a page of logins by their email's key. Those whose email
// was released have none and are not among them. A text is looked for in one
// login after the other, emails and names, by the database: names that it cannot
// fold, with letters beyond ASCII, are looked at here.
func (db *DB) LoginsAfter(ctx context.Context, after string, f account.LoginFilter, limit int) (keys []string, ids []int64, err error) {
	c := loginConditions(f)
	c.add("email_key > ?", after)
	text := datatype.KeyOfText(f.Text)
	if text != "" {
		like := "%" + likeEscapes.Replace(text) + "%"
		c.add(`(email_key LIKE ? ESCAPE '\' OR lower(name) LIKE ? ESCAPE '\' OR length(name) <> octet_length(name))`, like, like)
	}
	query := `SELECT email_key, name, id FROM login WHERE ` + strings.Join(c.parts, " AND ") + ` ORDER BY email_key`
	if text == "" {
		query += ` LIMIT ` + placeholder(len(c.args)+1)
		c.args = append(c.args, int64(limit))
	}
	rows, err := db.conn(ctx).QueryContext(ctx, query, c.args...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for len(ids) < limit && rows.Next() {
		var key, name string
		var id int64
		if err := rows.Scan(&key, &name, &id); err != nil {
			return nil, nil, err
		}
		if text == "" || strings.Contains(key, text) || strings.Contains(datatype.KeyOfText(name), text) {
			keys, ids = append(keys, key), append(ids, id)
		}
	}
	return keys, ids, explain(rows.Err(), db.place)
}

// likeEscapes makes LIKE look for its signs as they are.
var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// CountUsers counts the logins that have a role which reaches into a module.
func (db *DB) CountUsers(ctx context.Context, acct, module int64) (n int, err error) {
	err = db.conn(ctx).QueryRowContext(ctx, `SELECT COUNT(DISTINCT g.login_id) FROM role_grant g JOIN role r ON r.id = g.role_id
		WHERE r.scope = 'organization' OR g.account_id = $1 AND (r.scope = 'account' OR g.module_id = $2)`, acct, module).Scan(&n)
	return n, err
}

// loginConditions are those of a filter but its text. A role counts where it
// reaches: that of an account in each of its modules.
func loginConditions(f account.LoginFilter) *conditions {
	c := &conditions{}
	if f.State != "" {
		c.add("state = ?", string(f.State))
	}
	if f.Origin != "" {
		c.add("origin = ?", f.Origin)
	}
	const holds = "EXISTS (SELECT 1 FROM role_grant g JOIN role r ON r.id = g.role_id WHERE g.login_id = login.id"
	if f.Module != 0 {
		c.add(holds+" AND (r.scope = 'organization' OR g.account_id = ? AND (r.scope = 'account' OR g.module_id = ?)))", f.Account, f.Module)
	}
	if f.Role != 0 {
		c.add(holds+" AND g.role_id = ?)", f.Role)
	}
	return c
}
