package sts

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/entrasim/guid"
)

// serveAuthorize is GET /{tenant}/oauth2/v2.0/authorize. In a browser it shows
// a list of people to pick from; with prompt=none and a login_hint it signs
// that person in at once.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
func (t *Issuer) serveAuthorize(w http.ResponseWriter, r *http.Request, tenant string) {
	if err := r.ParseForm(); err != nil {
		page(w, http.StatusBadRequest, errorPage, aadsts(9002313))
		return
	}
	f := r.Form
	t.cfg.Note("authorize")
	if err := t.checkAuthorize(f, tenant); err != nil {
		page(w, http.StatusBadRequest, errorPage, err)
		return
	}
	back := func(kv ...string) {
		redirect(w, r, f.Get("redirect_uri"), f.Get("response_mode"), append(kv, "state", f.Get("state"))...)
	}
	switch {
	case f.Get("response_type") != "code":
		back("error", "unsupported_response_type", "error_description", "AADSTS700016: only response_type=code is simulated")
	case f.Get("decline") != "":
		back("error", "access_denied", "error_description", "AADSTS65004: User declined to consent to access the app.")
	case f.Get("code_challenge") != "" && f.Get("code_challenge_method") != "S256":
		back("error", "invalid_request", "error_description", "AADSTS501491: only the S256 code challenge method is simulated")
	case f.Get("person") != "":
		t.signIn(w, f.Get("person"), tenant, f, back)
	case f.Get("prompt") == "none" && f.Get("login_hint") != "":
		t.signIn(w, f.Get("login_hint"), tenant, f, back)
	case f.Get("prompt") == "none":
		back("error", "login_required", "error_description", "AADSTS50058: A silent sign-in request was sent but no user is signed in.")
	default:
		t.showPicker(w, f)
	}
}

// checkAuthorize finds errors that must not be sent to the redirect URI.
func (t *Issuer) checkAuthorize(f url.Values, tenant string) *Error {
	if err := t.checkTenant(tenant, false); err != nil {
		return err
	}
	for _, name := range []string{"client_id", "redirect_uri", "scope"} {
		if f.Get(name) == "" {
			return aadsts(900144, name)
		}
	}
	if !strings.EqualFold(f.Get("client_id"), t.cfg.ClientID) {
		return aadsts(700016, f.Get("client_id"))
	}
	if !t.redirectAllowed(f.Get("redirect_uri")) {
		return aadsts(50011, f.Get("redirect_uri"), t.cfg.ClientID)
	}
	return t.appTrouble()
}

// redirectAllowed: an exact match with the registered list, or any address on
// loopback when nothing is registered.
func (t *Issuer) redirectAllowed(to string) bool {
	if len(t.cfg.RedirectURIs) > 0 {
		return slices.Contains(t.cfg.RedirectURIs, to)
	}
	u, err := url.Parse(to)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && LoopbackHost(u.Hostname())
}

// signIn issues a code for a person, or shows why that person cannot sign in.
func (t *Issuer) signIn(w http.ResponseWriter, key, tenant string, f url.Values, back func(...string)) {
	who, found := t.cfg.Directory.Person(key)
	if !found {
		page(w, http.StatusBadRequest, errorPage, aadsts(50034, key))
		return
	}
	if err := t.mayEnter(who); err != nil {
		page(w, http.StatusBadRequest, errorPage, err)
		return
	}
	code := t.sessions.open(session{user: who.ID, tenant: tenant, redirect: f.Get("redirect_uri"), nonce: f.Get("nonce"),
		scope: f.Get("scope"), challenge: f.Get("code_challenge"), sid: guid.New(), issued: t.cfg.Now()})
	back("code", code, "session_state", guid.New())
}

// mayEnter checks the account and its assignment to the application.
func (t *Issuer) mayEnter(who Person) *Error {
	switch s := t.App.Settings(); {
	case !who.Enabled:
		return aadsts(50057)
	case s.NoUserConsent:
		return aadsts(65001, t.cfg.ClientID, AppName)
	case s.Assigned != nil && !s.Assigned[who.ID]:
		return aadsts(50105, who.UserPrincipalName, t.cfg.ClientID, AppName)
	}
	return nil
}

