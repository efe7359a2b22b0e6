package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/sheet"
)

// find finds one record of a module by number, title or a unique value.
func (a *afar) find(ctx context.Context, m client.Module, name string, kinds ...register.Kind) (client.Record, error) {
	all, err := a.Collections(ctx, m.ID)
	if err != nil {
		return client.Record{}, err
	}
	found := map[int64]client.Record{}
	if id, err := strconv.ParseInt(strings.TrimPrefix(name, "#"), 10, 64); err == nil {
		if r, err := a.Record(ctx, m.ID, id); err == nil {
			found[r.ID] = r
		}
	}
	for _, col := range all {
		if !slices.Contains(kinds, register.Kind(col.Kind)) {
			continue
		}
		if err := a.findIn(ctx, m, col, name, found); err != nil {
			return client.Record{}, err
		}
	}
	for id, r := range found {
		if !slices.ContainsFunc(all, func(col client.Collection) bool {
			return col.ID == r.Collection && slices.Contains(kinds, register.Kind(col.Kind))
		}) {
			delete(found, id)
		}
	}
	switch len(found) {
	case 0:
		return client.Record{}, errs.New(errs.NotFound, "nothing in %s goes by %q", m.Name, name).
			WithHint("Give the number (#12), the title or a unique value such as the user principal name.")
	case 1:
		for _, r := range found {
			return r, nil
		}
	}
	return client.Record{}, errs.New(errs.Conflict, "several records in %s go by %q", m.Name, name).WithHint("Give the number (#12).")
}

// findIn adds the records of a collection whose title or unique field has a value.
func (a *afar) findIn(ctx context.Context, m client.Module, col client.Collection, name string, found map[int64]client.Record) error {
	fields, err := a.Fields(ctx, m.ID, col.ID)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if !f.Title && !f.Unique {
			continue
		}
		for r, err := range a.Records(ctx, m.ID, col.ID, client.RecordQuery{Filters: []string{fmt.Sprintf("%d.is.%s", f.ID, name)}}) {
			if p, ok := err.(*client.Problem); ok && p.Kind == errs.Invalid.String() { //nolint:errorlint // the name is no value of this field
				break
			}
			if err != nil {
				return err
			}
			found[r.ID] = r
		}
	}
	return nil
}

// afar lists the users of every module that the token sees.
func (cmd *usersCmd) afar(ctx context.Context, c *console, a *afar) error {
	accounts, err := a.Accounts(ctx)
	if err != nil {
		return err
	}
	known := map[int64]bool{}
	out := []userJSON{}
	for _, acct := range accounts {
		for _, m := range acct.Modules {
			for u, err := range a.Users(ctx, m.ID) {
				if err != nil {
					return err
				}
				if !known[u.ID] {
					out = append(out, userFrom(u))
				}
				known[u.ID] = true
			}
		}
	}
	return cmd.print(c, out)
}

func userFrom(u client.User) userJSON {
	out := userJSON{Email: u.Email, Name: u.Name, State: account.State(u.State), Roles: []string{}, ObjectID: u.ObjectID, Origin: u.Origin, BreakGlass: u.BreakGlass}
	for _, g := range u.Roles {
		if !slices.Contains(out.Roles, g.Name) {
			out.Roles = append(out.Roles, g.Name)
		}
	}
	return out
}

