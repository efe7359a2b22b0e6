package entrasim

import (
	"crypto/x509"
	"slices"
	"sync"
	"time"
)

// clientSecret is one password credential of the application.
type clientSecret struct {
	keyID, value, name string
	start, end         time.Time
}

// application is the registered app and its service principal.
type application struct {
	mu       sync.Mutex
	name     string
	secrets  []clientSecret
	certs    []*x509.Certificate
	roles    []string // application permissions with consent
	disabled bool
	public   bool
	noUsers  bool            // no consent for delegated sign-in: 65001
	assigned map[string]bool // object ids that may sign in; nil means everybody
	revoked  int             // tokens of an older generation than this are refused
}

func (a *application) init(cfg Config, now time.Time) {
	a.name = "Asset sync"
	a.roles = slices.Clone(cfg.Roles)
	a.secrets = []clientSecret{{newGUID(), cfg.ClientSecret, "sync", now.AddDate(0, -6, 0), now.AddDate(0, 6, 0)}}
	for _, der := range cfg.Certificates {
		if c, err := x509.ParseCertificate(der); err == nil {
			a.certs = append(a.certs, c)
		}
	}
}

// checkSecret finds out what is wrong with a secret: 0 nothing, otherwise the
// AADSTS number.
func (a *application) checkSecret(value string, now time.Time) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	valid := false
	for _, s := range a.secrets {
		expired := !now.Before(s.end)
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

func (a *application) granted() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.roles)
}

func (a *application) generation() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.revoked
}

// roleID is the GUID of an application permission on Microsoft Graph.
// https://learn.microsoft.com/graph/permissions-reference
func roleID(name string) string {
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

// graphAppID is the application id of Microsoft Graph in every tenant.
const graphAppID = "00000003-0000-0000-c000-000000000000"
