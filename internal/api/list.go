package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
)

// Asked is the question of a listing of records.
type Asked struct {
	Q        string   `query:"q" maxLength:"500" doc:"Words, each of which begins a word of the record."`
	Filter   []string `query:"filter,explode" maxItems:"20" doc:"A condition: field, operation and value with points between them, as in Condition.is.Good or Price.at-least.100. The field is its name or number; the operations are is, is-not, has, empty, not-empty, at-least, at-most. Give it as often as there are conditions: all have to hold."`
	Sort     string   `query:"sort" maxLength:"300" doc:"The name or number of a field, or added for when the record was made; a minus before it turns the order round. By title when nothing is given."`
	Archived bool     `query:"archived" doc:"Those put away, instead of the others."`
	Custody  string   `query:"custody" enum:"held,free" doc:"Only what somebody holds, or what nobody holds."`
}

func (s *Server) listOperations() {
	add(s, op{method: http.MethodGet, path: recordsPath, id: "list-records", tag: recordsTag, summary: "List records, by words, filters and order"},
		func(v *visit, in *struct {
			InCollection
			Asked
			Paging
		}) (*body[client.RecordPage], error) {
			c, fields, err := v.collection(in.InCollection)
			if err != nil {
				return nil, err
			}
			q, err := queryOf(c, fields, in.Asked)
			if err != nil {
				return nil, err
			}
			q.Limit = in.Limit
			if q.After, err = listing.ParseCursor(in.Cursor); err != nil {
				return nil, &partFault{"query.cursor", err}
			}
			return v.list(fields, q)
		})
}

// list is a page of what a question finds.
func (v *visit) list(fields []register.Field, q listing.Query) (*body[client.RecordPage], error) {
	found, err := v.Lists.Find(v.ctx, v.who, q)
	if err != nil {
		return nil, err
	}
	items, err := v.recordsOf(fields, found.Records)
	if err != nil {
		return nil, err
	}
	return &body[client.RecordPage]{client.RecordPage{Items: items, Next: found.Next.String(), Total: found.Total, Sort: found.Order.String()}}, nil
}

// queryOf reads a question.
func queryOf(c register.Collection, fields []register.Field, in Asked) (listing.Query, error) {
	q := listing.Query{Account: c.Account, Collection: c.ID, Text: in.Q, Archived: in.Archived, Custody: listing.Custody(in.Custody)}
	var err error
	if q.Order, err = orderOf(fields, in.Sort); err != nil {
		return q, &partFault{"query.sort", err}
	}
	for _, text := range in.Filter {
		cond, err := conditionOf(fields, text)
		if err != nil {
			return q, &partFault{"query.filter", err}
		}
		q.Where = append(q.Where, cond)
	}
	return q, nil
}

// orderOf reads an order: "Price", "-Price", "-12", "added".
func orderOf(fields []register.Field, text string) (listing.Order, error) {
	name, down := strings.CutPrefix(text, "-")
	if name == "" || name == "added" {
		return listing.Order{Added: name == "added", Down: down}, nil
	}
	f := fieldCalled(fields, name)
	if f == nil {
		return listing.Order{}, errs.New(errs.Invalid, "there is no field %q to sort by", name).WithHint("The fields are: %s.", names(fields))
	}
	if f.Title {
		return listing.Order{Down: down}, nil
	}
	return listing.Order{Field: f.ID, Down: down}, nil
}

// fieldCalled finds a field by its name or, failing that, its number.
func fieldCalled(fields []register.Field, name string) *register.Field {
	if f := fieldNamed(fields, name); f != nil {
		return f
	}
	id, err := strconv.ParseInt(name, 10, 64)
	i := slices.IndexFunc(fields, func(f register.Field) bool { return err == nil && f.ID == id })
	if i < 0 {
		return nil
	}
	return &fields[i]
}

// conditionOf reads "field.operation.value". Names may hold points: the first
// one behind which an operation stands ends the name.
func conditionOf(fields []register.Field, text string) (listing.Condition, error) {
	for at := strings.Index(text, "."); at >= 0; {
		op, value, _ := strings.Cut(text[at+1:], ".")
		if f := fieldCalled(fields, text[:at]); f != nil {
			return listing.ParseCondition(*f, listing.Op(op), value)
		}
		next := strings.Index(text[at+1:], ".")
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return listing.Condition{}, errs.New(errs.Invalid, "%q is no condition on a field", text).
		WithHint("Write field.operation.value, as in Condition.is.Good. The fields are: %s.", names(fields))
}
