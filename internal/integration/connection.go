package integration

import (
	"context"
	"slices"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/syncer"
)

// Connection returns a connection for its form. The secret stays behind: it is
// never shown again.
func (s *Service) Connection(ctx context.Context, p account.Principal, id int64) (syncer.Connection, error) {
	c, err := s.allowed(ctx, p, account.ManageIntegrations, id)
	c.Secret = secret.Text{}
	return c, err
}

// Test tries a connection as it stands in its form, without saving it. Without
// a secret it takes the stored one. tell gets each fact as soon as it is known.
func (s *Service) Test(ctx context.Context, p account.Principal, c syncer.Connection, tell func(Fact)) ([]Fact, error) {
	old, err := s.allowed(ctx, p, account.ManageIntegrations, c.ID)
	if err != nil {
		return nil, err
	}
	if err := mayKeepSecret(old, c); err != nil {
		return nil, err
	}
	if c.Secret.IsZero() {
		c.Secret = old.Secret
	}
	c.Inside = mayReachInside(p, old, c, true)
	if c.TenantID == "" || c.ClientID == "" || c.Secret.IsZero() {
		return nil, errs.New(errs.Invalid, "the connection is not complete").
			WithHint("Enter the tenant ID, client ID, application object ID and client secret.")
	}
	dir, err := s.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	needs, err := s.needs(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	if tell == nil {
		tell = func(Fact) {}
	}
	facts := dir.Check(ctx, needs, tell)
	if sameCredential(old, c) && c.SamePlace(old) {
		err = s.Sync.NoteVerdict(ctx, old, s.verdict(facts))
	}
	return facts, err
}

// verdict sums a checklist up.
func (s *Service) verdict(facts []Fact) syncer.Verdict {
	v := syncer.Verdict{At: s.Now(), Passed: !Failed(facts)}
	for _, f := range facts {
		if f.ID == CredentialFact {
			v.CredentialEnds = f.Ends
		}
	}
	return v
}

// sameCredential reports whether a form's credential is the stored one.
func sameCredential(old, c syncer.Connection) bool {
	return c.Credential == old.Credential && c.CertificatePEM == old.CertificatePEM &&
		(c.Secret.IsZero() || c.Secret.Reveal() == old.Secret.Reveal())
}

// SaveTested stores a connection with what its test found. A credential that the
// directory did not accept never replaces a stored one for the same application:
// the old one may still do, and could not be brought back. Then spared is true,
// and everything else is saved.
//
//	stored  same application  accepted   the credential that is stored afterwards
//	no      -                 -          the new one
//	yes     no                -          the new one
//	yes     yes               yes        the new one
//	yes     yes               no         the old one
func (s *Service) SaveTested(ctx context.Context, p account.Principal, c syncer.Connection, facts []Fact) (spared bool, err error) {
	old, err := s.allowed(ctx, p, account.ManageIntegrations, c.ID)
	if err != nil {
		return false, err
	}
	if old.Configured() && c.SamePlace(old) && !sameCredential(old, c) && !accepted(facts) {
		spared = true
		c.Secret, c.Credential, c.CertificatePEM = secret.Text{}, old.Credential, old.CertificatePEM
	}
	c.Inside = mayReachInside(p, old, c, true)
	saved, err := s.save(ctx, p, old, c)
	if err != nil || spared {
		return spared, err
	}
	return false, s.Sync.NoteVerdict(ctx, saved, s.verdict(facts))
}

// accepted reports whether the directory took the credential.
func accepted(facts []Fact) bool {
	return slices.ContainsFunc(facts, func(f Fact) bool {
		return f.ID == CredentialFact && (f.Outcome == Pass || f.Outcome == Warn)
	})
}

// mayKeepSecret refuses to send a stored secret to hosts other than those that it
// was entered for: whoever may edit the connection could have it sent to
// themselves, and it is never to be seen again.
//
// Nor is the key of a certificate ever sent as a client secret.
func mayKeepSecret(old, c syncer.Connection) error {
	if old.Configured() && old.Credential != c.Credential && c.Secret.IsZero() {
		return errs.New(errs.Invalid, "the connection is to prove itself by a %s, and none is given", c.Credential).About("client secret").
			WithHint("Enter the client secret, or the certificate with its private key.")
	}
	same := sameHosts(old, c) && old.CAPEM == c.CAPEM
	if same || !c.Secret.IsZero() || old.Secret.IsZero() {
		return nil
	}
	return errs.New(errs.Invalid, "the hosts of the connection are others, so its secret is needed once more").About("client secret").
		WithHint("Enter the client secret again: the stored one is only sent where it was meant to go.")
}

func sameHosts(a, b syncer.Connection) bool {
	return a.Cloud == b.Cloud && a.LoginURL == b.LoginURL && a.GraphURL == b.GraphURL
}

// mayReachInside reports whether Muster may ask a connection's hosts when they
// are on this machine or in a private network. Who administers the organization
// vouches for that; for a module's administrators it would be a way to reach what
// only the server can.
//
//	the edit                          may
//	other hosts                       when an Organization Admin made it
//	the same hosts, tested            as before, and when an Organization Admin tested them
//	the same hosts, something else    as before: nobody vouches by changing the schedule
func mayReachInside(p account.Principal, old, c syncer.Connection, tested bool) bool {
	vouched := p.May(account.ManageAccounts, 0, 0, 0) == nil
	if sameHosts(old, c) {
		return old.Inside || tested && vouched
	}
	return vouched
}

// needs is what the mappings of a connection ask for beyond users and groups.
func (s *Service) needs(ctx context.Context, id int64) (n Needs, err error) {
	maps, err := s.Sync.Mappings(ctx, id)
	for _, m := range maps {
		n.Devices = n.Devices || m.Entity == directory.Device
		for _, u := range m.Units {
			n.AdministrativeUnits = n.AdministrativeUnits || u.Kind == directory.AdministrativeUnit
		}
	}
	return n, err
}

// Save stores a connection. An empty secret keeps the stored one.
func (s *Service) Save(ctx context.Context, p account.Principal, c syncer.Connection) (saved syncer.Connection, err error) {
	old, err := s.allowed(ctx, p, account.ManageIntegrations, c.ID)
	if err != nil {
		return saved, err
	}
	c.Inside = mayReachInside(p, old, c, false)
	return s.save(ctx, p, old, c)
}

func (s *Service) save(ctx context.Context, p account.Principal, old, c syncer.Connection) (saved syncer.Connection, err error) {
	if err := mayKeepSecret(old, c); err != nil {
		return saved, err
	}
	c.Account, c.Module, c.Kind = old.Account, old.Module, old.Kind
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if saved, err = s.Sync.SaveConnection(ctx, c); err != nil {
			return err
		}
		details := connectionDetails(old, c)
		if len(details) == 0 {
			return nil
		}
		return s.audit(ctx, p, saved, audit.ConnectionSaved, details...)
	})
	saved.Secret = secret.Text{}
	return saved, err
}

