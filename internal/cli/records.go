package cli

import (
	"context"
	"encoding/csv"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/sheet"
)

// usersCmd lists users.
type usersCmd struct {
	JSON bool `help:"Print them as JSON."`
}

// userJSON is a user as machines read it.
type userJSON struct {
	Email      string        `json:"email"`
	Name       string        `json:"name"`
	State      account.State `json:"state"`
	Roles      []string      `json:"roles"`
	ObjectID   string        `json:"object_id"`
	Origin     string        `json:"origin"`
	BreakGlass bool          `json:"break_glass"`
}

// Run lists the users by name.
func (cmd *usersCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	list, err := h.accounts.ListLogins(ctx, h.me)
	if err != nil {
		return err
	}
	out := make([]userJSON, len(list))
	for i, l := range list {
		out[i] = userJSON{Email: l.Email, Name: l.Name, State: l.State, Roles: []string{}, Origin: string(l.Origin), BreakGlass: l.BreakGlass}
		if !l.Object.IsZero() {
			out[i].ObjectID = l.Object.String()
		}
		for _, g := range l.Grants {
			if !slices.Contains(out[i].Roles, g.RoleName) {
				out[i].Roles = append(out[i].Roles, g.RoleName)
			}
		}
	}
	return cmd.print(c, out)
}

func (cmd *usersCmd) print(c *console, out []userJSON) error {
	if cmd.JSON {
		return c.json(out)
	}
	if len(out) == 0 {
		c.line("There is no user yet.")
	}
	for _, u := range out {
		c.line("%-12s %-32s %-40s %s", u.State, u.Name, u.Email, strings.Join(u.Roles, ", "))
	}
	return nil
}

// exportCmd exports a collection.
type exportCmd struct {
	Collection string `arg:"" help:"The collection's name."`
	Format     string `help:"csv, xlsx or json." enum:"csv,xlsx,json" default:"csv"`
	Output     string `short:"o" help:"Write to a file instead." type:"path" placeholder:"FILE"`
	Module     string `help:"The collection's module." placeholder:"NAME"`
}

// Run writes every record, a page at a time.
func (cmd *exportCmd) Run(ctx context.Context, c *console, p *program) (err error) {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	m, err := h.module(ctx, cmd.Module)
	if err != nil {
		return err
	}
	col, err := h.collection(ctx, m, cmd.Collection)
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
	if cmd.Format == sheet.XLSX {
		return h.exchange.Export(ctx, h.me, listing.Query{Account: m.Account, Collection: col.ID}, nil, cmd.Format, out)
	}
	return h.export(ctx, out, m, col, cmd.Format)
}

// export writes a collection's records, by number.
func (h *house) export(ctx context.Context, w io.Writer, m account.Module, col register.Collection, format string) error {
	fields, err := h.records.FieldsFor(ctx, h.me, m.Account, col.ID)
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
	q := register.Query{Account: m.Account, Collection: col.ID, Limit: 500, ByID: true}
	for {
		page, err := h.records.List(ctx, h.me, q)
		if err != nil {
			return err
		}
		titles, err := h.titles(ctx, fields, page.Records)
		if err != nil {
			return err
		}
		for _, rec := range page.Records {
			if err := sink.row(names, cells(rec, fields, titles)); err != nil {
				return err
			}
		}
		if page.Next == (register.Cursor{}) {
			return sink.end()
		}
		q.After = page.Next
	}
}

// cells returns a record's values as people read them.
func cells(rec register.Record, fields []register.Field, titles map[int64]string) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		v := rec.Value(f.ID)
		if f.Spec.Type == datatype.Link {
			out[i] = titles[v.Record()]
			continue
		}
		out[i] = v.String()
	}
	return out
}

// titles returns the titles of the records that others link to.
func (h *house) titles(ctx context.Context, fields []register.Field, list []register.Record) (map[int64]string, error) {
	var ids []int64
	for _, f := range fields {
		if f.Spec.Type != datatype.Link {
			continue
		}
		for _, rec := range list {
			if id := rec.Value(f.ID).Record(); id != 0 {
				ids = append(ids, id)
			}
		}
	}
	out := map[int64]string{}
	if len(ids) == 0 {
		return out, nil
	}
	slices.Sort(ids)
	linked, err := h.records.Load(ctx, slices.Compact(ids))
	for _, rec := range linked {
		out[rec.ID] = rec.Title
	}
	return out, err
}

// rowSink is a form that rows are written in.
type rowSink interface {
	head(names []string) error
	row(names, values []string) error
	end() error
}

type csvSink struct{ *csv.Writer }

func newCSV(w io.Writer) csvSink { return csvSink{csv.NewWriter(w)} }

func (s csvSink) head(names []string) error { return s.row(nil, names) }

func (s csvSink) row(_, values []string) error {
	safe := make([]string, len(values))
	for i, v := range values {
		safe[i] = sheet.Harmless(v)
	}
	return s.Write(safe)
}

