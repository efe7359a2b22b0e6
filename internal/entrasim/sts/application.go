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

// RoleID is the GUID of an application permission on Microsoft Graph.
// https://learn.microsoft.com/graph/permissions-reference
func RoleID(name string) string {
	return map[string]string{
		"Application.Read.All":                    "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
		"Directory.Read.All":                      "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
		"Group.Read.All":                          "5b567255-7703-4780-807c-7be8301ae99b",
		"User.Read.All":                           "df021288-bdef-4463-88db-98f22de89214",
		"GroupMember.Read.All":                    "98830695-27a2-44f7-8c18-0c3ebc9698f6",
		"Device.Read.All":                         "7438b122-aefc-4978-80ed-43db9fcc7715",
		"AdministrativeUnit.Read.All":             "134fd756-38ce-4afd-ba33-e9623dbe66c2",
		"Organization.Read.All":                   "498476ce-e0fe-48b0-b801-37ba7e2685c6",
		"AuditLog.Read.All":                       "b0afded3-3588-46d8-8b3d-9842eff778da",
		"User-LifeCycleInfo.Read.All":             "8556a004-db57-4d7a-8b82-97a13428e96f",
		"DeviceManagementManagedDevices.Read.All": "2f51be20-0bb4-4fed-bf7b-db946066c75e",
		"User.ReadBasic.All":                      "97235f07-e226-4f63-ace3-39588e11d3a1",
	}[name]
}

// GraphAppID is the application id of Microsoft Graph in every tenant.
const GraphAppID = "00000003-0000-0000-c000-000000000000"
