package entrasim

import (
	"strings"
	"time"

	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/entrasim/guid"
	"github.com/musterhq/muster/internal/entrasim/sts"
)

// Control changes the tenant and makes trouble. Its methods take a key for
// people, groups, devices and units: an object id, a sign-in name or a display
// name (the first match). They may be called while the tenant serves.
type Control struct {
	*estate.Desk // people, groups, devices and units
	t            *Tenant
}

// Control returns the controls of the tenant; the HTTP API under /control/
// calls the same methods.
func (t *Tenant) Control() *Control { return &Control{estate.NewDesk(t.Directory), t} }

// Inject arms a fault; see the Fault kinds.
func (c *Control) Inject(f Fault) error {
	if err := c.t.faults.add(f); err != nil {
		return err
	}
	switch f.Kind {
	case FaultClockSkew:
		c.t.skew.Store(int64(time.Duration(f.SkewSeconds) * time.Second))
	case FaultSecretExpired:
		c.ExpireSecret()
	}
	return nil
}

// ClearFaults disarms all faults: the clock is right again, and secrets that
// FaultSecretExpired or ExpireSecret ended are valid for another half year.
func (c *Control) ClearFaults() {
	c.t.faults.clear()
	c.t.skew.Store(0)
	c.SecretEnds(c.t.now().AddDate(0, 6, 0))
}

// Faults lists the armed faults with their counters.
func (c *Control) Faults() []FaultState { return c.t.faults.snapshot() }

// RotateSecret replaces all client secrets by one. An empty value makes a
// random one, which is returned. Tokens in circulation stay valid.
func (c *Control) RotateSecret(value string) string {
	if value == "" {
		value = "sim8Q~" + strings.ReplaceAll(guid.New(), "-", "")
	}
	now := c.t.now()
	c.t.issuer.App.SetSecret(value, now, now.AddDate(0, 6, 0))
	return value
}

// ExpireSecret ends all client secrets a minute ago.
func (c *Control) ExpireSecret() { c.SecretEnds(c.t.now().Add(-time.Minute)) }

// SecretEnds sets the end of all client secrets, to show warnings of expiry.
func (c *Control) SecretEnds(at time.Time) { c.t.issuer.App.EndSecrets(at) }

// RevokeTokens makes Graph refuse every access token issued so far, and ends
// all sign-in sessions.
func (c *Control) RevokeTokens() { c.t.issuer.Revoke() }

// AddCertificate registers a certificate (DER) for client assertions.
func (c *Control) AddCertificate(der []byte) error { return c.t.issuer.App.AddCertificate(der) }

// SetRoles replaces the application permissions that have consent; tokens
// issued before keep their roles.
func (c *Control) SetRoles(roles ...string) { c.t.issuer.App.SetRoles(roles) }

// Roles are the application permissions that have consent.
func (c *Control) Roles() []string { return c.t.issuer.App.Roles() }

// SetAppEnabled switches the service principal on and off (AADSTS7000112).
func (c *Control) SetAppEnabled(on bool) {
	c.t.issuer.App.Change(func(s *sts.Settings) { s.Disabled = !on })
}

// SetAppPublic makes the app a public client, which may not send a secret.
func (c *Control) SetAppPublic(public bool) {
	c.t.issuer.App.Change(func(s *sts.Settings) { s.Public = public })
}

// SetUserConsent grants or withdraws consent for sign-in (AADSTS65001).
func (c *Control) SetUserConsent(granted bool) {
	c.t.issuer.App.Change(func(s *sts.Settings) { s.NoUserConsent = !granted })
}

// RequireAssignment lets only the named people sign in (AADSTS50105 to the
// others); without names everybody may.
func (c *Control) RequireAssignment(keys ...string) error {
	var assigned map[string]bool
	for _, k := range keys {
		p, err := c.Person(k)
		if err != nil {
			return err
		}
		if assigned == nil {
			assigned = map[string]bool{}
		}
		assigned[p.ID] = true
	}
	c.t.issuer.App.Change(func(s *sts.Settings) { s.Assigned = assigned })
	return nil
}

// RotateKeys adds a signing key; drop removes the old ones from the document.
func (c *Control) RotateKeys(drop bool) { c.t.issuer.Keys.Rotate(drop) }

// Requests is the request log and its totals.
func (c *Control) Requests() Traffic { return c.t.traffic.snapshot() }

// ResetRequests empties the request log.
func (c *Control) ResetRequests() { c.t.traffic.reset() }

// ExpireDeltaTokens makes every deltaLink given so far stale (400).
func (c *Control) ExpireDeltaTokens() {
	c.t.Mu.Lock()
	defer c.t.Mu.Unlock()
	c.t.deltaGen++
	c.t.Version++
}

// ExpirePageTokens makes every nextLink given so far stale.
func (c *Control) ExpirePageTokens() {
	c.t.Mu.Lock()
	defer c.t.Mu.Unlock()
	c.t.pageGen++
	c.t.Version++
}
