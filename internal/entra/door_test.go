package entra_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

const (
	doorTenant = "11111111-1111-1111-1111-111111111111"
	doorClient = "22222222-2222-2222-2222-222222222222"
	doorObject = "33333333-3333-3333-3333-333333333333"
)

var knock = entra.Knock{State: "s", Nonce: "the nonce", Verifier: "the verifier", Redirect: "http://127.0.0.1/cb"}

// signer makes keys once: each takes a tenth of a second.
var signer = sync.OnceValues(func() (mine, other *rsa.PrivateKey) {
	keys := [2]*rsa.PrivateKey{}
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err) // no randomness
		}
		keys[i] = key
	}
	return keys[0], keys[1]
})

// porter is a sign-in host that says and signs whatever a test wants.
type porter struct {
	t     *testing.T
	url   string
	now   time.Time
	keys  []jose.JSONWebKey
	says  map[string]any // the discovery document
	token string         // the identity token that it hands out
	asked map[string]int // requests by path
	form  url.Values     // of the last request for a token
	door  *entra.Door
}

func newPorter(t *testing.T) *porter {
	t.Helper()
	mine, _ := signer()
	p := &porter{t: t, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), asked: map[string]int{},
		keys: []jose.JSONWebKey{{Key: mine.Public(), KeyID: "mine", Use: "sig", Algorithm: "RS256"}}}
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	p.url = srv.URL
	base := p.url + "/" + doorTenant
	p.says = map[string]any{"issuer": base + "/v2.0", "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token",
		"jwks_uri": base + "/keys", "end_session_endpoint": base + "/logout"}
	var err error
	p.door, err = entra.NewDoor(entra.Config{TenantID: doorTenant, ClientID: doorClient, ClientSecret: secret.New("s3cret"),
		Cloud: entra.Custom, LoginURL: p.url, GraphURL: p.url, Now: func() time.Time { return p.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.door.Close)
	return p
}

func (p *porter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	what := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	p.asked[what]++
	var body any = p.says
	switch what {
	case "keys":
		body = jose.JSONWebKeySet{Keys: p.keys}
	case "token":
		if err := r.ParseForm(); err != nil {
			p.t.Error(err)
		}
		p.form, body = r.PostForm, map[string]string{"id_token": p.token}
	}
	if err := json.NewEncoder(w).Encode(body); err != nil {
		p.t.Error(err)
	}
}

// claims are those of a token that is in order, with changes.
func (p *porter) claims(changes map[string]any) []byte {
	c := map[string]any{"iss": p.says["issuer"], "aud": doorClient, "tid": doorTenant, "oid": doorObject, "nonce": knock.Nonce,
		"iat": p.now.Unix(), "nbf": p.now.Unix(), "exp": p.now.Add(time.Hour).Unix(), "name": "Ada", "preferred_username": "ada@example.com"}
	maps.Copy(c, changes)
	text, err := json.Marshal(c)
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

// sign signs claims with any key and algorithm.
func (p *porter) sign(claims []byte, alg jose.SignatureAlgorithm, key any, id string) string {
	p.t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	signed, err := s.Sign(claims)
	if err != nil {
		p.t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

func (p *porter) redeem() (entra.Identity, error) {
	return p.door.Redeem(p.t.Context(), knock, "a code")
}

func TestADoorLetsInWhomItsTenantVouchesFor(t *testing.T) {
	t.Parallel()
	p := newPorter(t)
	mine, _ := signer()
	to, err := p.door.Address(t.Context(), knock)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	challenge := sha256.Sum256([]byte(knock.Verifier))
	for name, want := range map[string]string{"response_type": "code", "client_id": doorClient, "state": "s", "nonce": "the nonce", "redirect_uri": knock.Redirect,
		"scope": "openid profile email User.Read", "code_challenge_method": "S256", "code_challenge": base64.RawURLEncoding.EncodeToString(challenge[:])} {
		if got := u.Query().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if strings.Contains(to, knock.Verifier) || strings.Contains(to, "the+verifier") {
		t.Error("the verifier goes to the browser")
	}
	p.token = p.sign(p.claims(nil), jose.RS256, mine, "mine")
	who, err := p.redeem()
	if err != nil {
		t.Fatal(err)
	}
	if who.Tenant != doorTenant || who.Object.String() != doorObject || who.Name != "Ada" || who.Username != "ada@example.com" {
		t.Errorf("who came: %+v", who)
	}
	for name, want := range map[string]string{"code": "a code", "code_verifier": "the verifier", "redirect_uri": knock.Redirect,
		"grant_type": "authorization_code", "client_secret": "s3cret"} {
		if got := p.form.Get(name); got != want {
			t.Errorf("the token was asked for with %s %q, want %q", name, got, want)
		}
	}
	if out, err := p.door.SignOutAddress(t.Context()); err != nil || !strings.HasSuffix(out, "/logout") {
		t.Errorf("signing out is at %q, %v", out, err)
	}
}

func TestADoorRefusesTokensThatAreNotForIt(t *testing.T) {
	t.Parallel()
	mine, other := signer()
	public, err := x509.MarshalPKIXPublicKey(mine.Public())
	if err != nil {
		t.Fatal(err)
	}
	plain := base64.RawURLEncoding.EncodeToString
	with := func(name string, value any) func(*porter) string {
		return func(p *porter) string {
			return p.sign(p.claims(map[string]any{name: value}), jose.RS256, mine, "mine")
		}
	}
	in := func(d time.Duration) int64 { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC).Add(d).Unix() }
	for _, tt := range []struct {
		name  string
		token func(*porter) string
		says  string // "" when it is to be let in
	}{
		{"in order", with("name", "x"), ""},
		{"wrong nonce", with("nonce", "another"), "another sign-in"},
		{"no nonce", with("nonce", ""), "another sign-in"},
		{"another issuer on the host", func(p *porter) string {
			return with("iss", p.url+"/44444444-4444-4444-4444-444444444444/v2.0")(p)
		}, "issued by"},
		{"another issuer", with("iss", "https://sts.windows.net/"+doorTenant+"/"), "issued by"},
		{"another tenant", with("tid", "44444444-4444-4444-4444-444444444444"), "of the tenant"},
		{"another application", with("aud", "55555555-5555-5555-5555-555555555555"), "for the application"},
		{"several audiences", with("aud", []string{doorClient, "x"}), "cannot be read"},
		{"nobody", with("oid", ""), "who it is about"},
		{"no object ID", with("oid", "ada@example.com"), "who it is about"},
		{"expired within the skew", with("exp", in(-4*time.Minute)), ""},
		{"expired", with("exp", in(-6*time.Minute)), "has expired"},
		{"no end", with("exp", nil), "has expired"},
		{"from the near future", with("nbf", in(4*time.Minute)), ""},
		{"from the future", with("nbf", in(6*time.Minute)), "not valid yet"},
		{"no algorithm", func(p *porter) string {
			return plain([]byte(`{"alg":"none","kid":"mine"}`)) + "." + plain(p.claims(nil)) + "."
		}, "not accepted"},
		{"the public key as a password", func(p *porter) string {
			return p.sign(p.claims(nil), jose.HS256, public, "mine")
		}, "not accepted"},
		{"PSS in place of PKCS1", func(p *porter) string { return p.sign(p.claims(nil), jose.PS256, mine, "mine") }, "not accepted"},
		{"another key of the same name", func(p *porter) string { return p.sign(p.claims(nil), jose.RS256, other, "mine") }, "signature"},
		{"an unknown key", func(p *porter) string { return p.sign(p.claims(nil), jose.RS256, other, "other") }, "does not have"},
		{"a changed body", func(p *porter) string {
			parts := strings.Split(with("name", "x")(p), ".")
			parts[1] = plain(p.claims(map[string]any{"oid": doorTenant}))
			return strings.Join(parts, ".")
		}, "signature"},
		{"no token", func(*porter) string { return "" }, "no identity token"},
		{"nonsense", func(*porter) string { return "a.b" }, "cannot be read"},
	} {
		p := newPorter(t)
		p.token = tt.token(p)
		who, err := p.redeem()
		switch {
		case tt.says == "" && err != nil:
			t.Errorf("%s: %v, want to be let in", tt.name, err)
		case tt.says != "" && (!errs.Is(err, errs.Unauthenticated) || !strings.Contains(err.Error(), tt.says) || who != entra.Identity{}):
			t.Errorf("%s: %+v, %v; want Unauthenticated that says %q", tt.name, who, err, tt.says)
		}
	}
}

func TestADoorFollowsKeysThatChange(t *testing.T) {
	t.Parallel()
	p := newPorter(t)
	mine, other := signer()
	p.token = p.sign(p.claims(nil), jose.RS256, mine, "mine")
	must := func(what string) {
		t.Helper()
		if _, err := p.redeem(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	must("the first key")
	must("the first key again")
	if p.asked["keys"] != 1 || p.asked["openid-configuration"] != 1 {
		t.Errorf("documents were asked for %v times, want once each", p.asked)
	}
	p.now = p.now.Add(2 * time.Minute)
	p.keys = []jose.JSONWebKey{{Key: other.Public(), KeyID: "other", Use: "sig"}}
	p.token = p.sign(p.claims(nil), jose.RS256, other, "other")
	must("a new key")
	for range 5 {
		p.token = p.sign(p.claims(nil), jose.RS256, mine, "made up")
		if _, err := p.redeem(); err == nil {
			t.Error("a key that the directory does not have lets in")
		}
	}
	if p.asked["keys"] != 2 {
		t.Errorf("made-up keys had the list read %d times within a minute, want twice in all", p.asked["keys"])
	}
	p.token = p.sign(p.claims(nil), jose.RS256, mine, "mine")
	if _, err := p.redeem(); err == nil {
		t.Error("a key that was withdrawn still lets in")
	}
}

func TestADoorIsHeldToItsHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, member, value string
	}{
		{"keys elsewhere", "jwks_uri", "https://evil.example/keys"},
		{"tokens elsewhere", "token_endpoint", "https://evil.example/token"},
		{"the page elsewhere", "authorization_endpoint", "https://evil.example/authorize"},
		{"an issuer elsewhere", "issuer", "https://evil.example/" + doorTenant + "/v2.0"},
		{"another tenant", "issuer", "HOST/44444444-4444-4444-4444-444444444444/v2.0"},
		{"no tenant", "issuer", "HOST/{tenantid}/v2.0"},
	} {
		p := newPorter(t)
		p.says[tt.member] = strings.Replace(tt.value, "HOST", p.url, 1)
		if to, err := p.door.Address(t.Context(), knock); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("%s: %q, %v; want Unauthenticated", tt.name, to, err)
		}
	}
	p := newPorter(t)
	p.says["end_session_endpoint"] = "https://evil.example/logout"
	if out, err := p.door.SignOutAddress(t.Context()); err != nil || out != "" {
		t.Errorf("signing out elsewhere: %q, %v; want nowhere", out, err)
	}
}

// atSim signs a person in at the simulated tenant and returns the code.
func atSim(t *testing.T, s *sim, d *entra.Door, person string, k entra.Knock) string {
	t.Helper()
	to, err := d.Address(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.server.CAPEM())
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(to + "&person=" + url.QueryEscape(person))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	back, err := resp.Location()
	if err != nil || back.Query().Get("state") != k.State {
		t.Fatalf("sent back to %v, %v", back, err)
	}
	return back.Query().Get("code")
}

func TestADoorWorksWithTheTenant(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{Seed: 3, People: 20}, nil)
	members, _, err := s.tenant.Control().Members("All Staff", 5)
	if err != nil {
		t.Fatal(err)
	}
	d, err := entra.NewDoor(s.config)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	code := atSim(t, s, d, members[0], knock)
	who, err := d.Redeem(t.Context(), knock, code)
	if err != nil || who.Object.String() != members[0] || who.Tenant != entrasim.DefaultTenantID {
		t.Fatalf("who came: %+v, %v; want %s", who, err, members[0])
	}
	if _, err := d.Redeem(t.Context(), knock, code); !errs.Is(err, errs.Expired) {
		t.Errorf("a code for the second time: %v, want Expired", err)
	}
	stolen := knock
	stolen.Verifier = "somebody else's"
	if _, err := d.Redeem(t.Context(), stolen, atSim(t, s, d, members[0], knock)); !errs.Is(err, errs.Expired) {
		t.Errorf("a code without its verifier: %v, want Expired", err)
	}
	s.tenant.Control().RotateKeys(true)
	if _, err := d.Redeem(t.Context(), knock, atSim(t, s, d, members[0], knock)); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("a new key within the same minute: %v, want it refused until the list may be read again", err)
	}
}

// Visitors who come while the sign-in host is down do not wait one after another.
func TestADoorDoesNotRepeatAFailureForEachVisitor(t *testing.T) {
	t.Parallel()
	p := newPorter(t)
	good := p.says["issuer"]
	p.says["issuer"] = "https://evil.example"
	for range 5 {
		if _, err := p.door.Address(t.Context(), knock); err == nil {
			t.Error("a bad document is taken")
		}
	}
	if n := p.asked["openid-configuration"]; n != 1 {
		t.Errorf("the document was asked for %d times, want once", n)
	}
	p.says["issuer"] = good
	p.now = p.now.Add(6 * time.Second)
	if _, err := p.door.Address(t.Context(), knock); err != nil {
		t.Errorf("after a while: %v", err)
	}
}