// afar writes every record of a collection, a page at a time.
func (cmd *exportCmd) afar(ctx context.Context, c *console, a *afar) (err error) {
	if cmd.Format == sheet.XLSX {
		return errs.New(errs.Invalid, "a server's records are exported as csv or json").WithHint("Export XLSX on screen.")
	}
	m, err := a.module(ctx, cmd.Module)
	if err != nil {
		return err
	}
	col, err := a.collection(ctx, m, cmd.Collection)
	if err != nil {
		return err
	}
	out := c.out
	if cmd.Output != "" {
		f, ferr := os.OpenFile(cmd.Output, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if ferr != nil {
			return errs.New(errs.Invalid, "the file cannot be written").Because(ferr)
		}
		defer func() {
			if cerr := f.Close(); err == nil {
				err = cerr
			}
		}()
		out = f
	}
	return a.export(ctx, out, m, col, cmd.Format)
}

func (a *afar) export(ctx context.Context, w io.Writer, m client.Module, col client.Collection, format string) error {
	fields, err := a.Fields(ctx, m.ID, col.ID)
	if err != nil {
		return err
	}
	var sink rowSink = newCSV(w)
	if format == "json" {
		sink = &jsonSink{w: w}
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	if err := sink.head(names); err != nil {
		return err
	}
	for r, err := range a.Records(ctx, m.ID, col.ID, client.RecordQuery{Sort: "added"}) {
		if err != nil {
			return err
		}
		row := make([]string, len(names))
		for i, name := range names {
			row[i] = textOf(r, name)
		}
		if err := sink.row(names, row); err != nil {
			return err
		}
	}
	return sink.end()
}

// textOf is a value of a record as people read it.
func textOf(r client.Record, field string) string {
	if l, ok := r.Links[field]; ok {
		return l.Title
	}
	switch v := r.Fields[field].(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = fmt.Sprint(v[i])
		}
		return strings.Join(parts, ", ")
	default:
		text, _ := json.Marshal(v) // true or false
		return string(text)
	}
}

// afar adds the record and prints its number.
func (cmd *recordAddCmd) afar(ctx context.Context, c *console, a *afar) error {
	m, err := a.module(ctx, cmd.Module)
	if err != nil {
		return err
	}
	col, err := a.collection(ctx, m, cmd.Collection)
	if err != nil {
		return err
	}
	in := client.RecordInput{Fields: client.Values{}}
	for name, text := range cmd.Values {
		in.Fields[name] = text
	}
	r, err := a.CreateRecord(ctx, m.ID, col.ID, in)
	if err != nil {
		return err
	}
	c.line("#%d %s", r.ID, r.Title)
	return nil
}

// afar checks the asset out.
func (cmd *checkoutCmd) afar(ctx context.Context, c *console, a *afar) error {
	m, err := a.module(ctx, cmd.Module)
	if err != nil {
		return err
	}
	asset, err := a.find(ctx, m, cmd.Asset, register.Main, register.Custom)
	if err != nil {
		return err
	}
	person, err := a.find(ctx, m, cmd.Person, register.People)
	if err != nil {
		return err
	}
	out := client.CheckOut{Asset: asset.ID, Holder: person.ID, Note: cmd.Note, Override: cmd.Override, Answers: cmd.Answer, Accepted: cmd.Accept}
	if !cmd.Due.IsZero() {
		out.Due = &cmd.Due
	}
	if _, err := a.CheckOut(ctx, m.ID, out); err != nil {
		return err
	}
	c.line("%s (#%d) is with %s now.", asset.Title, asset.ID, person.Title)
	return nil
}

// afar checks the asset in.
func (cmd *checkinCmd) afar(ctx context.Context, c *console, a *afar) error {
	m, err := a.module(ctx, cmd.Module)
	if err != nil {
		return err
	}
	asset, err := a.find(ctx, m, cmd.Asset, register.Main, register.Custom)
	if err != nil {
		return err
	}
	back, err := a.CheckIn(ctx, m.ID, client.CheckIn{Asset: asset.ID, Note: cmd.Note, Condition: cmd.Condition, Answers: cmd.Answer})
	if err != nil {
		return err
	}
	c.line("%s (#%d) is back from %s.", asset.Title, asset.ID, back.Holder.Title)
	return nil
}

// afar lists what the person holds.
func (cmd *holdingsCmd) afar(ctx context.Context, c *console, a *afar) error {
	m, err := a.module(ctx, cmd.Module)
	if err != nil {
		return err
	}
	person, err := a.find(ctx, m, cmd.Person, register.People)
	if err != nil {
		return err
	}
	list, err := a.Holdings(ctx, m.ID, person.ID)
	if err != nil {
		return err
	}
	out := make([]holdingJSON, len(list))
	for i, cu := range list {
		out[i] = holdingJSON{Asset: cu.Asset.ID, Title: cu.Asset.Title, CheckedOutAt: cu.CheckedOutAt, Due: cu.Due, Note: cu.Note}
	}
	return cmd.print(c, person.Title, out)
}
