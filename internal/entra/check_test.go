package entra_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/secret"
)

func TestCheckPasses(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 100, Devices: 20}, nil)
	r := s.Check(soon(t), entra.Needs{Devices: true, AdministrativeUnits: true}, nil)
	if r.State() != entra.Pass {
		t.Errorf("state %s:\n%s", r.State(), r.Format())
	}
	for _, id := range []string{"host", "tenant", "client", "credential", "object ID", "permission User.Read.All", "permission Device.Read.All",
		"surplus", "users", "groups", "members", "devices", "administrative units", "deleted users", "clock"} {
		if l, ok := r.Line(id); !ok || l.State != entra.Pass {
			t.Errorf("line %q: %+v", id, l)
		}
	}
	if r.TenantName == "" || r.Domain == "" || len(r.Roles) != 7 || r.CredentialEnds.Before(time.Now()) {
		t.Errorf("learned %+v", r)
	}
	if !strings.Contains(r.Format(), "✓ The users can be read: ") {
		t.Errorf("the text has no count of users:\n%s", r.Format())
	}
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		tenant entrasim.Config
		edit   func(*entra.Config)
		spoil  func(*sim) error
		line   string
		state  entra.State
		says   []string // in the line's text, remedy or detail
	}{
		"unknown tenant": {edit: func(c *entra.Config) { c.TenantID = "99999999-9999-9999-9999-999999999999" },
			line: "tenant", state: entra.Fail, says: []string{"Directory (tenant) ID", "AADSTS90002", "trace ID", "correlation ID"}},
		"unknown client": {edit: func(c *entra.Config) { c.ClientID = "99999999-9999-9999-9999-999999999999" },
			line: "client", state: entra.Fail, says: []string{"Application (client) ID", "AADSTS700016"}},
		"wrong secret": {edit: func(c *entra.Config) { c.ClientSecret = secret.New("nonsense") },
			line: "credential", state: entra.Fail, says: []string{"wrong", "Value", "AADSTS7000215"}},
		"secret ID instead of value": {edit: func(c *entra.Config) { c.ClientSecret = secret.New("f0b0b335-1d71-4883-8f98-567911bfdca6") },
			line: "credential", state: entra.Fail, says: []string{"Secret ID"}},
		"expired secret (F58)": {spoil: func(s *sim) error { s.tenant.Control().ExpireSecret(); return nil },
			line: "credential", state: entra.Fail, says: []string{"expired", "AADSTS7000222"}},
		"secret ends soon (F58)": {spoil: func(s *sim) error {
			s.tenant.Control().SecretEnds(time.Now().Add(10*24*time.Hour + time.Hour))
			return nil
		},
			line: "credential", state: entra.Warn, says: []string{"in 10 days"}},
		"application switched off": {spoil: func(s *sim) error { s.tenant.Control().SetAppEnabled(false); return nil },
			line: "client", state: entra.Fail, says: []string{"switched off", "Enterprise applications"}},
		"no consent": {spoil: func(s *sim) error {
			return s.tenant.Control().Inject(entrasim.Fault{Kind: entrasim.FaultConsentMissing})
		},
			line: "permission User.Read.All", state: entra.Fail, says: []string{"missing", "grant admin consent"}},
		"no consent, reading": {spoil: func(s *sim) error {
			return s.tenant.Control().Inject(entrasim.Fault{Kind: entrasim.FaultConsentMissing})
		},
			line: "users", state: entra.Fail, says: []string{"403", "request-id"}},
		"devices missing": {tenant: entrasim.Config{Roles: []string{"User.Read.All", "GroupMember.Read.All"}},
			line: "permission Device.Read.All", state: entra.Fail, says: []string{"Device.Read.All"}},
		"expiry unknown": {tenant: entrasim.Config{Roles: []string{"User.Read.All", "GroupMember.Read.All", "Device.Read.All"}},
			line: "permission Application.Read.All", state: entra.Warn, says: []string{"expires"}},
		"more than needed (F62)": {tenant: entrasim.Config{Roles: append(entrasim.DefaultRoles(), "AuditLog.Read.All")},
			line: "surplus", state: entra.Warn, says: []string{"AuditLog.Read.All"}},
		"unknown object ID": {edit: func(c *entra.Config) { c.ApplicationObjectID = "99999999-9999-9999-9999-999999999999" },
			line: "object ID", state: entra.Fail, says: []string{"does not know", entrasim.DefaultApplicationObjectID}},
		"hollow members (F61)": {spoil: func(s *sim) error {
			for _, f := range []entrasim.Fault{{Kind: entrasim.FaultHollowMembers}, {Kind: entrasim.FaultStatus, Status: 400, Match: "members/microsoft.graph.user"}} {
				if err := s.tenant.Control().Inject(f); err != nil {
					return err
				}
			}
			return nil
		}, line: "members", state: entra.Fail, says: []string{"only the ID", "User.Read.All"}},
		"clock a little off": {spoil: func(s *sim) error {
			return s.tenant.Control().Inject(entrasim.Fault{Kind: entrasim.FaultClockSkew, SkewSeconds: 120})
		}, line: "clock", state: entra.Warn, says: []string{"NTP"}},
		"clock far off": {spoil: func(s *sim) error {
			return s.tenant.Control().Inject(entrasim.Fault{Kind: entrasim.FaultClockSkew, SkewSeconds: -600})
		}, line: "clock", state: entra.Fail, says: []string{"10m"}},
		"host not there": {spoil: func(s *sim) error { return s.server.Close() },
			line: "host", state: entra.Fail, says: []string{"cannot be reached"}},
		"host not trusted": {edit: func(c *entra.Config) { c.CAPEM = nil },
			line: "host", state: entra.Fail, says: []string{"certificate"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.tenant.People = 30
			s := newSim(t, tc.tenant, tc.edit)
			if tc.spoil != nil {
				if err := tc.spoil(s); err != nil {
					t.Fatal(err)
				}
			}
			r := s.Check(soon(t), entra.Needs{Devices: true}, nil)
			l, _ := r.Line(tc.line)
			if l.State != tc.state || r.State() == entra.Pass {
				t.Fatalf("line %q is %q, want %q:\n%s", tc.line, l.State, tc.state, r.Format())
			}
			for _, part := range tc.says {
				if !strings.Contains(l.Text+" "+l.Remedy+" "+l.Detail, part) {
					t.Errorf("%+v does not say %q", l, part)
				}
			}
		})
	}
}

