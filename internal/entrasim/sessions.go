package entrasim

import (
	"strings"
	"sync"
	"time"
)

// session is one sign-in: first a code, then refresh tokens.
type session struct {
	user      ref
	tenant    string
	redirect  string
	nonce     string
	scope     string
	challenge string
	sid       string
	issued    time.Time
	used      bool // the code was redeemed
}

// Lives of codes and refresh tokens.
const (
	codeLife    = 10 * time.Minute
	refreshLife = 90 * 24 * time.Hour
)

type sessions struct {
	mu      sync.Mutex
	codes   map[string]*session
	refresh map[string]*session
}

func (s *sessions) init() {
	s.codes, s.refresh = map[string]*session{}, map[string]*session{}
}

func (s *sessions) open(x session) string {
	code := "1." + randomToken(48)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = &x
	return code
}

// revoke ends all sessions: every refresh token answers 70008.
func (s *sessions) revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
}

// redeem is the authorization_code grant.
func (t *Tenant) redeem(g *grant) (map[string]any, *signInError) {
	code := g.form.Get("code")
	if code == "" {
		return nil, aadsts(900144, "code")
	}
	s, err := t.takeCode(g, code)
	if err != nil {
		return nil, err
	}
	return t.userTokens(g, s, s.nonce)
}

// takeCode checks a code and marks it used.
func (t *Tenant) takeCode(g *grant, code string) (session, *signInError) {
	t.sessions.mu.Lock()
	defer t.sessions.mu.Unlock()
	s := t.sessions.codes[code]
	verifier := g.form.Get("code_verifier")
	switch {
	case s == nil:
		return session{}, aadsts(70000)
	case s.used:
		return session{}, aadsts(54005)
	case t.now().Sub(s.issued) > codeLife:
		return session{}, aadsts(70008)
	case g.form.Get("redirect_uri") != s.redirect:
		return session{}, aadsts(50011, g.form.Get("redirect_uri"), g.client)
	case s.challenge != "" && verifier == "":
		return session{}, aadsts(900144, "code_verifier")
	case s.challenge != "" && s256(verifier) != s.challenge:
		return session{}, aadsts(501481)
	}
	s.used = true
	return *s, nil
}

// refresh is the refresh_token grant: a new token comes back, and the old one
// goes on working until its time is over, as with the service.
func (t *Tenant) refresh(g *grant) (map[string]any, *signInError) {
	token := g.form.Get("refresh_token")
	if token == "" {
		return nil, aadsts(900144, "refresh_token")
	}
	t.sessions.mu.Lock()
	s := t.sessions.refresh[token]
	t.sessions.mu.Unlock()
	if s == nil || t.now().Sub(s.issued) > refreshLife {
		return nil, aadsts(70008)
	}
	return t.userTokens(g, *s, "")
}

// userTokens makes the tokens of a signed-in person.
func (t *Tenant) userTokens(g *grant, s session, nonce string) (map[string]any, *signInError) {
	t.mu.RLock()
	var rec record
	alive := t.stateOf(s.user) == live
	if alive {
		t.fill(s.user, ^uint64(0), &rec)
	}
	t.mu.RUnlock()
	if !alive {
		return nil, aadsts(50034, t.ids.guid(s.user))
	}
	if err := t.mayEnter(&rec); err != nil {
		return nil, err
	}
	has := func(scope string) bool { return strings.Contains(" "+s.scope+" ", " "+scope+" ") }
	life := int64(3599)
	body := map[string]any{"token_type": "Bearer", "scope": s.scope, "expires_in": life, "ext_expires_in": life,
		"access_token": t.accessToken(graphAppID, life, accessClaims{IDType: "user", AppIDACR: "1", OID: rec.id, Sub: t.pairwise(rec.id), Scopes: s.scope})}
	if has("openid") {
		body["id_token"] = t.keys.sign(t.idClaims(g, &s, &rec, nonce, has))
	}
	if has("offline_access") {
		s.issued = t.now()
		token := "1.A" + randomToken(64)
		t.sessions.mu.Lock()
		t.sessions.refresh[token] = &s
		t.sessions.mu.Unlock()
		body["refresh_token"] = token
	}
	return body, nil
}

// pairwise is the sub claim: stable for a person and this application only.
func (t *Tenant) pairwise(oid string) string { return s256(t.cfg.ClientID + oid) }

// idClaims are the claims of a v2.0 id_token. email is missing for people
// without a mailbox.
// https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
func (t *Tenant) idClaims(g *grant, s *session, rec *record, nonce string, has func(string) bool) map[string]any {
	now := t.now().Unix()
	c := map[string]any{"aud": t.cfg.ClientID, "iss": g.base + "/" + t.cfg.TenantID + "/v2.0", "iat": now, "nbf": now, "exp": now + 3900,
		"sub": t.pairwise(rec.id), "tid": t.cfg.TenantID, "uti": randomToken(16), "ver": "2.0", "sid": s.sid, "rh": "1.AAAA.", "aio": randomToken(24)}
	if nonce != "" {
		c["nonce"] = nonce
	}
	if has("profile") {
		c["oid"] = rec.id
		c["name"] = rec.vals[uDisplayName].text
		c["preferred_username"] = rec.vals[uUserPrincipalName].text
	}
	if mail := rec.vals[uMail]; has("email") && mail.kind == isString {
		c["email"] = mail.text
	}
	return c
}
