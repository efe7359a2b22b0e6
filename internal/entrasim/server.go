package entrasim

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/entrasim/authority"
	"github.com/musterhq/muster/internal/entrasim/guid"
)

// Server is a tenant that listens.
type Server struct {
	url   string
	caPEM []byte
	srv   *http.Server
	done  chan struct{}
}

// URL is scheme and address, without a slash at the end. Sign-in endpoints are
// at URL/{tenant}/oauth2/v2.0/..., Graph at URL/v1.0/...
func (s *Server) URL() string { return s.url }

// CAPEM is the certificate of the authority that signed the server's
// certificate, in PEM; nil for plain http.
func (s *Server) CAPEM() []byte { return bytes.Clone(s.caPEM) }

// Close stops listening and cuts open connections.
func (s *Server) Close() error {
	err := s.srv.Close()
	<-s.done
	return err
}

// Start serves plain http on a free loopback port.
func (t *Tenant) Start() (*Server, error) { return t.StartAt("127.0.0.1:0") }

// StartAt serves plain http on addr.
func (t *Tenant) StartAt(addr string) (*Server, error) { return t.listen(addr, nil) }

// StartTLS serves https on a free loopback port, with a certificate from an
// authority made for this server: trust CAPEM.
func (t *Tenant) StartTLS() (*Server, error) { return t.StartTLSAt("127.0.0.1:0") }

// StartTLSAt is StartTLS on addr.
func (t *Tenant) StartTLSAt(addr string) (*Server, error) {
	ca, err := authority.New()
	if err != nil {
		return nil, err
	}
	return t.listen(addr, ca)
}

func (t *Tenant) listen(addr string, ca *authority.Authority) (*Server, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("simulated tenant: listen on %s: %w", addr, err)
	}
	s := &Server{url: "http://" + l.Addr().String(), done: make(chan struct{}),
		srv: &http.Server{Handler: t.Handler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: nil}}
	if ca != nil {
		s.url, s.caPEM, s.srv.TLSConfig = "https://"+l.Addr().String(), ca.PEM, ca.Config()
	}
	go func() {
		defer close(s.done)
		if ca != nil {
			_ = s.srv.ServeTLS(l, "", "") // always http.ErrServerClosed, after Close
			return
		}
		_ = s.srv.Serve(l)
	}()
	return s, nil
}

// maxBody bounds what a request may send, before and after unpacking.
const maxBody = 4 << 20

// SetPage sets what answers at / and under /stage/: a page for people. Without
// one the sign-in endpoints say that there is no such tenant.
func (t *Tenant) SetPage(page http.Handler) { t.stage.Store(&page) }

// Handler serves Graph under /v1.0/, control under /control/, the page for
// people at / and the sign-in endpoints under /{tenant}/.
func (t *Tenant) Handler() http.Handler {
	control := t.controlHandler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch first {
		case "control":
			control.ServeHTTP(w, r)
		case "v1.0":
			t.serveGraph(w, r)
		case "", "stage":
			if page := t.stage.Load(); page != nil {
				(*page).ServeHTTP(w, r)
				return
			}
			t.serveSignIn(w, r)
		default:
			t.serveSignIn(w, r)
		}
	})
}

// baseURL is scheme and host as the client wrote them.
func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (t *Tenant) serveGraph(w http.ResponseWriter, r *http.Request) {
	body, status, err := readBody(r)
	if err != nil {
		http.Error(w, "body: "+err.Error(), status)
		return
	}
	req := &request{method: r.Method, query: parseQuery(r.URL.RawQuery), header: r.Header, body: body, base: baseURL(r), id: guid.New()}
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/v1.0")
	var rep *reply
	if strings.Trim(path, "/") == "$batch" {
		rep = t.batch(req)
	} else {
		rep = t.call(req, path)
	}
	if !pause(r.Context(), t.cfg.Latency+req.plan.slow) {
		return
	}
	t.send(w, r, req, rep, path)
}

// readBody unpacks what Microsoft's own clients compress. A status comes with
// every error: 415 for another encoding, to which those clients answer with the
// body as it is.
func readBody(r *http.Request) (body []byte, status int, err error) {
	from := io.Reader(r.Body)
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip":
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, http.StatusBadRequest, err
		}
		from = io.LimitReader(unpacked, maxBody+1)
	default:
		return nil, http.StatusUnsupportedMediaType, fmt.Errorf("content encoding %q is not supported", encoding)
	}
	body, err = io.ReadAll(from)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large) || len(body) > maxBody:
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("more than %d bytes", maxBody)
	case err != nil:
		return nil, http.StatusBadRequest, err
	}
	return body, 0, nil
}

// call serves one Graph call, faults included; batches come here too.
func (t *Tenant) call(req *request, escaped string) *reply {
	var err error
	if req.path, err = splitPath(escaped); err != nil {
		return badRequest("Invalid path.").render(t, req)
	}
	t.Sweep()
	req.plan = t.faults.plan(escaped, req.query.Encode(), false)
	if r := req.plan.answer(t, req); r != nil {
		return r
	}
	key, hit := t.pages.find(t, req, escaped)
	if hit != nil {
		return hit
	}
	r, err := t.route(req)
	if err != nil {
		var ge *graphError
		if !errors.As(err, &ge) {
			ge = statusError(500)
		}
		return ge.render(t, req)
	}
	t.pages.keep(key, r)
	return r
}

// pause waits, or returns false when the caller has gone.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// send writes a Graph response with the service's headers.
func (t *Tenant) send(w http.ResponseWriter, r *http.Request, req *request, rep *reply, path string) {
	body, cut := req.plan.damage(rep.body)
	h := w.Header()
	for k, v := range rep.header {
		h[k] = v
	}
	client := r.Header.Get("client-request-id")
	if client == "" {
		client = req.id
	}
	h.Set("request-id", req.id)
	h.Set("client-request-id", client)
	h.Set("x-ms-ags-diagnostic", `{"ServerInfo":{"DataCenter":"Simulated","Slice":"E","Ring":"0","ScaleUnit":"000","RoleInstance":"ENTRASIM"}}`)
	h.Set("OData-Version", "4.0")
	h.Set("x-ms-resource-unit", strconv.Itoa(resourceUnits(req)))
	h.Set("Date", t.now().Format(http.TimeFormat))
	t.traffic.add(r.Method, "/v1.0"+path, r.URL.RawQuery, kindOfCall(req), rep.status, len(body))
	write(w, rep.status, body, cut)
}

// write sends the body; cut >= 0 drops the connection after so many bytes.
func write(w http.ResponseWriter, status int, body []byte, cut int) {
	if status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	if cut < 0 {
		_, _ = w.Write(body) // the client may have gone; nothing to do about it
		return
	}
	_, _ = w.Write(body[:cut])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// resourceUnits is the price of a call.
// https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
func resourceUnits(req *request) int {
	if len(req.path) == 0 {
		return 1
	}
	units, last := 1, lastName(req.path[len(req.path)-1])
	switch first := strings.ToLower(req.path[0]); {
	case first == "users" && len(req.path) == 1, first == "applications", last == "approleassignments",
		last == "memberof", last == "transitivememberof":
		units = 2
	case last == "members", last == "getbyids":
		units = 3
	case last == "transitivemembers":
		units = 5
	}
	if req.query.Has("$select") {
		units--
	}
	if req.query.Has("$expand") {
		units++
	}
	if top, err := strconv.Atoi(req.query.Get("$top")); err == nil && top < 20 {
		units--
	}
	return max(units, 1)
}
