// Package stage is the simulated tenant's page for people: who works at the made-up
// company, the buttons of its personnel office, its groups, its app registration,
// and trouble to switch on, so that anybody can see how Muster behaves.
//
// It is served beside the simulated Graph, to visitors from this machine only.
// Every act is a form; what Muster should do next stands above the page that
// follows.
package stage

import (
	"bytes"
	"embed"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/entrasim"
)

//go:embed page
var files embed.FS

// Stage is the page. It is safe for concurrent use.
type Stage struct {
	control *entrasim.Control
	muster  string // the address of the Muster that syncs from here; "" when not known
	pages   *template.Template
	mux     *http.ServeMux
}

// New returns the page of a tenant. muster is the address of the Muster that
// syncs from it, for links; "" when it is not known.
func New(c *entrasim.Control, muster string) *Stage {
	s := &Stage{control: c, muster: strings.TrimSuffix(muster, "/"), mux: http.NewServeMux()}
	s.pages = template.Must(template.New("").Funcs(template.FuncMap{
		"clock": func(t time.Time) string { return t.Local().Format("15:04:05") },
		"day":   func(t time.Time) string { return t.Local().Format("2 Jan 2006 15:04") },
		"query": url.QueryEscape,
	}).ParseFS(files, "page/*.html"))
	s.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, root, http.StatusSeeOther) })
	s.mux.HandleFunc("GET "+root+"stage.css", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "page/stage.css")
	})
	for pattern, do := range map[string]func(*visit) error{
		"GET {$}": s.people, "POST people": s.hire, "GET people/{id}": s.person, "POST people/{id}/{act}": s.act,
		"GET groups": s.groups, "POST groups": s.createGroup, "GET groups/{id}": s.group, "POST groups/{id}/{act}": s.groupAct,
		"GET trouble": s.trouble, "POST trouble": s.makeTrouble, "POST trouble/{act}": s.appAct, "GET requests": s.requests,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		s.mux.HandleFunc(method+" "+root+path, s.serve(do))
	}
	return s
}

// root is where the pages are.
const root = "/stage/"

// ServeHTTP answers visitors from this machine. Forms have to come from the page
// itself.
func (s *Stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	if !fromHere(r) {
		http.Error(w, "The simulated tenant's page is for this machine only.", http.StatusForbidden)
		return
	}
	if err := new(http.CrossOriginProtection).Check(r); err != nil {
		http.Error(w, "This form came from another site.", http.StatusForbidden)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// fromHere reports whether a request comes from this machine and names it: a web
// page elsewhere could otherwise reach the tenant by a name that it made lead here.
func fromHere(r *http.Request) bool {
	peer, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(r.Host); err == nil {
		host = h
	}
	loopback := func(s string) bool {
		ip := net.ParseIP(strings.Trim(s, "[]"))
		return s == "localhost" || (ip != nil && ip.IsLoopback())
	}
	return loopback(peer) && loopback(host)
}

// visit is one request.
type visit struct {
	s *Stage
	w http.ResponseWriter
	r *http.Request
}

func (v *visit) text(name string) string { return strings.TrimSpace(v.r.FormValue(name)) }

// frame is what stands around each page.
type frame struct {
	Title, Here, Muster string
	Said, Next          string // what the last act did, and what Muster should do about it
	Fault               string
	Counts              entrasim.Counts
	Page                any
}

// show renders a page.
func (v *visit) show(status int, name, title string, fault error, page any) error {
	f := frame{Title: title, Here: name, Muster: v.s.muster, Counts: v.s.control.Snapshot(), Page: page,
		Said: v.r.URL.Query().Get("said"), Next: v.r.URL.Query().Get("next")}
	if fault != nil {
		f.Fault = sentence(fault.Error())
	}
	var out bytes.Buffer
	if err := v.s.pages.ExecuteTemplate(&out, name+".html", f); err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(out.Bytes()) // fails only when the visitor has gone
	return nil
}

// then sends the visitor on after an act, with what was done and what Muster
// should do about it.
func (v *visit) then(path, said, next string) error {
	to := root + path + "?" + url.Values{"said": {said}, "next": {next}}.Encode()
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// serve answers with what a handler shows, or with its fault.
func (s *Stage) serve(do func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		v := &visit{s, w, r}
		if err := do(v); err != nil {
			if err := v.show(http.StatusNotFound, "fault", "Nothing here", err, nil); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		}
	}
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
