package entrasim

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answer turns the faults that replace a whole response into that response;
// nil lets the call go on.
func (p *faultPlan) answer(t *Tenant, req *request) *reply {
	f := p.transport
	if f == nil {
		return nil
	}
	var e *graphError
	switch f.Kind {
	case FaultThrottle:
		return p.throttled(t, req)
	case FaultUnauthorized:
		e = &graphError{status: 401, code: "InvalidAuthenticationToken", message: "Lifetime validation failed, the token is expired."}
	case FaultStatus:
		e = statusError(f.Status)
	default:
		return nil
	}
	r := e.render(t, req)
	t.retryAfter(r.header, f.RetryAfter)
	return r
}

func statusError(status int) *graphError {
	if status == 0 {
		status = 503
	}
	e := &graphError{status: status, code: "UnknownError", message: http.StatusText(status)}
	switch status {
	case 500:
		e.code, e.message = "generalException", "An internal server error occurred."
	case 503:
		e.code, e.message = "serviceNotAvailable", "The service is temporarily unavailable. Please try again later."
	}
	return e
}

// throttled is a 429 as the service writes it, with its own headers.
// https://learn.microsoft.com/graph/throttling
func (p *faultPlan) throttled(t *Tenant, req *request) *reply {
	body := fmt.Sprintf(`{"error":{"code":"TooManyRequests","message":"Too many requests from Identifier:%s under category:aadgraph.app.tenant_large. Please try again later.","innerError":{"date":"%s"}}}`,
		t.cfg.ClientID, t.now().Format("2006-01-02T15:04:05"))
	r := jsonReply(http.StatusTooManyRequests, []byte(body))
	r.header.Set("x-ms-throttle-scope", "Tenant_Application/Read/"+t.cfg.ClientID+"/"+t.cfg.TenantID)
	r.header.Set("x-ms-throttle-information", "ResourceUnitLimitExceeded")
	t.retryAfter(r.header, p.transport.RetryAfter)
	return r
}

// retryAfter sets the header: a number as it stands, or a date.
func (t *Tenant) retryAfter(h http.Header, form string) {
	rest, isDate := strings.CutPrefix(form, "date")
	if !isDate {
		if form != "" {
			h.Set("Retry-After", form)
		}
		return
	}
	seconds, err := strconv.Atoi(strings.TrimPrefix(rest, ":"))
	if err != nil {
		seconds = 10
	}
	h.Set("Retry-After", t.now().Add(time.Duration(seconds)*time.Second).Format(http.TimeFormat))
}

// damage breaks a finished body. cut asks the server to drop the connection
// after the first n bytes.
func (p *faultPlan) damage(body []byte) (out []byte, cut int) {
	if p.transport == nil {
		return body, -1
	}
	part := p.transport.Fraction
	if part <= 0 || part >= 1 {
		part = 0.5
	}
	n := int(float64(len(body)) * part)
	switch p.transport.Kind {
	case FaultCut:
		return body, n
	case FaultTruncate:
		return body[:n], -1
	case FaultMalformed:
		broken := append(append([]byte(nil), body[:n]...), "\x01<!DOCTYPE html>"...)
		return append(broken, body[n:]...), -1
	}
	return body, -1
}