// pickerPeople is how many people the sign-in page lists.
const pickerPeople = 50

func (t *Issuer) showPicker(w http.ResponseWriter, f url.Values) {
	search := f.Get("search")
	people, total := t.cfg.Directory.Search(search, pickerPeople)
	hidden := url.Values{}
	for k, v := range f {
		if k != "search" && k != "person" {
			hidden[k] = v
		}
	}
	page(w, http.StatusOK, pickerPage, map[string]any{"Search": search, "People": people, "Total": total, "Hidden": hidden, "Hint": f.Get("login_hint")})
}

// redirect sends kv pairs back as query, fragment or form_post; pairs with an
// empty value are left out.
func redirect(w http.ResponseWriter, r *http.Request, to, mode string, kv ...string) {
	v := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i+1] != "" {
			v.Set(kv[i], kv[i+1])
		}
	}
	switch mode {
	case "form_post":
		page(w, http.StatusOK, formPostPage, map[string]any{"To": to, "Fields": v})
	case "fragment":
		http.Redirect(w, r, to+"#"+v.Encode(), http.StatusFound)
	default:
		sep := "?"
		if strings.Contains(to, "?") {
			sep = "&"
		}
		http.Redirect(w, r, to+sep+v.Encode(), http.StatusFound)
	}
}

// S256 is the PKCE challenge of a verifier.
func S256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// page renders one of the small pages of the sign-in endpoints.
func page(w http.ResponseWriter, status int, text string, data any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	tpl := template.Must(template.New("page").Parse(pageHead + text))
	_ = tpl.Execute(w, data) // only fails when the browser has gone
}

const pageHead = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>Simulated sign-in</title><style>
*{box-sizing:border-box}:root{color-scheme:light dark;--line:#8a8a8a;--quiet:light-dark(#555,#b0b0b0);--lift:light-dark(#eef3fb,#26303d);--link:light-dark(#0067b8,#7cb8f5)}
body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem;color:light-dark(#1b1b1b,#f0f0f0);background:light-dark(#fff,#1b1b1b)}
h1{font-size:1.5rem;margin:1rem 0}small{color:var(--quiet)}
.search{display:flex;gap:.5rem;margin:0 0 1rem}.search label{flex:1;min-width:0}
input,button{font:inherit;color:inherit;padding:.45rem .75rem;border:1px solid var(--line);border-radius:4px;background:transparent}input{width:100%}
button{cursor:pointer}button:hover,button:focus-visible{background:var(--lift)}:focus-visible{outline:2px solid var(--link);outline-offset:1px}
button.person{display:block;width:100%;text-align:start;margin:.35rem 0;overflow-wrap:anywhere}.person small{display:block}
</style></head><body><main><p><small>Simulated Microsoft Entra tenant. No password is asked, and nothing leaves this machine.</small></p>`

const pickerPage = `<h1>Pick an account</h1><form method="get">
{{range $k, $v := .Hidden}}{{range $v}}<input type="hidden" name="{{$k}}" value="{{.}}">{{end}}{{end}}
<p class="search"><label><input type="search" name="search" value="{{.Search}}" placeholder="Name or user principal name" aria-label="Search" autofocus></label>
<button>Search</button> <button name="decline" value="1">Decline</button></p>
{{range .People}}<button class="person" name="person" value="{{.ID}}"{{if not .Enabled}} data-disabled{{end}}><strong dir="auto">{{.DisplayName}}</strong><small>{{.UserPrincipalName}}{{if not .Enabled}} (disabled){{end}}</small></button>
{{else}}<p>Nobody matches.</p>{{end}}</form><p><small>{{len .People}} of {{.Total}} shown</small></p></main></body></html>`

const errorPage = `<h1>Sorry, signing in did not work</h1><p role="alert">{{.Error}}</p></main></body></html>`

const signedOutPage = `<h1>You signed out</h1></main></body></html>`

const formPostPage = `<form method="post" action="{{.To}}" id="f">{{range $k, $v := .Fields}}{{range $v}}<input type="hidden" name="{{$k}}" value="{{.}}">{{end}}{{end}}
<button>Continue</button></form><script>document.getElementById("f").submit()</script></main></body></html>`