// connectionDetails returns what an edit changed. The secret is named only.
func connectionDetails(old, c syncer.Connection) []audit.Detail {
	var out []audit.Detail
	add := func(name, before, after string) {
		if before != after {
			out = append(out, audit.Detail{Name: name, Before: before, After: after})
		}
	}
	add("tenant ID", old.TenantID, c.TenantID)
	add("client ID", old.ClientID, c.ClientID)
	add("application object ID", old.ApplicationObjectID, c.ApplicationObjectID)
	add("cloud", old.Cloud, c.Cloud)
	add("login URL", old.LoginURL, c.LoginURL)
	add("graph URL", old.GraphURL, c.GraphURL)
	if old.Inside != c.Inside && c.Cloud == "custom" {
		add("hosts inside the network", allowance(old.Inside), allowance(c.Inside))
	}
	add("credential", string(old.Credential), string(c.Credential))
	add("incremental schedule", old.Schedule.Incremental, c.Schedule.Incremental)
	add("full schedule", old.Schedule.Full, c.Schedule.Full)
	add("time zone", old.Schedule.TimeZone, c.Schedule.TimeZone)
	if !c.Secret.IsZero() && c.Secret.Reveal() != old.Secret.Reveal() {
		out = append(out, audit.Detail{Name: "client secret", After: "replaced"})
	}
	return out
}

func allowance(yes bool) string {
	if yes {
		return "allowed"
	}
	return "not allowed"
}

func notConfigured() error {
	return errs.New(errs.Invalid, "the integration is not configured yet").WithHint("Test and save the connection first.")
}

// SearchUnits finds groups and administrative units by the beginning of their
// names, in the directory itself.
func (s *Service) SearchUnits(ctx context.Context, p account.Principal, id int64, prefix string) ([]directory.Unit, error) {
	c, err := s.allowed(ctx, p, account.ManageIntegrations, id)
	if err != nil {
		return nil, err
	}
	if !c.Configured() {
		return nil, notConfigured()
	}
	dir, err := s.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	const shown = 20
	return dir.SearchUnits(ctx, prefix, shown)
}
