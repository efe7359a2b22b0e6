package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
)

// op is an operation as its noun's file describes it.
type op struct {
	method, path string
	id           string // the name of the operation in the document: list-records
	tag          string // the noun
	summary      string
	text         string // more than the summary says; "" for nothing
	// may is the right that it takes in the module of its path, besides what its
	// use case checks; "" for whichever role there.
	may    account.Action
	status int    // of success; 0 for 200, or 204 without a body
	body   int64  // the largest body, in bytes; 0 for a megabyte
	stream string // the media type of an answer that comes in pieces; "" for JSON
	other  string // the other media type that it may have; "" for none
}

// visit is one request with who makes it.
type visit struct {
	*Server
	ctx context.Context
	who account.Principal
}

// described is what the document says of an operation besides its summary.
func (o op) described() string {
	text := o.text
	if o.may != "" {
		text = strings.TrimSpace(text + " Needs the right " + string(o.may) + " in the module.")
	}
	return text
}

// none is the answer or the input of what has none.
type none struct{}

// add registers an operation. What it returns as an error becomes a problem.
func add[I, O any](s *Server, o op, do func(v *visit, in *I) (*O, error)) {
	reg := huma.Operation{
		Method: o.method, Path: o.path, OperationID: o.id, Summary: o.summary, Description: o.described(), Tags: []string{o.tag},
		DefaultStatus: o.status, MaxBodyBytes: o.body, BodyReadTimeout: -1, // the server knows how long it waits for bodies
		Responses: map[string]*huma.Response{"default": {
			Description: "What was wrong",
			Content: map[string]*huma.MediaType{"application/problem+json": {
				Schema: huma.SchemaFromType(s.api.OpenAPI().Components.Schemas, typeOf[client.Problem]()),
			}},
		}},
	}
	if o.stream != "" {
		content := map[string]*huma.MediaType{o.stream: {Schema: &huma.Schema{Type: huma.TypeString}}}
		if o.other != "" {
			content[o.other] = content[o.stream]
		}
		reg.Responses["200"] = &huma.Response{Description: "OK", Content: content}
	}
	if o.method == http.MethodPost {
		reg.Parameters = []*huma.Param{{
			Name: onceHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: pointer(onceLongest)},
			Description: "A text of your own. The same request with the same key is done once within 24 hours, and answered the same.",
		}}
	}
	huma.Register(s.api, reg, func(ctx context.Context, in *I) (*O, error) {
		v := &visit{Server: s, ctx: ctx}
		v.who, _ = ctx.Value(whoKey{}).(account.Principal)
		if err := v.let(o, in); err != nil {
			return nil, v.problem(o.id, err)
		}
		out, err := do(v, in)
		if err != nil {
			return nil, v.problem(o.id, err)
		}
		return out, nil
	})
}

// let refuses who may not come to an operation at all.
func (v *visit) let(o op, in any) error {
	at, ok := in.(interface{ at() InModule })
	if o.may == "" || !ok {
		return nil
	}
	m, err := v.module(at.at())
	if err != nil {
		return err
	}
	return v.who.May(o.may, m.Account, m.ID, 0)
}

// body is an answer that is nothing but a body.
type body[T any] struct{ Body T }

// whole is the answer of a listing that comes whole.
func whole[T any](items []T) *body[client.List[T]] {
	return &body[client.List[T]]{client.List[T]{Items: some(items)}}
}

// page is the answer of a part of a listing.
func page[T any](items []T, next string) *body[client.Page[T]] {
	return &body[client.Page[T]]{client.Page[T]{Items: some(items), Next: next}}
}

func pointer[T any](v T) *T { return &v }

// some is a list that is never null.
func some[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// each converts a list.
func each[A, B any](list []A, fn func(A) B) []B {
	out := make([]B, len(list))
	for i := range list {
		out[i] = fn(list[i])
	}
	return out
}
