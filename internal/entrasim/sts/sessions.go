package sts

import (
	"strings"
	"sync"
	"time"
)

// session is one sign-in: first a code, then refresh tokens.
type session struct {
	user      string // object id
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
func (t *Issuer) redeem(g *grant) (map[string]any, *Error) {
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
func (t *Issuer) takeCode(g *grant, code string) (session, *Error) {
	t.sessions.mu.Lock()
	defer t.sessions.mu.Unlock()
	s := t.sessions.codes[code]
	verifier := g.form.Get("code_verifier")
	switch {
	case s == nil:
		return session{}, aadsts(70000)
	case s.used:
		return session{}, aadsts(54005)
	case t.cfg.Now().Sub(s.issued) > codeLife:
		return session{}, aadsts(70008)
	case g.form.Get("redirect_uri") != s.redirect:
		return session{}, aadsts(50011, g.form.Get("redirect_uri"), g.client)
	case s.challenge != "" && verifier == "":
		return session{}, aadsts(900144, "code_verifier")
	case s.challenge != "" && S256(verifier) != s.challenge:
		return session{}, aadsts(501481)
	}
	s.used = true
	return *s, nil
}

// refresh is the refresh_token grant: a new token comes back, and the old one
// goes on working until its time is over, as with the service.
func (t *Issuer) refresh(g *grant) (map[string]any, *Error) {
	token := g.form.Get("refresh_token")
	if token == "" {
		return nil, aadsts(900144, "refresh_token")
	}
	t.sessions.mu.Lock()
	s := t.sessions.refresh[token]
	t.sessions.mu.Unlock()
	if s == nil || t.cfg.Now().Sub(s.issued) > refreshLife {
		return nil, aadsts(70008)
	}
	return t.userTokens(g, *s, "")
}

// userTokens makes the tokens of a signed-in person.
func (t *Issuer) userTokens(g *grant, s session, nonce string) (map[string]any, *Error) {
	who, alive := t.cfg.Directory.Person(s.user)
	if !alive {
		return nil, aadsts(50034, s.user)
	}
	if err := t.mayEnter(who); err != nil {
		return nil, err
	}
	has := func(scope string) bool { return strings.Contains(" "+s.scope+" ", " "+scope+" ") }
	life := int64(3599)
	body := map[string]any{"token_type": "Bearer", "scope": s.scope, "expires_in": life, "ext_expires_in": life,
		"access_token": t.accessToken(GraphAppID, life, AccessClaims{IDType: "user", AppIDACR: "1", OID: who.ID, Sub: t.pairwise(who.ID), Scopes: s.scope})}
	if has("openid") {
		body["id_token"] = t.Keys.sign(t.idClaims(g, &s, who, nonce, has))
	}
	if has("offline_access") {
		s.issued = t.cfg.Now()
		token := "1.A" + randomToken(64)
		t.sessions.mu.Lock()
		t.sessions.refresh[token] = &s
		t.sessions.mu.Unlock()
		body["refresh_token"] = token
	}
	return body, nil
}

// pairwise is the sub claim: stable for a person and this application only.
func (t *Issuer) pairwise(oid string) string { return S256(t.cfg.ClientID + oid) }

// idClaims are the claims of a v2.0 id_token. email is missing for people
// without a mailbox.
// https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
func (t *Issuer) idClaims(g *grant, s *session, who Person, nonce string, has func(string) bool) map[string]any {
	now := t.cfg.Now().Unix()
	c := map[string]any{"aud": t.cfg.ClientID, "iss": g.base + "/" + t.cfg.TenantID + "/v2.0", "iat": now, "nbf": now, "exp": now + 3900,
		"sub": t.pairwise(who.ID), "tid": t.cfg.TenantID, "uti": randomToken(16), "ver": "2.0", "sid": s.sid, "rh": "1.AAAA.", "aio": randomToken(24)}
	if nonce != "" {
		c["nonce"] = nonce
	}
	if has("profile") {
		c["oid"] = who.ID
		c["name"] = who.DisplayName
		c["preferred_username"] = who.UserPrincipalName
	}
	if has("email") && who.Mail != "" {
		c["email"] = who.Mail
	}
	return c
}
