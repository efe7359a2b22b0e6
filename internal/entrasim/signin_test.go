package entrasim

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/entrasim/sts"
)

func firstCode(body map[string]any) int {
	codes, _ := body["error_codes"].([]any)
	if len(codes) == 0 {
		return 0
	}
	return int(codes[0].(float64))
}

// TestAppTokenIgnoresSignInScopes: Microsoft's own libraries send them along
// with every request, those of applications included.
func TestAppTokenIgnoresSignInScopes(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	form := l.appForm()
	form.Set("scope", "https://graph.microsoft.com/.default openid offline_access profile")
	if status, body := l.post(DefaultTenantID, form); status != 200 || body["access_token"] == nil || body["refresh_token"] != nil || body["id_token"] != nil {
		t.Errorf("token: %d %v, want an access token and nothing else", status, body)
	}
}

func TestTokenEndpointErrors(t *testing.T) {
	t.Parallel()
	without := func(key string) func(url.Values) { return func(f url.Values) { f.Del(key) } }
	with := func(key, v string) func(url.Values) { return func(f url.Values) { f.Set(key, v) } }
	for name, c := range map[string]struct {
		tenant string
		edit   func(url.Values)
		setup  func(*Control)
		status int
		code   int
		error  string
	}{
		"wrong secret":      {edit: with("client_secret", "nope"), status: 401, code: 7000215, error: "invalid_client"},
		"expired secret":    {setup: (*Control).ExpireSecret, status: 401, code: 7000222, error: "invalid_client"},
		"rotated secret":    {setup: func(c *Control) { c.RotateSecret("") }, status: 401, code: 7000215, error: "invalid_client"},
		"no secret":         {edit: without("client_secret"), status: 401, code: 7000218, error: "invalid_client"},
		"public client":     {setup: func(c *Control) { c.SetAppPublic(true) }, status: 401, code: 700025, error: "invalid_client"},
		"unknown app":       {edit: with("client_id", "44444444-4444-4444-4444-444444444444"), status: 400, code: 700016, error: "unauthorized_client"},
		"disabled app":      {setup: func(c *Control) { c.SetAppEnabled(false) }, status: 400, code: 7000112, error: "unauthorized_client"},
		"no client":         {edit: without("client_id"), status: 400, code: 900144, error: "invalid_request"},
		"no grant":          {edit: without("grant_type"), status: 400, code: 900144, error: "invalid_request"},
		"odd grant":         {edit: with("grant_type", "password2"), status: 400, code: 70003, error: "unsupported_grant_type"},
		"no scope":          {edit: without("scope"), status: 400, code: 900144, error: "invalid_request"},
		"foreign scope":     {edit: with("scope", "https://foo.microsoft.com/.default"), status: 400, code: 70011, error: "invalid_scope"},
		"other cloud":       {edit: with("scope", "https://graph.microsoft.us/.default"), status: 400, code: 500011, error: "invalid_resource"},
		"scope not default": {edit: with("scope", "https://graph.microsoft.com/User.Read"), status: 400, code: 1002012, error: "invalid_scope"},
		"two scopes": {edit: with("scope", "https://graph.microsoft.com/.default https://graph.microsoft.com/User.Read"), status: 400, code: 1002012,
			error: "invalid_scope"},
		"only openid":      {edit: with("scope", "openid profile"), status: 400, code: 1002012, error: "invalid_scope"},
		"unknown tenant":   {tenant: "contoso-typo.example", status: 400, code: 90002, error: "invalid_request"},
		"no tenant at all": {tenant: "not a tenant", status: 400, code: 900023, error: "invalid_request"},
		"common":           {tenant: "common", status: 400, code: 9001023, error: "invalid_request"},
		"bad assertion": {edit: func(f url.Values) {
			f.Del("client_secret")
			f.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
			f.Set("client_assertion", "a.b.c")
		},
			status: 401, code: 700027, error: "invalid_client"},
		"forced": {setup: func(c *Control) { _ = c.Inject(Fault{Kind: FaultSignIn, Code: 53003}) }, status: 400, code: 53003, error: "invalid_grant"},
		"throttled tenant": {setup: func(c *Control) { _ = c.Inject(Fault{Kind: FaultSignIn, Code: 90055}) }, status: 429, code: 90055,
			error: "invalid_request"},
		"transient": {setup: func(c *Control) { _ = c.Inject(Fault{Kind: FaultSignIn, Code: 90033}) }, status: 503, code: 90033,
			error: "temporarily_unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, Config{})
			form, tenant := l.appForm(), DefaultTenantID
			if c.edit != nil {
				c.edit(form)
			}
			if c.setup != nil {
				c.setup(l.Control)
			}
			if c.tenant != "" {
				tenant = url.PathEscape(c.tenant)
			}
			status, body := l.post(tenant, form)
			if status != c.status || firstCode(body) != c.code || body["error"] != c.error {
				t.Errorf("got %d %v, want %d AADSTS%d %s", status, body, c.status, c.code, c.error)
			}
			if d := text(body, "error_description"); !strings.Contains(d, "AADSTS") || strings.Contains(d, "%!") || strings.Contains(d, "%s") ||
				!strings.Contains(d, "Trace ID:") {
				t.Errorf("description %q", d)
			}
			if _, err := time.Parse("2006-01-02 15:04:05Z", text(body, "timestamp")); err != nil {
				t.Error(err)
			}
		})
	}
}

