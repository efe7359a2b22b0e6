package exchange

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/sheet"
)

// Import is a file to be brought into a collection.
type Import struct {
	Account    int64
	Collection int64
	Name       string // of the file, for the log
	Match      Match
	Note       string // why, for the history of the records
}

// Verdict is what becomes of a row.
type Verdict string

// The verdicts.
const (
	Added     Verdict = "added"
	Changed   Verdict = "changed"
	Unchanged Verdict = "unchanged"
	LeftOut   Verdict = "left out" // by the mode
	Faulty    Verdict = "faulty"
)

// Row is one row with its verdict.
type Row struct {
	Number  int
	Cells   []string
	Verdict Verdict
	Record  int64 // 0 for one that is not there (yet)
	Title   string
	Diffs   []register.FieldDiff // what changes; for a new record what it holds
	Why     string               // of a faulty row, and of cells that were left out
}

// Tally counts rows by verdict.
type Tally map[Verdict]int

// Total is the number of rows.
func (t Tally) Total() int {
	n := 0
	for _, v := range t {
		n += v
	}
	return n
}

// May returns nil when the principal may import into a collection at all.
func (s *Service) May(ctx context.Context, p account.Principal, acct, collection int64) error {
	c, err := s.records.Collection(ctx, p, acct, collection)
	if err != nil {
		return err
	}
	if err := p.May(account.Import, acct, c.Module, c.ID); err != nil {
		return err
	}
	if err := p.May(account.Create, acct, c.Module, c.ID); err == nil {
		return nil
	}
	return p.May(account.Edit, acct, c.Module, c.ID)
}

// Preview decides about each row of a table and changes nothing. tell is called
// with each.
func (s *Service) Preview(ctx context.Context, p account.Principal, in Import, r sheet.Reader, tell func(Row) error) (Tally, error) {
	job, err := s.newJob(ctx, p, in, tell)
	if err != nil {
		return nil, err
	}
	err = job.all(ctx, r)
	return job.tally, err
}

// Run decides about each row and does it, some hundreds of rows a transaction,
// in the order of the file. When it fails or is cancelled, what was done stays
// done, and the same file can be imported again: rows that are there already are
// found by the field that records are found by.
func (s *Service) Run(ctx context.Context, p account.Principal, in Import, r sheet.Reader, tell func(Row) error) (Tally, error) {
	job, err := s.newJob(ctx, p, in, tell)
	if err != nil {
		return nil, err
	}
	job.write = true
	err = job.all(ctx, r)
	details := []audit.Detail{{Name: "file", After: in.Name}}
	for _, v := range []Verdict{Added, Changed, Unchanged, LeftOut, Faulty} {
		if n := job.tally[v]; n > 0 {
			details = append(details, audit.Detail{Name: string(v), After: strconv.Itoa(n)})
		}
	}
	if logged := s.note(context.WithoutCancel(ctx), p, recordsImported, job.collection, details...); err == nil {
		err = logged
	}
	return job.tally, err
}

// job is one pass over a table.
type job struct {
	s          *Service
	p          account.Principal
	in         Import
	collection register.Collection
	fields     []register.Field // of the columns; the zero Field for those left out
	by         *register.Field
	required   []register.Field
	write      bool
	tell       func(Row) error
	tally      Tally
	seen       map[string]int // the row that had a key first
	made       map[string]bool
}

