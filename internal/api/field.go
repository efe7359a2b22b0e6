package api

import (
	"net/http"
	"slices"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/register"
)

// OnField is the input of an operation on a field.
type OnField struct {
	InCollection
	Field int64 `path:"field" minimum:"1" doc:"The number of the field."`
}

func (s *Server) fieldOperations() {
	const tag, path = "Fields", "/modules/{module}/collections/{collection}/fields"
	add(s, op{method: http.MethodGet, path: path, id: "list-fields", tag: tag, summary: "List the fields of a collection, in order"},
		func(v *visit, in *InCollection) (*body[client.List[client.Field]], error) {
			_, fields, err := v.collection(*in)
			return whole(each(fields, fieldOf)), err
		})
	add(s, op{method: http.MethodPost, path: path, id: "create-field", may: account.ManageCollections, tag: tag, summary: "Add a field at the end of a collection", status: http.StatusCreated},
		func(v *visit, in *struct {
			InCollection
			Body client.NewField
		}) (*body[client.Field], error) {
			c, _, err := v.collection(in.InCollection)
			if err != nil {
				return nil, err
			}
			b := in.Body
			f, err := v.Records.AddField(v.ctx, v.who, register.Field{
				Account: c.Account, Collection: c.ID, Name: b.Name, Title: b.Title,
				Spec: datatype.Spec{
					Type: datatype.Type(b.Type), Required: b.Required, Unique: b.Unique, Choices: b.Choices, MaxLength: b.MaxLength,
					Collection: b.Link, Currency: b.Currency,
				},
			})
			return &body[client.Field]{fieldOf(f)}, err
		})
	add(s, op{method: http.MethodGet, path: path + "/{field}", id: "get-field", tag: tag, summary: "Get a field"},
		func(v *visit, in *OnField) (*tagged[client.Field], error) {
			f, err := v.field(*in)
			return tagOf(fieldOf(f)), err
		})
	add(s, op{method: http.MethodPatch, path: path + "/{field}", id: "change-field", may: account.ManageCollections, tag: tag, summary: "Change a field", text: "What would not fit the records that there are is refused."},
		func(v *visit, in *struct {
			OnField
			Seen
			Body client.FieldChange
		}) (*tagged[client.Field], error) {
			now := func() (client.Field, error) { f, err := v.field(in.OnField); return fieldOf(f), err }
			return change(v, "field "+number(in.Field), in.Seen, now, func() error {
				f, err := v.field(in.OnField)
				if err == nil {
					_, err = v.Records.ChangeFieldChoices(v.ctx, v.who, changed(f, in.Body), in.Body.RenamedChoices)
				}
				return err
			})
		})
	add(s, op{method: http.MethodDelete, path: path + "/{field}", id: "remove-field", may: account.ManageCollections, tag: tag, summary: "Remove a hidden field with its values, for good"},
		func(v *visit, in *OnField) (*none, error) {
			f, err := v.field(*in)
			if err == nil {
				err = v.Integrations.RemoveField(v.ctx, v.who, f)
			}
			return nil, err
		})
	add(s, op{method: http.MethodPut, path: path + "-order", id: "order-fields", may: account.ManageCollections, tag: tag, summary: "Put the fields of a collection in an order"},
		func(v *visit, in *struct {
			InCollection
			Body client.FieldOrder
		}) (*body[client.List[client.Field]], error) {
			c, _, err := v.collection(in.InCollection)
			if err != nil {
				return nil, err
			}
			if err := v.Records.MoveFields(v.ctx, v.who, c.Account, c.ID, in.Body.Fields); err != nil {
				return nil, err
			}
			_, fields, err := v.collection(in.InCollection)
			return whole(each(fields, fieldOf)), err
		})
}

// field finds the field of the path.
func (v *visit) field(in OnField) (register.Field, error) {
	_, fields, err := v.collection(in.InCollection)
	if err != nil {
		return register.Field{}, err
	}
	i := slices.IndexFunc(fields, func(f register.Field) bool { return f.ID == in.Field })
	if i < 0 {
		return register.Field{}, notHere("field", in.Field)
	}
	return fields[i], nil
}

// changed is a field with what a request says of it.
func changed(f register.Field, c client.FieldChange) register.Field {
	set(&f.Name, c.Name)
	set(&f.Title, c.Title)
	set(&f.Hidden, c.Hidden)
	set(&f.Spec.Required, c.Required)
	set(&f.Spec.Unique, c.Unique)
	set(&f.Spec.Choices, c.Choices)
	return f
}

// set takes over what was given.
func set[T any](to *T, given *T) {
	if given != nil {
		*to = *given
	}
}

func fieldOf(f register.Field) client.Field {
	return client.Field{
		ID: f.ID, Collection: f.Collection, Name: f.Name, Type: string(f.Spec.Type), Required: f.Spec.Required, Unique: f.Spec.Unique,
		Title: f.Title, Hidden: f.Hidden, System: f.System, Choices: some(f.Spec.Choices), MaxLength: f.Spec.MaxLength,
		Link: f.Spec.Collection, Currency: f.Spec.Currency,
	}
}
