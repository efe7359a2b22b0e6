package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

// columnsShown is how many fields stand beside the title when nobody chose.
const columnsShown = 4

// question is what the address of a list asks:
//
//	q=zoe            words
//	f=12.is.Sales    a condition: field, operation, value; as often as there are conditions
//	sort=-12         the order, as listing.Order writes it
//	cols=12&cols=15  fields beside the title
//	archived=1       those put away
//	custody=free     assets that nobody holds; held: those that somebody does
//	after=…          the place behind the page before
type question struct {
	query   listing.Query
	columns []register.Field
	values  url.Values // of the address, without the place
}

// asked reads the question of an address. A condition that fits no field any
// more is left out.
func (v *visit) asked(c register.Collection, fields []register.Field, values url.Values) (question, error) {
	out := question{values: url.Values{}, columns: columnsOf(fields)}
	out.query = listing.Query{
		Account: v.module.Account, Collection: c.ID, Text: strings.TrimSpace(values.Get("q")),
		Archived: values.Get("archived") != "", Limit: recordsShown,
	}
	var err error
	if out.query.After, err = listing.ParseCursor(values.Get("after")); err != nil {
		return out, err
	}
	if o, ok := listing.ParseOrder(values.Get("sort")); ok && (o.Field == 0 || fieldOf(fields, o.Field) != nil) {
		out.query.Order = o
	}
	for _, text := range values["f"] {
		if cond, ok := readCondition(fields, text); ok {
			out.query.Where = append(out.query.Where, cond)
			out.values.Add("f", text)
		}
	}
	if chosen, ok := values["cols"]; ok {
		out.columns = slices.DeleteFunc(slices.Clone(fields), func(f register.Field) bool {
			return f.Title || f.Hidden || !slices.Contains(chosen, view.Num(f.ID))
		})
		out.values["cols"] = slices.DeleteFunc(slices.Clone(chosen), func(s string) bool { return s == "" })
		if len(out.values["cols"]) == 0 {
			out.values.Set("cols", "")
		}
	}
	if custody := listing.Custody(values.Get("custody")); handedOut(c) && (custody == listing.Held || custody == listing.Free) {
		out.query.Custody = custody
	}
	for name, text := range map[string]string{"custody": string(out.query.Custody), "q": out.query.Text, "sort": out.query.Order.String(), "archived": values.Get("archived")} {
		if text != "" {
			out.values.Set(name, text)
		}
	}
	return out, nil
}

func fieldOf(fields []register.Field, id int64) *register.Field {
	i := slices.IndexFunc(fields, func(f register.Field) bool { return f.ID == id })
	if i < 0 {
		return nil
	}
	return &fields[i]
}

// readCondition reads "field.operation.value".
func readCondition(fields []register.Field, text string) (listing.Condition, bool) {
	parts := strings.SplitN(text, ".", 3)
	if len(parts) < 2 {
		return listing.Condition{}, false
	}
	id, _ := strconv.ParseInt(parts[0], 10, 64)
	f := fieldOf(fields, id)
	if f == nil {
		return listing.Condition{}, false
	}
	cond, err := listing.ParseCondition(*f, listing.Op(parts[1]), strings.Join(parts[2:], "."))
	return cond, err == nil
}

// with is the address of the list with some values replaced.
func (q question) with(path string, pairs ...string) string {
	values := url.Values{}
	for name, list := range q.values {
		values[name] = list
	}
	for i := 0; i < len(pairs); i += 2 {
		if values.Del(pairs[i]); pairs[i+1] != "" { // #nosec G602 -- callers give pairs
			values.Set(pairs[i], pairs[i+1]) // #nosec G602 -- likewise
		}
	}
	if len(values) == 0 {
		return path + "?all=1" // not the view that the visitor always wants
	}
	return path + "?" + values.Encode()
}

