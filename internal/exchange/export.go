package exchange

import (
	"context"
	"io"
	"slices"
	"strconv"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/sheet"
)

// titlesKept is how many titles of linked records an export remembers.
const titlesKept = 10_000

// MayExport returns nil when the principal may take copies out of a collection.
func (s *Service) MayExport(ctx context.Context, p account.Principal, acct, collection int64) error {
	c, err := s.records.Collection(ctx, p, acct, collection)
	if err != nil {
		return err
	}
	return p.May(account.Export, acct, c.Module, c.ID)
}

// Export writes the records that a query finds, in its order where that has an
// index, with the fields given; none means all. The log says who took how many.
func (s *Service) Export(ctx context.Context, p account.Principal, q listing.Query, fields []register.Field, format string, w io.Writer) error {
	if err := s.MayExport(ctx, p, q.Account, q.Collection); err != nil {
		return err
	}
	c, err := s.records.Collection(ctx, p, q.Account, q.Collection)
	if err != nil {
		return err
	}
	if len(fields) == 0 {
		if fields, err = s.records.FieldsFor(ctx, p, q.Account, q.Collection); err != nil {
			return err
		}
	}
	out, err := sheet.Create(w, format)
	if err != nil {
		return err
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	if err := out.Write(names); err != nil {
		return err
	}
	rows := &rowWriter{s: s, out: out, fields: fields, titles: map[int64]string{}}
	if err := s.lists.Each(ctx, p, q, func(r register.Record) error { return rows.add(ctx, r) }); err != nil {
		return err
	}
	if err := rows.flush(ctx); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return s.note(ctx, p, recordsExported, c, audit.Detail{Name: "records", After: strconv.Itoa(rows.written)}, audit.Detail{Name: "format", After: format})
}

// rowWriter writes records some hundreds at a time, so that the titles of linked
// records are asked for together.
type rowWriter struct {
	s       *Service
	out     sheet.Writer
	fields  []register.Field
	titles  map[int64]string
	waiting []register.Record
	written int
}

const rowsAtOnce = 500

func (w *rowWriter) add(ctx context.Context, r register.Record) error {
	if w.waiting = append(w.waiting, r); len(w.waiting) < rowsAtOnce {
		return nil
	}
	return w.flush(ctx)
}

func (w *rowWriter) flush(ctx context.Context) error {
	if err := w.learn(ctx); err != nil {
		return err
	}
	for i := range w.waiting {
		if err := w.out.Write(w.cells(&w.waiting[i])); err != nil {
			return err
		}
		w.written++
	}
	w.waiting = w.waiting[:0]
	return nil
}

// learn looks up the titles of the records that those waiting link to.
func (w *rowWriter) learn(ctx context.Context) error {
	if len(w.titles) > titlesKept {
		clear(w.titles)
	}
	var ids []int64
	for _, f := range w.fields {
		if f.Spec.Type != datatype.Link {
			continue
		}
		for i := range w.waiting {
			id := w.waiting[i].Value(f.ID).Record()
			if _, known := w.titles[id]; id != 0 && !known {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	list, err := w.s.records.Load(ctx, slices.Compact(ids))
	for _, r := range list {
		w.titles[r.ID] = r.Title
	}
	return err
}

// cells are a record's values as people read them.
func (w *rowWriter) cells(r *register.Record) []string {
	out := make([]string, len(w.fields))
	for i, f := range w.fields {
		v := r.Value(f.ID)
		if f.Spec.Type == datatype.Link {
			out[i] = w.titles[v.Record()]
			continue
		}
		out[i] = v.String()
	}
	return out
}