func (s csvSink) end() error {
	s.Flush()
	return s.Error()
}

// jsonSink writes a list of objects without holding it.
type jsonSink struct {
	w    io.Writer
	rows int
}

func (s *jsonSink) head([]string) error { _, err := io.WriteString(s.w, "["); return err }

func (s *jsonSink) row(names, values []string) error {
	text := ",\n  {"
	if s.rows == 0 {
		text = "\n  {"
	}
	s.rows++
	for i, name := range names {
		if i > 0 {
			text += ", "
		}
		text += datatype.OfText(name).JSON() + ": "
		if values[i] == "" {
			text += "null"
		} else {
			text += datatype.OfText(values[i]).JSON()
		}
	}
	_, err := io.WriteString(s.w, text+"}")
	return err
}

func (s *jsonSink) end() error { _, err := io.WriteString(s.w, "\n]\n"); return err }

// recordCmd works with records.
type recordCmd struct {
	Add recordAddCmd `cmd:"" help:"Add a record."`
}

// recordAddCmd adds a record.
type recordAddCmd struct {
	Collection string            `arg:"" help:"The collection's name."`
	Values     map[string]string `arg:"" help:"Field=value, as often as needed." mapsep:"none"`
	Module     string            `help:"The collection's module." placeholder:"NAME"`
}

// Run adds the record and prints its number.
func (cmd *recordAddCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	m, err := h.module(ctx, cmd.Module)
	if err != nil {
		return err
	}
	col, err := h.collection(ctx, m, cmd.Collection)
	if err != nil {
		return err
	}
	fields, err := h.records.FieldsFor(ctx, h.me, m.Account, col.ID)
	if err != nil {
		return err
	}
	in := register.Input{Account: m.Account, Collection: col.ID}
	for name, text := range cmd.Values {
		i := slices.IndexFunc(fields, func(f register.Field) bool { return strings.EqualFold(f.Name, name) })
		if i < 0 {
			return errs.New(errs.Invalid, "there is no field %q in %s", name, col.Name)
		}
		v, err := datatype.Parse(fields[i].Spec, text)
		if err != nil {
			return errs.Wrap(err, name)
		}
		in.Set = append(in.Set, register.FieldValue{Field: fields[i].ID, Value: v})
	}
	rec, err := h.records.Create(ctx, h.me, in)
	if err != nil {
		return err
	}
	c.line("#%d %s", rec.ID, rec.Title)
	return nil
}

// find finds one record of a module by number, title, or the person's principal
// name or object ID.
func (h *house) find(ctx context.Context, m account.Module, name string, kinds ...register.Kind) (register.Record, error) {
	all, err := h.records.ModuleCollections(ctx, m.Account, m.ID)
	if err != nil {
		return register.Record{}, err
	}
	found := map[int64]bool{}
	for _, col := range all {
		if len(kinds) > 0 && !slices.Contains(kinds, col.Kind) {
			continue
		}
		if err := h.findIn(ctx, m, col, name, found); err != nil {
			return register.Record{}, err
		}
	}
	switch len(found) {
	case 0:
		return register.Record{}, errs.New(errs.NotFound, "nothing in %s goes by %q", m.Name, name).
			WithHint("Give the number (#12), the title or a unique value such as the user principal name.")
	case 1:
		for id := range found {
			return h.records.Record(ctx, h.me, m.Account, id)
		}
	}
	return register.Record{}, errs.New(errs.Conflict, "several records in %s go by %q", m.Name, name).WithHint("Give the number (#12).")
}

func (h *house) findIn(ctx context.Context, m account.Module, col register.Collection, name string, found map[int64]bool) error {
	key := datatype.Key(datatype.OfText(strings.TrimPrefix(name, "#")))
	titles, err := h.records.FindByTitle(ctx, col.ID, []string{key})
	if err != nil {
		return err
	}
	for _, id := range titles[key] {
		found[id] = true
	}
	if n := datatype.FromJSON(strings.TrimPrefix(name, "#")).Record(); n > 0 {
		if rec, err := h.records.Record(ctx, h.me, m.Account, n); err == nil && rec.Collection == col.ID {
			found[n] = true
		}
	}
	fields, err := h.records.Fields(ctx, m.Account, col.ID)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if !f.Spec.Unique {
			continue
		}
		byKey, err := h.records.FindByKey(ctx, col.ID, f.ID, []string{key})
		if err != nil {
			return err
		}
		for _, id := range byKey[key] {
			found[id] = true
		}
	}
	return h.findPerson(ctx, m, col, name, found)
}

