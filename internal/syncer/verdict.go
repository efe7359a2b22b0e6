package syncer

import (
	"context"
	"slices"
	"time"
)

// Verdict is what the last check of a connection found, with the credentials
// that are stored now. Other credentials make it the zero Verdict.
type Verdict struct {
	At             time.Time // zero: not checked
	Passed         bool      // nothing stood in the way of a sync
	CredentialEnds time.Time // when the secret or certificate expires; zero: could not be seen
}

// NoteVerdict keeps what a check of a stored connection found. It is dropped when
// the connection was edited while the check went on. A check that could not see
// when the credential ends does not forget what an earlier one saw.
func (s *Service) NoteVerdict(ctx context.Context, c Connection, v Verdict) error {
	if v.CredentialEnds.IsZero() {
		v.CredentialEnds = c.Verdict.CredentialEnds
	}
	return s.store.NoteVerdict(ctx, c.ID, c.Version, v)
}

// SamePlace reports whether two connections lead to the same application of the
// same directory, by whatever credential.
func (c Connection) SamePlace(o Connection) bool {
	return c.TenantID == o.TenantID && c.ClientID == o.ClientID && c.ApplicationObjectID == o.ApplicationObjectID &&
		c.Cloud == o.Cloud && c.LoginURL == o.LoginURL && c.GraphURL == o.GraphURL && c.CAPEM == o.CAPEM
}

// sameCredential compares credentials as they are stored.
func (c Connection) sameCredential(o Connection) bool {
	return c.Credential == o.Credential && c.CertificatePEM == o.CertificatePEM && slices.Equal(c.Sealed, o.Sealed)
}