// Secrets with characters that need encoding work
// in the body and in the header, and break when they are encoded twice.
func TestSecretsWithAnyCharacters(t *testing.T) {
	t.Parallel()
	const secret = "a+b/c=d&e%41~f g"
	l := newLab(t, Config{ClientSecret: secret})
	form := l.appForm()
	form.Set("client_secret", url.QueryEscape(secret))
	if status, body := l.post(DefaultTenantID, form); status != 401 || firstCode(body) != 7000215 {
		t.Errorf("encoded twice: %d %v, want 401", status, body)
	}
	form.Del("client_secret")
	form.Del("client_id")
	req, err := http.NewRequestWithContext(t.Context(), "POST", l.url+"/"+estate.Domain+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(DefaultClientID), url.QueryEscape(secret))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if status, body := l.decode(resp); status != 200 {
		t.Errorf("basic: %d %v, want 200", status, body)
	}
}

// newCert makes a key with a self-signed certificate.
func newCert(t *testing.T) (*rsa.PrivateKey, []byte) {
	t.Helper()
	key := must(rsa.GenerateKey(rand.Reader, 2048))
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sync"}, NotAfter: time.Now().AddDate(1, 0, 0)}
	return key, must(x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key))
}

func TestClientAssertions(t *testing.T) {
	t.Parallel()
	key, der := newCert(t)
	l := newLab(t, Config{Certificates: [][]byte{der}})
	one, two := sha1.Sum(der), sha256.Sum256(der)
	sign := func(head map[string]string, nbf, exp time.Duration) string {
		now := l.clock.now()
		claims := map[string]any{"iss": DefaultClientID, "sub": DefaultClientID, "aud": l.url + "/" + DefaultTenantID + "/oauth2/v2.0/token",
			"jti": "1", "nbf": now.Add(nbf).Unix(), "exp": now.Add(exp).Unix()}
		enc := base64.RawURLEncoding
		text := enc.EncodeToString(must(json.Marshal(head))) + "." + enc.EncodeToString(must(json.Marshal(claims)))
		sum := sha256.Sum256([]byte(text))
		if head["alg"] == "PS256" {
			return text + "." + enc.EncodeToString(must(rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], nil)))
		}
		return text + "." + enc.EncodeToString(must(rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])))
	}
	oldStyle := map[string]string{"alg": "RS256", "x5t": base64.StdEncoding.EncodeToString(one[:])}
	newStyle := map[string]string{"alg": "PS256", "x5t#S256": base64.RawURLEncoding.EncodeToString(two[:])}
	for name, c := range map[string]struct {
		assertion string
		code      int
	}{
		"rs256":          {sign(oldStyle, 0, time.Hour), 0},
		"ps256":          {sign(newStyle, 0, time.Hour), 0},
		"clock behind":   {sign(newStyle, time.Hour, 2*time.Hour), 700024},
		"clock ahead":    {sign(newStyle, -2*time.Hour, -time.Hour), 700024},
		"no certificate": {sign(map[string]string{"alg": "RS256", "x5t": "AAAA"}, 0, time.Hour), 700027},
		"tampered":       {sign(oldStyle, 0, time.Hour) + "AA", 700027},
	} {
		form := l.appForm()
		form.Del("client_secret")
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", c.assertion)
		if status, body := l.post(DefaultTenantID, form); firstCode(body) != c.code || (status == 200) != (c.code == 0) {
			t.Errorf("%s: %d %v, want AADSTS%d", name, status, body, c.code)
		}
	}
}