func (s *Service) newJob(ctx context.Context, p account.Principal, in Import, tell func(Row) error) (*job, error) {
	c, err := s.records.Collection(ctx, p, in.Account, in.Collection)
	if err != nil {
		return nil, err
	}
	if err := p.May(account.Import, in.Account, c.Module, c.ID); err != nil {
		return nil, err
	}
	if in.Match.Mode == "" {
		in.Match.Mode = AddAndUpdate
	}
	if in.Match.Mode != UpdateOnly {
		if err := p.May(account.Create, in.Account, c.Module, c.ID); err != nil {
			return nil, err
		}
	}
	if in.Match.Mode != AddOnly {
		if err := p.May(account.Edit, in.Account, c.Module, c.ID); err != nil {
			return nil, err
		}
	}
	all, err := s.records.FieldsFor(ctx, p, in.Account, in.Collection)
	if err != nil {
		return nil, err
	}
	if err := Check(in.Match, all); err != nil {
		return nil, err
	}
	j := &job{s: s, p: p, in: in, collection: c, tell: tell, tally: Tally{}, seen: map[string]int{}, made: map[string]bool{}}
	for _, id := range in.Match.Columns {
		var f register.Field
		if i := slices.IndexFunc(all, func(f register.Field) bool { return f.ID == id }); id != 0 && i >= 0 {
			f = all[i]
		}
		j.fields = append(j.fields, f)
	}
	j.required = slices.DeleteFunc(slices.Clone(all), func(f register.Field) bool { return !f.Spec.Required })
	for i := range all {
		if all[i].ID == in.Match.By && in.Match.By != 0 {
			j.by = &all[i]
		}
	}
	return j, nil
}

