package api

import (
	"context"
	"crypto/sha256"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// whoKey is the context key of the principal of a request, requestKey of its
// number in the log, tokenKey of its token's hash, and baseKey of the address
// that it came to.
type (
	baseKey    struct{}
	whoKey     struct{}
	requestKey struct{}
	tokenKey   struct{}
)

// open lists what is answered without a token: what the interface is, which is
// the same in every installation.
var open = []string{Prefix + "/openapi.json", Prefix + "/openapi.yaml", Prefix + "/docs", Prefix + "/docs.css"}

// gate lets requests in: it finds out who asks and holds back who asks too often,
// by token or, of those whose token is no good, by address.
func (s *Server) gate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if slices.Contains(open, r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		token := bearer(r)
		hash := sha256.Sum256([]byte(token))
		who := string(hash[:])
		ctx, p := s.enter(r, token)
		if p != nil {
			who = "address " + address(r)
		}
		if wait := s.rate.take(who); wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
			p = refusal(http.StatusTooManyRequests, "too many requests", "Wait for as many seconds as Retry-After says.")
		}
		if p != nil {
			if p.Status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Bearer realm="Muster"`)
			}
			refuse(w, r, p)
			return
		}
		ctx = context.WithValue(ctx, tokenKey{}, hash)
		ctx = context.WithValue(ctx, baseKey{}, cameTo(r))
		ctx = context.WithValue(ctx, requestKey{}, r.Header.Get("X-Request-Id"))
		s.route(w, r.WithContext(ctx), next)
	})
}

// enter finds out who a token belongs to.
func (s *Server) enter(r *http.Request, token string) (context.Context, *client.Problem) {
	if token == "" {
		p := refusal(http.StatusUnauthorized, "the request has no token", "Send the header Authorization: Bearer and an API token.")
		p.Kind = errs.Unauthenticated.String()
		return nil, p
	}
	who, err := s.Principal(r.Context(), secret.New(token), address(r))
	if err != nil {
		v := &visit{Server: s, ctx: r.Context()}
		p, ok := v.problem("authenticate", err).(*client.Problem)
		if !ok {
			p = refusal(http.StatusInternalServerError, "something went wrong inside Muster", "")
		}
		return nil, p
	}
	return context.WithValue(r.Context(), whoKey{}, who), nil
}

// route answers what leads nowhere with a problem, and the rest as it is.
func (s *Server) route(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if query, err := url.QueryUnescape(r.URL.RawQuery); err != nil || !storable(query) || !storable(r.URL.Path) {
		refuse(w, r, refusal(http.StatusBadRequest, "the address holds what is no text", "Encode it as UTF-8, without the character of number 0."))
		return
	}
	if _, pattern := s.mux.Handler(r); pattern != "" {
		next.ServeHTTP(w, r)
		return
	}
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = m
		if _, pattern := s.mux.Handler(other); pattern != "" {
			allowed = append(allowed, m)
		}
	}
	if len(allowed) == 0 {
		refuse(w, r, refusal(http.StatusNotFound, "there is nothing at this address", "See "+Prefix+"/docs for what there is."))
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	refuse(w, r, refusal(http.StatusMethodNotAllowed, "this address does not take "+r.Method, "It takes "+strings.Join(allowed, ", ")+"."))
}

// storable reports whether both databases can keep a text.
func storable(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// bearer is the token of a request, "" for none.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// address is the client's network address.
func address(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

// cameTo is the address of the server that a request was sent to.
func cameTo(r *http.Request) string {
	if r.TLS != nil || r.URL.Scheme == "https" {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
