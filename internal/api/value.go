package api

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
)

// valuesOf reads the values of a request, by the name of the field. All that is
// wrong with them is told at once, at the place of each.
func valuesOf(fields []register.Field, given client.Values) ([]register.FieldValue, error) {
	var out []register.FieldValue
	var faults []error
	for _, name := range slices.Sorted(keys(given)) {
		at := "body.fields." + name
		f := fieldNamed(fields, name)
		if f == nil {
			faults = append(faults, &partFault{at, errs.New(errs.Invalid, "there is no such field").WithHint("The fields are: %s.", names(fields))})
			continue
		}
		value, err := valueOf(f.Spec, given[name])
		if err != nil {
			faults = append(faults, &partFault{at, err})
			continue
		}
		if slices.ContainsFunc(out, func(other register.FieldValue) bool { return other.Field == f.ID }) {
			faults = append(faults, &partFault{at, errs.New(errs.Invalid, "the field is given twice, in other letters")})
		}
		out = append(out, register.FieldValue{Field: f.ID, Value: value})
	}
	return out, errors.Join(faults...)
}

func keys(m client.Values) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range m {
			if !yield(name) {
				return
			}
		}
	}
}

// fieldNamed finds a field by its name, whatever the letter case, or nil.
func fieldNamed(fields []register.Field, name string) *register.Field {
	key := datatype.KeyOfText(name)
	for i := range fields {
		if datatype.KeyOfText(fields[i].Name) == key {
			return &fields[i]
		}
	}
	return nil
}

func names(fields []register.Field) string {
	return strings.Join(each(fields, func(f register.Field) string { return f.Name }), ", ")
}

// valueOf reads one value as JSON has it: what a person would type, as the type
// of JSON that comes closest or as a string.
func valueOf(spec datatype.Spec, given any) (datatype.Value, error) {
	switch given := given.(type) {
	case nil:
		return datatype.Value{}, nil
	case string:
		return datatype.Parse(spec, given)
	case bool:
		return datatype.Parse(spec, strconv.FormatBool(given))
	case float64:
		return datatype.Parse(spec, strconv.FormatFloat(given, 'f', -1, 64))
	case []any:
		items := make([]string, len(given))
		for i, item := range given {
			text, ok := item.(string)
			if !ok {
				return datatype.Value{}, errs.New(errs.Invalid, "a list may hold texts only")
			}
			items[i] = text
		}
		return datatype.ParseList(spec, items)
	}
	return datatype.Value{}, errs.New(errs.Invalid, "an object is no value of a field")
}

// recordsOf are records as they go over the wire, with the titles of what they
// link to.
func (v *visit) recordsOf(fields []register.Field, list []register.Record) ([]client.Record, error) {
	titles, err := v.linkTitles(fields, list)
	if err != nil {
		return nil, err
	}
	out := make([]client.Record, len(list))
	for i := range list {
		out[i] = recordOf(fields, &list[i], titles)
	}
	return out, nil
}

func recordOf(fields []register.Field, r *register.Record, titles map[int64]string) client.Record {
	out := client.Record{
		ID: r.ID, Collection: r.Collection, Version: r.Version, Title: r.Title, Fields: client.Values{}, Links: map[string]client.Link{},
		Pinned: []string{}, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), ArchivedAt: moment(r.ArchivedAt),
	}
	for i := range fields {
		f := &fields[i]
		if slices.Contains(r.Pinned, f.ID) {
			out.Pinned = append(out.Pinned, f.Name)
		}
		value := r.Value(f.ID)
		if value.IsEmpty() {
			continue
		}
		out.Fields[f.Name] = json.RawMessage(value.JSON())
		if id := value.Record(); id != 0 && f.Spec.Type == datatype.Link {
			out.Links[f.Name] = client.Link{ID: id, Title: titles[id]}
		}
	}
	return out
}

// linkTitles are the titles of the records that others link to, in one query.
func (v *visit) linkTitles(fields []register.Field, list []register.Record) (map[int64]string, error) {
	var ids []int64
	for _, f := range fields {
		if f.Spec.Type != datatype.Link {
			continue
		}
		for i := range list {
			if id := list[i].Value(f.ID).Record(); id != 0 {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	slices.Sort(ids)
	linked, err := v.Records.Load(v.ctx, slices.Compact(ids))
	titles := map[int64]string{}
	for i := range linked {
		titles[linked[i].ID] = linked[i].Title
	}
	return titles, err
}

// moment is an instant that may be none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
