//go:build linux

package bench

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/entrasim"
)

// tenantVariable makes the test binary a simulated tenant. It holds the
// tenantConfig as JSON.
const tenantVariable = "MUSTER_BENCH_TENANT"

// tenantConfig says what tenant to simulate. Pages are kept once rendered.
type tenantConfig struct {
	People    int
	LatencyMS int
	DeltaPage int // objects a page of a round of changes; 0 for the default
}

// tenant is a simulated tenant in a process of its own.
type tenant struct {
	URL    string
	CA     []byte
	People int
	client *http.Client
	users  int // how many are live, once counted
}

// serveTenant is the child's side: it says where it listens and serves until
// its standard input ends, which happens with the parent too.
func serveTenant(text string) int {
	var c tenantConfig
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	srv, err := entrasim.New(entrasim.Config{
		Seed: 7, People: c.People, Devices: -1, Cache: true, PageSize: c.DeltaPage,
		Latency: time.Duration(c.LatencyMS) * time.Millisecond,
	}).StartTLS()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer srv.Close()
	if err := json.NewEncoder(os.Stdout).Encode(tenant{URL: srv.URL(), CA: srv.CAPEM(), People: c.People}); err != nil {
		return 1
	}
	io.Copy(io.Discard, os.Stdin)
	return 0
}

// startTenant starts a simulated tenant for the length of a benchmark.
func startTenant(b *testing.B, c tenantConfig) *tenant {
	b.Helper()
	text, err := json.Marshal(c)
	must(b, err)
	exe, err := os.Executable()
	must(b, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), tenantVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(b, err)
	out, err := cmd.StdoutPipe()
	must(b, err)
	must(b, cmd.Start())
	b.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	t := &tenant{}
	must(b, json.NewDecoder(out).Decode(t))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(t.CA)
	t.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}
	b.Cleanup(t.client.CloseIdleConnections)
	return t
}

// control calls the tenant's controls and decodes the answer into out.
func (t *tenant) control(b *testing.B, method, path string, in, out any) {
	b.Helper()
	text, err := json.Marshal(in)
	must(b, err)
	req, err := http.NewRequestWithContext(b.Context(), method, t.URL+"/control/"+path, bytes.NewReader(text))
	must(b, err)
	resp, err := t.client.Do(req)
	must(b, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(b, err)
	if resp.StatusCode != http.StatusOK {
		b.Fatalf("%s /control/%s: %s: %s", method, path, resp.Status, body)
	}
	if out != nil {
		must(b, json.Unmarshal(body, out))
	}
}

// live is how many users are not deleted.
func (t *tenant) live(b *testing.B) int {
	b.Helper()
	if t.users == 0 {
		t.users, _ = t.counts(b)
	}
	return t.users
}

// counts asks how many users are live and how many soft-deleted.
func (t *tenant) counts(b *testing.B) (live, deleted int) {
	b.Helper()
	var counts struct {
		People  int `json:"people"`
		Deleted int `json:"deleted_people"`
	}
	t.control(b, http.MethodGet, "counts", nil, &counts)
	return counts.People, counts.Deleted
}

// requests is how many Graph requests the tenant was sent since the last call.
func (t *tenant) requests(b *testing.B) entrasim.Traffic {
	b.Helper()
	var got entrasim.Traffic
	t.control(b, http.MethodGet, "requests", nil, &got)
	t.control(b, http.MethodDelete, "requests", nil, nil)
	return got
}

// fault makes the tenant misbehave until the benchmark's next clearing.
func (t *tenant) fault(b *testing.B, f entrasim.Fault) {
	b.Helper()
	t.control(b, http.MethodPost, "faults", f, nil)
}

// move gives n living people another department and city, and the same ones
// each time.
func (t *tenant) move(b *testing.B, n int, city string) {
	b.Helper()
	for skip := 0; n > 0; {
		var page struct {
			People []struct {
				ID    string `json:"id"`
				State string `json:"state"`
			} `json:"people"`
		}
		t.control(b, http.MethodGet, fmt.Sprintf("people?skip=%d&top=999", skip), nil, &page)
		if len(page.People) == 0 {
			b.Fatalf("the tenant has %d people too few to move", n)
		}
		skip += len(page.People)
		for _, p := range page.People {
			if p.State != "live" || n == 0 {
				continue
			}
			t.control(b, http.MethodPost, "people/"+p.ID+"/move", map[string]string{"department": "Logistics", "city": city}, nil)
			n--
		}
	}
}

// token signs in as the floors do: without any care.
func (t *tenant) token(b *testing.B) string {
	b.Helper()
	resp, err := t.client.PostForm(t.URL+"/"+entrasim.DefaultTenantID+"/oauth2/v2.0/token", url.Values{
		"client_id": {entrasim.DefaultClientID}, "client_secret": {entrasim.DefaultClientSecret},
		"grant_type": {"client_credentials"}, "scope": {t.URL + "/.default"}})
	must(b, err)
	defer resp.Body.Close()
	var grant struct {
		Token string `json:"access_token"`
	}
	must(b, json.NewDecoder(resp.Body).Decode(&grant))
	return grant.Token
}

func must(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
