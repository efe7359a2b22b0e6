package entra

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reach"
)

// Fault is what came instead of an answer: an error of Graph, a broken body, or
// nothing. It stands in the chain of every error of this package that a request
// caused.
type Fault struct {
	Status          int      // 0 when no answer arrived
	Codes           []string // Graph's code, then the codes of inner errors, as spelled
	RequestID       string   // Graph's, for a support case
	ClientRequestID string   // ours
	Damage          string   // what is wrong with a body that should be good
	Cause           error    // why no answer arrived

	wait  time.Duration
	asked bool
}

// Error names status, code and request ID. Microsoft's own message is left out:
// it may name people, and it changes.
func (f *Fault) Error() string {
	var b strings.Builder
	switch {
	case f.Cause != nil:
		fmt.Fprintf(&b, "no answer: %v", f.Cause)
	case f.Damage != "":
		b.WriteString(f.Damage)
	default:
		fmt.Fprintf(&b, "status %d", f.Status)
	}
	if len(f.Codes) > 0 {
		b.WriteString(" " + strings.Join(f.Codes, "/"))
	}
	if f.RequestID != "" {
		fmt.Fprintf(&b, " (request-id %s)", f.RequestID)
	} else if f.ClientRequestID != "" {
		fmt.Fprintf(&b, " (client-request-id %s)", f.ClientRequestID)
	}
	return b.String()
}

// Unwrap returns why no answer arrived.
func (f *Fault) Unwrap() error { return f.Cause }

// is reports whether one of Graph's codes is among the given, in any letter case.
func (f *Fault) is(codes ...string) bool {
	return slices.ContainsFunc(f.Codes, func(have string) bool {
		return slices.ContainsFunc(codes, func(c string) bool { return strings.EqualFold(c, have) })
	})
}

// expired reports whether a page link or delta link is no longer honoured.
// https://learn.microsoft.com/graph/delta-query-overview
func (f *Fault) expired() bool {
	return f.Status == http.StatusGone || f.Status >= 400 && f.Status < 500 &&
		f.is("syncStateNotFound", "syncStateInvalid", "resyncRequired", "Directory_ExpiredPageToken",
			"resyncChangesApplyDifferences", "resyncChangesUploadDifferences")
}

// transient reports whether the same request may succeed later.
func (f *Fault) transient() bool {
	if f.Cause != nil {
		return !hopeless(f.Cause)
	}
	if f.Damage != "" {
		return true
	}
	switch f.Status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusRequestTimeout:
		return true
	}
	return false
}

// hopeless tells faults that no waiting mends: a certificate that is not
// trusted, a host name that does not exist, a host that may not be asked.
func hopeless(err error) bool {
	if errors.Is(err, reach.ErrInside) {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

// classify gives a fault its kind, sentence and next step.
//
//	what                            kind             who mends it
//	no answer, 408, 429, 5xx        Unavailable      time
//	custom hosts that lead inside   Forbidden        an Organization Admin
//	damaged body                    Incomplete       the next run
//	400 syncStateNotFound …, 410    Expired          a full reading
//	401                             Unauthenticated  whoever holds the secret
//	403                             Forbidden        whoever grants permissions
//	404                             NotFound         -
//	400, 501                        Invalid          the mapping or the developers
func (f *Fault) classify(ctx context.Context, rq *call) error {
	e := &errs.Error{Kind: errs.Internal, Op: rq.op, Subject: rq.subject, Err: f}
	switch {
	case ctx.Err() != nil:
		e.Kind, e.Message, e.Err = errs.Unavailable, "stopped", context.Cause(ctx)
	case errors.Is(f.Cause, reach.ErrInside):
		e.Kind, e.Message, e.Hint = errs.Forbidden, leadsInside(rq.host), vouchHint
	case f.Cause != nil:
		e.Kind, e.Message = errs.Unavailable, "Microsoft Graph could not be reached"
		e.Hint = "Check that this machine reaches " + rq.host + " over https, through the proxy if there is one."
	case f.Damage != "":
		e.Kind, e.Message = errs.Incomplete, "the answer did not arrive whole"
		e.Hint = "Nothing was removed. The next run reads again."
	case f.expired():
		e.Kind, e.Message = errs.Expired, "the directory no longer honours the link that this reading continues from"
		e.Hint = "The next run reads everything again."
	default:
		f.classifyStatus(e, rq)
	}
	return e
}

func (f *Fault) classifyStatus(e *errs.Error, rq *call) {
	switch f.Status {
	case http.StatusUnauthorized:
		e.Kind, e.Message = errs.Unauthenticated, "Microsoft Graph refused the token"
		e.Hint = "Check that the cloud is the right one and that this machine's clock is right, then test the connection."
	case http.StatusForbidden:
		e.Kind, e.Message = errs.Forbidden, "the application may not do this"
		if rq.needs != "" {
			e.Hint = "Add the application permission " + rq.needs + " under API permissions and grant admin consent."
		}
	case http.StatusNotFound:
		e.Kind, e.Message = errs.NotFound, "the directory does not know it"
	case http.StatusBadRequest, http.StatusNotImplemented:
		e.Kind, e.Message = errs.Invalid, "the directory does not support this request"
		e.Hint = "A mapping may use an attribute that cannot be listed. Remove attributes that were added last and test again."
	default:
		e.Message = "unexpected answer"
		if f.transient() {
			e.Kind, e.Message = errs.Unavailable, "Microsoft Graph is busy or has trouble"
			e.Hint = "Nothing was removed. The next run tries again."
		}
	}
}

// readFault reads the error body of an answer. Bodies that are not Graph's, of
// a proxy for example, leave the codes empty.
// https://learn.microsoft.com/graph/errors
func readFault(status int, h http.Header, body []byte, now time.Time) *Fault {
	f := &Fault{Status: status, RequestID: h.Get("request-id"), ClientRequestID: h.Get("client-request-id")}
	f.wait, f.asked = retryAfter(h, now)
	var shape struct {
		Error *graphError `json:"error"`
	}
	if json.Unmarshal(body, &shape) != nil {
		return f
	}
	// encoding/json matches names in any case: innerError and innererror both.
	for e := shape.Error; e != nil && len(f.Codes) < 8; e = e.Inner {
		if e.Code != "" {
			f.Codes = append(f.Codes, e.Code)
		}
		if f.RequestID == "" {
			f.RequestID = e.RequestID
		}
	}
	return f
}

type graphError struct {
	Code      string      `json:"code"`
	RequestID string      `json:"request-id"`
	Inner     *graphError `json:"innerError"`
}

// vouchHint is what to do about custom hosts that may not be asked.
const vouchHint = "If that is meant to be, an Organization Admin has to test and save the connection: others may name public hosts only."

func leadsInside(host string) string {
	return host + " leads to this machine or into a private network"
}

// faultOf returns the fault in err's chain, or nil.
func faultOf(err error) *Fault {
	f, _ := errors.AsType[*Fault](err)
	return f
}

// statusOf returns the status that Graph answered with, or 0.
func statusOf(err error) int {
	if f := faultOf(err); f != nil {
		return f.Status
	}
	return 0
}