func TestCheckRecognisesASwappedObjectID(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 30}, nil)
	s.config.ApplicationObjectID = principalOf(t, s)
	r := s.open(t).Check(soon(t), entra.Needs{}, nil)
	l, _ := r.Line("object ID")
	if l.State != entra.Fail || !strings.Contains(l.Text, "enterprise application") || !strings.Contains(l.Remedy, entrasim.DefaultApplicationObjectID) {
		t.Errorf("%+v", l)
	}
	if l, _ := r.Line("credential"); !strings.Contains(l.Text, "expires on") {
		t.Errorf("the expiry was not found by the client ID: %+v", l)
	}
}

// principalOf returns the object ID of the enterprise application, which a
// token has as its subject.
func principalOf(t *testing.T, s *sim) string {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.server.CAPEM())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
	resp, err := client.PostForm(s.server.URL()+"/"+entrasim.DefaultTenantID+"/oauth2/v2.0/token", url.Values{
		"client_id": {entrasim.DefaultClientID}, "client_secret": {entrasim.DefaultClientSecret},
		"grant_type": {"client_credentials"}, "scope": {s.server.URL() + "/.default"}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var grant struct {
		Token string `json:"access_token"`
	}
	var claims struct {
		Subject string `json:"sub"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&grant); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(grant.Token, ".")[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		t.Fatalf("token %q: %v", grant.Token, err)
	}
	return claims.Subject
}

func TestLeastPermissions(t *testing.T) {
	t.Parallel()
	got := strings.Join(entra.LeastPermissions(entra.Needs{}), " ")
	if want := "User.Read.All GroupMember.Read.All Application.Read.All"; got != want {
		t.Errorf("got %s, want %s (F62)", got, want)
	}
}
