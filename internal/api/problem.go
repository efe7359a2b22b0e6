package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// statusOf is the status that a kind of error stands for, by the table of
// errs.Kind. Who is already gone gets one that no client sees.
func statusOf(err error) int {
	switch errs.KindOf(err) {
	case errs.Invalid:
		return http.StatusUnprocessableEntity
	case errs.NotFound:
		return http.StatusNotFound
	case errs.Conflict, errs.Held:
		return http.StatusConflict
	case errs.Forbidden:
		return http.StatusForbidden
	case errs.Unauthenticated:
		return http.StatusUnauthorized
	case errs.Unavailable:
		return http.StatusServiceUnavailable
	case errs.Incomplete:
		return http.StatusBadGateway
	case errs.Expired:
		return http.StatusGone
	}
	return http.StatusInternalServerError
}

// problem is what an operation answers when it failed. Of faults within Muster
// the log says more than the answer.
func (v *visit) problem(operation string, err error) error {
	var ready *client.Problem
	if errors.As(err, &ready) {
		return ready
	}
	status := statusOf(err)
	p := &client.Problem{Type: blank, Title: http.StatusText(status), Status: status, Kind: errs.KindOf(err).String(), Hint: errs.HintOf(err)}
	p.Request, _ = v.ctx.Value(requestKey{}).(string)
	switch {
	case status == http.StatusInternalServerError && v.ctx.Err() != nil && errors.Is(err, context.Canceled):
		p.Status, p.Detail = http.StatusServiceUnavailable, "the request was broken off"
	case status == http.StatusInternalServerError:
		v.Log.Error("a request failed", "operation", operation, "request", p.Request, "error", err)
		p.Detail = "something went wrong inside Muster"
		p.Hint = "The log says what, under the number of the request."
	case status == http.StatusServiceUnavailable:
		v.Log.Warn("a request has to wait", "operation", operation, "request", p.Request, "error", err)
		p.Detail = errs.Brief(err)
	default:
		p.Detail = err.Error()
	}
	if unsure, ok := v.ctx.Value(unsureKey{}).(*bool); ok && errors.Is(err, errs.ErrUnsure) {
		*unsure = true
	}
	p.Errors = faultsOf(err)
	return p
}

const blank = "about:blank"

// faultsOf finds the parts of the request that an error is about.
func faultsOf(err error) []client.Fault {
	var out []client.Fault
	for _, f := range fieldFaults(err) {
		out = append(out, client.Fault{Location: f.at, Message: f.err.Error()})
	}
	if t, ok := errors.AsType[*register.Taken](err); ok && len(out) == 0 {
		out = append(out, client.Fault{Location: "body.fields." + t.FieldName, Message: t.Error()})
	}
	if f, ok := errors.AsType[*register.FieldFault](err); ok && len(out) == 0 {
		out = append(out, client.Fault{Location: "body." + string(f.Part), Message: f.Error()})
	}
	return out
}

// partFault is what is wrong with one part of a request.
type partFault struct {
	at  string // body.fields.Serial number
	err error
}

// Error says which part and what.
func (f *partFault) Error() string {
	return strings.TrimPrefix(strings.TrimPrefix(f.at, "body."), "fields.") + ": " + f.err.Error()
}

// Unwrap gives it its kind and hint.
func (f *partFault) Unwrap() error { return f.err }

// fieldFaults are all the part faults in an error, which may join several.
func fieldFaults(err error) []*partFault {
	if err == nil {
		return nil
	}
	if f, ok := err.(*partFault); ok { //nolint:errorlint // this walks the tree itself
		return []*partFault{f}
	}
	switch u := err.(type) { //nolint:errorlint
	case interface{ Unwrap() []error }:
		var out []*partFault
		for _, e := range u.Unwrap() {
			out = append(out, fieldFaults(e)...)
		}
		return out
	case interface{ Unwrap() error }:
		return fieldFaults(u.Unwrap())
	}
	return nil
}

// asProblem turns the library's own errors, about requests that do not fit the
// document, into problems like ours.
func (s *Server) asProblem(ctx huma.Context, _ string, answer any) (any, error) {
	e, ok := answer.(*huma.ErrorModel)
	if !ok {
		return answer, nil
	}
	p := &client.Problem{Type: blank, Title: e.Title, Status: e.Status, Kind: kindOf(e.Status), Detail: e.Detail}
	p.Request, _ = ctx.Context().Value(requestKey{}).(string)
	for _, d := range e.Errors {
		p.Errors = append(p.Errors, client.Fault{Location: d.Location, Message: d.Message})
	}
	if p.Status == http.StatusUnprocessableEntity || p.Status == http.StatusBadRequest {
		p.Hint = "See " + Prefix + "/docs for what this takes."
	}
	return p, nil
}

// kindOf is the kind of fault of a status that no use case gave.
func kindOf(status int) string {
	switch {
	case status == http.StatusNotFound:
		return errs.NotFound.String()
	case status == http.StatusPreconditionFailed:
		return errs.Conflict.String()
	case status == http.StatusTooManyRequests:
		return errs.Unavailable.String()
	case status < http.StatusInternalServerError:
		return errs.Invalid.String()
	}
	return errs.Internal.String()
}

// refusal is a problem with a status of HTTP's own.
func refusal(status int, detail, hint string) *client.Problem {
	return &client.Problem{Type: blank, Title: http.StatusText(status), Status: status, Kind: kindOf(status), Detail: detail, Hint: hint}
}

// refuse writes a problem where no operation has begun.
func refuse(w http.ResponseWriter, r *http.Request, p *client.Problem) {
	p.Request = r.Header.Get("X-Request-Id")
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // nobody is waiting if this fails
}

// refuseError writes what an error says where no operation has begun.
func (s *Server) refuseError(w http.ResponseWriter, r *http.Request, err error) {
	v := &visit{Server: s, ctx: r.Context()}
	if p, ok := v.problem(r.Method+" "+r.URL.Path, err).(*client.Problem); ok {
		refuse(w, r, p)
	}
}