// all reads the table to its end.
func (j *job) all(ctx context.Context, r sheet.Reader) error {
	var batch []sheet.Row
	for {
		row, err := r.Next()
		if err != nil && err != io.EOF {
			return err
		}
		if err == nil {
			batch = append(batch, row)
		}
		if len(batch) == rowsAtOnce || (err == io.EOF && len(batch) > 0) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := j.batch(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
		if err == io.EOF {
			return nil
		}
	}
}

// entry is a row of a batch on its way.
type entry struct {
	Row
	set   []register.FieldValue
	links []pendingLink
	key   string
	old   *register.Record
	kept  []register.Kept // what a directory keeps of it
}

// pendingLink is a cell that names a record of another collection.
type pendingLink struct {
	field register.Field
	title string
}

// batch decides about some rows, and writes them when that is asked for.
func (j *job) batch(ctx context.Context, rows []sheet.Row) error {
	entries := make([]entry, len(rows))
	for i, r := range rows {
		entries[i] = j.parse(r)
	}
	if err := j.link(ctx, entries); err != nil {
		return err
	}
	if err := j.find(ctx, entries); err != nil {
		return err
	}
	for i := range entries {
		j.decide(&entries[i])
	}
	if j.write {
		if err := j.do(ctx, entries); err != nil {
			return err
		}
	}
	for i := range entries {
		j.tally[entries[i].Verdict]++
		if err := j.tell(entries[i].Row); err != nil {
			return err
		}
	}
	return nil
}

func (e *entry) fault(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if e.Verdict = Faulty; e.Why != "" {
		e.Why += "; "
	}
	e.Why += text
}

// parse reads the cells of a row as values of their fields.
func (j *job) parse(r sheet.Row) entry {
	e := entry{Row: Row{Number: r.Number, Cells: r.Cells}}
	for i, f := range j.fields {
		if f.ID == 0 {
			continue
		}
		text := ""
		if i < len(r.Cells) {
			text = strings.TrimSpace(r.Cells[i])
		}
		if text == "" && j.in.Match.KeepFilled {
			continue
		}
		if f.Spec.Type == datatype.Link && text != "" {
			e.links = append(e.links, pendingLink{f, text})
			continue
		}
		v, err := parseCell(f, text)
		if err != nil {
			e.fault("%s: %v", f.Name, err)
			continue
		}
		e.set = append(e.set, register.FieldValue{Field: f.ID, Value: v})
		if j.by != nil && f.ID == j.by.ID {
			e.key = datatype.Key(v)
		}
		if f.Title {
			e.Title = v.String()
		}
	}
	if len(r.Cells) > len(j.fields) && strings.TrimSpace(strings.Join(r.Cells[len(j.fields):], "")) != "" {
		e.fault("there are more cells than columns")
	}
	return e
}

// parseCell reads a cell. Workbooks store dates as numbers of days.
func parseCell(f register.Field, text string) (datatype.Value, error) {
	v, err := datatype.Parse(f.Spec, text)
	if err == nil {
		return v, nil
	}
	if t, ok := sheet.DateOf(text); ok {
		switch f.Spec.Type {
		case datatype.Date:
			return datatype.OfDate(t), nil
		case datatype.DateTime:
			return datatype.OfInstant(t), nil
		}
	}
	return v, err
}

// link finds the records that cells name by their titles, and makes those that
// are missing when that is asked for.
func (j *job) link(ctx context.Context, entries []entry) error {
	byCollection := map[int64][]string{}
	titles := map[string]string{} // by key, as first spelled
	for i := range entries {
		for _, l := range entries[i].links {
			key := datatype.KeyOfText(l.title)
			byCollection[l.field.Spec.Collection] = append(byCollection[l.field.Spec.Collection], key)
			if titles[key] == "" {
				titles[key] = l.title
			}
		}
	}
	found := map[int64]map[string][]int64{}
	for collection, keys := range byCollection {
		slices.Sort(keys)
		keys = slices.Compact(keys)
		hits, err := j.s.records.FindByTitle(ctx, collection, keys)
		if err != nil {
			return err
		}
		if hits == nil {
			hits = map[string][]int64{}
		}
		if err := j.makeLinked(ctx, collection, keys, titles, hits); err != nil {
			return err
		}
		found[collection] = hits
	}
	for i := range entries {
		for _, l := range entries[i].links {
			j.resolve(&entries[i], l, found[l.field.Spec.Collection][datatype.KeyOfText(l.title)])
		}
		slices.SortFunc(entries[i].set, func(a, b register.FieldValue) int { return int(a.Field - b.Field) })
	}
	return nil
}

// unmade stands for a linked record that the import will make.
const unmade = -1

// makeLinked adds the records that keys name and that are missing to hits.
func (j *job) makeLinked(ctx context.Context, collection int64, keys []string, titles map[string]string, hits map[string][]int64) error {
	if !j.in.Match.CreateLinked {
		return nil
	}
	title, err := j.s.records.TitleField(ctx, collection)
	if err != nil {
		return err
	}
	var missing []string
	var writes []register.Write
	for _, key := range keys {
		if len(hits[key]) > 0 {
			continue
		}
		if !j.write {
			hits[key] = []int64{unmade}
			continue
		}
		missing = append(missing, key)
		writes = append(writes, register.Write{Create: true, Note: j.in.Note, Set: []register.FieldValue{{Field: title, Value: datatype.OfText(titles[key])}}})
	}
	if len(writes) == 0 {
		return nil
	}
	out, err := j.s.records.WriteEach(ctx, j.p, j.in.Account, collection, writes)
	for i := range out {
		if out[i].Err == nil {
			hits[missing[i]] = []int64{out[i].Record}
		}
	}
	return err
}

func (j *job) resolve(e *entry, l pendingLink, hits []int64) {
	switch {
	case len(hits) == 0:
		e.fault("%s: there is no record called %s", l.field.Name, l.title)
	case len(hits) > 1:
		e.fault("%s: %d records are called %s", l.field.Name, len(hits), l.title)
	case hits[0] == unmade:
		e.set = append(e.set, register.FieldValue{Field: l.field.ID, Value: datatype.OfText(l.title)}) // shown, never written
	default:
		e.set = append(e.set, register.FieldValue{Field: l.field.ID, Value: datatype.OfRecord(hits[0])})
	}
}

// find looks up the records that rows are about.
func (j *job) find(ctx context.Context, entries []entry) error {
	if j.by == nil {
		return nil
	}
	var keys []string
	for i := range entries {
		if entries[i].key != "" {
			keys = append(keys, entries[i].key)
		}
	}
	hits, err := j.s.records.FindByKey(ctx, j.in.Collection, j.by.ID, keys)
	if err != nil {
		return err
	}
	var ids []int64
	for _, list := range hits {
		if len(list) == 1 {
			ids = append(ids, list[0])
		}
	}
	slices.Sort(ids)
	list, err := j.s.records.Load(ctx, slices.Compact(ids))
	if err != nil {
		return err
	}
	kept, err := j.s.records.KeptOf(ctx, ids)
	if err != nil {
		return err
	}
	byID := make(map[int64]*register.Record, len(list))
	for i := range list {
		byID[list[i].ID] = &list[i]
	}
	for i := range entries {
		e := &entries[i]
		switch at := hits[e.key]; {
		case e.key == "":
			e.fault("%s is empty, and records are found by it", j.by.Name)
		case len(at) > 1:
			e.fault("%d records have the %s %s", len(at), j.by.Name, e.key)
		case len(at) == 1:
			e.old, e.kept = byID[at[0]], kept[at[0]]
		}
	}
	return nil
}

// decide says what becomes of a row.
//
//	the row                            added  changed  left out  faulty
//	has a fault                                                  x
//	has the key of a row before it                               x
//	finds a record, mode add                           x
//	finds a record                            x (or unchanged)
//	finds none, mode update                            x
//	finds none, a required field empty                           x
//	finds none                         x
func (j *job) decide(e *entry) {
	if e.key != "" {
		if first, twice := j.seen[e.key]; twice {
			e.fault("line %d has the same %s", first, j.by.Name)
		} else {
			j.seen[e.key] = e.Number
		}
	}
	if e.Verdict == Faulty {
		return
	}
	if e.old == nil {
		if e.Verdict = Added; j.in.Match.Mode == UpdateOnly {
			e.Verdict = LeftOut
			return
		}
		for _, f := range j.required {
			if !slices.ContainsFunc(e.set, func(v register.FieldValue) bool { return v.Field == f.ID && !v.Value.IsEmpty() }) {
				e.fault("field %s is required", f.Name)
			}
		}
		for _, v := range e.set {
			if !v.Value.IsEmpty() {
				e.Diffs = append(e.Diffs, register.FieldDiff{Field: v.Field, After: v.Value})
			}
		}
		return
	}
	e.Record, e.Title = e.old.ID, e.old.Title
	if j.in.Match.Mode == AddOnly {
		e.Verdict = LeftOut
		return
	}
	e.Verdict = Unchanged
	e.set = slices.DeleteFunc(e.set, func(v register.FieldValue) bool { return j.keeps(e, v) })
	for _, v := range e.set {
		if was := e.old.Value(v.Field); was != v.Value {
			e.Diffs = append(e.Diffs, register.FieldDiff{Field: v.Field, Before: was, After: v.Value})
			e.Verdict = Changed
		}
	}
}

// keeps reports whether a directory would take a value back, and notes that the
// cell is left out.
func (j *job) keeps(e *entry, v register.FieldValue) bool {
	for _, k := range e.kept {
		if k.Field != v.Field || slices.Contains(e.old.Pinned, k.Field) || e.old.Value(k.Field) == v.Value {
			continue
		}
		name := "a field"
		if i := slices.IndexFunc(j.fields, func(f register.Field) bool { return f.ID == k.Field }); i >= 0 {
			name = j.fields[i].Name
		}
		if e.Why != "" {
			e.Why += "; "
		}
		e.Why += name + " is left as it is: it comes from the directory, by the mapping " + k.Mapping
		return true
	}
	return false
}

// do writes the rows that are to be written.
func (j *job) do(ctx context.Context, entries []entry) error {
	var at []int
	var writes []register.Write
	for i := range entries {
		e := &entries[i]
		switch e.Verdict {
		case Added:
			at = append(at, i)
			set := slices.DeleteFunc(slices.Clone(e.set), func(v register.FieldValue) bool { return v.Value.IsEmpty() })
			writes = append(writes, register.Write{Create: true, Set: set, Note: j.in.Note})
		case Changed:
			at = append(at, i)
			writes = append(writes, register.Write{Record: e.Record, Version: e.old.Version, Set: e.set, Note: j.in.Note})
		}
	}
	if len(writes) == 0 {
		return nil
	}
	out, err := j.s.records.WriteEach(ctx, j.p, j.in.Account, j.in.Collection, writes)
	if err != nil {
		return err
	}
	for i, o := range out {
		e := &entries[at[i]]
		if o.Err != nil {
			e.fault("%s", strings.TrimSpace(o.Err.Error()+" "+errs.HintOf(o.Err)))
			continue
		}
		e.Record = o.Record
	}
	return nil
}