// findPerson finds the record of somebody whom the mirror knows by a name.
func (h *house) findPerson(ctx context.Context, m account.Module, col register.Collection, name string, found map[int64]bool) error {
	if col.Kind != register.People || len(found) > 0 {
		return nil
	}
	conns, err := h.sync.Connections(ctx)
	if err != nil {
		return err
	}
	for _, conn := range conns {
		if conn.Module != m.ID {
			continue
		}
		entries, err := h.db.FindEntries(ctx, conn.ID, directory.User, name, 2)
		if err != nil {
			return err
		}
		for _, e := range entries {
			links, err := h.db.LinkedRecords(ctx, conn.ID, col.ID, []directory.ObjectID{e.Object})
			if err != nil {
				return err
			}
			if id := links[e.Object]; id != 0 {
				found[id] = true
			}
		}
	}
	return nil
}

// checkoutCmd hands an asset to a person.
type checkoutCmd struct {
	Asset    string            `arg:"" help:"The asset, by number, title or a unique value."`
	Person   string            `arg:"" help:"The person, by user principal name, name or number."`
	Due      time.Time         `help:"When it is to come back, such as 2026-12-31." format:"2006-01-02" placeholder:"DATE"`
	Note     string            `help:"A note."`
	Override string            `help:"Why somebody who has left is given it all the same." placeholder:"REASON"`
	Answer   map[string]string `help:"An answer to a question of the module's form." placeholder:"QUESTION=TEXT"`
	Accept   bool              `help:"The holder accepts the statement of the module's form."`
	Module   string            `help:"The module." placeholder:"NAME"`
}

// Run checks the asset out.
func (cmd *checkoutCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	m, err := h.module(ctx, cmd.Module)
	if err != nil {
		return err
	}
	asset, err := h.find(ctx, m, cmd.Asset, register.Main, register.Custom)
	if err != nil {
		return err
	}
	person, err := h.find(ctx, m, cmd.Person, register.People)
	if err != nil {
		return err
	}
	_, err = h.records.CheckOut(ctx, h.me, register.CheckOut{
		Account: m.Account, Asset: asset.ID, Holder: person.ID, Due: cmd.Due, Note: cmd.Note, Override: cmd.Override,
		Answers: cmd.Answer, Accepted: cmd.Accept,
	})
	if err != nil {
		return err
	}
	c.line("%s (#%d) is with %s now.", asset.Title, asset.ID, person.Title)
	return nil
}

// checkinCmd takes an asset back.
type checkinCmd struct {
	Asset     string            `arg:"" help:"The asset, by number, title or a unique value."`
	Note      string            `help:"A note."`
	Condition string            `help:"The condition it came back in."`
	Answer    map[string]string `help:"An answer to a question of the module's form." placeholder:"QUESTION=TEXT"`
	Module    string            `help:"The module." placeholder:"NAME"`
}

// Run checks the asset in.
func (cmd *checkinCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	m, err := h.module(ctx, cmd.Module)
	if err != nil {
		return err
	}
	asset, err := h.find(ctx, m, cmd.Asset, register.Main, register.Custom)
	if err != nil {
		return err
	}
	back, err := h.records.CheckIn(ctx, h.me, register.CheckIn{
		Account: m.Account, Asset: asset.ID, Note: cmd.Note, Condition: cmd.Condition, Answers: cmd.Answer,
	})
	if err != nil {
		return err
	}
	c.line("%s (#%d) is back from %s.", asset.Title, asset.ID, back.HolderTitle)
	return nil
}

// holdingsCmd lists what a person holds.
type holdingsCmd struct {
	Person string `arg:"" help:"The person, by user principal name, name or number."`
	Module string `help:"The module." placeholder:"NAME"`
	JSON   bool   `help:"Print them as JSON."`
}

// holdingJSON is one thing that a person holds.
type holdingJSON struct {
	Asset        int64      `json:"asset"`
	Title        string     `json:"title"`
	CheckedOutAt time.Time  `json:"checked_out_at"`
	Due          *time.Time `json:"due"`
	Note         string     `json:"note"`
}

// Run lists what the person holds.
func (cmd *holdingsCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	m, err := h.module(ctx, cmd.Module)
	if err != nil {
		return err
	}
	person, err := h.find(ctx, m, cmd.Person, register.People)
	if err != nil {
		return err
	}
	list, err := h.records.Holdings(ctx, h.me, m.Account, person.ID)
	if err != nil {
		return err
	}
	out := make([]holdingJSON, len(list))
	for i, cu := range list {
		out[i] = holdingJSON{Asset: cu.Asset, Title: cu.AssetTitle, CheckedOutAt: cu.CheckedOutAt, Note: cu.Note}
		if !cu.Due.IsZero() {
			out[i].Due = &list[i].Due
		}
	}
	return cmd.print(c, person.Title, out)
}

func (cmd *holdingsCmd) print(c *console, person string, out []holdingJSON) error {
	if cmd.JSON {
		return c.json(out)
	}
	if len(out) == 0 {
		c.line("%s holds nothing.", person)
	}
	for _, o := range out {
		due := ""
		if o.Due != nil {
			due = ", due " + o.Due.Format("2006-01-02")
		}
		c.line("#%-6d %s since %s%s", o.Asset, o.Title, o.CheckedOutAt.Local().Format("2006-01-02"), due)
	}
	return nil
}
