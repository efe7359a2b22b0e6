package entra_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytedance/sonic"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/entrasim"
)

// benchTenant is a tenant of a hundred thousand people, made once and kept with
// its pages rendered, so that what is measured is the reader.
var benchTenant = sync.OnceValue(func() *entrasim.Tenant {
	return entrasim.New(entrasim.Config{People: 100_000, Devices: -1, Cache: true})
})

// everything is a mapping's worth of attributes: about 1.1 KB for each user.
var everything = directory.Query{Kind: directory.User, Select: strings.Fields(`accountEnabled businessPhones city companyName
	country department displayName employeeHireDate employeeId employeeType employeeOrgData faxNumber givenName jobTitle mail
	mailNickname mobilePhone officeLocation onPremisesSamAccountName onPremisesDistinguishedName onPremisesImmutableId otherMails
	postalCode preferredLanguage proxyAddresses state streetAddress surname usageLocation userPrincipalName userType`)}

// BenchmarkListUsers reads 100,000 users over https. The floors do less: the
// first only downloads the same pages, the second decodes them as well.
//
//	go test -bench ListUsers -benchtime 3x ./internal/entra
func BenchmarkListUsers(b *testing.B) {
	server, err := benchTenant().StartTLS()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := server.Close(); err != nil {
			b.Error(err)
		}
	})
	s := &sim{tenant: benchTenant(), server: server, config: configOf(server)}
	client := s.open(b)
	list := func(readers int) func() {
		q := everything
		q.Readers = readers
		return func() {
			for _, err := range client.List(b.Context(), q) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	list(1)() // renders the pages
	run := func(name string, read func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			start := client.Usage().Bytes
			for b.Loop() {
				read()
			}
			if n := client.Usage().Bytes - start; n > 0 {
				b.SetBytes(n / int64(b.N))
			}
		})
	}
	run("muster", list(1))
	run("muster with 2 readers", list(2))
	f := newFloor(b, s)
	run("floor download", func() { f.read(b, func([]byte) (string, error) { return "", nil }) })
	run("floor download and sonic", func() { f.read(b, decode(sonic.ConfigFastest.Unmarshal)) })
	run("floor download and encoding/json", func() { f.read(b, decode(json.Unmarshal)) })
}

func configOf(server *entrasim.Server) entra.Config {
	return entra.Config{TenantID: entrasim.DefaultTenantID, ClientID: entrasim.DefaultClientID,
		ClientSecret: newSecret(entrasim.DefaultClientSecret), Cloud: entra.Custom,
		LoginURL: server.URL(), GraphURL: server.URL(), CAPEM: server.CAPEM()}
}

// floor is a reader without any care: it knows the links beforehand.
type floor struct {
	client *http.Client
	token  string
	links  []string
}

func newFloor(b *testing.B, s *sim) *floor {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.server.CAPEM())
	f := &floor{client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}}
	b.Cleanup(f.client.CloseIdleConnections)
	resp, err := f.client.PostForm(s.server.URL()+"/"+entrasim.DefaultTenantID+"/oauth2/v2.0/token", url.Values{
		"client_id": {entrasim.DefaultClientID}, "client_secret": {entrasim.DefaultClientSecret},
		"grant_type": {"client_credentials"}, "scope": {s.server.URL() + "/.default"}})
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	var grant struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&grant); err != nil {
		b.Fatal(err)
	}
	f.token = grant.Token
	f.links = []string{s.server.URL() + "/v1.0/users?$select=id," + strings.Join(everything.Select, ",") + "&$top=999"}
	for p, err := range s.open(b).List(b.Context(), everything) {
		if err != nil {
			b.Fatal(err)
		}
		if !p.Last() {
			f.links = append(f.links, p.Next.Link)
		}
	}
	return f
}

func (f *floor) read(b *testing.B, use func([]byte) (string, error)) {
	for _, link := range f.links {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, link, nil)
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+f.token)
		resp, err := f.client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		body := make([]byte, resp.ContentLength)
		if _, err = io.ReadFull(resp.Body, body); err == nil {
			_, err = use(body)
		}
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			b.Fatal(resp.Status, err)
		}
	}
}

// decode decodes a page into what a client with typed objects would have.
func decode(unmarshal func([]byte, any) error) func([]byte) (string, error) {
	return func(body []byte) (string, error) {
		var page struct {
			Next  string           `json:"@odata.nextLink"`
			Value []map[string]any `json:"value"`
		}
		err := unmarshal(body, &page)
		return page.Next, err
	}
}

// BenchmarkLatency reads from a host that takes its time, and reports how much
// longer that takes than its requests do ("x-ideal"). The caller handles pages
// for half of a request's time, which must not show.
func BenchmarkLatency(b *testing.B) {
	const latency = 40 * time.Millisecond
	s := newSim(b, entrasim.Config{People: 4000, Devices: -1, Latency: latency, Cache: true}, func(c *entra.Config) { c.PageSize = 200 })
	mustCollect(b, s.List(b.Context(), userQuery)) // connection, token, pages
	requests := s.Usage().Requests
	for b.Loop() {
		for _, err := range s.List(b.Context(), userQuery) {
			if err != nil {
				b.Fatal(err)
			}
			<-time.After(latency / 2)
		}
	}
	ideal := time.Duration(s.Usage().Requests-requests) * latency
	b.ReportMetric(float64(b.Elapsed())/float64(ideal), "x-ideal")
}
