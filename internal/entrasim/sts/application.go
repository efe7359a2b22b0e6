package sts

import (
	"crypto/x509"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/musterhq/muster/internal/entrasim/guid"
)

// Secret is one password credential of the application.
type Secret struct {
	KeyID, Name string
	Start, End  time.Time
	value       string
}

// Hint is what the directory shows of a secret: its first three characters.
func (s Secret) Hint() string { return s.value[:min(3, len(s.value))] }

// Settings are the switches of the application.
type Settings struct {
	Disabled      bool            // AADSTS7000112
	Public        bool            // a public client may not send a secret: AADSTS700025
	NoUserConsent bool            // AADSTS65001 when somebody signs in
	Assigned      map[string]bool // object ids that may sign in; nil means everybody
}

// Application is the registered app and its service principal.
type Application struct {
	mu       sync.Mutex
	secrets  []Secret
	certs    []*x509.Certificate
	roles    []string // application permissions with consent
	settings Settings
	revoked  int // tokens of an older generation than this are refused
}

// AppName is the display name of the application.
const AppName = "Asset sync"

func (a *Application) init(value string, roles []string, certificates [][]byte, now time.Time) {
	a.roles = slices.Clone(roles)
	a.secrets = []Secret{{guid.New(), "sync", now.AddDate(0, -6, 0), now.AddDate(0, 6, 0), value}}
	for _, der := range certificates {
		if c, err := x509.ParseCertificate(der); err == nil {
			a.certs = append(a.certs, c)
		}
	}
}

// Secrets are the credentials, without their values.
func (a *Application) Secrets() []Secret {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.secrets)
}

// SetSecret replaces all secrets by one.
func (a *Application) SetSecret(value string, start, end time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.secrets = []Secret{{guid.New(), "rotated", start, end, value}}
}

// EndSecrets sets the end of all secrets.
func (a *Application) EndSecrets(at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.secrets {
		a.secrets[i].End = at
	}
}

// AddCertificate registers a certificate (DER) for client assertions.
func (a *Application) AddCertificate(der []byte) error {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.certs = append(a.certs, cert)
	return nil
}

// SetRoles replaces the application permissions that have consent.
func (a *Application) SetRoles(roles []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.roles = append([]string{}, roles...)
}

// Settings are the switches as they stand.
func (a *Application) Settings() Settings {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.settings
}

// Change edits the switches.
func (a *Application) Change(edit func(*Settings)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	edit(&a.settings)
}

// checkSecret finds out what is wrong with a secret: 0 nothing, otherwise the
// AADSTS number.
func (a *Application) checkSecret(value string, now time.Time) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	valid := false
	for _, s := range a.secrets {
		expired := !now.Before(s.End)
		valid = valid || !expired
		if s.value == value && expired {
			return 7000222
		}
		if s.value == value {
			return 0
		}
	}
	if !valid && len(a.secrets) > 0 {
		return 7000222
	}
	return 7000215
}

// Roles are the application permissions that have consent.
func (a *Application) Roles() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.roles)
}

// Generation rises with each revocation; older tokens are refused.
func (a *Application) Generation() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.revoked
}

// GraphAppID is the application id of Microsoft Graph in every tenant.
const GraphAppID = "00000003-0000-0000-c000-000000000000"