// authorize runs the browser's part and returns where it was sent.
func (l *lab) authorize(edit func(url.Values)) (*url.URL, string) {
	l.Helper()
	q := url.Values{"client_id": {DefaultClientID}, "response_type": {"code"}, "redirect_uri": {"http://127.0.0.1:9/cb"}, "state": {"s t"},
		"scope": {"openid profile email offline_access https://graph.microsoft.com/User.Read"}, "nonce": {"n1"}, "prompt": {"none"},
		"code_challenge": {sts.S256("verifier-verifier-verifier-verifier-verifier")}, "code_challenge_method": {"S256"},
		"login_hint": {l.PersonAt(4).UserPrincipalName}}
	edit(q)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(l.url + "/" + DefaultTenantID + "/oauth2/v2.0/authorize?" + q.Encode())
	if err != nil {
		l.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		l.Fatal(err)
	}
	to, err := resp.Location()
	if err != nil {
		return nil, string(page)
	}
	return to, string(page)
}

func (l *lab) codeForm(code string) url.Values {
	f := l.appForm()
	f.Del("scope")
	f.Set("grant_type", "authorization_code")
	f.Set("code", code)
	f.Set("redirect_uri", "http://127.0.0.1:9/cb")
	f.Set("code_verifier", "verifier-verifier-verifier-verifier-verifier")
	return f
}

func TestSignInGivesVerifiableTokens(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	who := l.PersonAt(4)
	to, _ := l.authorize(func(url.Values) {})
	if to == nil || to.Query().Get("state") != "s t" || to.Query().Get("code") == "" {
		t.Fatalf("sent to %v, want a code and the state", to)
	}
	status, body := l.post(DefaultTenantID, l.codeForm(to.Query().Get("code")))
	if status != 200 || text(body, "refresh_token") == "" {
		t.Fatalf("redeem: %d %v", status, body)
	}
	var c map[string]any
	if err := sts.Verify(text(body, "id_token"), &l.tenant.issuer.Keys, &c); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]string{"oid": who.ID, "tid": DefaultTenantID, "aud": DefaultClientID, "nonce": "n1", "ver": "2.0",
		"preferred_username": who.UserPrincipalName, "name": who.DisplayName, "email": who.Mail, "iss": l.url + "/" + DefaultTenantID + "/v2.0"} {
		if c[k] != want {
			t.Errorf("claim %s = %v, want %s", k, c[k], want)
		}
	}
	f := l.appForm()
	f.Set("grant_type", "refresh_token")
	f.Set("refresh_token", text(body, "refresh_token"))
	if status, again := l.post(DefaultTenantID, f); status != 200 || text(again, "refresh_token") == text(body, "refresh_token") {
		t.Errorf("refresh: %d %v, want another refresh token", status, again)
	}
	l.RevokeTokens()
	if status, body := l.post(DefaultTenantID, f); status != 400 || body["error"] != "invalid_grant" {
		t.Errorf("revoked refresh: %d %v, want 400 invalid_grant", status, body)
	}
}

