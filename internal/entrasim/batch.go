package entrasim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/entrasim/guid"
)

// batchRequest is one call inside $batch.
type batchRequest struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"` // relative, without the version
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

type batchResponse struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// maxBatch is the number of calls that one batch may hold.
const maxBatch = 20

// batch serves POST /$batch. The answers come in reverse order, which the
// service is free to do.
// https://learn.microsoft.com/graph/json-batching
func (t *Tenant) batch(req *request) *reply {
	var in struct {
		Requests []batchRequest `json:"requests"`
	}
	if req.method != http.MethodPost || json.Unmarshal(req.body, &in) != nil {
		return badRequest("Unable to read JSON request payload.").render(t, req)
	}
	if len(in.Requests) == 0 || len(in.Requests) > maxBatch {
		return badRequest("Number of batch request steps exceeds the maximum value of %d.", maxBatch).render(t, req)
	}
	status := map[string]int{}
	out := make([]batchResponse, 0, len(in.Requests))
	for _, b := range in.Requests {
		if _, twice := status[b.ID]; twice || b.ID == "" {
			return badRequest("Batch request ids must be present and unique.").render(t, req)
		}
		r := t.step(req, b, status)
		status[b.ID] = r.Status
		out = append(out, r)
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	raw, err := json.Marshal(map[string]any{"responses": out})
	if err != nil {
		return statusError(500).render(t, req)
	}
	return jsonReply(http.StatusOK, raw)
}

func (t *Tenant) step(outer *request, b batchRequest, done map[string]int) batchResponse {
	if string(b.Body) == "null" {
		b.Body = nil // Microsoft's own clients write it for calls without a body
	}
	inner := &request{method: strings.ToUpper(b.Method), header: http.Header{}, base: outer.base, id: guid.New(), body: b.Body}
	inner.header.Set("Authorization", outer.header.Get("Authorization"))
	for k, v := range b.Headers {
		inner.header.Set(k, v)
	}
	u, err := url.Parse("/" + strings.TrimPrefix(b.URL, "/"))
	var r *reply
	switch {
	case err != nil || strings.HasPrefix(u.Path, "/$batch"):
		r = badRequest("Invalid batch URL '%s'.", b.URL).render(t, inner)
	case failedBefore(b.DependsOn, done):
		r = (&graphError{status: http.StatusFailedDependency, code: "FailedDependency", message: "A request that this one depends on failed."}).render(t, inner)
	case len(b.Body) > 0 && inner.header.Get("Content-Type") == "":
		r = badRequest("Write request id : %s does not contain Content-Type header or body.", b.ID).render(t, inner)
	default:
		inner.query = parseQuery(u.RawQuery)
		r = t.call(inner, u.EscapedPath())
		t.traffic.add(inner.method, "/v1.0"+u.EscapedPath(), u.RawQuery, kindOfCall(inner), r.status, len(r.body))
	}
	return asStep(b.ID, r)
}

// asStep: text bodies become JSON strings, and the headers are flat.
func asStep(id string, r *reply) batchResponse {
	out := batchResponse{ID: id, Status: r.status, Headers: map[string]string{}}
	for k, v := range r.header {
		out.Headers[k] = v[0]
	}
	switch {
	case len(r.body) == 0:
	case strings.HasPrefix(r.header.Get("Content-Type"), "text/"):
		out.Body = estate.AppendString(nil, string(r.body))
	default:
		out.Body = r.body
	}
	return out
}

func failedBefore(deps []string, done map[string]int) bool {
	for _, d := range deps {
		if s, ok := done[d]; !ok || s >= 400 {
			return true
		}
	}
	return false
}
