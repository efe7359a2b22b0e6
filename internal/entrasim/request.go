package entrasim

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/entrasim/estate"
)

// request is one Graph call, from the wire or from a batch.
type request struct {
	method string
	path   []string // decoded segments after /v1.0
	query  url.Values
	header http.Header
	body   []byte
	base   string // scheme and host, for absolute links
	roles  []string
	id     string // request-id
	// plan is what the injected faults do to this call.
	plan faultPlan
}

// reply is a finished response.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func jsonReply(status int, body []byte) *reply {
	h := http.Header{"Content-Type": {"application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"}}
	return &reply{status, h, body}
}

// graphError is an error of the Graph API.
// https://learn.microsoft.com/graph/errors
type graphError struct {
	status        int
	code, message string
	header        http.Header
}

// Error is for logs; clients get render.
func (e *graphError) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.message) }

func badRequest(format string, args ...any) *graphError {
	return &graphError{status: 400, code: "Request_BadRequest", message: fmt.Sprintf(format, args...)}
}

func unsupported(format string, args ...any) *graphError {
	return &graphError{status: 400, code: "Request_UnsupportedQuery", message: fmt.Sprintf(format, args...)}
}

func notFound(what string) *graphError {
	return &graphError{status: 404, code: "Request_ResourceNotFound",
		message: fmt.Sprintf("Resource '%s' does not exist or one of its queried reference-property objects are not present.", what)}
}

func noSegment(name string) *graphError {
	return &graphError{status: 400, code: "BadRequest", message: fmt.Sprintf("Resource not found for the segment '%s'.", name)}
}

func denied() *graphError {
	return &graphError{status: 403, code: "Authorization_RequestDenied", message: "Insufficient privileges to complete the operation."}
}

func expiredPage() *graphError {
	return &graphError{status: 400, code: "Directory_ExpiredPageToken",
		message: "The specified page token value has expired and can no longer be included in your request."}
}

func staleDelta(status int) *graphError {
	return &graphError{status: status, code: "syncStateNotFound", header: http.Header{},
		message: "The sync state generation is not found. The delta token is expired and data must be synchronized again."}
}

// render writes the error in Graph's shape.
func (e *graphError) render(t *Tenant, req *request) *reply {
	client := req.header.Get("client-request-id")
	if client == "" {
		client = req.id
	}
	b := append([]byte(nil), `{"error":{"code":`...)
	b = estate.AppendString(b, e.code)
	b = append(b, `,"message":`...)
	b = estate.AppendString(b, e.message)
	b = append(b, `,"innerError":{"date":"`...)
	b = append(b, t.now().Format("2006-01-02T15:04:05")...)
	b = append(b, `","request-id":"`+req.id+`","client-request-id":`...)
	b = append(estate.AppendString(b, client), "}}}"...)
	r := jsonReply(e.status, b)
	for k, v := range e.header {
		r.header[k] = v
	}
	return r
}

// splitPath cuts an escaped path into decoded segments and unfolds the key
// form: users('x') becomes users, x and devices(deviceId='x') becomes devices,
// deviceId=x.
func splitPath(escaped string) ([]string, error) {
	var out []string
	for _, raw := range strings.Split(strings.Trim(escaped, "/"), "/") {
		s, err := url.PathUnescape(raw)
		if err != nil {
			return nil, err
		}
		s = strings.TrimSuffix(s, "()")
		open := strings.Index(s, "(")
		if open <= 0 || !strings.HasSuffix(s, ")") {
			out = append(out, s)
			continue
		}
		key := s[open+1 : len(s)-1]
		key = strings.Replace(key, "='", "=", 1)
		key = strings.TrimSuffix(strings.TrimPrefix(key, "'"), "'")
		out = append(out, s[:open], strings.ReplaceAll(key, "''", "'"))
	}
	return out, nil
}

// parseQuery reads a query in which a semicolon is an ordinary character, as
// inside $expand=manager($levels=max;$select=id). Broken pairs are left out.
func parseQuery(raw string) url.Values {
	v, err := url.ParseQuery(strings.ReplaceAll(raw, ";", "%3B"))
	if err != nil && v == nil {
		return url.Values{}
	}
	return v
}

// options are the query options of one call.
type options struct {
	sel, filter, orderby, search, expand string
	skiptoken, deltatoken                string
	top                                  int
	hasTop, hasDelta, hasSkip            bool
	count                                bool // $count=true was sent
	eventual                             bool // ConsistencyLevel: eventual was sent
}

// advanced: the two things that open Graph's advanced queries.
func (o *options) advanced() bool { return o.eventual && o.count }

// readOptions reads the query; names are taken in any letter case, unknown
// options that start with a dollar are an error.
func readOptions(req *request) (*options, error) {
	o := &options{eventual: strings.EqualFold(req.header.Get("ConsistencyLevel"), "eventual")}
	for key, values := range req.query {
		v := values[0]
		switch strings.ToLower(key) {
		case "$select":
			o.sel = v
		case "$filter":
			o.filter = v
		case "$orderby":
			o.orderby = v
		case "$search":
			o.search = v
		case "$expand":
			o.expand = v
		case "$skiptoken":
			o.skiptoken = v
		case "$deltatoken":
			o.deltatoken, o.hasDelta = v, true
		case "$count":
			o.count = strings.EqualFold(v, "true")
		case "$skip":
			o.hasSkip = true
		case "$top":
			o.hasTop = true
			if _, err := fmt.Sscanf(v, "%d", &o.top); err != nil || fmt.Sprint(o.top) != v {
				return nil, badRequest("Invalid value '%s' for $top query option found. The $top query option requires a non-negative integer value.", v)
			}
		case "$format":
		default:
			if strings.HasPrefix(key, "$") {
				return nil, badRequest("Unrecognized query argument specified: '%s'.", key)
			}
		}
	}
	return o, nil
}

// page is the number of objects of a list page.
func (o *options) page() (int, error) {
	if !o.hasTop {
		return 100, nil
	}
	if o.top < 1 || o.top > 999 {
		return 0, unsupported("Invalid page size specified: '%d'. Must be between 1 and 999 inclusive.", o.top)
	}
	return o.top, nil
}

// names splits a $select.
func (o *options) names() []string {
	var out []string
	for _, n := range strings.Split(o.sel, ",") {
		if n = strings.TrimSpace(n); n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
