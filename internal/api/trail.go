package api

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/register"
)

// trailOperations are about where a record's values come from.
func (s *Server) trailOperations() {
	add(s, op{method: http.MethodGet, path: recordPath + "/history", id: "list-history", tag: recordsTag, summary: "List what people and runs did to a record, the latest first"},
		func(v *visit, in *struct {
			OnRecord
			Paging
		}) (*body[client.Page[client.HistoryEntry]], error) {
			return v.history(in.OnRecord, in.Paging)
		})
	add(s, op{method: http.MethodGet, path: recordPath + "/kept", id: "list-kept", tag: recordsTag, summary: "List the fields of a record that a directory keeps"},
		func(v *visit, in *OnRecord) (*body[client.List[client.Kept]], error) {
			r, fields, err := v.record(*in)
			if err != nil {
				return nil, err
			}
			kept, err := v.Records.Kept(v.ctx, v.who, r.Account, r.ID)
			return whole(each(kept, func(k register.Kept) client.Kept {
				return client.Kept{Field: nameOf(fields, k.Field), From: k.From, Mapping: k.Mapping, Pinned: slices.Contains(r.Pinned, k.Field)}
			})), err
		})
	for _, pinned := range []bool{true, false} {
		o := op{method: http.MethodPut, path: recordPath + "/pins/{field}", id: "pin-field", tag: recordsTag, summary: "Keep the directory from writing a field of a record"}
		if !pinned {
			o.method, o.id, o.summary = http.MethodDelete, "unpin-field", "Let the directory write a field of a record again"
		}
		add(s, o, func(v *visit, in *struct {
			OnRecord
			Field string `path:"field" maxLength:"200" doc:"The name or number of the field."`
		}) (*none, error) {
			r, fields, err := v.record(in.OnRecord)
			if err != nil {
				return nil, err
			}
			f := fieldCalled(fields, in.Field)
			if f == nil {
				return nil, errs.New(errs.NotFound, "there is no field %q", in.Field).WithHint("The fields are: %s.", names(fields))
			}
			if pinned {
				_, err = v.Records.Pin(v.ctx, v.who, r.Account, r.ID, f.ID, true)
			} else {
				_, err = v.Integrations.Unpin(v.ctx, v.who, r.Account, r.ID, f.ID)
			}
			return nil, err
		})
	}
}

// history is a page of what happened to a record.
func (v *visit) history(in OnRecord, p Paging) (*body[client.Page[client.HistoryEntry]], error) {
	r, fields, err := v.record(in)
	if err != nil {
		return nil, err
	}
	before, err := integration.ParsePlace(p.Cursor)
	if err != nil {
		return nil, &partFault{"query.cursor", err}
	}
	list, next, err := v.Integrations.RecordHistory(v.ctx, v.who, r.Account, r.ID, before, p.Limit)
	if err != nil {
		return nil, err
	}
	words, err := v.wordsOf(list, fields)
	if err != nil {
		return nil, err
	}
	return page(each(list, func(e integration.Event) client.HistoryEntry { return eventOf(e, fields, words) }), next.String()), nil
}

func eventOf(e integration.Event, fields []register.Field, words func(int64, datatype.Value) string) client.HistoryEntry {
	out := client.HistoryEntry{At: e.At.UTC(), Changes: []client.Diff{}}
	if h := e.Hand; h != nil {
		out.Actor, out.Run, out.Action, out.Note = h.Actor.Name, h.Run, h.Action, h.Note
		for _, d := range h.Changes {
			out.Changes = append(out.Changes, client.Diff{Field: nameOf(fields, d.Field), Before: words(d.Field, d.Before), After: words(d.Field, d.After)})
		}
		return out
	}
	ch := e.Run
	out.Actor, out.Run, out.Action, out.Note = ch.Actor, ch.Run, ch.Verb.String(), ch.Reason.Sentence()
	for _, f := range ch.Fields {
		after := words(f.Field, f.After)
		if f.Ref != nil {
			after = cmp.Or(after, f.Ref.Label)
		}
		out.Changes = append(out.Changes, client.Diff{Field: nameOf(fields, f.Field), Before: words(f.Field, f.Before), After: after})
	}
	return out
}

// wordsOf says values as people do: links by the titles of their records.
func (v *visit) wordsOf(list []integration.Event, fields []register.Field) (func(field int64, value datatype.Value) string, error) {
	links := map[int64]bool{}
	for _, f := range fields {
		links[f.ID] = f.Spec.Type == datatype.Link
	}
	var ids []int64
	note := func(field int64, values ...datatype.Value) {
		for _, value := range values {
			if links[field] && !value.IsEmpty() {
				ids = append(ids, value.Record())
			}
		}
	}
	for _, e := range list {
		if e.Hand != nil {
			for _, d := range e.Hand.Changes {
				note(d.Field, d.Before, d.After)
			}
			continue
		}
		for _, f := range e.Run.Fields {
			note(f.Field, f.Before, f.After)
		}
	}
	slices.Sort(ids)
	found, err := v.Records.Load(v.ctx, slices.Compact(ids))
	titles := map[int64]string{}
	for i := range found {
		titles[found[i].ID] = found[i].Title
	}
	return func(field int64, value datatype.Value) string {
		if !links[field] || value.IsEmpty() {
			return value.String()
		}
		return cmp.Or(titles[value.Record()], "a record that is gone")
	}, err
}

// nameOf is the name of a field, or that it is gone.
func nameOf(fields []register.Field, id int64) string {
	i := slices.IndexFunc(fields, func(f register.Field) bool { return f.ID == id })
	if i < 0 {
		return "a field that is gone"
	}
	return fields[i].Name
}
