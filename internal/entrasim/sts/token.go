package sts

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/entrasim/guid"
)

// grant is a checked call of the token endpoint.
type grant struct {
	form   url.Values
	base   string
	client string
	basic  bool
	secret string
}

// serveToken is POST /{tenant}/oauth2/v2.0/token.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
func (t *Issuer) serveToken(r *http.Request, tenant string) *Reply {
	g, body, err := t.token(r, tenant)
	if err != nil {
		return err.Render(t, r)
	}
	t.cfg.Note("token:" + g.form.Get("grant_type"))
	raw, merr := json.Marshal(body)
	if merr != nil {
		panic(merr) // the body is strings and numbers
	}
	rep := jsonReply(200, raw)
	rep.Header.Set("Content-Type", "application/json; charset=utf-8")
	rep.Header.Set("Cache-Control", "no-store, no-cache")
	rep.Header.Set("Pragma", "no-cache")
	return rep
}

func (t *Issuer) token(r *http.Request, tenant string) (*grant, map[string]any, *Error) {
	if r.Method != http.MethodPost {
		return nil, nil, aadsts(900561, r.Method)
	}
	if err := r.ParseForm(); err != nil {
		return nil, nil, aadsts(9002313)
	}
	g := &grant{form: r.PostForm, base: baseURL(r)}
	kind := g.form.Get("grant_type")
	if kind == "" {
		return nil, nil, aadsts(900144, "grant_type")
	}
	if err := t.checkTenant(tenant, kind == "client_credentials"); err != nil {
		return nil, nil, err
	}
	if err := t.checkClient(r, g); err != nil {
		return nil, nil, err
	}
	var body map[string]any
	var err *Error
	switch kind {
	case "client_credentials":
		body, err = t.appToken(g)
	case "authorization_code":
		body, err = t.redeem(g)
	case "refresh_token":
		body, err = t.refresh(g)
	default:
		err = aadsts(70003, kind)
	}
	return g, body, err
}

// shared endpoints stand for no tenant in particular.
func sharedEndpoint(tenant string) bool {
	return slices.Contains([]string{"common", "organizations", "consumers"}, strings.ToLower(tenant))
}

func (t *Issuer) checkTenant(tenant string, appOnly bool) *Error {
	known := t.names()
	dnsName := regexp.MustCompile(`^([a-zA-Z0-9-]+\.)+[a-zA-Z]{2,}$`)
	_, guid := guid.Parse(tenant)
	switch {
	case slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, tenant) }):
		return nil
	case sharedEndpoint(tenant) && appOnly:
		return aadsts(9001023)
	case sharedEndpoint(tenant):
		return nil
	case guid || dnsName.MatchString(tenant):
		return aadsts(90002, tenant)
	}
	return aadsts(900023, tenant)
}

// checkClient finds the client and proves that it is the application.
func (t *Issuer) checkClient(r *http.Request, g *grant) *Error {
	g.client, g.secret = g.form.Get("client_id"), g.form.Get("client_secret")
	if id, secret, ok := r.BasicAuth(); ok {
		// Both parts are form-encoded inside the header (RFC 6749, 2.3.1).
		if u, err := url.QueryUnescape(id); err == nil {
			id = u
		}
		if u, err := url.QueryUnescape(secret); err == nil {
			secret = u
		}
		g.client, g.secret, g.basic = id, secret, true
	}
	if g.client == "" {
		return aadsts(900144, "client_id")
	}
	if !strings.EqualFold(g.client, t.cfg.ClientID) {
		return aadsts(700016, g.client)
	}
	if err := t.appTrouble(); err != nil {
		return err
	}
	if a := g.form.Get("client_assertion"); a != "" {
		return t.checkAssertion(g, a)
	}
	if g.secret == "" {
		return aadsts(7000218)
	}
	if code := t.App.checkSecret(g.secret, t.cfg.Now()); code != 0 {
		return aadsts(code, g.client)
	}
	return nil
}

// appTrouble reports what an administrator or a fault has done to the app.
func (t *Issuer) appTrouble() *Error {
	switch s := t.App.Settings(); {
	case s.Disabled:
		return aadsts(7000112, t.cfg.ClientID, AppName)
	case s.Public:
		return aadsts(700025)
	}
	return nil
}

// appToken is the client credentials grant. Without any consent it still gives
// a token; only the roles claim is missing.
func (t *Issuer) appToken(g *grant) (map[string]any, *Error) {
	scope := resourceScope(g.form.Get("scope"))
	if scope == "" {
		return nil, aadsts(900144, "scope")
	}
	resource, ok := strings.CutSuffix(scope, "/.default")
	if !ok || strings.Contains(scope, " ") {
		return nil, aadsts(1002012, scope)
	}
	resource = strings.TrimSuffix(resource, "/")
	if !GraphAudience(g.base, resource) {
		if !nationalGraph(resource) {
			return nil, aadsts(70011, scope)
		}
		return nil, aadsts(500011, resource)
	}
	roles := t.App.Roles()
	if t.cfg.NoConsent() {
		roles = nil
	}
	life := int64(3599)
	return map[string]any{"token_type": "Bearer", "expires_in": life, "ext_expires_in": life,
		"access_token": t.accessToken(resource, life, AccessClaims{IDType: "app", AppIDACR: "1", OID: t.cfg.PrincipalID, Sub: t.cfg.PrincipalID, Roles: roles})}, nil
}

// resourceScope drops the sign-in scopes, which Microsoft's own clients add to
// every token request and which mean nothing where nobody signs in. When there
// is nothing else, all of them are left for the error to name.
func resourceScope(text string) string {
	of := slices.DeleteFunc(strings.Fields(text), func(s string) bool {
		return slices.Contains([]string{"openid", "profile", "offline_access"}, s)
	})
	if len(of) == 0 {
		return strings.TrimSpace(text)
	}
	return strings.Join(of, " ")
}

// nationalGraph: Graph of another cloud, which this tenant does not live in.
func nationalGraph(resource string) bool {
	return slices.Contains([]string{"https://graph.microsoft.us", "https://dod-graph.microsoft.us", "https://microsoftgraph.chinacloudapi.cn"}, resource)
}

// accessToken signs a token for Graph with the given rest of the claims.
func (t *Issuer) accessToken(aud string, life int64, c AccessClaims) string {
	now := t.cfg.Now().Unix()
	c.Aud, c.Iss, c.IDP = aud, "https://sts.windows.net/"+t.cfg.TenantID+"/", "https://sts.windows.net/"+t.cfg.TenantID+"/"
	c.IssuedAt, c.NotBefore, c.Expires = now, now, now+life+1
	c.AppName, c.AppID, c.TID, c.UTI = AppName, t.cfg.ClientID, t.cfg.TenantID, randomToken(16)
	c.Version, c.Region, c.Generation = "1.0", "EU", t.App.Generation()
	return t.Keys.sign(c)
}

// GraphAudience tells Graph's own names, and the simulator's address.
func GraphAudience(base, aud string) bool {
	aud = strings.TrimSuffix(aud, "/")
	return aud == "https://graph.microsoft.com" || aud == GraphAppID || aud == base
}