func TestCodesAreBoundAndSingleUse(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	fresh := func() string {
		to, _ := l.authorize(func(url.Values) {})
		return to.Query().Get("code")
	}
	used := fresh()
	l.post(DefaultTenantID, l.codeForm(used))
	late := fresh()
	for _, c := range []struct {
		name string
		code string
		edit func(url.Values)
		want int
	}{
		{"used", used, func(url.Values) {}, 54005},
		{"wrong verifier", fresh(), func(f url.Values) { f.Set("code_verifier", "x") }, 501481},
		{"wrong redirect", fresh(), func(f url.Values) { f.Set("redirect_uri", "http://127.0.0.1:9/other") }, 50011},
		{"unknown", "nonsense", func(url.Values) {}, 70000},
		{"expired", late, func(url.Values) { l.clock.advance(11 * time.Minute) }, 70008},
	} {
		f := l.codeForm(c.code)
		c.edit(f)
		if status, body := l.post(DefaultTenantID, f); status != 400 || firstCode(body) != c.want {
			t.Errorf("%s: %d %v, want 400 AADSTS%d", c.name, status, body, c.want)
		}
	}
}

func TestAuthorizeShowsOrReturnsErrors(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{RedirectURIs: []string{"http://127.0.0.1:9/cb"}})
	set := func(k, v string) func(url.Values) { return func(q url.Values) { q.Set(k, v) } }
	for name, c := range map[string]struct {
		edit func(url.Values)
		page string // shown, or
		sent string // the error sent back
	}{
		"redirect":   {set("redirect_uri", "http://127.0.0.1:9/cb2"), "AADSTS50011", ""},
		"nobody":     {set("login_hint", "nobody@contoso.example"), "AADSTS50034", ""},
		"disabled":   {set("login_hint", l.PersonAt(5).UserPrincipalName), "AADSTS50057", ""},
		"client":     {set("client_id", "x"), "AADSTS700016", ""},
		"silent":     {func(q url.Values) { q.Del("login_hint") }, "", "login_required"},
		"declined":   {set("decline", "1"), "", "access_denied"},
		"plain pkce": {set("code_challenge_method", "plain"), "", "invalid_request"},
		"picker":     {func(q url.Values) { q.Del("prompt"); q.Set("search", "o'brien") }, "Siobh", ""},
		"form_post":  {set("response_mode", "form_post"), `name="code"`, ""},
	} {
		to, page := l.authorize(c.edit)
		switch {
		case c.sent == "" && (to != nil || !strings.Contains(page, c.page)):
			t.Errorf("%s: sent to %v, page %s; want a page with %s", name, to, page, c.page)
		case c.sent != "" && (to == nil || to.Query().Get("error") != c.sent):
			t.Errorf("%s: sent to %v, want error %s", name, to, c.sent)
		}
	}
	if err := l.RequireAssignment(l.PersonAt(0).ID); err != nil {
		t.Fatal(err)
	}
	if _, page := l.authorize(func(url.Values) {}); !strings.Contains(page, "AADSTS50105") {
		t.Errorf("page %s, want AADSTS50105", page)
	}
}

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	keys := func() int {
		resp, err := http.Get(l.url + "/" + DefaultTenantID + "/discovery/v2.0/keys")
		if err != nil {
			t.Fatal(err)
		}
		_, body := l.decode(resp)
		return len(body["keys"].([]any))
	}
	if keys() != 1 {
		t.Fatalf("%d keys, want 1", keys())
	}
	l.RotateKeys(false)
	if keys() != 2 {
		t.Errorf("%d keys after rotation, want 2", keys())
	}
	l.get("/users") // the old key still counts
	l.RotateKeys(true)
	if status, code := l.fails("/users"); keys() != 1 || status != 401 || code != "InvalidAuthenticationToken" {
		t.Errorf("old token after the key was dropped: %d %s", status, code)
	}
}

func TestAccessTokensExpireAndCanBeRevoked(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	l.clock.advance(time.Hour)
	resp := l.do("GET", "/users", "")
	if status, _ := l.decode(resp); status != 401 || !strings.Contains(resp.Header.Get("WWW-Authenticate"), "authorization_uri") {
		t.Errorf("expired token: %d %q", status, resp.Header.Get("WWW-Authenticate"))
	}
	l.renew()
	l.get("/users")
	l.RevokeTokens()
	if status, _ := l.fails("/users"); status != 401 {
		t.Errorf("revoked token: %d, want 401", status)
	}
	l.token = "nonsense"
	if status, _ := l.fails("/users"); status != 401 {
		t.Errorf("nonsense token: %d, want 401", status)
	}
}