// collection is the table of a collection's records.
func (s *Site) collection(v *visit) error {
	c, fields, err := v.collectionHere()
	if err != nil {
		return err
	}
	views, err := s.Lists.Views(v.ctx(), v.who, v.module.Account, c.ID)
	if err != nil {
		return err
	}
	values := v.r.URL.Query()
	if len(values) == 0 {
		values = always(views)
	}
	q, err := v.asked(c, fields, values)
	if err != nil {
		return err
	}
	form := view.FilterForm{}
	if field := values.Get("ff"); field != "" {
		added, ok, err := v.filterTyped(fields, values, &form)
		if err != nil {
			return err
		}
		if ok {
			q.values.Add("f", added)
			return v.goTo(q.with(collectionPath(v.module.ID, c.ID)))
		}
	}
	found, err := s.Lists.Find(v.ctx(), v.who, q.query)
	if err != nil {
		return err
	}
	page, err := v.listView(c, fields, q, found)
	if err != nil {
		return err
	}
	page.Filter = form
	page.Filter.Fields = filterFields(fields)
	page.Views = v.viewLinks(c, views)
	return v.showStatus(statusOfForm(form.Fault), c.Name, view.RecordsPage(page))
}

func statusOfForm(fault string) int {
	if fault != "" {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// always is the view that the visitor keeps for whenever the collection is opened.
func always(views []listing.View) url.Values {
	for _, w := range views {
		if w.Name == "" {
			if values, err := url.ParseQuery(w.Query); err == nil {
				return values
			}
		}
	}
	return url.Values{}
}

// listView is the page of what was found.
func (v *visit) listView(c register.Collection, fields []register.Field, q question, found listing.Found) (view.Records, error) {
	path := collectionPath(v.module.ID, c.ID)
	may := func(a account.Action) bool { return v.who.May(a, v.module.Account, v.module.ID, c.ID) == nil }
	page := view.Records{
		Crumbs: v.crumbs(), Title: c.Name, Path: path, Query: q.query.Text, Here: q.values.Encode(), Archived: q.query.Archived,
		MayAdd: may(account.Create), MayEdit: may(account.Edit), MayRemove: may(account.Delete),
		MayExport: may(account.Export), MayImport: may(account.Import) && (may(account.Create) || may(account.Edit)), MayLabel: handedOut(c),
		People:       c.Kind == register.People,
		Integrations: modulePath(v.module.ID) + "/integrations", Total: found.Total, Behind: found.Behind,
		Unsorted: found.Order != q.query.Order, Preparing: found.Preparing, Instead: orderWords(found.Order), Again: q.with(path), MayShare: v.who.May(account.ManageCollections, v.module.Account, v.module.ID, 0) == nil,
	}
	if page.Export = page.Here; page.Export != "" {
		page.Export += "&"
	}
	for name, list := range q.values {
		for _, value := range list {
			page.Hidden = append(page.Hidden, view.Option{Value: name, Label: value})
		}
	}
	slices.SortFunc(page.Hidden, func(a, b view.Option) int { return strings.Compare(a.Value+"\x00"+a.Label, b.Value+"\x00"+b.Label) })
	if handedOut(c) && !q.query.Archived {
		page.Parts = custodies(path, q)
	}
	if found.Next.ID != 0 {
		page.Next = q.with(path, "after", found.Next.String())
	}
	page.AsAdded = q.with(path, "sort", listing.Order{Added: true}.String())
	if q.query.After.ID != 0 {
		page.First = q.with(path)
	}
	page.Columns = columnHeads(path, fields, q, found.Order)
	for _, f := range fields {
		if !f.Title && !f.Hidden {
			on := slices.ContainsFunc(q.columns, func(x register.Field) bool { return x.ID == f.ID })
			page.Choice = append(page.Choice, view.Choice{Name: f.Name, Value: view.Num(f.ID), On: on})
		}
	}
	titles, err := v.linkTitles(q.columns, found.Records)
	if err != nil {
		return page, err
	}
	holders, err := v.holders(c, found.Records)
	if err != nil {
		return page, err
	}
	if holders != nil {
		page.Columns = append(page.Columns, view.Column{Name: heldBy})
	}
	for i := range found.Records {
		r := &found.Records[i]
		row := view.RecordRow{ID: r.ID, Title: r.Title, Path: recordPath(v.module.ID, c.ID, r.ID), Archived: r.Archived()}
		for _, f := range q.columns {
			row.Cells = append(row.Cells, v.cell(f, r.Value(f.ID), titles))
		}
		if holders != nil {
			row.Cells = append(row.Cells, v.holderCell(holders[r.ID]))
		}
		page.Rows = append(page.Rows, row)
	}
	page.Filters, err = v.chips(path, fields, q)
	return page, err
}

// orderWords says an order that a list has instead of the one asked for.
func orderWords(o listing.Order) string {
	if o.Added {
		return "as they were added"
	}
	return "by name"
}

// heldBy is the column of who has an asset.
const heldBy = "Held by"

// handedOut reports whether records of a collection are things that people hold.
func handedOut(c register.Collection) bool {
	return c.Kind == register.Main || c.Kind == register.Custom
}

// custodies are the lists of what is held and what is not, beside the whole.
func custodies(path string, q question) []view.ListPart {
	var out []view.ListPart
	for _, is := range []struct {
		custody listing.Custody
		name    string
	}{{listing.Either, "All"}, {listing.Free, "In stock"}, {listing.Held, "Handed out"}} {
		out = append(out, view.ListPart{Name: is.name, Path: q.with(path, "custody", string(is.custody)), Active: q.query.Custody == is.custody})
	}
	return out
}

// holders are the open custodies of assets by asset; nil in a collection whose
// records are not handed out.
func (v *visit) holders(c register.Collection, records []register.Record) (map[int64]register.Custody, error) {
	if !handedOut(c) {
		return nil, nil
	}
	ids := make([]int64, len(records))
	for i := range records {
		ids[i] = records[i].ID
	}
	return v.site.Records.Held(v.ctx(), v.who, v.module.Account, ids)
}

// holderCell is who has an asset; empty when nobody does.
func (v *visit) holderCell(c register.Custody) view.Cell {
	if c.ID == 0 {
		return view.Cell{Label: heldBy}
	}
	return view.Cell{Label: heldBy, Text: c.HolderTitle, Path: v.custodyRow(c).HolderPath}
}

// columnHeads are the heads of the table, each with the address that sorts by it.
func columnHeads(path string, fields []register.Field, q question, now listing.Order) []view.Column {
	head := func(name string, by listing.Order) view.Column {
		col := view.Column{Name: name}
		if now.Field == by.Field && now.Added == by.Added {
			col.Order = map[bool]string{false: "ascending", true: "descending"}[now.Down]
			by.Down = !now.Down
		}
		col.Sort = q.with(path, "sort", by.String())
		return col
	}
	title := "Name"
	for _, f := range fields {
		if f.Title {
			title = f.Name
		}
	}
	out := []view.Column{head(title, listing.Order{})}
	for _, f := range q.columns {
		out = append(out, head(f.Name, listing.Order{Field: f.ID}))
	}
	return out
}

// chips are the conditions in words, each with the address of the list without it.
func (v *visit) chips(path string, fields []register.Field, q question) ([]view.FilterChip, error) {
	var linked []int64
	for _, cond := range q.query.Where {
		if id := cond.Value.Record(); id != 0 && fieldOf(fields, cond.Field).Spec.Type == datatype.Link {
			linked = append(linked, id)
		}
	}
	records, err := v.site.Records.Load(v.ctx(), linked)
	if err != nil {
		return nil, err
	}
	var out []view.FilterChip
	for i, cond := range q.query.Where {
		f := fieldOf(fields, cond.Field)
		value := cond.Value.String()
		if f.Spec.Type == datatype.Link {
			for _, r := range records {
				if r.ID == cond.Value.Record() && r.Account == v.module.Account {
					value = r.Title
				}
			}
		}
		rest := q
		rest.values = url.Values{}
		for name, list := range q.values {
			rest.values[name] = list
		}
		if rest.values["f"] = slices.Delete(slices.Clone(q.values["f"]), i, i+1); len(rest.values["f"]) == 0 {
			rest.values.Del("f")
		}
		text := strings.TrimSpace(f.Name + " " + opWord(cond.Op) + " " + value)
		out = append(out, view.FilterChip{Text: text, Without: rest.with(path)})
	}
	return out, nil
}

// opWord is an operation in words.
func opWord(op listing.Op) string {
	switch op {
	case listing.Is:
		return "is"
	case listing.IsNot:
		return "is not"
	case listing.Has:
		return "has"
	case listing.Empty:
		return "is empty"
	case listing.NotEmpty:
		return "is not empty"
	case listing.AtLeast:
		return "≥"
	}
	return "≤"
}

// columnsOf chooses what stands beside the title: the integration status, where
// there is one, and the first visible fields, of which a user name beside an
// email would say the same twice.
func columnsOf(fields []register.Field) []register.Field {
	var out, status []register.Field
	email := slices.ContainsFunc(fields, func(f register.Field) bool { return f.Spec.Type == datatype.Email && !f.Hidden })
	for _, f := range fields {
		switch {
		case f.Title || f.Hidden || (email && f.Spec.Unique && f.Spec.Type == datatype.Text):
		case f.System:
			status = append(status, f)
		case len(out) < columnsShown:
			out = append(out, f)
		}
	}
	return append(status, out...)
}

// filterFields are the fields that a list can be filtered by.
func filterFields(fields []register.Field) []view.Option {
	var out []view.Option
	for _, f := range fields {
		if !f.Hidden && f.Spec.Type != datatype.Attachment {
			out = append(out, view.Option{Value: view.Num(f.ID), Label: f.Name})
		}
	}
	return out
}

// filterTyped reads the form of another condition: the field alone, or all of
// it. ok is true when it is a whole condition, which text is then.
func (v *visit) filterTyped(fields []register.Field, values url.Values, form *view.FilterForm) (text string, ok bool, err error) {
	id, _ := strconv.ParseInt(values.Get("ff"), 10, 64)
	f := fieldOf(fields, id)
	if f == nil {
		return "", false, nil
	}
	v.filterOf(*f, form)
	form.Op, form.Value, form.Open = values.Get("fo"), strings.TrimSpace(values.Get("fv")), true
	if form.Op == "" {
		return "", false, nil
	}
	value := form.Value
	if f.Spec.Type == datatype.Link && value != "" {
		linked, fault, err := v.linkOf(*f, value)
		if err != nil {
			return "", false, err
		}
		if fault != nil {
			form.Fault = sentence(fault, 0)
			return "", false, nil
		}
		value = linked.JSON()
	}
	if _, err := listing.ParseCondition(*f, listing.Op(form.Op), value); err != nil {
		form.Fault = sentence(err, 0)
		return "", false, nil
	}
	return strings.Join([]string{view.Num(f.ID), form.Op, value}, "."), true, nil
}

// filterOf fills the form with what a field can be compared with.
func (v *visit) filterOf(f register.Field, form *view.FilterForm) {
	form.Field, form.Plain, form.Type = view.Num(f.ID), true, inputType(f.Spec.Type)
	if form.Type != "date" {
		form.Type = "text"
	}
	for _, op := range listing.Ops(f.Spec.Type) {
		form.Ops = append(form.Ops, view.Option{Value: string(op), Label: opWord(op)})
	}
	values := f.Spec.Choices
	switch f.Spec.Type {
	case datatype.YesNo:
		values = []string{"yes", "no"}
	case datatype.Link:
		form.Pick = modulePath(v.module.ID) + "/choose/" + view.Num(f.Spec.Collection)
	}
	for _, c := range values {
		form.Values = append(form.Values, view.Option{Value: c, Label: c})
	}
}

// filterPart is the form for a field that was just chosen.
func (s *Site) filterPart(v *visit) error {
	c, fields, err := v.collectionHere()
	if err != nil {
		return err
	}
	values := v.r.URL.Query()
	q, err := v.asked(c, fields, values)
	if err != nil {
		return err
	}
	form := view.FilterForm{Fields: filterFields(fields)}
	id, _ := strconv.ParseInt(values.Get("ff"), 10, 64)
	if f := fieldOf(fields, id); f != nil {
		v.filterOf(*f, &form)
	}
	var hidden []view.Option
	for name, list := range q.values {
		for _, value := range list {
			hidden = append(hidden, view.Option{Value: name, Label: value})
		}
	}
	return v.part(view.FilterPart(collectionPath(v.module.ID, c.ID), hidden, form))
}

// viewLinks are the views under their names.
func (v *visit) viewLinks(c register.Collection, views []listing.View) []view.ViewLink {
	manages := v.who.May(account.ManageCollections, v.module.Account, v.module.ID, 0) == nil
	var out []view.ViewLink
	for _, w := range views {
		link := view.ViewLink{ID: w.ID, Name: w.Name, Path: collectionPath(v.module.ID, c.ID) + "?" + w.Query, Shared: w.Login == 0, MayRemove: w.Login != 0 || manages}
		if w.Query == "" {
			link.Path += "all=1"
		}
		if w.Name == "" {
			link.Name = "Always shown"
		}
		out = append(out, link)
	}
	return out
}

// saveView keeps the list that the visitor sees.
func (s *Site) saveView(v *visit) error {
	c, fields, err := v.collectionHere()
	if err != nil {
		return err
	}
	values, err := url.ParseQuery(v.text("query"))
	if err != nil {
		return errs.New(errs.Invalid, "the list cannot be read").Because(err)
	}
	q, err := v.asked(c, fields, values)
	if err != nil {
		return err
	}
	w := listing.View{Account: v.module.Account, Collection: c.ID, Login: v.who.Login, Name: v.text("name"), Query: q.values.Encode()}
	back := q.with(collectionPath(v.module.ID, c.ID))
	switch {
	case v.text("always") != "":
		w.Name = ""
	case w.Name == "":
		v.flash(false, "Give the view a name, and press Keep again.")
		return v.goTo(back)
	case v.text("shared") != "":
		w.Login = 0
	}
	if _, err := s.Lists.SaveView(v.ctx(), v.who, w, v.now()); err != nil {
		return err
	}
	if w.Name == "" {
		v.flash(true, c.Name+" opens like this from now on.")
	} else {
		v.flash(true, "The view "+w.Name+" is kept under Views.")
	}
	return v.goTo(back)
}

// removeView removes a view.
func (s *Site) removeView(v *visit) error {
	c, _, err := v.collectionHere()
	if err != nil {
		return err
	}
	if err := s.Lists.RemoveView(v.ctx(), v.who, v.module.Account, c.ID, v.numberIn("view")); err != nil {
		return err
	}
	v.flash(true, "The view is removed.")
	return v.goTo(collectionPath(v.module.ID, c.ID))
}

// searched is how many records of each collection a search everywhere shows.
const searched = 6

// search looks for words in every collection that the visitor may see.
func (s *Site) search(v *visit) error {
	page := view.Search{Query: v.text("q")}
	if page.Query == "" {
		return v.show("Search", view.SearchPage(page))
	}
	for _, m := range v.frame.Modules {
		for _, c := range m.Collections {
			found, err := s.Lists.Find(v.ctx(), v.who, listing.Query{Account: m.AccountID, Collection: c.ID, Text: page.Query, Limit: searched})
			if errs.Is(err, errs.Forbidden) {
				continue
			}
			if err != nil {
				return err
			}
			if len(found.Records) == 0 {
				continue
			}
			group := view.SearchGroup{Name: c.Name, Module: m.Name, Icon: c.Icon, Path: c.Path + "?" + url.Values{"q": {page.Query}}.Encode(), More: found.Next.ID != 0}
			fields, err := s.Records.FieldsFor(v.ctx(), v.who, m.AccountID, c.ID)
			if err != nil {
				return err
			}
			for i := range found.Records {
				r := &found.Records[i]
				group.Hits = append(group.Hits, view.Hit{Name: r.Title, Path: recordPath(m.ID, c.ID, r.ID), More: tellsApart(fields, r)})
			}
			page.Groups = append(page.Groups, group)
		}
	}
	if len(page.Groups) == 1 && len(page.Groups[0].Hits) == 1 && !page.Groups[0].More {
		return v.goTo(page.Groups[0].Hits[0].Path)
	}
	return v.show("Search", view.SearchPage(page))
}
