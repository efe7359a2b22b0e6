package entrasim

import (
	"net/http"
	"strings"

	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/entrasim/guid"
	"github.com/musterhq/muster/internal/entrasim/sts"
)

// newIssuer makes the sign-in side of the tenant.
func (t *Tenant) newIssuer() *sts.Issuer {
	cfg := t.cfg
	return sts.New(sts.Config{TenantID: cfg.TenantID, ClientID: cfg.ClientID, Domains: []string{estate.Domain, estate.InitialDomain},
		PrincipalID: t.principalID(), RedirectURIs: cfg.RedirectURIs, Directory: loginDirectory{t}, Now: t.now,
		NoConsent: func() bool { return t.faults.active(FaultConsentMissing) }, Note: t.traffic.note},
		cfg.ClientSecret, cfg.Roles, cfg.Certificates)
}

// principalID is the object id of the application's service principal, not to
// be mistaken for the object id of the application.
func (t *Tenant) principalID() string { return t.ID(estate.MakeRef(estate.KindFixed, 1)) }

// loginDirectory shows the issuer the people of the tenant.
type loginDirectory struct{ t *Tenant }

// Person finds a live person by object id or sign-in name.
func (d loginDirectory) Person(key string) (sts.Person, bool) {
	d.t.Mu.RLock()
	defer d.t.Mu.RUnlock()
	at, ok := d.t.FindUser(key)
	if !ok {
		return sts.Person{}, false
	}
	return loginPerson(d.t.View(at)), true
}

// Search lists people for the sign-in page.
func (d loginDirectory) Search(text string, top int) ([]sts.Person, int) {
	people, total := d.t.Control().People(text, 0, top)
	out := make([]sts.Person, 0, len(people))
	for _, p := range people {
		if p.State == estate.StateName(estate.Live) {
			out = append(out, loginPerson(p))
		}
	}
	return out, total
}

func loginPerson(p estate.Person) sts.Person {
	return sts.Person{ID: p.ID, UserPrincipalName: p.UserPrincipalName, DisplayName: p.DisplayName, Mail: p.Mail, Enabled: p.Enabled}
}

// serveSignIn serves everything under /{tenant}/, faults included.
func (t *Tenant) serveSignIn(w http.ResponseWriter, r *http.Request) {
	tenant, rest, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	plan := t.faults.plan(r.URL.Path, "", true)
	if !pause(r.Context(), plan.slow) {
		return
	}
	token := strings.HasSuffix(rest, "/token")
	var rep *sts.Reply
	if a := plan.answer(t, &request{header: r.Header, id: guid.New()}); a != nil {
		rep = &sts.Reply{Status: a.status, Header: a.header, Body: a.body}
	} else if plan.signIn != 0 && token {
		rep = sts.Forced(plan.signIn).Render(t.issuer, r)
	} else if rep = t.issuer.Serve(w, r, tenant, rest); rep == nil {
		return // a page or a redirect, written already
	}
	body, cut := plan.damage(rep.Body)
	for k, v := range rep.Header {
		w.Header()[k] = v
	}
	w.Header().Set("Date", t.now().Format(http.TimeFormat))
	w.Header().Set("x-ms-request-id", guid.New())
	kind := rest
	if token {
		kind = "token"
	}
	t.traffic.add(r.Method, r.URL.Path, "", kind, rep.Status, len(body))
	write(w, rep.Status, body, cut)
}
